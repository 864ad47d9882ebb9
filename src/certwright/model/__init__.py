"""Our words as frozen types, the ports through which the flow reaches the outside, and the family of errors."""

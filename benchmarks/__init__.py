"""The published figures, and the commands that made them: ``python -m benchmarks NAME``."""

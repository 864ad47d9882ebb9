"""Pure, dated rules: may this be ordered (``admit``), recorded (``accept``), must it be renewed (``due``).

Each rule is a small function that says no with a reason, or nothing. What the industry changes by date is
data in ``rules.toml``. Time is always an argument; nothing here reads a clock.
"""

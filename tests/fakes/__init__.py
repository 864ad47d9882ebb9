"""One fake per port of ``model/ports.py``: in memory, with the contract of the real thing, told what to do by tests."""

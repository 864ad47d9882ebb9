"""The rules of ``policy.findings``: small functions that say in a sentence what is wrong, or nothing.

Each takes a :class:`~certwright.policy.judged.Judged` and the time (aware UTC). ``policy/findings.py`` has the table
with the severity, the advice and the source of each; its name there is that of its function.
"""

"""What a rule answers when it says no."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Objection:
    """One rule's no: the name of the rule, the reason in one sentence, and one sentence on what to do."""

    rule: str
    reason: str
    advice: str

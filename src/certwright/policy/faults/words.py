"""How the rules put lists and days into their sentences."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

_SHOWN = 10


def listed(found: Iterable[str], what: str) -> str | None:
    """``a, b is internal.``, with ten at most by name; None for nothing found."""
    every = sorted(set(found))
    return f"{enumerated(every)} {what}." if every else None


def enumerated(every: Iterable[str]) -> str:
    """``a, b``, with ten at most and then how many more."""
    texts = list(every)
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return f"{', '.join(texts[:_SHOWN])}{more}"


def day(moment: datetime) -> str:
    """``2027-03-15``."""
    return f"{moment:%Y-%m-%d}"

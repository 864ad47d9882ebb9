"""Spans of time as people type them: ``90s``, ``30m``, ``6h``, ``30d``, ``8w``."""

from __future__ import annotations

import re
from datetime import timedelta

from certwright.model.errors import Refused

_SPAN = re.compile(r"([0-9]{1,9})(s|m|h|d|w)", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def span(text: str) -> timedelta:
    """The span of time that somebody typed; raises Refused for anything else, and for more than a century."""
    match = _SPAN.fullmatch(text.strip().lower())
    found = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match and int(match[1]) <= 3_000_000_000 else None
    if found is None or found > timedelta(days=36_525):
        raise Refused(f"{text!r} is no span of time.", advice="Write 90s, 30m, 6h, 30d or 8w.")
    return found


def text_of(period: timedelta | None) -> str:
    """A span as :func:`span` reads it, in the largest unit that fits it; ``never`` for None."""
    if period is None:
        return "never"
    seconds = int(period.total_seconds())
    for unit, length in (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"

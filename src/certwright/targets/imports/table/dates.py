"""Dates as tools and spreadsheets write them. A date that can mean two days is not guessed: somebody says the order."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from enum import StrEnum

from certwright.pki.errors import Invalid

_MONTHS = "january february march april may june july august september october november december".split()  # noqa: SIM905
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|[+-]\d\d:?(?:\d\d)?))?)?")
_TIME = re.compile(r"\b(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:\s*([AaPp])\.?[Mm]\b\.?)?")
_DROPPED = re.compile(r"\b(?:UTC|GMT|Z|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*)\b,?", re.IGNORECASE)
_NUMBERS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})")
_DAY_FIRST = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4})")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")


class DayOrder(StrEnum):
    """Which comes first in dates like 03/04/2026."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


def date(text: str, order: DayOrder | None = None) -> datetime:
    """The moment (UTC) that a text names; midnight where it names no time, UTC where it names no zone.

    Read are ISO 8601, year first (2026/11/21), months by their English names (21 Nov 2026; Nov 21, 2026; Nov 21
    10:15:33 2026 GMT), and figures alone in the ``order`` given. Raises Invalid for anything else, also for figures
    alone without an order.
    """
    text = " ".join(text.split())
    try:
        if _ISO.fullmatch(text.removesuffix(" UTC").removesuffix(" GMT")):
            found = datetime.fromisoformat(text.removesuffix(" UTC").removesuffix(" GMT").replace(" +", "+"))
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        clock = _TIME.search(text)
        rest = " ".join(_DROPPED.sub(" ", _TIME.sub(" ", text, count=1)).replace(" ,", ",").split()).strip(", ")
        year, month, day = _by_figures(rest, order) or _by_name(rest)
        return datetime.combine(datetime(year, month, day, tzinfo=UTC), _time(clock), UTC)
    except (ValueError, OverflowError) as problem:
        if isinstance(problem, Invalid):
            raise
        raise Invalid("the date cannot be read") from problem


def _by_figures(text: str, order: DayOrder | None) -> tuple[int, int, int] | None:
    match = _NUMBERS.fullmatch(text)
    if match is None:
        return None
    first, _, second, third = match.groups()
    if len(first) == 4 and len(third) <= 2:
        return int(first), int(second), int(third)
    if len(third) != 4 or len(first) > 2:
        raise Invalid("the date has no year of four figures")
    if order is None:
        raise Invalid("the date can mean two days; say whether the day or the month comes first")
    day, month = (first, second) if order is DayOrder.DAY_FIRST else (second, first)
    return int(third), int(month), int(day)


def _by_name(text: str) -> tuple[int, int, int]:
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year = match.groups()
    elif match := _MONTH_FIRST.fullmatch(text):
        month, day, year = match.groups()
    else:
        raise Invalid("the date cannot be read")
    number = next((at for at, name in enumerate(_MONTHS, 1) if name.startswith(month.lower())), 0)
    return int(year), number, int(day)


def _time(match: re.Match[str] | None) -> time:
    if match is None:
        return time()
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            raise Invalid("the date has an hour that no clock shows")
        hour = hour % 12 + (12 if match[4].lower() == "p" else 0)
    return time(hour, minute, second)

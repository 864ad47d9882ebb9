"""How long things live, by date (sectigo.md §18)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from certwright_sandbox.clock import on

# Days of a certificate, and days for which a proof of control may be used again; the newest row first.
CERTIFICATE_CAPS = (
    (date(2029, 3, 15), 46),
    (date(2027, 3, 15), 99),
    (date(2026, 3, 12), 199),
    (date.min, 398),
)
CONTROL_REUSE = (
    (date(2029, 3, 15), 8),
    (date(2027, 3, 15), 98),
    (date(2026, 3, 12), 198),
    (date.min, 398),
)
MOST_DAYS = 1825
YEAR = 365
GRANT_LIFETIME = timedelta(hours=24)


def start_of_day(day: date) -> datetime:
    """The first moment of a day, UTC."""
    return datetime.combine(day, time(), UTC)


def life(start: datetime, term_end: datetime) -> tuple[datetime, datetime]:
    """not_before and not_after of a certificate that is issued at `start` inside a term: the cap, or what is left.

    Whole days from midnight; both the first and the last second count (BR §6.3.2).
    """
    not_before = start_of_day(start.date())
    cap = not_before + timedelta(days=on(CERTIFICATE_CAPS, start.date())) - timedelta(seconds=1)
    return not_before, min(cap, term_end)


def term(start: datetime, days: int) -> tuple[datetime, datetime]:
    """The first and last second of a purchased term."""
    first = start_of_day(start.date())
    return first, first + timedelta(days=days) - timedelta(seconds=1)


def oldest_proof(now: datetime) -> datetime:
    """Proofs of control from before this time are no good any more."""
    return now - timedelta(days=on(CONTROL_REUSE, now.date()))

"""What is to be done about a certificate that nears its end: wait, have it renewed inside the paid term, or buy.

A CA order runs for a paid term; the certificates inside it live shorter and are renewed without a new purchase.
Pure arithmetic on dates: nothing here asks a CA.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from certwright.model.ca import Term
from certwright.model.words import AutoRenew
from certwright.policy import due

# What a renewal inside the term must gain over the certificate in use; a shorter rest of the term is let go.
_GAIN: Final = timedelta(days=10)
_YEAR: Final = timedelta(days=365)


class Act(StrEnum):
    """What to do."""

    WAIT = "wait"
    REISSUE = "reissue"  # inside the paid term
    AWAIT_CA = "await_ca"  # the CA renews by itself inside the paid term: collect it
    BUY = "buy"  # the paid term is over
    ASK = "ask"  # the term is paid, but nothing here can renew inside it: a person must
    END = "end"  # the paid term is over and nothing is to be bought


@dataclass(frozen=True, slots=True)
class Situation:
    """The certificate in use, and what may be done for it; all times aware UTC.

    ``days`` before its end is when it is to be renewed, None for two thirds of its life. ``ca_renews_days`` is how
    many days before its end the CA renews it by itself, None when it does not.
    """

    not_before: datetime
    not_after: datetime
    fingerprint: str
    paid_until: datetime
    mode: AutoRenew
    days: int | None = None
    can_reissue: bool = False
    ca_renews_days: int | None = None

    @property
    def covered(self) -> bool:
        """Whether the paid term reaches so far beyond the certificate that a renewal inside it is worth it."""
        return self.still_covered(self.not_after)

    def still_covered(self, now: datetime) -> bool:
        """Whether it does when looked at as late as ``now``: after the certificate's end, what is left counts."""
        return self.paid_until - max(self.not_after, now) >= _GAIN

    @property
    def due_at(self) -> datetime:
        """When something is to be done."""
        if self.covered and self.ca_renews_days is not None:
            return self.not_after - timedelta(days=self.ca_renews_days)
        if self.days is None:
            return due.due_at(self.not_before, self.not_after, fingerprint=self.fingerprint)
        # Days that were meant for a longer life never make one that has just been issued due.
        half = self.not_before + (self.not_after - self.not_before) / 2
        return max(half, self.not_after - timedelta(days=self.days))


def decide(situation: Situation, now: datetime) -> Act:
    """What to do now."""
    if now < situation.due_at:
        return Act.WAIT
    if situation.still_covered(now):
        if situation.ca_renews_days is not None:
            return Act.AWAIT_CA
        return Act.REISSUE if situation.can_reissue else Act.ASK
    return Act.BUY if situation.mode is AutoRenew.ALWAYS else Act.END


def late_at(not_before: datetime, not_after: datetime, ordered_at: datetime) -> datetime:
    """When a successor that was ordered and has not come is an emergency: a quarter of the certificate's life is left.

    One that is ordered late on purpose, because a person said so or the CA renews on a day of its own, has a quarter
    of the time that was left then.
    """
    return max(due.alarm_at(not_before, not_after), ordered_at + (not_after - ordered_at) / 4)


def paid_until(term: Term | None, placed_at: datetime, told: datetime | None) -> datetime:
    """When a CA order ends (UTC): as the CA told it, else by its term, which is one year when none was said."""
    if told is not None:
        return told
    term = term or Term(years=1)
    if term.until is not None:
        return datetime.combine(term.until, time(), UTC)
    return placed_at + (timedelta(days=term.days) if term.days else (term.years or 1) * _YEAR)

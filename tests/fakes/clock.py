"""A clock that a test moves: the time of day and, apart from it, time as it really passes."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.cases.authority import NOW


class FakeClock:
    """Stands still until it is moved. ``true`` passes only by :meth:`advance`; a leap is our own clock's alone."""

    def __init__(self, at: datetime = NOW) -> None:
        self._at = at
        self.true = timedelta()

    def now(self) -> datetime:
        """The time of day as this machine believes it to be."""
        return self._at

    def monotonic(self) -> float:
        """Seconds that have really passed; no leap touches them."""
        return self.true.total_seconds()

    def advance(self, time: timedelta | float) -> None:
        """Let that much time (a number: of seconds) pass for everybody."""
        passed = time if isinstance(time, timedelta) else timedelta(seconds=time)
        self._at += passed
        self.true += passed

    def leap(self, by: timedelta) -> None:
        """Set our own clock forward or back, as a wrong NTP server does; nothing passes."""
        self._at += by

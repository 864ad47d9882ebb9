"""The sandbox's own time: real time plus an offset that a test may set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from certwright_sandbox.state import Record, State


@dataclass(eq=False, slots=True)
class Offset(Record):
    """How far the sandbox's time is ahead of real time; `id` is "clock"."""

    seconds: float = 0.0


class Clock:
    """Tells the time to everything in the sandbox."""

    def __init__(self, state: State) -> None:
        """Go on with the offset that the state holds."""
        table = state.table("clock", Offset)
        self._offset = table.get("clock") or table.add(Offset("clock"))

    def now(self) -> datetime:
        """The time now, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._offset.seconds)

    def set(self, now: datetime) -> None:
        """Let it be `now` (with a time zone), and run on from there."""
        self._offset.seconds = (now - datetime.now(UTC)).total_seconds()

    def advance(self, seconds: float) -> None:
        """Jump so many seconds ahead, or back."""
        self._offset.seconds += seconds


def on(table: tuple[tuple[date, int], ...], day: date) -> int:
    """The figure that a dated table, newest first, holds for a day."""
    return next(days for start, days in table if day >= start)

"""What happens by itself when its time comes: staff that validates, plans that end, polls that look again."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from certwright_sandbox.clock import Clock
from certwright_sandbox.state import Id, Record, State

Perform = Callable[[Id], None]


@dataclass(eq=False, slots=True)
class Appointment(Record):
    """At `due` (UTC) the deed called `what` is done to `subject`."""

    due: datetime
    what: str
    subject: Id


class Agenda:
    """Appointments by their time."""

    def __init__(self, state: State, clock: Clock) -> None:
        """Go on with the appointments that the state holds."""
        self._clock = clock
        self._table = state.table("agenda", Appointment)
        self._deeds: dict[str, Perform] = {}
        self._heap = [(entry.due, int(entry.id)) for entry in self._table]
        self._next_id = max((number for _, number in self._heap), default=0) + 1
        heapq.heapify(self._heap)

    def teach(self, what: str, perform: Perform) -> None:
        """Say how the deed called `what` is done, given its subject's id."""
        self._deeds[what] = perform

    def add(self, due: datetime, what: str, subject: Id) -> None:
        """Do `what` to `subject` once it is `due`."""
        self._table.add(Appointment(self._next_id, due, what, subject))
        heapq.heappush(self._heap, (due, self._next_id))
        self._next_id += 1

    def keep(self) -> None:
        """Do everything that is due, in its order, with what that brings due in turn."""
        while self._heap and self._heap[0][0] <= self._clock.now():
            _, number = heapq.heappop(self._heap)
            entry = self._table[number]
            self._table.remove(entry)
            self._deeds[entry.what](entry.subject)

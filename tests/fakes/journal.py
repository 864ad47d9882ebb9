"""The journal in memory, with the contract of ``store/journal.py``: tests/database/test_journal_contract.py."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic

from certwright.model.errors import LostLease
from certwright.model.order import Event, Intent, Order, Outcome
from certwright.model.ports import Clock, Subject
from certwright.model.words import OrderState

LEASE = timedelta(minutes=5)
PAUSE = timedelta(minutes=1)


@dataclass
class Row(Generic[Subject]):
    """A subject as it is committed, with what belongs to it."""

    subject: Subject
    due: datetime | None
    owner: str = ""
    until: datetime | None = None
    fence: int = 0
    events: list[Event] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)


@dataclass
class Tables(Generic[Subject]):
    """What every worker shares; it survives their crashes."""

    rows: dict[int, Row[Subject]] = field(default_factory=dict)

    def add(self, subject: Subject, due: datetime) -> Subject:
        """Enter a subject."""
        self.rows[subject.id] = Row(subject, due)
        return subject


class FakeJournal(Generic[Subject]):
    """One worker's journal. ``at_boundary`` is called before (``save:before``) and after every commit."""

    def __init__(
        self,
        tables: Tables[Subject],
        clock: Clock,
        owner: str = "worker",
        alive: Callable[[str], bool] = lambda _: True,
        at_boundary: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._tables = tables
        self._clock = clock
        self._owner = owner
        self._alive = alive
        self._at_boundary = at_boundary
        self.saves = 0

    def due(self, limit: int) -> list[tuple[int, int]]:
        """As the store's, but for the CA account."""
        now = self._clock.now()
        ready = [
            (row.due, number)
            for number, row in self._tables.rows.items()
            if row.due is not None
            and row.due <= now
            and (not row.owner or (row.until is not None and row.until <= now))
        ]
        return [(number, self._tables.rows[number].fence) for _, number in sorted(ready)[:limit]]

    def free_dead_leases(self) -> int:
        """As the store's."""
        dead = [row for row in self._tables.rows.values() if row.owner and not self._alive(row.owner)]
        for row in dead:
            row.owner, row.until, row.due = "", None, self._clock.now()
        return len(dead)

    def claim(self, subject_id: int, fence: int | None = None) -> Subject | None:
        """As the store's."""
        row, now = self._tables.rows.get(subject_id), self._clock.now()
        if row is None or row.subject.ended:
            return None
        if row.owner and row.until is not None and row.until > now and self._alive(row.owner):
            return None
        if fence is not None and row.fence != fence:
            return None
        row.fence += 1
        row.owner, row.until, row.due = self._owner, now + LEASE, now + LEASE
        taken: Subject = replace(row.subject, fence=row.fence, next_action_at=None)
        return taken

    def release(self, subject: Subject) -> None:
        """As the store's."""
        row = self._tables.rows[subject.id]
        if row.fence == subject.fence and row.owner:
            row.owner, row.until, row.due = "", None, self._clock.now() + PAUSE

    def save(
        self,
        subject: Subject,
        events: Sequence[Event],
        *,
        closes: tuple[Intent, Outcome] | None = None,
    ) -> Subject:
        """As :class:`certwright.model.ports.Journal`."""
        self._at_boundary("save:before")
        row = self._write(subject, events)
        if closes is not None:
            intent, outcome = closes
            row.intents[intent.attempt - 1] = replace(intent, outcome=outcome)
        self._at_boundary("save:after")
        return subject

    def latest_intent(self, subject: Subject) -> Intent | None:
        """As :class:`certwright.model.ports.Journal`."""
        intents = self._tables.rows[subject.id].intents
        return intents[-1] if intents else None

    def open_intent(
        self, subject: Subject, events: Sequence[Event], *, deadline: datetime, marks: Collection[str]
    ) -> tuple[Subject, Intent]:
        """As :class:`certwright.model.ports.Journal`."""
        self._at_boundary("intent:before")
        row = self._write(subject, events)
        attempt = len(row.intents) + 1
        intent = Intent(attempt, attempt, deadline, frozenset(marks), Outcome.OPEN)
        row.intents.append(intent)
        self._at_boundary("intent:after")
        return subject, intent

    def _write(self, subject: Subject, events: Sequence[Event]) -> Row[Subject]:
        row = self._tables.rows[subject.id]
        if row.fence != subject.fence:
            raise LostLease(f"{subject.id} is no longer ours at fence {subject.fence}")
        self.saves += 1
        if subject.ended or subject.next_action_at is not None:
            woken = row.due is not None and row.until is not None and row.due < row.until
            when = self._clock.now() if woken else subject.next_action_at
            row.owner, row.until, row.due = "", None, None if subject.ended else when
        row.subject = _kept(subject, row.subject)
        row.events.extend(events)
        return row


def _kept(subject: Subject, before: Subject) -> Subject:
    """What of the subject is written: some of it belongs to others, some is dropped at the end."""
    if not isinstance(subject, Order) or not isinstance(before, Order):
        return subject
    return replace(
        subject,
        cancel_comment=None if subject.cancel_comment == "" else before.cancel_comment,
        watched_until=before.watched_until,
        fingerprint=before.fingerprint,
        collected=() if subject.state is OrderState.ISSUED else subject.collected,
    )

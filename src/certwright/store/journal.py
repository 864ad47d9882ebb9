"""Leases and the journal: who may advance an order or revocation, and the one way in which it is written."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Generic

from django.db import transaction
from django.db.models import Case, DateTimeField, F, Q, QuerySet, Value, When

from certwright.model.errors import LostLease
from certwright.model.order import Event, EventKind, Intent, Order, Outcome, Revocation
from certwright.model.ports import Clock, Subject
from certwright.store import models, rows
from certwright.store.keys import KeyStore

# Longer than any single step may take; a dead owner's lease is void at once, a sleeping one's after this.
LEASE = timedelta(minutes=5)
PAUSE = timedelta(minutes=1)


class LeasedJournal(ABC, Generic[Subject]):
    """What orders and revocations have in common."""

    table: type[models.Order | models.Revocation]
    subject_field: str

    def __init__(self, clock: Clock, owner: str, alive: Callable[[str], bool], *, lease: timedelta = LEASE) -> None:
        """``owner`` names this process; ``alive`` tells whether a named process still runs."""
        self._clock = clock
        self._owner = owner
        self._alive = alive
        self._lease = lease

    @abstractmethod
    def _rows(self) -> QuerySet[Any]:
        """The table with what is read along."""

    @abstractmethod
    def _value(self, row: Any) -> Subject:
        """A row of it as a value."""

    @abstractmethod
    def _columns(self, subject: Subject) -> dict[str, Any]:
        """What a save writes."""

    def due(self, limit: int) -> list[tuple[int, int]]:
        """(id, fence) of what is due now, longest due first, of CA accounts that may be asked at present."""
        now = self._clock.now()
        free = Q(lease_owner="") | Q(lease_until__lte=now)
        quiet = Q(account__quiet_until__isnull=True) | Q(account__quiet_until__lte=now)
        ready = self.table.objects.filter(
            free, quiet, next_action_at__lte=now, account__enabled=True, account__paused_because=""
        )
        return list(ready.order_by("next_action_at").values_list("pk", "fence")[:limit])

    def free_dead_leases(self) -> int:
        """Make due at once what workers left behind that are no more; returns how much that was."""
        owners = set(self.table.objects.exclude(lease_owner="").values_list("lease_owner", flat=True).distinct())
        dead = [owner for owner in owners if not self._alive(owner)]
        if not dead:
            return 0
        return self.table.objects.filter(lease_owner__in=dead).update(
            lease_owner="", lease_until=None, next_action_at=self._clock.now()
        )

    def claim(self, subject_id: int, fence: int | None = None) -> Subject | None:
        """Take the lease and read the subject under a new fence; None while somebody else has it, or it ended.

        With ``fence``, None too when somebody has had it since it stood at that fence.
        """
        now = self._clock.now()
        with transaction.atomic():
            row = self._rows().filter(pk=subject_id).first()
            if row is None or self._value(row).ended:
                return None
            if row.lease_owner and row.lease_until > now and self._alive(row.lease_owner):
                return None
            if fence is not None and row.fence != fence:
                return None
            until = now + self._lease
            taken = self.table.objects.filter(pk=subject_id, fence=row.fence).update(
                lease_owner=self._owner, lease_until=until, next_action_at=until, fence=row.fence + 1
            )
            if not taken:  # by somebody else, just now
                return None
            row.fence += 1
        row.next_action_at = None
        return self._value(row)

    def has_ended(self, subject_id: int) -> bool:
        """Whether nothing more will happen to the subject, or there is none such."""
        row = self._rows().filter(pk=subject_id).first()
        return row is None or self._value(row).ended

    def release(self, subject: Subject) -> None:
        """Give the lease back after an error nobody foresaw; due again soon. No effect when it is lost."""
        self.table.objects.filter(pk=subject.id, fence=subject.fence).exclude(lease_owner="").update(
            lease_owner="", lease_until=None, next_action_at=self._clock.now() + PAUSE
        )

    def hold(self, subject: Subject, why: str) -> Subject:
        """Put the subject back as it was, with the reason why nothing could be done for it."""
        held: Subject = replace(subject, why=why, next_action_at=self._clock.now() + PAUSE)
        return self.save(held, [Event(EventKind.WAIT, subject.step, why)] if why != subject.why else [])

    def save(
        self, subject: Subject, events: Sequence[Event], *, closes: tuple[Intent, Outcome] | None = None
    ) -> Subject:
        """See :class:`certwright.model.ports.Journal`. The lease ends with a wait or the end of the story."""
        with transaction.atomic():
            self._write(subject, events)
            if closes is not None:
                intent, outcome = closes
                models.PurchaseIntent.objects.filter(pk=intent.id).update(
                    outcome=outcome,
                    deadline=intent.deadline,
                    closed_at=None if outcome is Outcome.OVERDUE else self._clock.now(),
                )
        return subject

    def add(self, subject: Subject, event: Event) -> None:
        """Enter a line that changes nothing of the subject; no lease is needed."""
        write_events(self.subject_field, subject.id, [event], self._clock.now())

    def latest_intent(self, subject: Subject) -> Intent | None:
        """See :class:`certwright.model.ports.Journal`."""
        mine = models.PurchaseIntent.objects.filter(**{self.subject_field: subject.id})
        row = mine.order_by("-attempt").first()
        return rows.intent_value(row) if row else None

    def open_intent(
        self, subject: Subject, events: Sequence[Event], *, deadline: datetime, marks: Collection[str]
    ) -> tuple[Subject, Intent]:
        """See :class:`certwright.model.ports.Journal`."""
        with transaction.atomic():
            self._write(subject, events)
            latest = self.latest_intent(subject)
            row = models.PurchaseIntent.objects.create(
                attempt=latest.attempt + 1 if latest else 1,
                marks=sorted(marks),
                deadline=deadline,
                opened_at=self._clock.now(),
                outcome=Outcome.OPEN,
                **{self.subject_field: subject.id},
                **self._intent_columns(subject),
            )
        return subject, rows.intent_value(row)

    def _intent_columns(self, subject: Subject) -> dict[str, str]:
        return {"reference": str(subject.id)}

    def _write(self, subject: Subject, events: Sequence[Event]) -> None:
        columns = self._columns(subject)
        if subject.ended or subject.next_action_at is not None:
            columns |= {
                "next_action_at": None if subject.ended else self._due(subject.next_action_at),
                "lease_owner": "",
                "lease_until": None,
            }
        changed = self.table.objects.filter(pk=subject.id, fence=subject.fence).update(**columns)
        if not changed:
            raise LostLease(f"{self.subject_field} {subject.id} is no longer ours at fence {subject.fence}")
        write_events(self.subject_field, subject.id, events, self._clock.now())

    def _due(self, wanted: datetime | None) -> Case:
        """When to go on: at once if somebody has asked for that while the lease was held (see ``Orders.wake``)."""
        woken = When(next_action_at__lt=F("lease_until"), then=Value(self._clock.now()))
        return Case(woken, default=Value(wanted), output_field=DateTimeField())


def write_events(subject_field: str, subject_id: int, events: Sequence[Event], at: datetime) -> None:
    """Add lines to the journal; ``subject_field`` is ``order_id`` or ``revocation_id``."""
    models.OrderEvent.objects.bulk_create(
        models.OrderEvent(at=at, kind=event.kind, step=event.step, note=event.note, **{subject_field: subject_id})
        for event in events
    )


class OrderJournal(LeasedJournal[Order]):
    """The journal of orders."""

    table = models.Order
    subject_field = "order_id"

    def _rows(self) -> QuerySet[models.Order]:
        return models.Order.objects.select_related("account", "key", "certificate", "replaces")

    def _value(self, row: models.Order) -> Order:
        return rows.order_value(row)

    def _columns(self, subject: Order) -> dict[str, Any]:
        return rows.order_columns(subject)

    def _intent_columns(self, subject: Order) -> dict[str, str]:
        return {
            "reference": subject.reference,
            "csr_sha256": hashlib.sha256(subject.csr).hexdigest(),
            "public_key_sha256": subject.key.public_key_sha256,
        }

    def _write(self, subject: Order, events: Sequence[Event]) -> None:
        super()._write(subject, events)
        if subject.key.made and subject.step in ("csr", "place"):  # the first save after the key was made
            KeyStore(self._clock).made(subject.key)


class RevocationJournal(LeasedJournal[Revocation]):
    """The journal of revocations."""

    table = models.Revocation
    subject_field = "revocation_id"

    def _rows(self) -> QuerySet[models.Revocation]:
        return models.Revocation.objects.select_related("account", "certificate", "order")

    def _value(self, row: models.Revocation) -> Revocation:
        return rows.revocation_value(row)

    def _columns(self, subject: Revocation) -> dict[str, Any]:
        return rows.revocation_columns(subject)

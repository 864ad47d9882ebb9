"""Bought orders whose certificates are renewed: which are due, what was issued inside them, what is planned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from certwright.model.errors import Refused
from certwright.model.order import Event, EventKind, Order
from certwright.model.ports import Clock
from certwright.model.words import AutoRenew, Operation, OrderState
from certwright.store import models, rows
from certwright.store.journal import write_events

_BESIDE = (Operation.NEW, Operation.DUPLICATE)  # not a later certificate of the same CA order


@dataclass(frozen=True, slots=True)
class Issued:
    """One certificate of a CA order; times are UTC."""

    fingerprint: str
    serial: str
    not_before: datetime
    not_after: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Successors:
    """What was ordered to succeed a certificate: the one that is under way or done, and how many came to nothing.

    ``cancelled`` is the id of the last one when it was withdrawn: somebody did not want it. ``spent`` is that of one
    that the CA had: it may have been paid for, whatever became of it.
    """

    order: Order | None
    failed: int
    cancelled: int | None = None
    spent: int | None = None


class Renewals:
    """The renewals of this installation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def due(self, limit: int) -> list[int]:
        """Ids of bought orders whose renewal is to be looked at now, the longest due first."""
        late = models.Order.objects.filter(renewal_due_at__lte=self._clock.now()).order_by("renewal_due_at", "pk")
        return list(late.values_list("pk", flat=True)[:limit])

    def bought(self, order: Order) -> Order:
        """The order that paid for this one: itself, or the one whose CA order it happened in; itself if forgotten."""
        row = models.Order.objects.filter(pk=order.id).select_related("replaces").first()
        while row is not None and row.operation != Operation.NEW and row.replaces is not None:
            row = row.replaces.orders.order_by("pk").select_related("replaces").first()
        return self._value(row.pk) if row is not None and row.operation == Operation.NEW else order

    def _value(self, order_id: int) -> Order:
        query = models.Order.objects.select_related("account", "key", "certificate", "replaces")
        return rows.order_value(query.get(pk=order_id))

    def issued(self, bought: Order) -> list[Issued]:
        """The certificates issued within a bought CA order, each succeeding the one before it."""
        certificate = models.Certificate.objects.filter(fingerprint=bought.fingerprint).first()
        found = []
        while certificate is not None:
            found.append(
                Issued(
                    certificate.fingerprint,
                    certificate.serial,
                    certificate.not_before,
                    certificate.not_after,
                    certificate.state,
                )
            )
            later = models.Certificate.objects.filter(replaces=certificate)
            certificate = later.exclude(orders__operation__in=_BESIDE).order_by("-pk").first()
        return found

    def successors(self, fingerprint: str) -> Successors:
        """The newest order that is to succeed the certificate and has not come to nothing."""
        query = models.Order.objects.filter(replaces__fingerprint=fingerprint).exclude(operation=Operation.DUPLICATE)
        query = query.select_related("account", "key", "certificate", "replaces").order_by("-pk")
        orders = [rows.order_value(row) for row in query]
        alive = [order for order in orders if not order.ended or order.state is OrderState.ISSUED]
        nothing = [order for order in orders if order.ended and order.state is not OrderState.ISSUED]
        withdrawn = bool(orders) and orders[0].state is OrderState.CANCELLED
        return Successors(
            alive[0] if alive else None,
            len(nothing),
            orders[0].id if withdrawn else None,
            next((order.id for order in nothing if order.ca_order is not None), None),
        )

    def forgotten(self, successor: Order) -> None:
        """End the auto-renewal of what an order succeeds that is about to be forgotten: it must not be bought again."""
        row = models.Certificate.objects.filter(fingerprint=successor.replaces).first() if successor.replaces else None
        before = row.orders.order_by("pk").first() if row is not None else None
        if before is None:
            return
        bought = self.bought(self._value(before.pk))
        if bought.auto_renew is not AutoRenew.OFF and bought.id != successor.id:
            self.set(bought, AutoRenew.OFF, bought.renew_days)
            note = f"its successor, order {successor.id}, was forgotten: nothing is renewed by itself any more"
            self.plan(replace(bought, auto_renew=AutoRenew.OFF), None, note, alarm=True)

    def plan(
        self,
        order: Order,
        at: datetime | None,
        note: str,
        *,
        alarm: bool = False,
        paid_until: datetime | None = None,
    ) -> None:
        """Look at the order's renewal next at that time, None for never by itself. A new note enters the journal.

        No effect when somebody has meanwhile changed how it is renewed: that is looked at anew anyway.
        """
        columns: dict[str, Any] = {"renewal_due_at": at, "renewal_note": note}
        if paid_until is not None:
            columns["paid_until"] = paid_until
        with transaction.atomic():
            mine = models.Order.objects.filter(pk=order.id, auto_renew=order.auto_renew, renew_days=order.renew_days)
            is_new = mine.exclude(renewal_note=note).exists()
            if mine.update(**columns) and is_new and note:
                kind = EventKind.ALARM if alarm else EventKind.STEP
                write_events("order_id", order.id, [Event(kind, "renew", note)], self._clock.now())

    def set(self, order: Order, mode: AutoRenew, days: int | None) -> None:
        """Change whether and when an order is renewed by itself; looked at anew at once."""
        if order.request.operation is not Operation.NEW:
            raise Refused(
                f"Order {order.id} is a {order.request.operation} inside another order.",
                advice="Auto-renewal belongs to the order that was bought.",
            )
        now = self._clock.now()
        with transaction.atomic():
            models.Order.objects.filter(pk=order.id).update(
                auto_renew=mode,
                renew_days=days,
                renewal_due_at=None if mode is AutoRenew.OFF else now,
                renewal_note="",
            )
            when = f", {days} days before the end" if days is not None else ""
            write_events("order_id", order.id, [Event(EventKind.PERSON, "renew", f"auto-renewal: {mode}{when}")], now)

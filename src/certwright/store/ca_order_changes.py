"""What has become of the orders in a CA's list: new, changed, or no longer there since a complete listing of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import Q

from certwright.model.ca import ReportedOrder
from certwright.store import models
from certwright.store.ca_orders import value_of


class Became(StrEnum):
    """What has become of a CA order."""

    NEW = "new"
    CHANGED = "changed"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class OrderChange:
    """What has become of a CA order, and when (UTC); ``order`` is as the CA last told it."""

    became: Became
    at: datetime
    order: ReportedOrder


def begin(account: str) -> int:
    """Begin a listing of all orders of a CA account, or go on with the one that was interrupted; returns its number.

    Every page that is taken from here on is one of it. See :func:`complete`.
    """
    with transaction.atomic():
        owner = models.CAAccount.objects.select_for_update().get(name=account)
        if not owner.import_cursor:
            owner.import_number += 1
            owner.save(update_fields=["import_number"])
    return owner.import_number


def complete(account: str, number: int, now: datetime) -> int:
    """Mark as vanished what the listing of that number has not had; call it after its last page. Returns how many.

    By the listing and not by times, for a clock may have been set back. None are where another listing has begun
    meanwhile. Nothing is deleted; what a later listing has again has not vanished.
    """
    with transaction.atomic():
        owner = models.CAAccount.objects.select_for_update().get(name=account)
        if owner.import_number != number:
            return 0
        unseen = models.CAOrder.objects.filter(account=owner, vanished_at=None).exclude(listed_by=number)
        return unseen.update(vanished_at=now)


def since(account: str, moment: datetime, *, page: int = 500) -> Iterator[OrderChange]:
    """What is new, has changed or has vanished since then, in the order they were first seen, read in pages."""
    changed = Q(first_seen_at__gte=moment) | Q(changed_at__gte=moment) | Q(vanished_at__gte=moment)
    query = models.CAOrder.objects.filter(changed, account__name=account).order_by("pk")
    after = 0
    while batch := list(query.filter(pk__gt=after)[:page]):
        yield from (_change(row, moment) for row in batch)
        after = batch[-1].pk


def _change(row: models.CAOrder, moment: datetime) -> OrderChange:
    """The one that matters most: what was new and has vanished since then has vanished."""
    for became, at in ((Became.VANISHED, row.vanished_at), (Became.NEW, row.first_seen_at)):
        if at is not None and at >= moment:
            return OrderChange(became, at, value_of(row))
    return OrderChange(Became.CHANGED, row.changed_at or moment, value_of(row))

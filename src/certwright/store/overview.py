"""The inventory in figures, from counts that every write keeps: the same cost for fifty certificates and a million."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Q, Sum

from certwright.model.ports import Clock
from certwright.model.words import CertificateState
from certwright.store import models

WEEKS = 53


@dataclass(frozen=True, slots=True)
class Figures:
    """Leaf certificates by state, those in force by CA account and by the Monday (UTC) of the week in which they end.

    By day: one that ends today counts as in force until midnight. ``findings`` are certificates with an open finding,
    by rule, most frequent first. ``accounts`` has "" for those of no CA account.
    """

    states: dict[CertificateState, int]
    accounts: dict[str, int]
    weeks: dict[date, int]
    ending: dict[int, int]  # certificates in force that end within so many days
    findings: dict[str, int]


class Overview:
    """Counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def figures(self, *, within: tuple[int, ...] = (7, 30, 60, 90)) -> Figures:
        """Everything at once; WEEKS weeks from this one on."""
        today = self._clock.now().date()
        states = dict.fromkeys(CertificateState, 0)
        counted = models.Rollup.objects.order_by().values_list("state")
        for name, number, over in counted.annotate(n=Sum("count"), over=Sum("count", filter=Q(day__lt=today))):
            state, ended = CertificateState(name), 0 if name == CertificateState.REVOKED else over or 0
            states[state] += number - ended
            states[CertificateState.EXPIRED] += ended
        in_force = models.Rollup.objects.filter(day__gte=today, state=CertificateState.VALID)
        names = dict(models.CAAccount.objects.values_list("pk", "name"))
        days = dict(_sums(in_force.filter(day__lt=today + timedelta(weeks=WEEKS)), "day"))
        return Figures(
            states=states,
            accounts={names.get(account, ""): count for account, count in _sums(in_force, "account")},
            weeks=_weeks(days, today),
            ending={near: sum(n for day, n in days.items() if day < today + timedelta(days=near)) for near in within},
            findings=dict(
                models.FindingCount.objects.filter(count__gt=0).order_by("-count", "rule").values_list("rule", "count")
            ),
        )


def _sums(found: Any, column: str) -> list[tuple[Any, int]]:
    return [(value, n) for value, n in found.order_by().values_list(column).annotate(n=Sum("count")) if n]


def _weeks(days: dict[date, int], today: date) -> dict[date, int]:
    monday = today - timedelta(days=today.weekday())
    weeks = {monday + timedelta(weeks=number): 0 for number in range(WEEKS)}
    for day, count in days.items():
        first = day - timedelta(days=day.weekday())
        if first in weeks:
            weeks[first] += count
    return weeks

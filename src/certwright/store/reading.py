"""Which way to read the certificates of a query: what a database's own planner guesses wrong at a million rows.

There are two good ways to a page of a sorted list. Where some condition is met by few certificates, they are taken by
its index and sorted. Where each is met by many, the index that has the order is walked, and soon a page of them has
been met; where they all stand far away, the walk is given up after a stretch. Which way it is is counted, up to FEW,
before; SQLite is then told by a unary plus which columns are not to be looked up. PostgreSQL's planner knows by its
statistics, and by the length of a list of ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, Func, Q, QuerySet

from certwright.store import models

FEW = 5_000
_STRETCH = 20_000  # certificates walked through


class _Plainly(Func):
    """The column's value, which SQLite looks up in no index."""

    template = "%(expressions)s"
    arity = 1

    def as_sqlite(self, compiler: Any, connection: Any, **extra_context: Any) -> Any:
        return super().as_sql(compiler, connection, template="+%(expressions)s", **extra_context)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a query: a column compared with a value.

    ``ordered``: its index has the ends in order. ``partial``: it has the rows alone in which the column is not empty.
    """

    column: str
    value: Any
    lookup: str = "exact"
    negated: bool = False
    ordered: bool = False
    partial: bool = False

    def q(self, prefix: str = "") -> Q:
        """The condition, of the column itself or of an alias with that prefix."""
        found = Q(**{f"{prefix}{self.column}__{self.lookup}": self.value})
        if self.partial and not prefix:
            found &= ~Q(**{self.column: ""})
        return ~found if self.negated else found

    @property
    def is_few(self) -> bool:
        """Whether FEW certificates at most meet it."""
        if self.negated:
            return False
        if self.column == "pk":
            return True
        return models.Certificate.objects.filter(self.q()).order_by()[: FEW + 1].count() <= FEW


@dataclass(frozen=True, slots=True)
class Plan:
    """Certificates that meet some conditions, in an order: by ``column`` (``pk`` or another) and then by number.

    ``others`` are never looked up: other tables, and the position that a page begins behind. ``named`` is a part of a
    name that many have; ``having`` looks for those by their trigrams.
    """

    conditions: Sequence[Condition]
    others: Sequence[Q]
    behind: Q | None = None
    named: Q | None = None
    having: Q | None = None
    column: str = "pk"
    descending: bool = False

    def page(self, size: int) -> list[int]:
        """The numbers of the first so many."""
        few = self._few()
        if few is not None:
            return self._numbers(self._plain(few), size, plainly=True)
        ordered = (one for one in self.conditions if one.ordered) if self.column == "not_after" else ()
        walk = self._plain(next(iter(ordered), None), *(one for one in self.conditions if one.column == self.column))
        if self.having is None or connection.vendor != "sqlite":
            return self._numbers(walk, size, plainly=False)
        bound = self._bound()
        found = self._numbers(walk.filter(bound) if bound else walk, size, plainly=False)
        if len(found) == size or bound is None:
            return found
        return self._numbers(self._plain(None).filter(self.having), size, plainly=True)

    def unsorted(self) -> QuerySet[models.Certificate]:
        """Those certificates in any order: to be counted."""
        return self._plain(self._few()).order_by()

    def _few(self) -> Condition | None:
        return next((one for one in self.conditions if one.is_few), None)

    def _plain(self, *looked_up: Condition | None) -> QuerySet[models.Certificate]:
        """All conditions, of which those alone are looked up."""
        found = models.Certificate.objects.filter(is_leaf=True)
        plain = [one for one in self.conditions if one not in looked_up]
        found = found.alias(**{f"plain_{one.column}": _Plainly(F(one.column)) for one in plain})
        for one in self.conditions:
            found = found.filter(one.q("plain_" if one in plain else ""))
        for other in (*self.others, self.behind, self.named):
            if other is not None:
                found = found.filter(other)
        return found

    def _bound(self) -> Q | None:
        """The end of the stretch that is walked; None where it would be the end of all."""
        ahead = (
            models.Certificate.objects.filter(self.behind) if self.behind is not None else models.Certificate.objects
        )
        end = ahead.order_by(*self._order(plainly=False)).values_list(self.column, flat=True)[_STRETCH : _STRETCH + 1]
        value = next(iter(end), None)
        return None if value is None else Q(**{f"{self.column}__{'gt' if self.descending else 'lt'}e": value})

    def _numbers(self, found: QuerySet[models.Certificate], size: int, *, plainly: bool) -> list[int]:
        return list(found.order_by(*self._order(plainly=plainly)).values_list("pk", flat=True)[:size])

    def _order(self, *, plainly: bool) -> list[Any]:
        columns = ["pk"] if self.column == "pk" else [self.column, "pk"]
        expressions: list[Any] = [_Plainly(F(column)) if plainly else F(column) for column in columns]
        return [one.desc() if self.descending else one.asc() for one in expressions]

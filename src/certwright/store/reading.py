"""Which way to read the certificates of a query: what a database's own planner guesses wrong at a million rows.

There are three good ways to a page of a sorted list. Where some condition is met by few certificates, they are taken by
its index and sorted. Where each is met by many, the index that has the order is walked, and soon a page of them has
been met: it has every column that people filter by, so that no row is looked up on the way. Where it has not after a
stretch, for they stand far away or each meets one condition and none all, the numbers of those that meet each are laid
over one another, which needs indexes alone. Which way it is is counted, up to FEW, before; SQLite is then told by a
unary plus which columns are not to be looked up. PostgreSQL's planner knows by its statistics, and by the length of a
list of numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, F, Func, IntegerField, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from certwright.store import models

FEW = 5_000
_STRETCH = 60_000  # certificates walked through, in an index that has all that is asked for
_ROWS = 20_000  # and where rows are read, or rows of another table looked up
_NAMED = 5_000  # and where their names are searched
_MANY = 150_000  # numbers laid over others


class _Plainly(Func):
    """The column's value, which SQLite looks up in no index."""

    template = "%(expressions)s"
    arity = 1

    def as_sqlite(self, compiler: Any, connection: Any, **extra_context: Any) -> Any:
        return super().as_sql(compiler, connection, template="+%(expressions)s", **extra_context)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a query: a column compared with a value.

    ``lookup`` is Django's word, or ``between``: from the first of two values to before the second, either None for no
    such bound. ``ordered``: its index has the ends in order. ``partial``: it has the rows alone in which the column is
    not empty.
    """

    column: str
    value: Any
    lookup: str = "exact"
    negated: bool = False
    ordered: bool = False
    partial: bool = False

    def q(self, prefix: str = "") -> Q:
        """The condition, of the column itself or of an alias with that prefix."""
        found = self._compared(f"{prefix}{self.column}")
        if self.partial and not prefix:
            found &= ~Q(**{self.column: ""})
        return ~found if self.negated else found

    def _compared(self, column: str) -> Q:
        if self.lookup != "between":
            return Q(**{f"{column}__{self.lookup}": self.value})
        bounds = zip(("gte", "lt"), self.value, strict=True)
        return Q(**{f"{column}__{side}": bound for side, bound in bounds if bound is not None})

    @property
    def is_few(self) -> bool:
        """Whether FEW certificates at most meet it."""
        if self.negated:
            return False
        return models.Certificate.objects.filter(self.q()).order_by()[: FEW + 1].count() <= FEW


@dataclass(frozen=True, slots=True)
class Plan:
    """Certificates that meet some conditions, in an order: by ``column`` (``pk`` or another) and then by number.

    ``elsewhere`` are rows of other tables, of each of which a certificate must have one. ``numbers`` are those of the
    few that have a part of a name; where many have it, ``named`` says so of a row, and ``having`` looks for all of
    them. ``behind`` is the position that a page begins at.
    """

    conditions: Sequence[Condition]
    elsewhere: Sequence[QuerySet[Any]] = ()
    behind: Q | None = None
    numbers: Collection[int] | None = None
    named: Q | None = None
    having: Q | None = None
    column: str = "pk"
    descending: bool = False

    def page(self, size: int) -> list[int]:
        """The numbers of the first so many."""
        few = self._few()
        if few is not None:
            return self._read(self._plain().filter(few), size, plainly=True)
        looked_up = self._looked_up()
        walk = self._plain(*looked_up)
        if connection.vendor != "sqlite" or self._is_sure(looked_up):
            return self._read(walk, size)
        bound = self._bound(looked_up)
        found = self._read(walk.filter(bound) if bound else walk, size)
        if len(found) == size or bound is None:
            return found
        together = self._together()
        if together is None:
            return self._read(walk, size)
        return self._read(self._plain().filter(_among(together)), size, plainly=True)

    def unsorted(self) -> QuerySet[models.Certificate]:
        """Those certificates in any order: to be counted."""
        few = self._few()
        if few is not None:
            return self._plain().filter(few).order_by()
        several = len(self.conditions) + len(self.elsewhere) + (self.named is not None) > 1
        if several and connection.vendor == "sqlite":
            together = self._together()
            if together is not None:
                return self._plain().filter(_among(together)).order_by()
        return self._plain(next(iter(self.conditions), None)).order_by()

    def _few(self) -> Q | None:
        """The few certificates that alone may meet everything; None where each condition is met by many.

        SQLite knows no more of a value than how many values there are, and would read everything for one of two.
        """
        if self.numbers is not None:
            return _among(self.numbers)
        for table in self.elsewhere:
            numbers = list(table.order_by().values_list("certificate_id", flat=True)[: FEW + 1])
            if len(numbers) <= FEW:
                return _among(set(numbers))
        few = next((one for one in self.conditions if one.is_few), None)
        if few is None:
            return None
        if connection.vendor != "sqlite":
            return few.q()
        return Q(pk__in=models.Certificate.objects.filter(few.q()).order_by().values("pk"))

    def _looked_up(self) -> list[Condition]:
        """The conditions that say where the walk begins and ends: those of the column that has the order, and the
        one, if it is the only other, whose own index has it."""
        others = [one for one in self.conditions if one.column != self.column]
        mine = [one for one in self.conditions if one.column == self.column]
        if self.column == "not_after" and len(others) == 1 and others[0].ordered:
            return mine + others
        return mine

    def _is_sure(self, looked_up: Sequence[Condition]) -> bool:
        """Whether each certificate of the walk is one of the page."""
        return len(looked_up) == len(self.conditions) and not self.elsewhere and self.named is None

    def _together(self) -> set[int] | None:
        """The numbers of those that may meet everything; None where no single condition narrows it down."""
        sets: list[QuerySet[Any]] = [
            models.Certificate.objects.filter(one.q()).order_by().values_list("pk", flat=True)
            for one in self.conditions
            if not one.negated
        ]
        sets += [table.order_by().values_list("certificate_id", flat=True) for table in self.elsewhere]
        if self.having is not None:
            sets.append(models.Certificate.objects.filter(self.having).order_by().values_list("pk", flat=True))
        counted = sorted(((found[: _MANY + 1].count(), place) for place, found in enumerate(sets)))
        together: set[int] | None = None
        for count, place in counted:
            if count > _MANY or (together is not None and len(together) <= FEW):
                break
            together = set(sets[place]) if together is None else together & set(sets[place])
        return together

    def _plain(self, *looked_up: Condition | None) -> QuerySet[models.Certificate]:
        """All conditions, of which those alone are looked up."""
        found = models.Certificate.objects.filter(is_leaf=True)
        plain = [one for one in self.conditions if one not in looked_up]
        found = found.alias(**{f"plain_{one.column}": _Plainly(F(one.column)) for one in plain})
        for one in self.conditions:
            found = found.filter(one.q("plain_" if one in plain else ""))
        for table in self.elsewhere:
            found = found.filter(Exists(table.filter(certificate=OuterRef("pk"))))
        for other in (self.behind, self.named):
            if other is not None:
                found = found.filter(other)
        return found

    def _bound(self, looked_up: Sequence[Condition]) -> Q | None:
        """The end of the stretch that is walked; None where it would be the end of all."""
        ahead = models.Certificate.objects.filter(*(one.q() for one in looked_up), is_leaf=True)
        if self.behind is not None:
            ahead = ahead.filter(self.behind)
        stretch = self._stretch
        end = ahead.order_by(*self._order()).values_list(self.column, flat=True)[stretch : stretch + 1]
        value = next(iter(end), None)
        return None if value is None else Q(**{f"{self.column}__{'gt' if self.descending else 'lt'}e": value})

    @property
    def _stretch(self) -> int:
        if self.named is not None:
            return _NAMED
        return _ROWS if self.elsewhere or self.column == "pk" else _STRETCH

    def _read(self, found: QuerySet[models.Certificate], size: int, *, plainly: bool = False) -> list[int]:
        return list(found.order_by(*self._order(plainly=plainly)).values_list("pk", flat=True)[:size])

    def _order(self, *, plainly: bool = False) -> list[Any]:
        columns = ["pk"] if self.column == "pk" else [self.column, "pk"]
        expressions: list[Any] = [_Plainly(F(column)) if plainly else F(column) for column in columns]
        return [one.desc() if self.descending else one.asc() for one in expressions]


def _among(numbers: Collection[int]) -> Q:
    """Certificates of those numbers, however many: handed to SQLite as one parameter."""
    if connection.vendor != "sqlite":
        return Q(pk__in=numbers)
    listed = RawSQL("SELECT value FROM json_each(%s)", [str(list(numbers))], output_field=IntegerField())
    return Q(pk__in=listed)

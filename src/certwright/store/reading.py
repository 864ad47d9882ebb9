"""Which way to read the certificates of a query: what a database's own planner guesses wrong at a million rows.

There are three good ways to a page of a sorted list. Where some condition is met by few certificates, they are taken by
its index and sorted. Where each is met by many, the index that has the order is walked, and soon a page of them has
been met: it has every column that people filter by, so that no row is looked up on the way. Where it has not after a
stretch, for they stand far away or each meets one condition and none all, the numbers of those that meet the rarer ones
are laid over one another, which needs indexes alone. Where that leaves many too, the walk goes on to its end. Which way
it is is counted, up to FEW, before; SQLite is then told by a unary plus which columns are not to be looked up.
PostgreSQL's planner knows by its statistics, and by the length of a list of numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, F, Func, IntegerField, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from certwright.store import models

FEW = 5_000
_STRETCH = 20_000  # certificates walked through at first
_NAMED = 5_000  # and where their names are searched
_WALKED = 1_500_000  # walked through in an index that has all that is asked for: a tenth of a second
_MANY = 40_000  # numbers laid over others
_ENOUGH = 500  # are looked at themselves
_PIECE = 5_000  # of those that were laid over one another, looked at at once


_EVER = datetime(1, 1, 1, tzinfo=UTC)
_IN_WALK = {"not_after", *models.FILTERED}


class _Plainly(Func):
    """The column's value, which SQLite looks up in no index."""

    template = "%(expressions)s"
    arity = 1

    def as_sqlite(self, compiler: Any, connection: Any, **extra_context: Any) -> Any:
        return super().as_sql(compiler, connection, template="+%(expressions)s", **extra_context)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of certificates that a statement selects: read past the ORM, which takes several times as long."""

    statement: str
    values: Sequence[Any]

    @classmethod
    def of(cls, query: QuerySet[Any, int]) -> Numbers:
        """What a query selects, in any order."""
        try:
            return cls(*query.order_by().query.sql_with_params())
        except EmptyResultSet:  # one of none
            return cls("SELECT 0 WHERE 1 = 0", ())

    def count(self, most: int) -> int:
        """How many there are, up to so many."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({self.statement} LIMIT {most:d}) AS some", self.values)  # noqa: S608
            return int(cursor.fetchone()[0])

    def first(self, most: int) -> list[int]:
        """So many of them at most."""
        with connection.cursor() as cursor:
            cursor.execute(f"{self.statement} LIMIT {most:d}", self.values)
            return [number for (number,) in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a query for leaves: a column compared with a value.

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
    def numbers(self) -> Numbers:
        """Those of the leaves that meet it, from its index alone."""
        return Numbers.of(models.Certificate.objects.filter(self.q(), is_leaf=True).values_list("pk", flat=True))


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
    having: Numbers | None = None
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
        if (together is None or len(together) > FEW) and self._is_walked:
            return self._read(self._walk() if self.column == "pk" else walk, size, plainly=self.column == "pk")
        if together is None:
            return self._read(walk, size)
        if len(together) > FEW and self.column != "pk":
            return self._read(walk.alias(plain_pk=_Plainly(F("pk"))).filter(plain_pk__in=_listed(together)), size)
        found = []
        for piece in _in_pieces(together, descending=self.descending and self.column == "pk"):
            found += self._read(self._plain().filter(_among(piece)), size - len(found), plainly=True)
            if len(found) == size:
                break
        return found

    def unsorted(self) -> QuerySet[models.Certificate]:
        """Those certificates in any order: to be counted."""
        few = self._few()
        if few is not None:
            return self._plain().filter(few).order_by()
        several = len(self.conditions) + len(self.elsewhere) + (self.named is not None) > 1
        if several and connection.vendor == "sqlite":
            together = self._together()
            if together is None or (len(together) > FEW and self._is_walked):
                return self._walk().order_by()
            return self._plain().filter(_among(together)).order_by()
        return self._plain(next(iter(self.conditions), None)).order_by()

    def _few(self) -> Q | None:
        """The few certificates that alone may meet everything; None where each condition is met by many.

        SQLite knows no more of a value than how many values there are, and would read everything for one of two.
        """
        if self.numbers is not None:
            return _among(self.numbers)
        for table in self.elsewhere:
            found = _of(table).first(FEW + 1)
            if len(found) <= FEW:
                return _among(set(found))
        for one in self.conditions:
            if not one.negated and len(found := one.numbers.first(FEW + 1)) <= FEW:
                return one.q() if connection.vendor != "sqlite" else _among(found)
        return None

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
        sets = [one.numbers for one in self.conditions if not one.negated]
        sets += [_of(table) for table in self.elsewhere]
        counted = sorted(((found.count(_MANY + 1), place) for place, found in enumerate(sets)))
        together = self._named_together()
        for count, place in counted:
            if count > _MANY or (together is not None and len(together) <= _ENOUGH):
                break
            numbers = set(sets[place].first(_MANY + 1))  # a moment later: there may be more
            together = numbers if together is None else together & numbers
        return together

    def _named_together(self) -> set[int] | None:
        """Those with the part of a name that is looked for; None where that is not asked, or they are too many."""
        found = [] if self.having is None else self.having.first(_MANY + 1)
        return set(found) if 0 < len(found) <= _MANY else None

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

    def _walk(self) -> QuerySet[models.Certificate]:
        """All conditions, met while the index of the ends is walked: SQLite takes it for what it is asked of ends."""
        ends = (one for one in self.conditions if one.column == "not_after")
        return self._plain(*ends).filter(not_after__gte=_EVER)

    def _bound(self, looked_up: Sequence[Condition]) -> Q | None:
        """The end of the stretch that is walked; None where it would be the end of all."""
        ahead = models.Certificate.objects.filter(*(one.q() for one in looked_up), is_leaf=True)
        if self.behind is not None:
            ahead = ahead.filter(self.behind)
        ends: QuerySet[Any, Any] = ahead.order_by(*self._order()).values_list(self.column, flat=True)
        if self.column == "pk":  # numbers follow one another
            first = next(iter(ends[:1]), None)
            value = None if first is None else first - self._stretch if self.descending else first + self._stretch
        else:
            value = next(iter(ends[self._stretch : self._stretch + 1]), None)
        return None if value is None else Q(**{f"{self.column}__{'gt' if self.descending else 'lt'}e": value})

    @property
    def _stretch(self) -> int:
        return _STRETCH if self.named is None else _NAMED

    @property
    def _is_walked(self) -> bool:
        """Whether an index has all that is asked for, and no more certificates than can be walked through."""
        if self.elsewhere or self.named is not None or not {one.column for one in self.conditions} <= _IN_WALK:
            return False
        return not models.Certificate.objects.filter(pk__gt=_WALKED).exists()

    def _read(self, found: QuerySet[models.Certificate], size: int, *, plainly: bool = False) -> list[int]:
        return list(found.order_by(*self._order(plainly=plainly)).values_list("pk", flat=True)[:size])

    def _order(self, *, plainly: bool = False) -> list[Any]:
        columns = ["pk"] if self.column == "pk" else [self.column, "pk"]
        expressions: list[Any] = [_Plainly(F(column)) if plainly else F(column) for column in columns]
        return [one.desc() if self.descending else one.asc() for one in expressions]


def _among(numbers: Collection[int]) -> Q:
    """Certificates of those numbers, however many."""
    return Q(pk__in=_listed(numbers))


def _listed(numbers: Collection[int]) -> Collection[int] | RawSQL:
    """The numbers as SQLite takes them: as one parameter."""
    if connection.vendor != "sqlite":
        return numbers
    return RawSQL("SELECT value FROM json_each(%s)", [str(list(numbers))], output_field=IntegerField())


def _in_pieces(numbers: Collection[int], *, descending: bool) -> Iterator[list[int]]:
    """The numbers in their order, so many at a time."""
    ordered = sorted(numbers, reverse=descending)
    return (ordered[start : start + _PIECE] for start in range(0, len(ordered), _PIECE))


def _of(table: QuerySet[Any]) -> Numbers:
    """The certificates of those rows."""
    return Numbers.of(table.values_list("certificate_id", flat=True))

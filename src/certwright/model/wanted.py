"""What somebody wants of the inventory, as it was said: it can be kept, narrowed, and asked again tomorrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from certwright.model.errors import Refused
from certwright.model.inventory import Query, Severity, Sort
from certwright.model.words import CertificateState

_WITHIN = "ends_within"
_MOMENTS = ("ends_from", "ends_before", "recorded_from", "recorded_before")
_WORDS: Mapping[str, type[Enum]] = {"state": CertificateState, "severity": Severity, "sort": Sort}
_ORDER = ("sort", "descending")
_PLAIN = Query()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query, and what of it moves with the time.

    ``ends_within`` wants those in the last part of their life: that end from now on, but before so much time is over.
    """

    query: Query = field(default=_PLAIN)
    ends_within: timedelta | None = None

    def at(self, now: datetime) -> Query:
        """The query that this is at that time (aware UTC)."""
        if self.ends_within is None:
            return self.query
        return replace(
            self.query,
            ends_from=_later(self.query.ends_from, now),
            ends_before=_earlier(self.query.ends_before, now + self.ends_within),
        )

    @property
    def is_everything(self) -> bool:
        """Whether it leaves no certificate out; the order does not count."""
        return replace(self, query=replace(self.query, sort=_PLAIN.sort, descending=False)) == Wanted()

    def narrowed(self, by: Wanted) -> Wanted:
        """Only what both want, in the order of this one. Raises Refused where no certificate can be wanted by both."""
        mine, theirs = self.query, by.query
        changes: dict[str, Any] = {
            "ends_from": _later(mine.ends_from, theirs.ends_from),
            "ends_before": _earlier(mine.ends_before, theirs.ends_before),
            "recorded_from": _later(mine.recorded_from, theirs.recorded_from),
            "recorded_before": _earlier(mine.recorded_before, theirs.recorded_before),
            "severity": _worse(mine.severity, theirs.severity),
        }
        for one in fields(Query):
            if one.name not in changes and one.name not in _ORDER:
                changes[one.name] = _both(one.name, getattr(mine, one.name), getattr(theirs, one.name))
        spans = [span for span in (self.ends_within, by.ends_within) if span is not None]
        return Wanted(replace(mine, **changes), min(spans, default=None))

    def ordered(self, sort: Sort | None, *, descending: bool) -> Wanted:
        """The same in another order; in its own, or that turned round, where ``sort`` is None."""
        if sort is None:
            return replace(self, query=replace(self.query, descending=descending or self.query.descending))
        return replace(self, query=replace(self.query, sort=sort, descending=descending))


def to_json(wanted: Wanted) -> dict[str, str | int | bool]:
    """What is wanted, by field names, without what is not: times in ISO 8601, spans in seconds."""
    told: dict[str, str | int | bool] = {}
    for one in fields(Query):
        value = getattr(wanted.query, one.name)
        if value != getattr(_PLAIN, one.name):
            told[one.name] = value.isoformat() if isinstance(value, datetime) else value
    if wanted.ends_within is not None:
        told[_WITHIN] = int(wanted.ends_within.total_seconds())
    return told


def from_json(told: Mapping[str, object]) -> tuple[Wanted, tuple[str, ...]]:
    """What :func:`to_json` told, and the names of the fields that are not understood (of a later version, say).

    Whoever acts on what comes out must heed those names: without such a field more certificates are wanted.
    """
    known: dict[str, Any] = {}
    unknown: list[str] = []
    names = {one.name for one in fields(Query)}
    for name, value in told.items():
        try:
            known[name] = _read(name, value) if name in names or name == _WITHIN else _fail(name)
        except (ValueError, TypeError, OverflowError):
            unknown.append(name)
    within = known.pop(_WITHIN, None)
    return Wanted(Query(**known), within), tuple(sorted(unknown))


def _read(name: str, value: Any) -> Any:
    if name == _WITHIN:
        return timedelta(seconds=value)
    if name == "descending":
        return bool(value)
    if not isinstance(value, str):
        return _fail(name)
    if name in _MOMENTS:
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else _fail(name)
    return _WORDS[name](value) if name in _WORDS else value


def _fail(name: str) -> Any:
    raise ValueError(name)


def _both(name: str, mine: str | Enum | None, theirs: str | Enum | None) -> str | Enum | None:
    if mine and theirs and mine != theirs:
        raise Refused(
            f"No certificate has {name} {str(mine)!r} and {str(theirs)!r}.",
            advice="Leave one of the two out: a further condition narrows a query, and does not replace its own.",
        )
    return mine or theirs


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _worse(one: Severity | None, other: Severity | None) -> Severity | None:
    from_bad = list(Severity)
    return min((word for word in (one, other) if word is not None), key=from_bad.index, default=None)

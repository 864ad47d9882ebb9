"""Queries of the inventory that people gave a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from certwright.model.errors import NotFound, Refused
from certwright.model.ports import Clock
from certwright.model.wanted import Wanted, from_json, to_json
from certwright.store import models

_LONGEST = 100


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query by its name; ``not_understood`` are conditions that a later version kept and this one cannot apply."""

    name: str
    wanted: Wanted
    created_at: datetime
    not_understood: tuple[str, ...] = ()

    def whole(self) -> Wanted:
        """What is wanted; raises Refused where some of it is not understood: without it there would be too much."""
        if self.not_understood:
            raise Refused(
                f"The query {self.name!r} has conditions that this version does not know: "
                f"{', '.join(self.not_understood)}.",
                advice="Use the version that saved it, or save it anew.",
            )
        return self.wanted


class SavedQueries:
    """The saved queries, kept as JSON by the names of the fields."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def save(self, name: str, wanted: Wanted) -> SavedQuery:
        """Keep a query, in the place of one of that name. Raises Refused for a name that is empty or too long."""
        name = name.strip()
        if not name or len(name) > _LONGEST or not name.isprintable():
            raise Refused(f"{name!r} is no name for a query.", advice=f"Give 1 to {_LONGEST} printable characters.")
        row, _ = models.SavedQuery.objects.update_or_create(
            name=name, defaults={"query": to_json(wanted), "created_at": self._clock.now()}
        )
        return _value(row)

    def get(self, name: str) -> SavedQuery:
        """The query of that name; raises NotFound."""
        row = models.SavedQuery.objects.filter(name=name).first()
        if row is None:
            raise NotFound(f"There is no saved query {name!r}.", advice="certwright cert query list shows them.")
        return _value(row)

    def all(self) -> list[SavedQuery]:
        """All of them, by name."""
        return [_value(row) for row in models.SavedQuery.objects.order_by("name")]

    def remove(self, name: str) -> None:
        """Forget the query of that name; raises NotFound."""
        if not models.SavedQuery.objects.filter(name=name).delete()[0]:
            self.get(name)


def _value(row: models.SavedQuery) -> SavedQuery:
    wanted, unknown = from_json(row.query)
    return SavedQuery(row.name, wanted, row.created_at, unknown)

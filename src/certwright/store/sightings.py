"""Sightings: where certificates were seen, from when to when; what changed and what vanished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certwright.model.inventory import Find, Tally
from certwright.store import bulk, models

_COLUMNS = (
    "certificate", "source", "place", "address", "protocol", "presented", "has_key", "first_seen_at", "last_seen_at",
    "trouble", "found_by",
)  # fmt: skip
_LONGEST_PLACE = 1000


@dataclass(frozen=True, slots=True)
class Seen:
    """A find, the id of the certificate that stands there (None for none), and the fingerprints of the others."""

    find: Find
    certificate: int | None
    presented: tuple[str, ...]
    trouble: str

    @property
    def place(self) -> str:
        """The place, no longer than a column."""
        return self.find.place[:_LONGEST_PLACE]


class Sightings:
    """The sightings of one source, as one run of it finds them."""

    def __init__(self, source: int, run: int | None, now: datetime) -> None:
        self._source = source
        self._run = run
        self._now = now

    def take(self, seen: Sequence[Seen]) -> Tally:
        """Compare places with what stood there, and keep what is new. Call it inside ``atomic``; repeatable."""
        before = self._standing([one.place for one in seen])
        fresh: dict[tuple[str, int], Seen] = {}
        same: list[int] = []
        gone: list[int] = []
        changed = vanished = failed = 0
        for one in seen:
            rows = before.get(one.place, [])
            standing = [row for row in rows if row.vanished_at is None]
            if one.certificate is None:
                failed += not one.find.absent
                vanished += self._none(one, standing, gone)
                continue
            match = next((row for row in rows if row.certificate_id == one.certificate), None)
            others = [row.pk for row in standing if row.certificate_id != one.certificate]
            changed += bool(others)
            gone += others
            if match is None:
                fresh[one.place, one.certificate] = one
            elif _is_as_it_was(match, one):
                same.append(match.pk)
            else:
                self._again(match, one)
        self._write(list(fresh.values()), same, gone)
        found = sum(1 for one in seen if one.certificate is not None)
        return Tally(looked=len(seen), found=found, changed=changed, vanished=vanished, failed=failed)

    def _none(self, one: Seen, standing: Sequence[Any], gone: list[int]) -> int:
        """Nothing there: either it is gone, or it could not be looked at and what was seen last ages."""
        if one.find.absent:
            gone += [row.pk for row in standing]
            return int(bool(standing))
        for row in standing:
            if row.trouble != one.trouble:
                models.Sighting.objects.filter(pk=row.pk).update(trouble=one.trouble)
        return 0

    def _standing(self, places: Sequence[str]) -> dict[str, list[Any]]:
        by_place: dict[str, list[Any]] = {}
        rows = bulk.look_up(
            lambda keys: models.Sighting.objects.filter(source_id=self._source, place__in=keys).defer("found_by"),
            list(dict.fromkeys(places)),
        )
        for row in rows:
            by_place.setdefault(row.place, []).append(row)
        return by_place

    def _again(self, row: Any, one: Seen) -> None:
        """The certificate is at the place again, or differently than before."""
        models.Sighting.objects.filter(pk=row.pk).update(
            last_seen_at=self._now,
            vanished_at=None,
            missed_by=None,
            trouble="",
            **({"found_by": self._run, "first_seen_at": self._now} if row.vanished_at else {}),
            **_particulars(one),
        )

    def _write(self, fresh: Sequence[Seen], same: Sequence[int], gone: Sequence[int]) -> None:
        bulk.insert(
            models.Sighting,
            _COLUMNS,
            (
                (
                    one.certificate,
                    self._source,
                    one.place,
                    one.find.address,
                    one.find.protocol,
                    list(one.presented),
                    one.find.has_key,
                    self._now,
                    self._now,
                    "",
                    self._run,
                )
                for one in fresh
            ),
        )
        touched = {one.certificate for one in fresh} | set(
            bulk.look_up(
                lambda keys: models.Sighting.objects.filter(pk__in=keys).values_list("certificate_id", flat=True), gone
            )
        )
        for keys in bulk.pieces(sorted(one for one in touched if one)):  # where it is served is judged with it
            models.Certificate.objects.filter(pk__in=keys, judged_at__isnull=False).update(judged_at=None)
        for keys in bulk.pieces(same):
            models.Sighting.objects.filter(pk__in=keys).update(last_seen_at=self._now)
        for keys in bulk.pieces(gone):
            models.Sighting.objects.filter(pk__in=keys).update(vanished_at=self._now, missed_by=self._run)


def _is_as_it_was(row: Any, one: Seen) -> bool:
    if row.vanished_at is not None or row.trouble:
        return False
    return all(getattr(row, name) == value for name, value in _particulars(one).items())


def _particulars(one: Seen) -> dict[str, Any]:
    return {
        "address": one.find.address,
        "protocol": one.find.protocol,
        "presented": list(one.presented),
        "has_key": one.find.has_key,
    }

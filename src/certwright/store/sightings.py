"""Sightings: where certificates were seen, from when to when; what changed and what vanished."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from certwright.model.inventory import Find, Tally
from certwright.store import bulk, models

_COLUMNS = (
    "certificate", "source", "place", "address", "protocol", "presented", "has_key", "first_seen_at", "last_seen_at",
    "trouble", "found_by", "seen_by",
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
        """Compare places with what stood there, and keep what is new. Call it inside ``atomic``; repeatable.

        Of several looks at one place the last one counts.
        """
        latest = {one.place: one for one in seen}
        before = self._standing(list(latest))
        fresh: list[Seen] = []
        same: list[int] = []
        gone: list[int] = []
        missed: dict[str, list[int]] = {}  # by the trouble there was
        changed = vanished = failed = 0
        for place, one in latest.items():
            rows = before.get(place, [])
            standing = [row for row in rows if row.vanished_at is None]
            if one.certificate is None:
                failed += not one.find.absent
                vanished += one.find.absent and bool(standing)
                (gone if one.find.absent else missed.setdefault(one.trouble, [])).extend(row.pk for row in standing)
                continue
            match = next((row for row in rows if row.certificate_id == one.certificate), None)
            others = [row.pk for row in standing if row.certificate_id != one.certificate]
            changed += bool(others)
            gone += others
            if match is None:
                fresh.append(one)
            elif _is_as_it_was(match, one):
                same.append(match.pk)
            else:
                self._again(match, one)
        self._write(fresh, same, gone, missed)
        found = sum(1 for one in latest.values() if one.certificate is not None)
        return Tally(looked=len(seen), found=found, changed=changed, vanished=vanished, failed=failed)

    def _standing(self, places: Sequence[str]) -> dict[str, list[Any]]:
        by_place: dict[str, list[Any]] = {}
        rows = bulk.look_up(
            lambda keys: models.Sighting.objects.filter(source_id=self._source, place__in=keys).defer("found_by"),
            places,
        )
        for row in rows:
            by_place.setdefault(row.place, []).append(row)
        return by_place

    def _again(self, row: Any, one: Seen) -> None:
        """The certificate is at the place again, or differently than before."""
        models.Sighting.objects.filter(pk=row.pk).update(
            last_seen_at=self._now,
            seen_by=self._run,
            vanished_at=None,
            missed_by=None,
            trouble="",
            **({"found_by": self._run, "first_seen_at": self._now} if row.vanished_at else {}),
            **_particulars(one),
        )
        judge_again([row.certificate_id])

    def _write(
        self, fresh: Sequence[Seen], same: Sequence[int], gone: Sequence[int], missed: Mapping[str, Sequence[int]]
    ) -> None:
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
                    self._run,
                )
                for one in fresh
            ),
        )
        judge_again(one.certificate for one in fresh)
        for keys in bulk.pieces(same):
            models.Sighting.objects.filter(pk__in=keys).update(last_seen_at=self._now, seen_by=self._run)
        for trouble, unseen in missed.items():  # what was seen last ages
            for keys in bulk.pieces(unseen):
                models.Sighting.objects.filter(pk__in=keys).update(trouble=trouble, missed_by=self._run)
        end(gone, self._run, self._now)


def end(gone: Sequence[int], run: int | None, now: datetime) -> None:
    """Mark sightings, by their ids, as vanished: the run has looked, and they are there no more."""
    for keys in bulk.pieces(gone):
        sightings = models.Sighting.objects.filter(pk__in=keys)
        sightings.update(vanished_at=now, missed_by=run)
        judge_again(sightings.values_list("certificate_id", flat=True))


def judge_again(certificates: Iterable[int | None]) -> None:
    """Where and how a certificate is served is judged with it."""
    with transaction.atomic():
        for keys in bulk.pieces(sorted({one for one in certificates if one})):
            rows = models.Certificate.objects.filter(pk__in=keys)
            # Locked until this is committed: nobody begins to judge them without what has just been written.
            list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk"))
            rows.filter(judged_at__isnull=False).update(judged_at=None)


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

"""Sources: where we learn of certificates, when each is looked at next, and how its last looks went."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, Q

from certwright.model.errors import LostLease, NotFound, Refused
from certwright.model.inventory import Find, Outcome, Run, Source, SourceKind, Tally
from certwright.model.ports import Clock
from certwright.policy import cadence
from certwright.store import models, sightings
from certwright.store.loading import Loading

_LEASE = timedelta(minutes=5)
_SILENT = 3  # so many times the schedule without a look that succeeded, and a source counts as silent
_SILENT_AT_LEAST = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a source stands: its last run (None before the first), its last one that saw everything, what it knows.

    ``silent_since`` is that last success (or when it was added) where it lies too far back, else None.
    ``paused_because`` is why its CA account is not asked until a person has mended something, "" where it is.
    ``interrupted`` tells that the last run began and nobody is at it any more: its process died, was stopped, or could
    not even write down (full disk) that it failed. Whoever looks at the source next goes on with it.
    """

    source: Source
    last: Run | None
    succeeded_at: datetime | None
    places: int
    silent_since: datetime | None
    paused_because: str = ""
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A difference that a run found at a place: the fingerprints of before and now, "" for none."""

    place: str
    before: str
    now: str


class Sources:
    """The sources of this installation, and the runs of them."""

    def __init__(self, clock: Clock, owner: str, alive: Callable[[str], bool]) -> None:
        """``owner`` names this process in leases; ``alive`` tells whether a named process still runs."""
        self._clock = clock
        self._owner = owner
        self._alive = alive
        self._loading = Loading(clock)

    def add(
        self,
        name: str,
        kind: SourceKind,
        *,
        settings: Mapping[str, object] | None = None,
        account: str = "",
        every: timedelta | None = None,
        enabled: bool = True,
    ) -> Source:
        """Keep a new source, due at once when it is enabled and has a schedule.

        Raises Refused for a name that is taken, empty, longer than a column or not printable, and for a CA account
        that another source reads.
        """
        if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
            raise Refused(f"{name[:50]!r} is no name.", advice=f"Choose 1 to {_LONGEST_NAME} printable characters.")
        now = self._clock.now()
        owner = models.CAAccount.objects.get(name=account) if account else None
        try:
            with transaction.atomic():
                models.Source.objects.create(
                    name=name,
                    kind=kind,
                    account=owner,
                    settings=dict(settings or {}),
                    enabled=enabled,
                    every_seconds=int(every.total_seconds()) if every else None,
                    next_run_at=now if enabled and every else None,
                    created_at=now,
                )
        except IntegrityError:
            reader = models.Source.objects.filter(account__name=account).exclude(name=name).first() if account else None
            if reader is not None:
                raise Refused(f"The CA account {account!r} is read by {reader.name!r} already.") from None
            raise Refused(f"There is a source {name!r} already.", advice="Choose another name.") from None
        return self.get(name)

    def get(self, name: str, *kinds: SourceKind) -> Source:
        """The source of that name, of one of those kinds where some are given; raises NotFound."""
        row = _rows().filter(name=name).first()
        if row is None:
            raise NotFound(f"There is no such source: {name!r}.", advice="certwright inventory sources shows them.")
        if kinds and row.kind not in kinds:
            raise NotFound(
                f"The source {name!r} is of another kind: {row.kind}.",
                advice="certwright scan, source and integration have one kind each.",
            )
        return _source(row)

    def all(self, *kinds: SourceKind) -> Iterator[Source]:
        """All sources, or those of some kinds, by name."""
        found = _rows().filter(kind__in=kinds) if kinds else _rows()
        return (_source(row) for row in found.order_by("name"))

    def change(self, name: str, *, settings: Mapping[str, object] | None = None, every: timedelta | None) -> None:
        """Another schedule, None for none, and other settings where they are given; due at once if it has one.

        A run that was interrupted does not go on with other settings: its place in them means nothing. Raises Refused
        for other settings while a process looks at the source.
        """
        now = self._clock.now()
        columns: dict[str, Any] = {"every_seconds": int(every.total_seconds()) if every else None}
        with transaction.atomic():
            row = models.Source.objects.select_for_update().get(pk=self.get(name).id)
            if settings is not None and dict(settings) != row.settings:
                if self._taken(row, now):
                    raise Refused(
                        f"{name} is being looked at, by another process.", advice="Try again once it is done."
                    )
                models.Run.objects.filter(source=row, outcome=Outcome.RUNNING).update(
                    outcome=Outcome.FAILED, ended_at=now, trouble=_SETTINGS_CHANGED
                )
                columns["settings"] = dict(settings)
            models.Source.objects.filter(pk=row.pk).update(
                **columns, next_run_at=now if every and row.enabled else None
            )

    def enable(self, name: str, *, enabled: bool) -> None:
        """Let a source be looked at, from now on by its schedule, or no more."""
        source = self.get(name)
        models.Source.objects.filter(pk=source.id).update(
            enabled=enabled, failures=0, next_run_at=self._clock.now() if enabled and source.every else None
        )

    def remove(self, name: str) -> None:
        """Forget a source with its sightings and runs; certificates stay."""
        source = self.get(name)
        with transaction.atomic():
            if source.kind is SourceKind.SCAN:
                seen = models.Sighting.objects.filter(source=source.id, vanished_at=None)
                sightings.judge_again(seen.values_list("certificate_id", flat=True))
            models.Source.objects.filter(pk=source.id).delete()

    def due(self) -> list[Source]:
        """Those that are due and that nobody looks at now, longest due first; of CA accounts that may be asked."""
        now = self._clock.now()
        quiet = Q(account__quiet_until__isnull=True) | Q(account__quiet_until__lte=now)
        asked = Q(account=None) | (quiet & Q(account__enabled=True, account__paused_because=""))
        rows = _rows().filter(asked, enabled=True, next_run_at__lte=now).order_by("next_run_at")
        return [_source(row) for row in rows if not self._taken(row, now)]

    def start(self, source: Source) -> Run | None:
        """Take the lease of a source and begin a run, or go on with one that was interrupted. None: taken, or gone."""
        now = self._clock.now()
        with transaction.atomic():
            row = models.Source.objects.filter(pk=source.id).first()
            if row is None or self._taken(row, now):
                return None
            mine = models.Source.objects.filter(pk=row.pk, lease_owner=row.lease_owner, lease_until=row.lease_until)
            if not mine.update(lease_owner=self._owner, lease_until=now + _LEASE):
                return None
            run = models.Run.objects.filter(source=row, outcome=Outcome.RUNNING).order_by("-pk").first()
            if run is None:
                run = models.Run.objects.create(source=row, started_at=now, outcome=Outcome.RUNNING)
        return _run(run)

    def _is_looked_at(self, source: Source) -> bool:
        row = models.Source.objects.filter(pk=source.id).first()
        return row is not None and self._taken(row, self._clock.now())

    def _taken(self, row: models.Source, now: datetime) -> bool:
        held = row.lease_owner and row.lease_until is not None and row.lease_until > now
        return bool(held) and self._alive(row.lease_owner)

    def take(self, run: Run, finds: Sequence[Find], *, cursor: str, total: int | None = None) -> Tally:
        """Keep what was found at some places, and that the run goes on behind them, in one transaction. Repeatable.

        Raises LostLease when another process has taken the source over.
        """
        with transaction.atomic():
            tally = self._loading.take(_source_of(run), run.id, finds)
            self.progress(run, tally, cursor=cursor, total=total)
        return tally

    def progress(self, run: Run, tally: Tally, *, cursor: str = "", total: int | None = None) -> None:
        """Add to what a run has done and how far it is, and keep the lease for another while.

        Raises LostLease when another process has taken the source over.
        """
        now = self._clock.now()
        counts = {name: F(name) + getattr(tally, name) for name in _COUNTS if getattr(tally, name)}
        held = models.Source.objects.filter(pk=_source_of(run), lease_owner=self._owner)
        if not held.update(lease_until=now + _LEASE):
            raise LostLease(f"{run.source} is looked at by another process now")
        columns: dict[str, Any] = {"cursor": cursor} if cursor else {}
        if total is not None:
            columns["total"] = total
        models.Run.objects.filter(pk=run.id).update(**columns, **counts)

    def settle(self) -> None:
        """Call it after a run, however it ended: what a first import put off is done then."""
        self._loading.settle()

    def leave(self, run: Run) -> None:
        """Give the lease back with the run unfinished: whoever looks at the source next goes on with it."""
        models.Source.objects.filter(runs=run.id, lease_owner=self._owner).update(lease_owner="", lease_until=None)

    def finish(
        self,
        run: Run,
        outcome: Outcome,
        *,
        trouble: str = "",
        advice: str = "",
        complete: bool = False,
        blocked: Mapping[str, str] | None = None,
    ) -> Run:
        """End a run, give the lease back and set the time of the next.

        After a failure that is sooner than the schedule, and later each time. ``complete`` tells that every place of
        the source has been looked at, so that what was not seen by it is gone, except at and below the places that
        were ``blocked`` (with the reason). Raises LostLease when another process has taken the source over.
        """
        now = self._clock.now()
        with transaction.atomic():
            source = models.Source.objects.select_for_update().filter(runs=run.id, lease_owner=self._owner).first()
            if source is None:
                raise LostLease(f"{run.source} is looked at by another process now")
            seen_all = outcome in (Outcome.DONE, Outcome.PARTLY) and source.kind in _PLACES
            vanished = self._miss(source, run, now, blocked or {}, complete=complete) if seen_all else 0
            models.Run.objects.filter(pk=run.id).update(
                ended_at=now, outcome=outcome, trouble=trouble, advice=advice, vanished=F("vanished") + vanished
            )
            failures = source.failures + 1 if outcome is Outcome.FAILED else 0
            models.Source.objects.filter(pk=source.pk).update(
                lease_owner="", lease_until=None, failures=failures, next_run_at=_next(source, failures, now)
            )
        return self.run(run.id)

    def _miss(
        self, source: models.Source, run: Run, now: datetime, blocked: Mapping[str, str], *, complete: bool
    ) -> int:
        """What the run has not met: gone, or (where it did not look or could not) no more than out of sight."""
        here = models.Sighting.objects.filter(source=source, vanished_at=None)
        # By the run and not by times, for a clock may have been set back; missed_by: it could not look there.
        unseen = here.exclude(seen_by=run.id).exclude(missed_by=run.id)
        if not complete:
            unseen.filter(trouble="").update(trouble=_UNLOOKED)
            return 0
        if source.kind == SourceKind.SCAN:  # every target has been met, so these are none any more
            unseen.update(trouble=_NO_TARGET)
        gone = []
        for number, place in unseen.values_list("pk", "place").iterator():
            above = next((one for one in _and_above(place) if one in blocked), None)
            if above is None:
                gone.append(number)
            else:
                models.Sighting.objects.filter(pk=number).update(trouble=blocked[above])
        sightings.end(gone, run.id, now)
        return len(gone)

    def run(self, number: int) -> Run:
        """A run by its number; raises NotFound."""
        row = models.Run.objects.select_related("source").filter(pk=number).first()
        if row is None:
            raise NotFound(f"There is no run {number}.")
        return _run(row)

    def runs(self, name: str, *, most: int = 20) -> list[Run]:
        """The last runs of a source, newest first."""
        rows = models.Run.objects.filter(source__name=name).select_related("source").order_by("-pk")
        return [_run(row) for row in rows[:most]]

    def standing(self, source: Source) -> Standing:
        """How a source stands."""
        last = models.Run.objects.filter(source=source.id).select_related("source").order_by("-pk").first()
        succeeded = _succeeded_at(source)
        paused = models.CAAccount.objects.filter(name=source.account).values_list("paused_because", flat=True).first()
        return Standing(
            source,
            _run(last) if last else None,
            succeeded,
            self._places(source),
            self._silent_since(source, succeeded),
            paused or "",
            last is not None and last.outcome == Outcome.RUNNING and not self._is_looked_at(source),
        )

    def silent_since(self, source: Source) -> datetime | None:
        """As in :class:`Standing`, without the cost of counting its places."""
        return self._silent_since(source, _succeeded_at(source))

    def _silent_since(self, source: Source, succeeded: datetime | None) -> datetime | None:
        if source.every is None:
            return None
        since = succeeded or source.created_at
        return since if self._clock.now() - since > max(_SILENT * source.every, _SILENT_AT_LEAST) else None

    def _places(self, source: Source) -> int:
        if source.kind is SourceKind.CA:
            return models.CAOrder.objects.filter(account__name=source.account).count()
        here = models.Sighting.objects.filter(source=source.id, vanished_at=None)
        return int(here.aggregate(n=Count("pk"))["n"])

    def changes(self, run: int) -> Iterator[Change]:
        """What a run found that is not as it was, by place."""
        found = dict(_at_places(models.Sighting.objects.filter(found_by=run)))
        missed = dict(_at_places(models.Sighting.objects.filter(missed_by=run, vanished_at__isnull=False)))
        for place in sorted({*found, *missed}):
            yield Change(place, missed.get(place, ""), found.get(place, ""))


_PLACES = (SourceKind.SCAN, SourceKind.FOLDER, SourceKind.TOKEN)
_UNLOOKED = "The last run did not look there."
_NO_TARGET = "It is no target of the scan any more."
_SETTINGS_CHANGED = "It was interrupted, and what it looks at was changed before it could go on."
_LONGEST_NAME = 200
_COUNTS = tuple(one.name for one in fields(Tally))


def _succeeded_at(source: Source) -> datetime | None:
    """When the last run of it ended that saw all it could."""
    good = models.Run.objects.filter(source=source.id, outcome__in=(Outcome.DONE, Outcome.PARTLY))
    found: datetime | None = good.aggregate(at=Max("ended_at"))["at"]
    return found


def _at_places(found: Any) -> Iterator[tuple[str, str]]:
    rows: Iterator[tuple[str, str]] = found.values_list("place", "certificate__fingerprint").iterator()
    return rows


def _and_above(place: str) -> Iterator[str]:
    """A place, and what it lies in: ``file:/a/b.pem#2``, ``file:/a/b.pem``, ``file:/a``."""
    yield place
    place = place.partition("#")[0]
    while place:
        yield place
        place = place.rpartition("/")[0]


def _source_of(run: Run) -> int:
    """The number of the source that is looked at; raises LostLease when somebody has removed it."""
    source = models.Run.objects.filter(pk=run.id).values_list("source_id", flat=True).first()
    if source is None:
        raise LostLease(f"{run.source} has been removed")
    return source


def _next(source: models.Source, failures: int, now: datetime) -> datetime | None:
    if source.every_seconds is None or not source.enabled:
        return None
    every = timedelta(seconds=source.every_seconds)
    return now + (min(every, cadence.after_trouble(failures)) if failures else every)


def _rows() -> Any:
    return models.Source.objects.select_related("account")


def _source(row: models.Source) -> Source:
    return Source(
        id=row.pk,
        name=row.name,
        kind=SourceKind(row.kind),
        settings=dict(row.settings),
        enabled=row.enabled,
        every=timedelta(seconds=row.every_seconds) if row.every_seconds else None,
        next_run_at=row.next_run_at,
        created_at=row.created_at,
        account=row.account.name if row.account else "",
        failures=row.failures,
    )


def _run(row: models.Run) -> Run:
    return Run(
        id=row.pk,
        source=row.source.name,
        started_at=row.started_at,
        outcome=Outcome(row.outcome),
        tally=Tally(*(getattr(row, name) for name in _COUNTS)),
        ended_at=row.ended_at,
        cursor=row.cursor,
        total=row.total,
        trouble=row.trouble,
        advice=row.advice,
    )

"""Runs of sources: looked at by their schedule or when somebody says so, and gone on with after an interruption."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from certwright.model.errors import CertwrightError, LostLease, Refused, Unavailable
from certwright.model.inventory import Find, Outcome, Run, Source, SourceKind
from certwright.store.setup import database_trouble
from certwright.store.sources import Sources

PERIOD_SECONDS = 5.0
_BATCH = 4_000  # finds of one transaction
_BATCH_SECONDS = 2.0  # or what came in within so long

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
_MEND = "What was found before is kept. Make room on the disk, or mend the database, and run it again."

log = structlog.get_logger(__name__)

OnStep = Callable[[str, int, int | None], None]  # what is counted, how many so far, and in all where that is known


def in_silence(_what: str, _done: int, _total: int | None) -> None:
    """Tells nobody."""


def unheard(_error: CertwrightError) -> None:
    """Nobody asks why a run failed, beyond what is kept of it."""


class Stopped(Exception):
    """The process is to end; the run goes on later where it is."""


@dataclass(frozen=True, slots=True)
class Looked:
    """How a look ended where nothing was raised. ``trouble`` says what of the source could not be read."""

    trouble: str = ""
    advice: str = ""
    complete: bool = False  # every place that there is has been looked at
    blocked: Mapping[str, str] = field(default_factory=dict)  # except at and below these, for the reason given


class Look(Protocol):
    """Looks at a whole source of one kind."""

    def __call__(self, source: Source, run: Run, step: OnStep) -> Looked:
        """Keep what is found as it comes in; raises what went wrong, or Stopped."""
        ...


class Discovering:
    """Looks at sources, each in one process at a time."""

    def __init__(self, sources: Sources, looks: Mapping[SourceKind, Look]) -> None:
        self._sources = sources
        self._looks = looks
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Have a look that is under way end at its next step."""
        self._stopping.set()

    def turn(self) -> None:
        """Look at what is due; what goes wrong with one source keeps no other waiting."""
        for source in self._sources.due():
            if self._stopping.is_set():
                return
            if source.kind not in self._looks:
                continue
            run = self._run(source, in_silence, unheard)
            if run is not None and run.outcome is Outcome.FAILED:
                log.warning("source not read", source=source.name, why=run.trouble)

    def now(
        self, source: Source, step: OnStep = in_silence, on_error: Callable[[CertwrightError], None] = unheard
    ) -> Run:
        """Look at a source now, whatever its schedule; ``on_error`` is told why a run failed.

        Raises Refused while another process looks at it, and for a source that is not looked at (an upload).
        """
        if source.kind not in self._looks:
            raise Refused(f"{source.name} is not looked at: it was handed in.", advice="Hand it in once more.")
        run = self._run(source, step, on_error)
        if run is None:
            raise Refused(f"{source.name} is being looked at already, by another process, or has been removed.")
        return run

    def _run(self, source: Source, step: OnStep, on_error: Callable[[CertwrightError], None]) -> Run | None:
        """How a run went; None for one that another process has, or that nobody wants any more."""
        run = self._sources.start(source)
        if run is None:
            return None
        try:
            return self._look(source, run, step, on_error)
        except LostLease as lost:
            log.warning("run given up", source=source.name, why=str(lost))
            return None
        finally:
            self._sources.settle()

    def _look(self, source: Source, run: Run, step: OnStep, on_error: Callable[[CertwrightError], None]) -> Run:
        """Raises LostLease when another process has taken the source over, or somebody has removed it."""
        try:
            looked = self._looks[source.kind](source, run, self._watched(step))
        except Stopped:
            self._sources.leave(run)
            return self._sources.run(run.id)
        except LostLease:
            raise
        except CertwrightError as error:
            return self._failed(run, error, on_error)
        except BaseException as error:
            if not isinstance(error, Exception):  # Ctrl-C: it goes on next time
                self._sources.leave(run)
                raise
            log.exception("source not read", source=source.name)
            if (machine := _from_the_machine(error)) is not None:
                return self._failed(run, machine, on_error)
            why = f"Something went wrong that nobody foresaw: {type(error).__name__}."
            return self._sources.finish(run, Outcome.FAILED, trouble=why, advice="The log has the details.")
        outcome = Outcome.PARTLY if looked.trouble else Outcome.DONE
        return self._sources.finish(
            run,
            outcome,
            trouble=looked.trouble,
            advice=looked.advice,
            complete=looked.complete,
            blocked=looked.blocked,
        )

    def _failed(self, run: Run, error: CertwrightError, on_error: Callable[[CertwrightError], None]) -> Run:
        on_error(error)
        return self._sources.finish(run, Outcome.FAILED, trouble=error.detail, advice=error.advice)

    def _watched(self, step: OnStep) -> OnStep:
        def watched(what: str, done: int, total: int | None) -> None:
            step(what, done, total)
            if self._stopping.is_set():
                raise Stopped

        return watched


def _from_the_machine(error: Exception) -> Unavailable | None:
    """A database or disk that does not do its part, such as a full one; None for any other error."""
    trouble = database_trouble(error)
    if trouble:
        return Unavailable(f"The database cannot be used: {trouble}.", advice=_MEND)
    if isinstance(error, OSError) and error.errno in _DISK:
        return Unavailable(f"The disk does not do its part: {error.strerror}.", advice=_MEND)
    return None


@dataclass(frozen=True, slots=True)
class Places:
    """A look at places, one after the other: a scan, a folder, a token.

    ``finds`` gives, from a position on, what stands at each place with the position behind it; ``total`` is how many
    places there are, None where only looking tells. ``complete`` as in :class:`Looked`, when it begins with the first.
    """

    sources: Sources
    finds: Callable[[Source, int], Iterable[tuple[int, Find]]]
    total: Callable[[Source], int | None] = lambda _: None
    complete: bool = True

    def __call__(self, source: Source, run: Run, step: OnStep) -> Looked:
        """See :class:`Look`. Places that cannot be looked at are counted, and the first is told.

        A run that goes on may have passed over what moved meanwhile: what it did not meet need not be gone.
        """
        total = self.total(source)
        begun = int(run.cursor or 0)
        failed, first = run.tally.failed, ""
        blocked: dict[str, str] = {}
        complete = self.complete and not begun and _has_one_set_of_places(source)
        step("places", begun, total)
        for batch in _batches(self.finds(source, begun)):
            position = batch[-1][0]
            finds = [find for _, find in batch]
            tally = self.sources.take(run, finds, cursor=str(position), total=total)
            failed += tally.failed
            troubles = {one.place: one.trouble for one in finds if _is_trouble(one)}
            first = first or next((f"{place}: {why}" for place, why in troubles.items()), "")
            if complete and source.kind is SourceKind.FOLDER:  # elsewhere no place lies in another
                blocked |= {_whole(place): why for place, why in troubles.items()}
            step("places", position, total)
        return Looked(_told(failed, first), complete=complete, blocked=blocked)


def _told(failed: int, one: str) -> str:
    """How many places could not be looked at, and one of them where it is known; "" for none."""
    if not failed:
        return ""
    told = "1 place" if failed == 1 else f"{failed:,} places"
    if not one:
        return f"{told} could not be looked at."
    return f"{told} could not be looked at{':' if failed == 1 else ', such as'} {one}"


def _is_trouble(find: Find) -> bool:
    return not find.certificates and not find.absent


def _has_one_set_of_places(source: Source) -> bool:
    """Whether what a run does not meet is looked at no more: a scan by hand is given other targets each time."""
    return source.kind is not SourceKind.SCAN or source.every is not None


def _whole(place: str) -> str:
    """The file that a place is a part of: what of it cannot be read may be any of what stood there."""
    return place.partition("#")[0]


def _batches(finds: Iterable[tuple[int, Find]]) -> Iterator[list[tuple[int, Find]]]:
    """As many as one transaction shall keep, fewer where they come slowly."""
    batch: list[tuple[int, Find]] = []
    since = time.monotonic()
    for find in finds:
        batch.append(find)
        if len(batch) >= _BATCH or time.monotonic() - since >= _BATCH_SECONDS:
            yield batch
            batch, since = [], time.monotonic()
    if batch:
        yield batch

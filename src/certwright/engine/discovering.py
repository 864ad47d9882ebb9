"""Runs of sources: looked at by their schedule or when somebody says so, and gone on with after an interruption."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from certwright.model.errors import CertwrightError, LostLease, Refused
from certwright.model.inventory import Find, Outcome, Run, Source, SourceKind
from certwright.store.sources import Sources

PERIOD_SECONDS = 5.0
_BATCH = 500  # finds of one transaction
_BATCH_SECONDS = 2.0  # or what came in within so long

log = structlog.get_logger(__name__)

OnStep = Callable[[str, int, int | None], None]  # what is counted, how many so far, and in all where that is known


def in_silence(_what: str, _done: int, _total: int | None) -> None:
    """Tells nobody."""


class Stopped(Exception):
    """The process is to end; the run goes on later where it is."""


@dataclass(frozen=True, slots=True)
class Looked:
    """How a look ended where nothing was raised. ``trouble`` says what of the source could not be read."""

    trouble: str = ""
    advice: str = ""
    complete: bool = False  # every place that there is has been looked at


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
            run = self._run(source, in_silence)
            if run is not None and run.outcome is Outcome.FAILED:
                log.warning("source not read", source=source.name, why=run.trouble)

    def now(self, source: Source, step: OnStep = in_silence) -> Run:
        """Look at a source now, whatever its schedule; raises Refused while another process does."""
        run = self._run(source, step)
        if run is None:
            raise Refused(f"{source.name} is being looked at already, by another process.")
        return run

    def _run(self, source: Source, step: OnStep) -> Run | None:
        run = self._sources.start(source)
        if run is None:
            return None
        try:
            looked = self._looks[source.kind](source, run, self._watched(step))
        except Stopped:
            self._sources.leave(run)
            return self._sources.run(run.id)
        except LostLease:
            return self._sources.run(run.id)
        except CertwrightError as error:
            return self._sources.finish(run, Outcome.FAILED, trouble=error.detail, advice=error.advice)
        except BaseException as error:
            if not isinstance(error, Exception):  # Ctrl-C: it goes on next time
                self._sources.leave(run)
                raise
            log.exception("source not read", source=source.name)
            why = f"Something went wrong that nobody foresaw: {type(error).__name__}."
            return self._sources.finish(run, Outcome.FAILED, trouble=why, advice="The log has the details.")
        outcome = Outcome.PARTLY if looked.trouble else Outcome.DONE
        return self._sources.finish(
            run, outcome, trouble=looked.trouble, advice=looked.advice, complete=looked.complete
        )

    def _watched(self, step: OnStep) -> OnStep:
        def watched(what: str, done: int, total: int | None) -> None:
            step(what, done, total)
            if self._stopping.is_set():
                raise Stopped

        return watched


@dataclass(frozen=True, slots=True)
class Places:
    """A look at places, one after the other: a scan, a folder, a token.

    ``finds`` gives, from a position on, what stands at each place with the position behind it; ``total`` is how many
    places there are, None where only looking tells. ``complete`` as in :class:`Looked`.
    """

    sources: Sources
    finds: Callable[[Source, int], Iterable[tuple[int, Find]]]
    total: Callable[[Source], int | None] = lambda _: None
    complete: bool = True

    def __call__(self, source: Source, run: Run, step: OnStep) -> Looked:
        """See :class:`Look`. Places that cannot be looked at are counted, and the first is told."""
        total = self.total(source)
        begun = int(run.cursor or 0)
        failed, first = 0, ""
        step("places", begun, total)
        for batch in _batches(self.finds(source, begun)):
            position = batch[-1][0]
            finds = [find for _, find in batch]
            tally = self.sources.take(run, finds, cursor=str(position), total=total)
            failed += tally.failed
            first = first or next((f"{one.place}: {one.trouble}" for one in finds if _is_trouble(one)), "")
            step("places", position, total)
        return Looked(
            f"{failed} places could not be looked at. The first: {first}" if failed else "", "", self.complete
        )


def _is_trouble(find: Find) -> bool:
    return not find.certificates and not find.absent


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

"""The durable engine: what is due becomes a short DBOS workflow, run by this worker's threads.

The truth is in our own tables; everything DBOS keeps may be deleted while no worker runs. A workflow carries a kind
and an id and a fence only; they are its own id too, so that the same piece of work is never queued twice, and one
that comes late finds another fence and does nothing. It never sleeps: what must wait has a row with a due time, and
the sweeper brings it back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

SWEEP_SECONDS: Final = 0.5
_QUEUE: Final = "advance"
_VERSION: Final = "1"  # pinned: workflows carry ids alone, so any release may run those of another
_KEEP: Final = 1000  # finished workflows that are tidied away at once
_UNFINISHED: Final = ["ENQUEUED", "PENDING"]
_FINISHED: Final = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_STUCK_SECONDS: Final = 10.0  # queued so long ago: it may have ended without having begun
_TROUBLE_SECONDS: Final = 2.0  # the pause after a database could not be asked
_TIDY_SECONDS: Final = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of thing that becomes due: ``due(limit)`` gives (id, fence) pairs, ``run(id, fence)`` advances one."""

    due: Callable[[int], list[tuple[int, int]]]
    free_dead_leases: Callable[[], int]
    run: Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Chore:
    """Something done again and again beside the work, every so many seconds, in a thread of its own.

    ``at_start``: for the first time as soon as the engine runs. ``stop`` ends one that may take long, at its next
    step; safe in a signal handler.
    """

    name: str
    run: Callable[[], object]
    seconds: float
    at_start: bool = False
    stop: Callable[[], object] = lambda: None


class Engine:
    """Runs due work in this process until it is stopped."""

    def __init__(
        self,
        database: Path | str,
        name: str,
        works: Mapping[str, Work],
        *,
        concurrency: int,
        alive: Callable[[str], bool],
        batch: int = 200,
        chores: Sequence[Chore] = (),
    ) -> None:
        """``database`` is the engine's own SQLite file or a PostgreSQL URL; ``name`` is this worker's identity.

        ``alive`` tells whether the worker of a name still runs. ``works`` by kind (``order``, ``revocation``);
        ``concurrency`` is the number of threads that advance.
        """
        self._works = works
        self._chores = chores
        self._alive = alive
        self._batch = batch
        self._stopping = threading.Event()
        self._queued: dict[str, float] = {}  # by workflow id, when (monotonic)
        self._lock = threading.Lock()
        self._next_beat = self._next_tidy = 0.0
        config: DBOSConfig = {
            "name": "certwright",
            "system_database_url": f"sqlite:///{database}" if isinstance(database, Path) else database,
            "application_version": _VERSION,
            "executor_id": name,
            "serializer": DBOSPortableJSONSerializer(),
            "max_executor_threads": concurrency + 4,
            "run_migrations": True,
            "enable_otlp": False,
            "log_level": "WARNING",
        }
        DBOS(config=config)
        self._concurrency = concurrency

        def advance(kind: str, subject_id: int, fence: int) -> None:
            self._advance(kind, subject_id, fence)

        self._workflow = DBOS.workflow(name="advance")(advance)

    def _advance(self, kind: str, subject_id: int, fence: int) -> None:
        """The workflow's body; it may run again after a crash, because the row's lease and fence decide."""
        try:
            self._works[kind].run(subject_id, fence)
        except Exception:
            # The row has been given back with a pause; here it only must not be lost from sight.
            log.exception("advance failed", kind=kind, id=subject_id)
        finally:
            with self._lock:
                self._queued.pop(_name(kind, subject_id, fence), None)

    def run(self, beat: Callable[[], None], beat_seconds: float) -> None:
        """Launch, sweep until :meth:`stop`, and end in order: what is running is finished first.

        A database that cannot be asked is asked again until it can.
        """
        DBOS.launch()
        DBOS.register_queue(
            _QUEUE, worker_concurrency=self._concurrency, polling_interval_sec=0.1, on_conflict="always_update"
        )
        threads = [threading.Thread(target=self._do, args=(chore,), name=chore.name) for chore in self._chores]
        for thread in threads:
            thread.start()
        try:
            while not self._stopping.is_set():
                self._stopping.wait(self._turn(beat, beat_seconds))
        finally:
            self.stop()
            for thread in threads:
                thread.join()
            DBOS.destroy(workflow_completion_timeout_sec=30)

    def _do(self, chore: Chore) -> None:
        """One chore's thread. What goes wrong is told, and tried again in the next turn."""
        pause = 0.0 if chore.at_start else chore.seconds
        while not self._stopping.wait(pause):
            pause = chore.seconds
            try:
                chore.run()
            except Exception:
                log.exception("chore failed", chore=chore.name)

    def _turn(self, beat: Callable[[], None], beat_seconds: float) -> float:
        """Whatever it is time for; returns for how many seconds to rest then."""
        try:
            now = time.monotonic()
            if now >= self._next_beat:
                beat()
                self._take_over()
                self._next_beat = now + beat_seconds
            if now >= self._next_tidy:
                self._tidy()
                self._next_tidy = now + _TIDY_SECONDS
            return 0.02 if self._sweep() >= self._batch else SWEEP_SECONDS
        except Exception:
            log.exception("the database could not be asked")
            return _TROUBLE_SECONDS

    def stop(self) -> None:
        """Ask :meth:`run` to end; safe in a signal handler."""
        self._stopping.set()
        for chore in self._chores:
            chore.stop()

    def _take_over(self) -> None:
        """Free what dead workers held: their rows' leases, and the queue's workflows that they had begun."""
        begun = DBOS.list_workflows(status=["PENDING"], load_input=False, load_output=False)
        orphans = [one.workflow_id for one in begun if one.executor_id and not self._alive(one.executor_id)]
        if orphans:
            DBOS.delete_workflows(orphans)
            with self._lock:
                for name in orphans:
                    self._queued.pop(name, None)
        for kind, work in self._works.items():
            if count := work.free_dead_leases():
                log.warning("took over from a dead worker", kind=kind, count=count)

    def _sweep(self) -> int:
        """Queue what is due and not queued by us yet; returns how much that was."""
        found = 0
        now = time.monotonic()
        self._unstick(now)
        with self._lock:
            room = 2 * self._batch - len(self._queued)
        if room <= 0:
            return 0
        for kind, work in self._works.items():
            for subject_id, fence in work.due(self._batch):
                name = _name(kind, subject_id, fence)
                with self._lock:
                    if name in self._queued:
                        continue
                    self._queued[name] = now
                with SetWorkflowID(name):
                    DBOS.enqueue_workflow(_QUEUE, self._workflow, kind, subject_id, fence)
                found += 1
        return found

    def _unstick(self, now: float) -> None:
        """Let what ended without a claim (the database was locked) be queued again: until then its id is taken.

        One that still waits or runs is left alone; DBOS would wait for ever for the outcome of a deleted one.
        """
        with self._lock:
            names = [name for name, since in self._queued.items() if now - since >= _STUCK_SECONDS]
        if not names:
            return
        waiting = DBOS.list_workflows(workflow_ids=names, status=_UNFINISHED, load_input=False, load_output=False)
        ended = set(names) - {workflow.workflow_id for workflow in waiting}
        if ended:
            DBOS.delete_workflows(sorted(ended))
        with self._lock:
            for name in names:
                if name in ended:
                    self._queued.pop(name, None)
                elif name in self._queued:
                    self._queued[name] = now

    def _tidy(self) -> None:
        """Delete finished workflows: their truth is in our tables."""
        while True:
            finished: list[Any] = DBOS.list_workflows(
                status=_FINISHED, limit=_KEEP, load_input=False, load_output=False
            )
            if finished:
                DBOS.delete_workflows([workflow.workflow_id for workflow in finished])
            if len(finished) < _KEEP:
                return


def _name(kind: str, subject_id: int, fence: int) -> str:
    return f"{kind}-{subject_id}-{fence}"

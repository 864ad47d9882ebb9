"""The durable engine: what is due becomes a short DBOS workflow, run by this worker's threads.

The truth is in our own tables; everything DBOS keeps may be deleted while no worker runs. A workflow carries a kind
and an id only, and its id holds the fence, so that the same piece of work is never queued twice. It never sleeps:
what must wait has a row with a due time, and the sweeper brings it back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

SWEEP_SECONDS: Final = 0.5
_QUEUE: Final = "advance"
_VERSION: Final = "1"  # pinned: workflows carry ids alone, so any release may run those of another
_KEEP: Final = 1000  # finished workflows that are tidied away at once

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of thing that becomes due: ``due(limit)`` gives (id, fence) pairs, ``run(id)`` advances one."""

    due: Callable[[int], list[tuple[int, int]]]
    free_dead_leases: Callable[[], int]
    run: Callable[[int], object]


class Engine:
    """Runs due work in this process until it is stopped."""

    def __init__(
        self, database: Path | str, name: str, works: Mapping[str, Work], *, concurrency: int, batch: int = 200
    ) -> None:
        """``database`` is the engine's own SQLite file or a PostgreSQL URL; ``name`` is this worker's identity.

        ``works`` by kind (``order``, ``revocation``); ``concurrency`` is the number of threads that advance.
        """
        self._works = works
        self._batch = batch
        self._stopping = threading.Event()
        self._queued: set[str] = set()
        self._lock = threading.Lock()
        self._idle = threading.Event()
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

        def advance(kind: str, subject_id: int, name: str) -> None:
            self._advance(kind, subject_id, name)

        self._workflow = DBOS.workflow(name="advance")(advance)

    def _advance(self, kind: str, subject_id: int, name: str) -> None:
        """The workflow's body; it may run again after a crash, because the row's lease and fence decide."""
        try:
            self._works[kind].run(subject_id)
        except Exception:
            # The row has been given back with a pause; here it only must not be lost from sight.
            log.exception("advance failed", kind=kind, id=subject_id)
        finally:
            with self._lock:
                self._queued.discard(name)

    def run(self, beat: Callable[[], None], beat_seconds: float) -> None:
        """Launch, sweep until :meth:`stop`, and end in order: what is running is finished first."""
        DBOS.launch()
        DBOS.register_queue(
            _QUEUE, worker_concurrency=self._concurrency, polling_interval_sec=0.1, on_conflict="always_update"
        )
        next_beat = next_tidy = 0.0
        try:
            while not self._stopping.is_set():
                now = time.monotonic()
                if now >= next_beat:
                    beat()
                    self._take_over()
                    next_beat = now + beat_seconds
                if now >= next_tidy:
                    self._tidy()
                    next_tidy = now + 60
                found = self._sweep()
                self._stopping.wait(0.02 if found >= self._batch else SWEEP_SECONDS)
        finally:
            DBOS.destroy(workflow_completion_timeout_sec=30)

    def stop(self) -> None:
        """Ask :meth:`run` to end; safe in a signal handler."""
        self._stopping.set()

    def _take_over(self) -> None:
        for kind, work in self._works.items():
            if count := work.free_dead_leases():
                log.warning("took over from a dead worker", kind=kind, count=count)

    def _sweep(self) -> int:
        """Queue what is due and not queued by us yet; returns how much that was."""
        found = 0
        with self._lock:
            room = 2 * self._batch - len(self._queued)
        if room <= 0:
            return 0
        for kind, work in self._works.items():
            for subject_id, fence in work.due(self._batch):
                name = f"{kind}-{subject_id}-{fence}"
                with self._lock:
                    if name in self._queued:
                        continue
                    self._queued.add(name)
                with SetWorkflowID(name):
                    DBOS.enqueue_workflow(_QUEUE, self._workflow, kind, subject_id, name)
                found += 1
        return found

    def _tidy(self) -> None:
        """Delete finished workflows: their truth is in our tables."""
        finished: list[Any] = DBOS.list_workflows(status=["SUCCESS", "ERROR"], limit=_KEEP, load_input=False)
        if finished:
            DBOS.delete_workflows([workflow.workflow_id for workflow in finished])

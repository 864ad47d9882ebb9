"""A scan: many targets at once, with a plain face. It can be stopped at any time and go on from a position."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread

from certwright.model.inventory import Find
from certwright.targets.scan.probe import Bounds, Prober
from certwright.targets.scan.target import Target


def scan(
    targets: Iterable[Target], *, concurrency: int = 100, bounds: Bounds | None = None
) -> Iterator[tuple[int, Find]]:
    """Look at every target, ``concurrency`` at once, and yield a Find for each as it is done, in no order.

    The number beside a Find is a position: all targets before it have been yielded by now. A scan that is stopped
    goes on with the targets from there (:meth:`Targets.after`); what had been yielded beyond it is looked at again.
    Targets are taken from ``targets`` one by one in the caller's thread, never more than ``concurrency`` ahead of
    what the caller has read. With n targets at one address or many it takes at most
    ``ceil(n / min(concurrency, per_host)) * seconds``, however they misbehave.
    """
    bounds = bounds or Bounds()
    numbered = iter(enumerate(targets))
    finished: SimpleQueue[tuple[int, Future[Find]]] = SimpleQueue()
    progress = _Progress()
    running = 0
    with _loop() as loop, _threads(concurrency) as threads:
        prober = Prober(bounds, threads)
        while True:
            for position, target in itertools.islice(numbered, concurrency - running):
                future = asyncio.run_coroutine_threadsafe(prober.probe(target), loop)
                future.add_done_callback(lambda done, at=position: finished.put((at, done)))  # type: ignore[misc]
                running += 1
            if not running:
                return
            position, found = finished.get()
            running -= 1
            yield progress.with_done(position), found.result()


class _Progress:
    """Up to where everything is done, when targets are done in no order."""

    def __init__(self) -> None:
        self._all_before = 0
        self._ahead: set[int] = set()

    def with_done(self, position: int) -> int:
        """The position before which everything is done, once this one is too."""
        self._ahead.add(position)
        while self._all_before in self._ahead:
            self._ahead.remove(self._all_before)
            self._all_before += 1
        return self._all_before


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own, so that deadlines run while the caller is busy with what was found."""
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        started.set_result((asyncio.get_running_loop(), stop))
        await stop.wait()

    # asyncio.run cancels what is still under way, and waits for it, before it returns
    thread = Thread(target=lambda: asyncio.run(serve()), name="certwright-scan", daemon=True)
    thread.start()
    loop, stop = started.result()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads for look-ups; one that still waits for a name server is not waited for."""
    threads = ThreadPoolExecutor(count, thread_name_prefix="certwright-look-up")
    try:
        yield threads
    finally:
        threads.shutdown(wait=False, cancel_futures=True)

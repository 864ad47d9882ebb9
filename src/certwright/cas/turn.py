"""One call at a time: for CAs that do not want some of their calls to overlap, in any process of this machine."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from certwright.model.errors import Misconfigured, Unavailable

SECONDS = 60.0  # the longest wait for one's turn


class Turn:
    """Whose turn it is at one credential.

    Processes take turns by a lock file beside ``limits``, the file that counts the calls; where that is None, only
    the threads that share this object do.
    """

    def __init__(self, limits: Path | None, credential: str, *, title: str) -> None:
        name = hashlib.sha256(b"certwright turn\0" + credential.encode()).hexdigest()[:32]
        self._path = limits.with_name(f"turn-{name}.lock") if limits is not None else None
        self._threads = threading.Lock()
        self._title = title

    @contextmanager
    def take(self, seconds: float = SECONDS) -> Iterator[None]:
        """Wait for one's turn and have it while the block runs; raises Unavailable when it does not come."""
        if not self._threads.acquire(timeout=seconds):
            raise self._too_long()
        try:
            if self._path is None:
                yield
                return
            lock = FileLock(self._path, timeout=seconds, mode=0o600)
            try:
                lock.acquire()
            except Timeout:
                raise self._too_long() from None
            except OSError as error:
                raise Misconfigured(
                    f"The file by which calls take turns cannot be used ({error.strerror}).",
                    advice="See that the state folder exists, has room and may be written.",
                ) from None
            try:
                yield
            finally:
                lock.release()
        finally:
            self._threads.release()

    def _too_long(self) -> Unavailable:
        return Unavailable(f"{self._title} allows one such call at a time and others came first; nothing was sent.")

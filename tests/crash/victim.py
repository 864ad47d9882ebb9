"""Counts the boundaries that a command passes and kills the process with SIGKILL at the one that is asked for.

A boundary is a moment before or after a COMMIT of the product's database, or one of an HTTP exchange on the wire:
before a request's bytes, after them, after the first bytes of its answer. Used by the forked sessions of the tests,
and alone: ``python -m tests.crash.victim N -- order place …`` (0: never; the trace goes to standard error).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any

import httpcore2
from django.db.backends.sqlite3 import base as sqlite

from certwright.flow import paid

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class Boundaries:
    """The count, and the end at ``fatal`` (0: never). Every boundary's name goes to ``trace`` as a line."""

    def __init__(self, fatal: int, trace: int) -> None:
        self._fatal = fatal
        self._trace = trace
        self._count = 0
        self._lock = threading.Lock()

    def reach(self, name: str) -> None:
        """One more boundary; does not return at the fatal one."""
        with self._lock:
            self._count += 1
            os.write(self._trace, f"{name}\n".encode())
            if self._count == self._fatal:
                os.kill(os.getpid(), signal.SIGKILL)


def install(plan: Mapping[str, Any]) -> None:
    """Put the boundaries into this process. ``plan``: ``fatal``, the file ``trace``, and ``naive``.

    A naive program sends a call of unknown outcome again without looking for it first: it shows that the tests see
    what goes wrong then.
    """
    if plan.get("naive"):
        forget_to_look()
        if "fatal" not in plan:
            return
    trace = os.open(plan["trace"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    around(Boundaries(int(plan["fatal"]), trace))


def forget_to_look() -> None:
    """Break the paid-call rule: what was sent without an answer counts as never done."""
    if not callable(paid._find_out):
        raise TypeError("the look-up of the paid-call rule is elsewhere now")
    paid._find_out = lambda *_: None  # type: ignore[assignment]


def around(boundaries: Boundaries) -> None:
    """Wrap the database's commits and the network's streams."""
    _around_commits(boundaries)
    connect = httpcore2.SyncBackend.connect_tcp

    def connect_tcp(self: httpcore2.SyncBackend, *place: Any, **options: Any) -> httpcore2.NetworkStream:
        return _Stream(connect(self, *place, **options), boundaries)

    httpcore2.SyncBackend.connect_tcp = connect_tcp  # type: ignore[method-assign]


def _around_commits(boundaries: Boundaries) -> None:
    commit = sqlite.DatabaseWrapper._commit
    execute = sqlite.SQLiteCursorWrapper.execute

    def _commit(self: sqlite.DatabaseWrapper) -> None:
        boundaries.reach("before COMMIT")
        commit(self)
        boundaries.reach("after COMMIT")

    def _execute(self: sqlite.SQLiteCursorWrapper, query: str, params: Any = None) -> Any:
        if self.connection.in_transaction or not query.lstrip().upper().startswith(_WRITES):
            return execute(self, query, params)
        boundaries.reach("before COMMIT of one statement")
        answer = execute(self, query, params)
        boundaries.reach("after COMMIT of one statement")
        return answer

    sqlite.DatabaseWrapper._commit = _commit
    sqlite.SQLiteCursorWrapper.execute = _execute


class _Stream(httpcore2.NetworkStream):
    """A connection whose exchanges are counted."""

    def __init__(self, inner: httpcore2.NetworkStream, boundaries: Boundaries) -> None:
        self._inner = inner
        self._boundaries = boundaries
        self._line = ""
        self._asked = False

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        if not self._asked:  # the first bytes of a request
            self._line = " ".join(buffer.split(b"\r\n", 1)[0].decode("ascii", "replace").split()[:2])
            self._boundaries.reach(f"before {self._line}")
        self._asked = True
        self._inner.write(buffer, timeout)
        self._boundaries.reach(f"{len(buffer)} bytes out of {self._line}"[:160])

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        answer = self._inner.read(max_bytes, timeout)
        if self._asked:
            self._asked = False
            self._boundaries.reach(f"answer in of {self._line}")
        return answer

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def main() -> None:
    """``N -- WORDS…``: run the command and die at boundary N."""
    from certwright.doors.cli.app import run

    fatal, dashes, *words = sys.argv[1:]
    if dashes != "--":
        raise SystemExit("python -m tests.crash.victim N -- COMMAND…")
    around(Boundaries(int(fatal), 2))
    sys.exit(run(words))


if __name__ == "__main__":
    main()

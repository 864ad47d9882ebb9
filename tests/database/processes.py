"""Starting the program of this folder, and reading what it tells, with a deadline on everything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from select import select

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0  # seconds before a silent process fails its test


class Process:
    """A running program: its lines come one by one."""

    def __init__(self, arguments: Sequence[str], before: Sequence[str] = ()) -> None:
        """``before`` is a program that runs ours, such as strace."""
        self.started = subprocess.Popen(
            [*before, sys.executable, "-m", "tests.database.program", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._rest = b""

    def line(self, until: float | None = None) -> str:
        """The next line, "" at the end; fails when there is none in time (a moment of the monotonic clock)."""
        assert self.started.stdout is not None
        until = until or time.monotonic() + PATIENCE
        while b"\n" not in self._rest:
            assert select([self.started.stdout], [], [], max(0.0, until - time.monotonic()))[0], "it is silent"
            chunk = os.read(self.started.stdout.fileno(), 65536)
            if not chunk:
                return ""
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def until(self, wanted: str) -> str:
        """The next line that begins so."""
        until = time.monotonic() + PATIENCE
        while not (line := self.line(until)).startswith(wanted):
            assert time.monotonic() < until, f"it never said {wanted!r}"
            assert line, f"it ended before it said {wanted!r}"
            assert not line.startswith("error"), line
        return line

    def go_on(self) -> None:
        """Give it the line that it waits for."""
        assert self.started.stdin is not None
        self.started.stdin.write(b"\n")
        self.started.stdin.flush()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.started.send_signal(number)

    def wait(self) -> int:
        """Its exit code."""
        return self.started.wait(PATIENCE)

    def close(self) -> None:
        """Leave nothing of it behind."""
        if self.started.poll() is None:
            self.started.kill()
        self.started.wait(PATIENCE)
        for pipe in (self.started.stdin, self.started.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def program(folder: Path, what: str, *arguments: str, before: Sequence[str] = ()) -> Iterator[Process]:
    """The program at work in a folder; ended with the block."""
    process = Process([str(folder), what, *arguments], before)
    try:
        yield process
    finally:
        process.close()


def copy(database: Path, to: Path) -> None:
    """The database and its log as a power cut would leave them, without the shared memory.

    Not by this process: closing a file of its own would drop the locks that SQLite holds on it (POSIX locks
    belong to process and file), and the next one to come would take the log away from under us.
    """
    to.mkdir(exist_ok=True)
    files = [path for path in (database, database.with_name(f"{database.name}-wal")) if path.exists()]
    subprocess.run(["cp", *files, to], check=True)


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until it holds; fails when it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.05)

"""The program ``certwright`` as the tests start it: as a process of its own, or forked from one that has it loaded."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST = 90.0
_numbers = itertools.count(1)


def clean_environment() -> dict[str, str]:
    """The environment without anything of ours in it."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("CERTWRIGHT_")}
    return {**found, "PYTHONPATH": f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Result:
    """What a command left behind: exit code (None: it never ended), standard output and error."""

    words: tuple[str, ...]
    code: int | None
    out: str
    err: str

    def json(self) -> Any:
        """The one JSON object that it printed."""
        lines = self.out.splitlines()
        assert len(lines) == 1, self
        return json.loads(lines[0])

    def lines(self) -> list[Any]:
        """The JSON objects that it printed, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    def expect(self, code: int) -> Result:
        """Itself, when the exit code is that one."""
        assert self.code == code, self
        return self

    @property
    def told(self) -> str:
        """Everything it said, line breaks out of the way."""
        return " ".join((self.out + " " + self.err).split())


@dataclass
class Session:
    """A started session: its pid while it runs, its results and end when it is over."""

    commands: list[list[str]]
    folder: Path
    connection: socket.socket = field(repr=False)
    pid: int = 0

    def wait(self, seconds: float = LONGEST) -> int:
        """The exit status when it has ended; a session that does not end in time is killed and fails the test."""
        self.connection.settimeout(seconds)
        try:
            with self.connection, self.connection.makefile("r") as stream:
                line = stream.readline()
        except TimeoutError:
            os.kill(self.pid, signal.SIGKILL)
            raise AssertionError(f"still running after {seconds} s: {self.commands}") from None
        return int(line)

    @property
    def results(self) -> list[Result]:
        """What each command left."""
        return [self._result(number, words) for number, words in enumerate(self.commands)]

    def _result(self, number: int, words: list[str]) -> Result:
        def read(kind: str) -> str:
            path = self.folder / f"{number}.{kind}"
            return path.read_text(errors="replace") if path.exists() else ""

        code = read("code")
        return Result(tuple(words), int(code) if code else None, read("out"), read("err"))


class Zygote:
    """The process that has everything loaded."""

    def __init__(self) -> None:
        """Start it and wait until it is ready."""
        self._folder = Path(tempfile.mkdtemp(prefix="cw-"))  # the path of a Unix socket must be short
        self._socket = str(self._folder / "s")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.zygote", self._socket],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=REPOSITORY,
            env=clean_environment(),
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def start(
        self,
        home: Path,
        commands: Sequence[Sequence[str]],
        *,
        environment: Mapping[str, str] | None = None,
        stdin: Path | None = None,
        victim: Mapping[str, object] | None = None,
    ) -> Session:
        """Run the commands one after the other in one forked process, in the state folder ``home``."""
        folder = home.parent / f"session-{next(_numbers)}"
        folder.mkdir()
        words = [list(command) for command in commands]
        session = {
            "commands": words,
            "environment": {"CERTWRIGHT_HOME": str(home), **(environment or {})},
            "folder": str(folder),
            "stdin": str(stdin) if stdin else None,
            "victim": dict(victim) if victim else None,
        }
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(LONGEST)
        connection.connect(self._socket)
        connection.sendall(json.dumps(session).encode() + b"\n")
        pid = b""
        while not pid.endswith(b"\n"):
            pid += connection.recv(1)
        return Session(words, folder, connection, int(pid))

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=15)
        self._process.stdout.close()
        shutil.rmtree(self._folder)


@dataclass
class Program:
    """``certwright`` in one state folder. ``environment`` is added to that of every command."""

    zygote: Zygote
    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str, stdin: Path | None = None, **environment: str) -> Result:
        """One command, forked."""
        return self.session([words], stdin=stdin, **environment)[0]

    def session(self, commands: Sequence[Sequence[str]], stdin: Path | None = None, **environment: str) -> list[Result]:
        """Commands one after the other in one forked process."""
        started = self.zygote.start(self.home, commands, environment={**self.environment, **environment}, stdin=stdin)
        status = started.wait()
        assert status == 0, (status, started.results)
        return started.results

    def typed(self, *words: str, stdin: bytes = b"", timeout: float = LONGEST, **environment: str) -> Result:
        """One command as a process of its own, exactly as an operator starts it."""
        done = subprocess.run(
            [sys.executable, "-m", "certwright", *words],
            env=self.full_environment(**environment),
            input=stdin,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return Result(words, done.returncode, done.stdout.decode(), done.stderr.decode())

    def full_environment(self, **environment: str) -> dict[str, str]:
        """The whole environment of a process of its own."""
        return {**clean_environment(), "CERTWRIGHT_HOME": str(self.home), **self.environment, **environment}

    def copy(self, home: Path) -> Program:
        """The same installation once more, in another folder."""
        shutil.copytree(self.home, home)
        return Program(self.zygote, home, dict(self.environment))


class Running:
    """A ``certwright worker`` or ``serve`` of its own, started and ready."""

    def __init__(self, program: Program, *words: str, ready: str, **environment: str) -> None:
        """Start it and wait for the line that holds ``ready``, in its output or errors."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "certwright", *words],
            env=program.full_environment(PYTHONUNBUFFERED="1", **environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output: list[str] = []
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output.append(line)
            if ready in line:
                break
        else:
            raise AssertionError(f"it ended: {self.output}")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        self.output.extend(self._process.stdout)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal; its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        code = self._process.wait(timeout=45)
        self._reader.join(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

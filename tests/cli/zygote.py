"""A process that has loaded the whole program once and forks a child for every session of commands.

Started as ``python -m tests.cli.zygote SOCKET``. A client connects to the Unix socket and sends one line of JSON:
``{"commands": [[...]], "environment": {...}, "folder": "...", "stdin": "...", "victim": null}``. The answer is the
child's pid on one line and, when it has ended, its exit status as ``os.waitpid`` gives it. Standard output, standard
error and exit code of command N are left in the files ``N.out``, ``N.err`` and ``N.code`` of the folder. The zygote
ends with its standard input.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import certwright.cas.digicert
import certwright.doors.cli
import certwright.doors.cli.app
import certwright.keys.pkcs11
import certwright.pki
import certwright.store
import certwright.wiring


def load_everything() -> None:
    """Import every module a command may need, so that a fork starts at once."""
    certwright.wiring.Certwright  # noqa: B018 - named to say what the import is for
    for package in (certwright.doors.cli, certwright.store, certwright.cas.digicert, certwright.pki):
        for module in pkgutil.iter_modules(package.__path__):
            if module.name not in ("migrations", "worker"):
                importlib.import_module(f"{package.__name__}.{module.name}")


def main(path: str) -> None:
    """Serve sessions until standard input ends."""
    load_everything()
    if threading.active_count() != 1:
        raise RuntimeError("a thread was started by an import: forking would not be safe")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as ready:
        listener.bind(path)
        listener.listen(64)
        ready.register(listener, selectors.EVENT_READ)
        ready.register(sys.stdin, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            for key, _ in ready.select():
                if key.fileobj is sys.stdin:
                    return
                connection, _ = listener.accept()
                if os.fork() == 0:
                    listener.close()
                    _watch(connection)
                connection.close()


def _watch(connection: socket.socket) -> None:
    """In a child of its own: fork the session, tell its pid, wait for it, tell its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with connection, connection.makefile("rw") as stream:
        session = json.loads(stream.readline())
        pid = os.fork()
        if pid == 0:
            _run(session)
        stream.write(f"{pid}\n")
        stream.flush()
        _, status = os.waitpid(pid, 0)
        stream.write(f"{status}\n")
        stream.flush()
    os._exit(0)


def _run(session: dict[str, Any]) -> None:
    """In the session's own process: one command after the other, as if typed."""
    folder = Path(session["folder"])
    os.environ.update(session["environment"])
    _redirect(session.get("stdin") or os.devnull, os.O_RDONLY, 0)
    if victim := session.get("victim"):
        from tests.crash import victim as harness

        harness.install(victim)
    for number, words in enumerate(session["commands"]):
        write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        _redirect(folder / f"{number}.out", write, 1)
        _redirect(folder / f"{number}.err", write, 2)
        code = 99  # an exception that no command may let through
        try:
            code = certwright.doors.cli.app.run(words)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 98
        except Exception:
            import traceback

            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        (folder / f"{number}.code").write_text(str(code))
    os._exit(0)


def _redirect(path: Path | str, flags: int, to: int) -> None:
    opened = os.open(path, flags, 0o600)
    os.dup2(opened, to)
    os.close(opened)


if __name__ == "__main__":
    main(sys.argv[1])

"""``certwright serve`` as the tests start it, and the pushes they deliver to it."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.program import Program


class Server:
    """A running ``certwright serve``."""

    def __init__(self, program: Program, log: Path) -> None:
        """Start it on a free port and wait until it is healthy."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "certwright", "serve", "--port", str(self.port)],
                env=program.full_environment(CERTWRIGHT_LOG="debug"),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        latest = time.monotonic() + 40
        while self.ask("GET", "/health") != 200:
            assert self.process.poll() is None, log.read_text()
            assert time.monotonic() < latest, log.read_text()
            time.sleep(0.05)

    def ask(self, method: str, path: str, body: bytes = b"", key: str = "", *, password: str = "") -> int:
        """The status of one request; 0 when nobody listens, or hangs up before it is read.

        ``key`` is what DigiCert shows, ``password`` what Sectigo does.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"X-WEBHOOK-KEY": key} if key else {}
        if password:
            headers["Authorization"] = f"Basic {b64encode(f'sectigo:{password}'.encode()).decode()}"
        try:
            connection.request(method, path, body, headers)
            return connection.getresponse().status
        except ConnectionError:
            return 0
        finally:
            connection.close()

    def push(self, event: dict[str, object], key: str, account: str = "main") -> int:
        """Deliver an event."""
        return self.ask("POST", f"/push/digicert/{account}", json.dumps(event).encode(), key)

    def stop(self) -> int:
        """End it by SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=45)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()


@contextmanager
def serving(program: Program, log: Path) -> Iterator[Server]:
    """A server for the length of a ``with``."""
    server = Server(program, log)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()

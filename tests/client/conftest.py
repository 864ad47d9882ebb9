"""What the client's tests talk to: a server that says exactly what a test wants, and the real sandbox
program.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import stamina
import structlog
from structlog.testing import capture_logs

from certwright.cas.http import Transport
from certwright.cas.limits import Gate, Limit
from tests.client.sandbox import Sandbox, Tenant, running

if TYPE_CHECKING:
    from tests.client.emsign import Hub
    from tests.client.sectigo import Login

Script = Callable[[socket.socket], None]
WIDE = (Limit(100_000, 5), Limit(1_000_000, 180))


@pytest.fixture(autouse=True)
def _quiet_and_quick() -> Iterator[None]:
    """Log lines are caught, retries do not wait."""
    stamina.set_testing(True, attempts=3, cap=True)
    structlog.reset_defaults()
    with capture_logs():
        yield
    stamina.set_testing(False)


@dataclass
class Server:
    """A TCP server that reads one request per connection and then does what its scripts say, in turn.

    The last script is used for all further connections. ``requests`` are the bytes received.
    """

    scripts: list[Script]
    wrap: Callable[[socket.socket], socket.socket] | None = None
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/services/v2"
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            with suppress(TimeoutError):
                connection, _ = self._listener.accept()
                script = self.scripts[min(self.connections, len(self.scripts) - 1)]
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(connection, script))
                thread.start()
                self._threads.append(thread)

    def _serve(self, connection: socket.socket, script: Script) -> None:
        connection.settimeout(5)
        with suppress(OSError):
            if self.wrap is not None:
                connection = self.wrap(connection)
            self.requests.append(_request(connection))
            script(connection)
        with suppress(OSError):
            connection.close()

    def stop(self) -> None:
        self.stopping.set()
        self._accepting.join()
        for thread in self._threads:
            thread.join()
        self._listener.close()


def _request(connection: socket.socket) -> bytes:
    """The bytes of one request, its body included."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return received
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(
    status: int = 200, body: bytes = b"{}", *, content_type: str = "application/json", headers: str = ""
) -> Script:
    """A complete answer."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{headers}"
    return raw(head.encode() + b"Connection: close\r\n\r\n" + body)


def raw(content: bytes) -> Script:
    """These bytes, then the end of the connection."""
    return lambda connection: connection.sendall(content)


def reset(connection: socket.socket) -> None:
    """RST without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def trickle(content: bytes, seconds: float, stopping: Callable[[], bool]) -> Script:
    """The bytes one at a time, so far apart."""

    def script(connection: socket.socket) -> None:
        for byte in content:
            if stopping():
                return
            connection.sendall(bytes([byte]))
            time.sleep(seconds)

    return script


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers and stops them."""
    servers: list[Server] = []

    def start(*scripts: Script, wrap: Callable[[socket.socket], socket.socket] | None = None) -> Server:
        servers.append(Server(list(scripts) or [answer()], wrap))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def transport() -> Iterator[Callable[..., Transport]]:
    """Makes transports and closes them."""
    made: list[tuple[Transport, Gate]] = []

    def make(url: str, **options: object) -> Transport:
        gate = options.pop("gate", None) or Gate(None, "credential", WIDE, title="Test CA")
        assert isinstance(gate, Gate)
        settings: dict[str, object] = {"title": "Test CA", "headers": {"X-Key": "s3cret-k3y"}, "timeout": 5.0}
        made.append((Transport(url, gate=gate, **{**settings, **options}), gate))  # type: ignore[arg-type]
        return made[-1][0]

    yield make
    for one, gate in made:
        one.close()
        gate.close()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The real sandbox program."""
    with running(tmp_path_factory.mktemp("sandbox")) as program:
        yield program


@pytest.fixture
def tenant(sandbox: Sandbox) -> Iterator[Callable[..., Tenant]]:
    """Makes accounts at the sandbox, each test its own."""
    made: list[Tenant] = []

    def make(profile: str = "ready", **switches: object) -> Tenant:
        account = sandbox.post("/accounts", {"ca": "digicert", "profile": profile, "rate_limit": False, **switches})
        made.append(
            Tenant(
                sandbox=sandbox,
                name=account["name"],
                url=account["url"],
                api_key=account["secrets"]["api_key"],
                # Without the default organization: each test says whom it orders for.
                settings={name: str(account["settings"][name]) for name in account["settings"] if name == "roots"},
                organizations=account["organizations"],
                domains=account["domains"],
            )
        )
        return made[-1]

    yield make
    for one in made:
        for client in one.clients:
            client.close()


@pytest.fixture
def sectigo(sandbox: Sandbox) -> Iterator[Callable[..., Login]]:
    """Makes reseller logins at the sandbox, each test its own."""
    from tests.client.sectigo import make_login

    made: list[Login] = []

    def make(profile: str = "ready", **switches: object) -> Login:
        made.append(make_login(sandbox, profile, **switches))
        return made[-1]

    yield make
    for one in made:
        for client in one.clients:
            client.close()


@pytest.fixture
def emsign(sandbox: Sandbox) -> Iterator[Callable[..., Hub]]:
    """Makes accounts of emSign at the sandbox, each test its own."""
    from tests.client.emsign import make_hub

    made: list[Hub] = []

    def make(profile: str = "ready", **switches: object) -> Hub:
        made.append(make_hub(sandbox, profile, **switches))
        return made[-1]

    yield make
    for one in made:
        for client in one.clients:
            client.close()

"""Plain HTTP with literal bytes, so that what is sent and read is the CA's document and nobody's code.

Nothing here imports the product or its sandbox: a mistake that both share must still fail a test.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import string
import struct
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
JSON = "application/json"
XML = "application/xml"
TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the headers (names in lower case), the body's bytes as sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def type(self) -> str:
        """The media type as sent, with its parameters; empty when absent."""
        return self.headers.get("content-type", "")

    def json(self) -> Any:
        """The body as JSON, after checking that it calls itself JSON."""
        assert self.type.split(";")[0] == JSON, (self.status, self.type, self.body[:400])
        return json.loads(self.body)

    def xml(self) -> ET.Element:
        """The body as XML, after checking that it calls itself XML."""
        assert self.type.split(";")[0] == XML, (self.status, self.type, self.body[:400])
        return ET.fromstring(self.body)

    @property
    def codes(self) -> list[str]:
        """The codes of a JSON error body."""
        return [error["code"] for error in self.json()["errors"]]


def send(
    url: str,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Answer:
    """Send one request on a connection of its own. `path` is put behind the path of `url` as it stands.

    Raises what the socket raises: ConnectionError when the connection is cut, and
    http.client.IncompleteRead when the body is shorter than promised; TimeoutError when the whole answer
    is not there after `timeout` seconds, however slowly it trickles.
    """
    line = Line(url, timeout)
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        line.cut()

    timer = threading.Timer(timeout, expire)
    timer.start()
    try:
        return line.send(method, path, body, headers)
    except (OSError, http.client.HTTPException):
        if expired.is_set():
            raise TimeoutError(f"no whole answer within {timeout} s") from None
        raise
    finally:
        timer.cancel()
        line.close()


class Line:
    """One connection to one server, kept open from request to request."""

    def __init__(self, url: str, timeout: float = TIMEOUT_SECONDS) -> None:
        """Prepare a connection to the host and port of `url`; its path is put before every request's."""
        place = urlsplit(url)
        self._prefix = place.path.rstrip("/") + "/"
        self._connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=timeout)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request and read the whole answer."""
        self._connection.putrequest(method, self._prefix + path.lstrip("/"), skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            self._connection.putheader(name, value)
        if body is not None:
            self._connection.putheader("Content-Length", str(len(body)))
        self._connection.endheaders(body)
        response = self._connection.getresponse()
        content = response.read()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)

    def cut(self) -> None:
        """End the connection under a call that another thread waits for."""
        if self._connection.sock is not None:
            with contextlib.suppress(OSError):
                self._connection.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@dataclass(frozen=True)
class RawAnswer:
    """The bytes a socket gave until it ended; `reset` tells an RST from an orderly end."""

    received: bytes
    reset: bool
    chunks: int

    @property
    def head(self) -> bytes:
        """Status line and headers."""
        return self.received.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        """What came after the headers."""
        return self.received.partition(b"\r\n\r\n")[2]


def request_bytes(url: str, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """A whole HTTP/1.1 request that asks for the connection's end, for a socket of its own."""
    lines = [f"{method} {urlsplit(url).path.rstrip('/')}/{path} HTTP/1.1", "Host: ca.example"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def open_socket(url: str, timeout: float = TIMEOUT_SECONDS) -> socket.socket:
    """A plain TCP connection to the host and port of `url`."""
    place = urlsplit(url)
    line = socket.create_connection((str(place.hostname), place.port or 80), timeout=timeout)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def read_to_end(line: socket.socket) -> RawAnswer:
    """Read until the other side closes or resets the connection."""
    received, chunks = b"", 0
    while True:
        try:
            piece = line.recv(65536)
        except ConnectionResetError:
            return RawAnswer(received, reset=True, chunks=chunks)
        if not piece:
            return RawAnswer(received, reset=False, chunks=chunks)
        received += piece
        chunks += 1


def exchange(url: str, request: bytes, timeout: float = TIMEOUT_SECONDS) -> RawAnswer:
    """Send literal bytes over a socket and read everything until the end of the connection."""
    with open_socket(url, timeout) as line:
        line.sendall(request)
        return read_to_end(line)


def hang_up(line: socket.socket) -> None:
    """Close a connection with an RST, as a client does that dies."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def fill(template: str, **values: object) -> bytes:
    """A literal JSON body with its `$names` filled in; line ends of a PEM become `\\n` escapes."""
    texts = {name: str(value).replace("\r", "").replace("\n", "\\n") for name, value in values.items()}
    return string.Template(template).substitute(texts).encode()


def fill_xml(template: str, **values: object) -> bytes:
    """A literal XML body with its `$names` filled in as they are."""
    return string.Template(template).substitute({k: str(v) for k, v in values.items()}).encode()


def until(read: Callable[[], T], wanted: Callable[[T], bool], seconds: float = 8.0) -> T:
    """Read again and again until the value is as wanted; fails with the last value after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = read()
        if wanted(value):
            return value
        assert time.monotonic() < end, f"not so within {seconds} s: {value!r}"
        time.sleep(0.02)

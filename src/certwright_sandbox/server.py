"""HTTP/1.1 on raw sockets: what a web framework would never let a test do to its client is done here.

A connection reads requests with httptools, answers them one after the other in their order, and performs
each `Delivery` on the transport itself: resets (RST), broken promises about length, bytes that trickle,
endless bodies.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from logging import getLogger
from typing import cast

import httptools

from certwright_sandbox.http import Cut, Delivery, Request, Response, Short, Streamed, Trickled, Whole

LOG = getLogger(__name__)
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_HEADER_BYTES = 64 * 1024
ABORTIVE_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close() sends RST

Answer = Callable[[Request], Awaitable[Delivery]]


class Connection(asyncio.Protocol):
    """One client connection of a door."""

    def __init__(self, answer: Answer, open_connections: set[Connection]) -> None:
        """`answer` turns a request into a delivery; the connection keeps itself in `open_connections`."""
        self._answer = answer
        self._open = open_connections
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._gone = asyncio.Event()
        self._tls: tuple[bool, bytes | None] = (False, None)  # whether TLS is spoken; the client's certificate
        self._start_request()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; called by asyncio."""
        self._transport = cast("asyncio.Transport", transport)
        line: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        self._tls = (False, None) if line is None else (True, line.getpeercert(binary_form=True))
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Tell whoever still works for this client that it has hung up; called by asyncio."""
        self._gone.set()
        self._writable.set()
        self._open.discard(self)

    def eof_received(self) -> bool:
        """A client that closes its side waits for nothing more; called by asyncio."""
        return False

    def pause_writing(self) -> None:
        """Hold streams back until the client reads; called by asyncio."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let streams go on; called by asyncio."""
        self._writable.set()

    def close(self) -> None:
        """Close at once, as the process does when it ends."""
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; called by asyncio."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(HTTPStatus.NOT_IMPLEMENTED)
        except (httptools.HttpParserError, UnicodeDecodeError):
            self._refuse(HTTPStatus.BAD_REQUEST)

    def on_message_begin(self) -> None:
        """A request starts; called by the parser."""
        self._start_request()

    def on_url(self, url: bytes) -> None:
        """A piece of the request target; called by the parser."""
        self._target += url
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; called by the parser."""
        self._headers[name.decode("ascii").lower()] = value.decode("latin-1")
        self._count_head(len(name) + len(value))

    def on_headers_complete(self) -> None:
        """All headers are there; called by the parser."""
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A piece of the body; called by the parser."""
        self._body += body
        if len(self._body) > MAX_BODY_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def on_message_complete(self) -> None:
        """A whole request has arrived; called by the parser."""
        if self._transport.is_closing():
            return
        method = self._parser.get_method().decode("ascii")
        target = self._target.decode("ascii")
        request = Request(method, target, self._headers, bytes(self._body), self._gone, *self._tls)
        self._waiting.append((request, self._parser.should_keep_alive()))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    def _start_request(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._head_bytes = 0

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEADER_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _refuse(self, status: HTTPStatus) -> None:
        if not self._transport.is_closing():
            self._transport.write(head(Response(status), 0, keep_alive=False))
            self._transport.close()

    async def _work(self) -> None:
        """Answer what has arrived, in its order, then end; the next request starts it again."""
        try:
            while self._waiting:
                request, keep_alive = self._waiting.popleft()
                await self._deliver(await self._answer(request), request, keep_alive=keep_alive)
        except Exception:  # the client must learn that the sandbox itself broke, not wait for ever
            LOG.exception("a request broke the sandbox")
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
        finally:
            self._task = None

    async def _deliver(self, delivery: Delivery, request: Request, *, keep_alive: bool) -> None:
        if self._transport.is_closing():
            return
        match delivery:
            case Whole(response):
                self._send(response, request, keep_alive=keep_alive)
            case Cut():
                self._reset()
            case Short(response):
                self._transport.write(head(response, len(response.body) + 1, keep_alive=keep_alive))
                self._transport.write(response.body[: len(response.body) // 2])
                self._transport.close()
            case Trickled(response, seconds):
                await self._trickle(response, seconds, keep_alive=keep_alive)
            case Streamed():
                await self._stream(delivery)

    def _send(self, response: Response, request: Request, *, keep_alive: bool) -> None:
        body = b"" if request.method == "HEAD" else response.body
        self._transport.write(head(response, len(response.body), keep_alive=keep_alive) + body)
        if not keep_alive:
            self._transport.close()

    def _reset(self) -> None:
        line: socket.socket | None = self._transport.get_extra_info("socket")
        if line is not None:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORTIVE_CLOSE)
        self._transport.abort()

    async def _trickle(self, response: Response, seconds: float, *, keep_alive: bool) -> None:
        for byte in head(response, len(response.body), keep_alive=keep_alive) + response.body:
            if self._gone.is_set():
                return
            self._transport.write(bytes((byte,)))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), seconds)
        if not keep_alive:
            self._transport.close()

    async def _stream(self, stream: Streamed) -> None:
        headers = {**stream.headers, "Transfer-Encoding": "chunked"}
        start = Response(stream.status, content_type=stream.content_type, headers=headers)
        self._transport.write(head(start, None, keep_alive=False))
        for chunk in stream.chunks:
            await self._writable.wait()
            if self._gone.is_set():
                return
            self._transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            await asyncio.sleep(0)  # other connections have their turn between chunks
        self._transport.write(b"0\r\n\r\n")
        self._transport.close()


def head(response: Response, length: int | None, *, keep_alive: bool) -> bytes:
    """Status line and headers, up to and with the empty line; no Content-Length when `length` is None."""
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {response.status} {phrase}", "X-Sandbox: 1"]
    if response.content_type:
        lines.append(f"Content-Type: {response.content_type}")
    if length is not None and response.status != HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {length}")
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if not keep_alive:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Door:
    """A listening port and its connections."""

    def __init__(self) -> None:
        """A door that is not open yet."""
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def open(self, port: int, answer: Answer, tls: ssl.SSLContext | None = None) -> int:
        """Listen on 127.0.0.1:`port` (0: a free one) and answer with `answer`; the port. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(answer, self._connections), "127.0.0.1", port, backlog=1024, ssl=tls
        )
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()

"""A connection pool whose every socket operation ends at the deadline of the call it serves.

Socket timeouts alone let a peer that sends one byte at a time hold a call for ever. Here the call in progress
is known to the socket: each read and write is given what is left of the call's time, the deadline is looked
at again at the moment the first byte of the request is to go out, and the call remembers that sending has
begun.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

import httpcore2
import httpx2


@dataclass(slots=True)
class Call:
    """One call on its way: its ``deadline`` (of ``time.monotonic()``) and whether sending has begun."""

    deadline: float
    sending: bool = False

    def remaining(self) -> float:
        """Seconds left, negative when the deadline has passed."""
        return self.deadline - time.monotonic()

    def clip(self, timeout: float | None) -> float:
        """The shorter of a socket timeout and what is left of the call's time."""
        left = self.remaining()
        return left if timeout is None else min(timeout, left)


_CURRENT: ContextVar[Call] = ContextVar("certwright_call")


@contextmanager
def calling(call: Call) -> Iterator[None]:
    """Make ``call`` the one that this thread's socket operations serve."""
    token = _CURRENT.set(call)
    try:
        yield
    finally:
        _CURRENT.reset(token)


class _Stream(httpcore2.NetworkStream):
    """A connection that asks the current call for its time before every operation."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = _CURRENT.get().clip(timeout)
        if left <= 0:
            raise httpcore2.ReadTimeout("the deadline passed while the answer was awaited")
        return self._inner.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        call = _CURRENT.get()
        left = call.clip(timeout)
        if left <= 0:
            raise httpcore2.WriteTimeout("the deadline passed before the request was sent")
        if buffer:
            call.sending = True
        self._inner.write(buffer, left)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = max(_CURRENT.get().clip(timeout), 0.001)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore2.NetworkBackend):
    """Opens connections whose streams know the current call."""

    def __init__(self) -> None:
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        left = max(_CURRENT.get().clip(timeout), 0.001)
        return _Stream(self._inner.connect_tcp(host, port, left, local_address, socket_options))


class _Body(httpx2.SyncByteStream):
    """The body of an answer as it arrives, still compressed."""

    def __init__(self, inner: Iterable[bytes]) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[bytes]:
        yield from self._inner

    def close(self) -> None:
        close = getattr(self._inner, "close", None)
        if close is not None:
            close()


class DeadlinePool(httpx2.BaseTransport):
    """A transport for ``httpx2.Client`` on such connections. Raises httpcore2's exceptions as they are."""

    def __init__(self, ssl_context: ssl.SSLContext | None, *, max_connections: int) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=5.0,
            network_backend=_Backend(),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send ``request`` for the current call and return as soon as the headers of the answer are there."""
        url = request.url
        response = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(cast("Iterable[bytes]", response.stream)),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

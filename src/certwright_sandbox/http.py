"""What travels through a door: a request as it arrived, a response, and the manner in which it is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

JSON = "application/json"
HTML = "text/html"
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 10_000


@dataclass(slots=True)
class Request:
    """One HTTP request; header names in lower case, the target as it stood in the request line."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # set when the client has hung up
    is_tls: bool = False
    client_certificate: bytes | None = None  # DER, as the TLS handshake proved it
    _form: list[tuple[str, str]] | None = None
    _tree: tuple[Any] | None = None

    @property
    def path(self) -> str:
        """The path as sent, percent-encodings and all, without its query."""
        return self.target.partition("?")[0]

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's parts, each percent-decoded by itself: an encoded slash stays inside its part."""
        return tuple(unquote(part) for part in self.path.split("/") if part)

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query's pairs, decoded, in their order; a `+` has become a space."""
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    @property
    def form(self) -> list[tuple[str, str]]:
        """The pairs of the query and then of the body, read as an HTML form in UTF-8; decoded once."""
        if self._form is None:
            body = self.body.decode("utf-8", "replace")
            self._form = self.query + parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
        return self._form

    @property
    def tree(self) -> Any:
        """The body as JSON, decoded once. Raises ValueError."""
        if self._tree is None:
            try:
                self._tree = (json.loads(self.body),)
            except RecursionError:
                raise ValueError("the JSON is nested too deeply") from None
        return self._tree[0]

    def header(self, name: str) -> str:
        """A header's value by its lower-case name; empty when absent."""
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response. `content_type` is sent as it stands; empty means the header is left out."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(status: int, value: Any) -> Response:
    """A response whose body is `value` as JSON."""
    return Response(status, json.dumps(value).encode(), JSON)


@dataclass(frozen=True, slots=True)
class Whole:
    """Send the response as it is."""

    response: Response


@dataclass(frozen=True, slots=True)
class Cut:
    """Send nothing: reset the connection (RST)."""


@dataclass(frozen=True, slots=True)
class Short:
    """Promise the whole body in Content-Length, send half of it and close."""

    response: Response


@dataclass(frozen=True, slots=True)
class Trickled:
    """Send the response one byte at a time, `seconds` apart."""

    response: Response
    seconds: float


@dataclass(frozen=True, slots=True)
class Streamed:
    """Send a body that nobody holds in memory, chunk by chunk; `headers` say what it is."""

    status: int
    content_type: str
    headers: Mapping[str, str]
    chunks: Iterable[bytes]


Delivery = Whole | Cut | Short | Trickled | Streamed


def status_of(delivery: Delivery) -> int | None:
    """The HTTP status a client reads from this delivery; None where the connection is cut instead."""
    match delivery:
        case Cut():
            return None
        case Streamed(status=status):
            return status
        case Whole(response) | Short(response) | Trickled(response):
            return response.status

"""One call to DigiCert: a body in the account's format goes out, a typed answer comes back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from certwright.cas.digicert.errors import refusal
from certwright.cas.digicert.shapes import Rows, Shape
from certwright.cas.digicert.xml import to_xml
from certwright.cas.http import Answer, Query, Transport

S = TypeVar("S", bound=Shape)
R = TypeVar("R", bound=Rows)
Body = dict[str, Any]
PAGE_SIZE = 1000  # the most that DigiCert gives at once (§1.7)
MAX_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class File:
    """A download: media type in lower case and the bytes as they came."""

    media_type: str
    body: bytes


def part(value: object) -> str:
    """A value as one segment of a path."""
    return quote(str(value), safe="")


class Caller:
    """Sends calls in JSON or XML through the transport. Every method raises only the family of errors."""

    def __init__(self, transport: Transport, body_format: str = "json") -> None:
        self._transport = transport
        self._format = body_format
        # The request's content type decides the format of the answer too, even of a GET (§1.3).
        self._headers = {
            "Content-Type": f"application/{body_format}",
            "Accept": f"application/{body_format}",
        }

    def get(self, path: str, shape: type[S], query: Query = ()) -> S:
        """GET one object."""
        return read_as(self._checked(self._transport.read(path, query=query, headers=self._headers)), shape)

    def get_file(self, path: str, query: Query = ()) -> File:
        """GET a download, whatever its type."""
        headers = {**self._headers, "Accept": "*/*"}
        answer = self._checked(self._transport.read(path, query=query, headers=headers))
        return File(answer.media_type, answer.body)

    def get_csv(self, path: str, query: Query = ()) -> File:
        """GET a list as CSV."""
        answer = self._transport.read(path, query=query, headers={"Accept": "text/csv"})
        checked = self._checked(answer)
        return File(checked.media_type, checked.body)

    def pages(self, path: str, shape: type[R], count: Callable[[R], int], query: Query = ()) -> Iterator[R]:
        """GET a list page by page; ``count`` tells how many rows a page has."""
        offset = 0
        for _ in range(MAX_PAGES):
            page, following = self.page(path, shape, count, query, offset=offset)
            yield page
            if following is None:
                return
            offset = following

    def page(
        self,
        path: str,
        shape: type[R],
        count: Callable[[R], int],
        query: Query = (),
        *,
        offset: int = 0,
        size: int = PAGE_SIZE,
    ) -> tuple[R, int | None]:
        """GET the rows of a list from ``offset`` on, and where the next page begins: None after the last.

        Totals are not always true: an empty page ends the list whatever its total says, and a full page never
        does.
        """
        page = self.get(path, shape, (*query, ("limit", str(size)), ("offset", str(offset))))
        rows = count(page)
        following = offset + rows
        is_last = not rows or (following >= page.page.total and rows < size)
        return page, None if is_last else following

    def send(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        root: str = "request",
        query: Query = (),
        deadline: float | None = None,
    ) -> Answer:
        """Send a call that changes something and return its 2xx answer; ``root`` names the body in XML."""
        return self._checked(
            self._transport.change(
                method,
                path,
                body=self._written(root, body) if body is not None else b"",
                query=query,
                headers=self._headers,
                deadline=deadline,
            )
        )

    def _written(self, root: str, body: Body) -> bytes:
        if self._format == "xml":
            return to_xml(root, body)
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

    def _checked(self, answer: Answer) -> Answer:
        if answer.status >= 400:
            raise refusal(answer)
        return answer


def read_as(answer: Answer, shape: type[S]) -> S:
    """The answer's body as ``shape``; else raises Unavailable (of a read) or Unknown (of a change)."""
    try:
        return shape.model_validate(answer.tree())
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the whole"
        raise answer.unreadable(f"{where}: {first['msg']}") from None


def read_if_any(answer: Answer, shape: type[S]) -> S | None:
    """As :func:`read_as`, None for an empty body (204)."""
    return read_as(answer, shape) if answer.body.strip() else None

"""How answers are written (sectigo.md §1.4): lines, or pairs as in a form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote_plus

from certwright_sandbox.http import FORM, Response
from certwright_sandbox.sectigo.call import Raw, Reply
from certwright_sandbox.sectigo.errors import Refusal
from certwright_sandbox.sectigo.parameters import BY_FORMAT, Api

TEXT = "text/plain; charset=UTF-8"
SAFE = re.compile(r"[A-Za-z0-9_.~-]*\Z").match  # quote_plus would leave these as they are, at ten times the price


def form(pairs: Iterable[tuple[str, object]]) -> bytes:
    """Pairs as application/x-www-form-urlencoded; None is left out, a number is written as one."""
    written = []
    for name, value in pairs:
        if value is None:
            continue
        text = value if isinstance(value, str) else str(value)
        written.append(f"{name}={text if SAFE(text) else quote_plus(text)}")
    return "&".join(written).encode()


def lines(texts: Iterable[str]) -> bytes:
    """Lines that end with LF."""
    return "".join(f"{text}\n" for text in texts).encode()


def wants_pairs(api: Api, values: Mapping[str, str]) -> bool:
    """Whether this call is answered with pairs."""
    return api.framing != BY_FORMAT or values.get("responseformat", "").strip() == "1"


def write(reply: Reply | Raw, *, pairs: bool) -> Response:
    """The reply in its framing."""
    if isinstance(reply, Raw):
        return Response(200, reply.content, reply.content_type)
    if pairs:
        return Response(200, form(reply.pairs), FORM)
    return Response(200, lines(reply.lines), reply.lines_type or TEXT)


def refused(refusal: Refusal) -> Reply:
    """A refusal, to be framed both ways; nothing follows the message (sectigo.md §1.4)."""
    refusal.with_traceback(None)  # many are constants, which would gather the frames of every time they were raised
    pairs: list[tuple[str, object]] = [("errorCode", refusal.code), ("errorMessage", refusal.message)]
    if refusal.item:
        pairs.append(("errorItem", refusal.item))
    return Reply(pairs, (str(refusal.code), refusal.message))

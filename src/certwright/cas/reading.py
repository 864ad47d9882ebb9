"""The calls of a CA that only read, as data: all that a read-only account lets out.

Everything that is not written down here is refused: another method or path, a parameter that is not known to be
harmless, a header that could make another call of it, and every spelling of the same call but the plain one, for
nobody knows what a server between us and the CA makes of the others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from certwright.cas.parse import Unreadable, json_tree

_HARMLESS_HEADERS = frozenset({"accept", "content-type"})
_IDS = r"[0-9A-Za-z_-]{1,128}"
_PLACES: Mapping[str, str] = {"{id}": _IDS, "{text}": r"[^/?#]{1,1000}"}
_NEVER_IN_A_SEGMENT = frozenset("/\\?#%;")


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it is about to go out: ``path`` below the CA's base URL, with no slash at its beginning."""

    method: str
    path: str
    query: str
    headers: Collection[str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ReadCall:
    """A call that only reads.

    In ``path``, ``{id}`` is a segment of letters, digits, ``-`` and ``_``, and ``{text}`` one of anything, percent-
    encoded. ``query`` names the parameters that it may have; one such as ``filters`` also covers ``filters[status]``.
    The body is empty unless it is a form of the fields in ``form``, each at most once, or a JSON object of the objects
    in ``blocks``, each with no field but those listed, which hold texts.
    """

    method: str
    path: str
    query: Collection[str] = ()
    form: Collection[str] = ()
    blocks: Mapping[str, Collection[str]] = field(default_factory=dict, hash=False)

    def covers(self, request: Request) -> bool:
        """Whether the request is this call and nothing more."""
        return (
            request.method == self.method
            and _is_at(self.path, request.path)
            and all(name.lower() in _HARMLESS_HEADERS for name in request.headers)
            and self._covers_query(request.query)
            and self._covers_body(request.body)
        )

    def _covers_query(self, query: str) -> bool:
        names = _plain_names(query)
        return names is not None and all(re.sub(r"(\[\w+\])+\Z", "", name) in self.query for name in names)

    def _covers_body(self, body: bytes) -> bool:
        if self.form:
            names = _plain_names(body.decode("latin-1")) or []
            return bool(names) and len(set(names)) == len(names) and set(names) <= set(self.form)
        return _covers_blocks(self.blocks, body) if self.blocks else not body


def is_read(calls: Collection[ReadCall], request: Request) -> bool:
    """Whether the request is one of the calls."""
    return any(call.covers(request) for call in calls)


def _is_at(pattern: str, path: str) -> bool:
    return bool(_compiled(pattern).fullmatch(path)) and all(map(_is_plain, path.split("/")))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("/".join(_PLACES.get(segment, re.escape(segment)) for segment in pattern.split("/")))


def _is_plain(segment: str) -> bool:
    """Whether a segment is spelt as we spell it, and means no other place once it is decoded."""
    try:
        text = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return False
    hidden = text in (".", "..") or not text.isprintable() or bool(_NEVER_IN_A_SEGMENT & set(text))
    return not hidden and quote(text, safe="!") == segment


def _plain_names(text: str) -> list[str] | None:
    """The names in a query or a form; None unless it is spelt as we spell it, so that it can be read in one way."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError:
        return None
    return [name for name, _ in pairs] if urlencode(pairs) == text else None


def _covers_blocks(blocks: Mapping[str, Collection[str]], body: bytes) -> bool:
    try:
        tree: Any = json_tree(body)
    except Unreadable:
        return False
    return isinstance(tree, dict) and all(
        name in blocks and isinstance(block, dict) and _holds_only(blocks[name], block) for name, block in tree.items()
    )


def _holds_only(names: Collection[str], block: Mapping[str, Any]) -> bool:
    return all(name in names and isinstance(value, str) for name, value in block.items())

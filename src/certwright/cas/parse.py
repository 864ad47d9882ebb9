"""Strict reading of what a CA sends: JSON and XML to plain trees, nothing half-parsed.

Both come out as the same plain tree (dict, list, str, int, float, bool, None), so that a CA's typed shapes
need not know the format.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

Tree = Any

MAX_DEPTH = 64
MAX_INTEGER_DIGITS = 20


class Unreadable(ValueError):
    """The bytes are not what they should be; the text says why and never quotes them."""


def json_tree(body: bytes) -> Tree:
    """Read UTF-8 JSON (RFC 8259), a BOM tolerated.

    Raises Unreadable for duplicate keys, NaN and infinities, huge numbers, lone surrogates and deep nesting.
    """
    try:
        tree = json.loads(
            _text(body),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except RecursionError:
        raise Unreadable("the JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"it is not JSON ({error.msg} at character {error.pos})") from None
    _check(tree)
    return tree


def xml_tree(body: bytes) -> Tree:
    """Read UTF-8 XML without a DTD: the root's content as dicts, lists and texts; its name is dropped.

    Elements of one name beside each other become a list; attributes are ignored. Raises Unreadable.
    """
    builder = _XMLBuilder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    try:
        # As text: the encoding that the document claims for itself has no say.
        parser.feed(_text(body))
        parser.close()
    except DefusedXmlException:
        raise Unreadable("the XML carries a document type or entities") from None
    except ParseError as error:
        line, column = error.position
        raise Unreadable(f"it is not XML (line {line}, column {column})") from None
    return builder.tree


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8") from None


def _object(pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Unreadable("a JSON object has the same key twice")
    return result


def _integer(text: str) -> int:
    if len(text) > MAX_INTEGER_DIGITS:
        raise Unreadable("a JSON number is too large")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Unreadable("a JSON number is too large")
    return value


def _constant(text: str) -> Tree:
    raise Unreadable(f"{text} is not JSON")


def _check(tree: Tree) -> None:
    """Walk the tree without recursion: depth, and texts that no encoding can carry."""
    todo: list[tuple[Tree, int]] = [(tree, 1)]
    while todo:
        node, depth = todo.pop()
        if isinstance(node, str):
            _check_text(node)
        elif isinstance(node, dict | list):
            if depth > MAX_DEPTH:
                raise Unreadable("the JSON is nested too deeply")
            if isinstance(node, dict):
                todo.extend((key, depth) for key in node)
            todo.extend((item, depth + 1) for item in (node.values() if isinstance(node, dict) else node))


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unreadable("a JSON text holds half a character") from None


class _XMLBuilder:
    """Target of the XML parser: builds the tree as elements end."""

    def __init__(self) -> None:
        self.tree: Tree = {}
        self._open: list[tuple[dict[str, Tree], list[str]]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        del tag, attributes
        if len(self._open) >= MAX_DEPTH:
            raise Unreadable("the XML is nested too deeply")
        self._open.append(({}, []))

    def data(self, text: str) -> None:
        self._open[-1][1].append(text)

    def end(self, tag: str) -> None:
        children, texts = self._open.pop()
        node: Tree = children or "".join(texts).strip()
        if not self._open:
            self.tree = node or {}
            return
        beside = self._open[-1][0]
        if tag not in beside:
            beside[tag] = node
        elif isinstance(beside[tag], list):
            beside[tag].append(node)
        else:
            beside[tag] = [beside[tag], node]

    def close(self) -> None:
        """Nothing is left to do: ``tree`` was set when the root ended."""


READERS: dict[str, Callable[[bytes], Tree]] = {"json": json_tree, "xml": xml_tree}


def format_of(media_type: str, body: bytes) -> str:
    """``json`` or ``xml`` by the content type, else by the first byte; empty for neither."""
    subtype = media_type.partition("/")[2]
    for name in READERS:
        if subtype == name or subtype.endswith(f"+{name}"):
            return name
    first = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if first in (b"{", b"["):
        return "json"
    return "xml" if first == b"<" and subtype != "html" else ""

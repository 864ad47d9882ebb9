"""Lists as this API answers them: filters, sorting, pages, and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import unquote

from certwright_sandbox.digicert.call import Call
from certwright_sandbox.digicert.errors import invalid_value
from certwright_sandbox.digicert.fields import whole_number
from certwright_sandbox.digicert.office import stamp

MOST_ROWS = 1000
T = TypeVar("T")
Value = str | int | None
Getters = Mapping[str, Callable[[T], Any]]


def page_of(
    call: Call, rows: list[T], getters: Mapping[str, Callable[[T], Any]], view: Callable[[T], dict[str, Any]]
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The rows that filters, sort, offset and limit leave, as `view` shows them, and the page object.

    `getters` answer a row's value for each field that may be filtered and sorted by; other fields are
    ignored.
    """
    for name, wanted in filters(call).items():
        if name in getters:
            getter = getters[name]
            rows = [row for row in rows if any(matches(getter(row), value) for value in wanted)]
    rows = sort(rows, call.query("sort") or "", getters)
    limit = min(_number(call, "limit", MOST_ROWS) or MOST_ROWS, MOST_ROWS)
    offset = _number(call, "offset", 0)
    shown = [view(row) for row in rows[offset : offset + limit]]
    return shown, {"total": len(rows), "limit": limit, "offset": offset}


def filters(call: Call) -> dict[str, list[str]]:
    """`filters[name]=value` and `filters[name][0]=value`, and the short form `status=value`."""
    found: dict[str, list[str]] = {}
    for key, value in call.request.query:
        if key.startswith("filters["):
            found.setdefault(key[len("filters[") :].partition("]")[0], []).append(value)
        elif key in ("status", "container_id"):
            found.setdefault(key, []).append(value)
    return found


def matches(value: Any, wanted: str) -> bool:
    """Whether a value fits one filter value: `A...B`, `<A`, `>A`, `%A` (contains), or equal but for case."""
    text = _text(value)
    if text is None:
        return False
    if "..." in wanted:
        first, _, last = wanted.partition("...")
        return _compare(text, first) >= 0 and _compare(text, last) <= 0
    if wanted.startswith(("<", ">")):
        order = _compare(text, wanted[1:])
        return order < 0 if wanted[0] == "<" else order > 0
    if "%" in wanted:
        return unquote(wanted.replace("%", "")).lower() in text.lower()
    return text.lower() == wanted.lower()


def sort(rows: list[T], wish: str, getters: Mapping[str, Callable[[T], Any]]) -> list[T]:
    """The rows by a `sort` parameter: names and commas, `-` for falling, `+` (or its space) for rising."""
    for part in reversed(wish.split(",")):
        name = part.lstrip("+- ")
        if name in getters:
            getter = getters[name]
            rows = sorted(rows, key=lambda row: _rank(getter(row)), reverse=part.startswith("-"))
    return rows


def csv_of(rows: list[dict[str, Any]]) -> bytes:
    """Rows as CSV (RFC 4180) with one header row; an object's fields become columns `object.field`."""
    flat = [_flat(row) for row in rows]
    columns = list(dict.fromkeys(name for row in flat for name in row)) or ["id"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue().encode()


def _flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            flat[prefix + name] = " ".join(str(item) for item in value if not isinstance(item, Mapping))
        else:
            flat[prefix + name] = value
    return flat


def _number(call: Call, name: str, default: int) -> int:
    text = call.query(name)
    if text is None or text == "":
        return default
    number = whole_number(text)
    if number is None or number < 0:
        raise invalid_value(name)
    return number


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return stamp(value)
    return str(value)


def _compare(text: str, bound: str) -> int:
    """Numbers as numbers; anything else as text, as far as the bound reaches (a day holds its whole day)."""
    number, other = whole_number(text), whole_number(bound)
    if number is not None and other is not None:
        return (number > other) - (number < other)
    head = text[: len(bound)]
    return (head > bound) - (head < bound)


def _rank(value: Any) -> tuple[bool, Any]:
    """Rows without a value come first when rising."""
    return value is not None, value

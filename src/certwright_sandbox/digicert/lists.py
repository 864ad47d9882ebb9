"""Lists as this API answers them: filters, sorting, pages, and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import unquote

from certwright_sandbox.digicert.call import Call
from certwright_sandbox.digicert.errors import invalid_value
from certwright_sandbox.digicert.fields import whole_number
from certwright_sandbox.digicert.office import stamp

MOST_ROWS = 1000
# A time in a filter: T, a space or a plus before the hours; what may follow says UTC, whose plus arrives as a space.
TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T +](\d{2}:\d{2}(?::\d{2})?)(?:Z|[ +]00:00)?\Z")
T = TypeVar("T")


def page_of(
    call: Call, rows: list[T], getters: Mapping[str, Callable[[T], Any]], view: Callable[[T], dict[str, Any]]
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The rows that filters, sort, offset and limit leave, as `view` shows them, and the page object.

    `getters` answer a row's value for each field that may be filtered and sorted by; other fields are
    ignored.
    """
    for name, wanted in filters(call).items():
        if name in getters:
            rows = _kept(rows, getters[name], wanted)
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
    if value is None:
        return False
    return _judge(wanted)(stamp(value) if isinstance(value, datetime) else str(value))


@lru_cache(maxsize=256)
def _judge(wanted: str) -> Callable[[str], bool]:
    if "..." in wanted:
        first, last = (_compared_to(bound) for bound in wanted.split("...", 1))
        return lambda text: first(text) >= 0 and last(text) <= 0
    if wanted.startswith(("<", ">")):
        bound, sign = _compared_to(wanted[1:]), -1 if wanted[0] == "<" else 1
        return lambda text: bound(text) == sign
    if "%" in wanted:
        part = unquote(wanted.replace("%", "")).lower()
        return lambda text: part in text.lower()
    whole = wanted.lower()
    return lambda text: text.lower() == whole


def sort(rows: list[T], wish: str, getters: Mapping[str, Callable[[T], Any]]) -> list[T]:
    """The rows by a `sort` parameter: names and commas, `-` for falling, `+` (or its space) for rising."""
    for part in reversed(wish.split(",")):
        name = part.lstrip("+- ")
        if name in getters:
            rows = _sorted(rows, getters[name], falling=part.startswith("-"))
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


def _kept(rows: list[T], getter: Callable[[T], Any], wanted: list[str]) -> list[T]:
    """The rows whose value fits one of the wanted ones; a value that many rows share is judged once."""
    judged: dict[Any, bool] = {}
    kept = []
    for row in rows:
        value = getter(row)
        fits = judged.get(value)
        if fits is None:
            fits = judged[value] = any(matches(value, one) for one in wanted)
        if fits:
            kept.append(row)
    return kept


def _compared_to(bound: str) -> Callable[[str], int]:
    """How a text compares with the bound, -1, 0 or 1: numbers as numbers; anything else as text, as far as the bound
    reaches (a day holds its whole day).
    """
    number = whole_number(bound)
    time = TIME.match(bound)
    start = f"{time[1]}T{time[2]}" if time else bound

    def compare(text: str) -> int:
        other = whole_number(text) if number is not None else None
        if number is not None and other is not None:
            return (other > number) - (other < number)
        head = text[: len(start)]
        return (head > start) - (head < start)

    return compare


def _sorted(rows: list[T], getter: Callable[[T], Any], *, falling: bool) -> list[T]:
    """The rows by a value; those without one come first when rising."""
    values = [getter(row) for row in rows]
    if None in values:
        values = [(value is not None, value) for value in values]
    return [rows[at] for at in sorted(range(len(rows)), key=values.__getitem__, reverse=falling)]

"""How things look on a terminal, and as JSON for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_PIPED = 160  # columns where there is no terminal to ask

out = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED)
err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else _PIPED)

# Columns never to be cut, and columns never to be wrapped.
_WHOLE = frozenset({"value", "where", "what", "fingerprint", "CKA_ID"})
_SHORT = frozenset({"state", "at (UTC)", "since", "names", "account", "product", "fingerprint", "CA order"})

_COLOURS = {
    "issued": "green",
    "valid": "green",
    "revoked": "magenta",
    "replaced": "cyan",
    "pending": "yellow",
    "placing": "yellow",
    "draft": "yellow",
    "outcome_unknown": "bold yellow",
    "cancelled": "dim",
    "rejected": "red",
    "failed": "red",
    "expired": "red",
    "refused": "red",
}


def say(text: str) -> None:
    """A line for a person, on standard output. ``text`` is shown as it is, never as markup."""
    out.print(escape("\n".join(map(inert, text.split("\n")))), soft_wrap=True)


def say_error(detail: str, advice: str) -> None:
    """What went wrong and what to do, on standard error."""
    err.print(f"[bold red]error:[/] {escape(inert(detail))}", soft_wrap=True)
    if advice:
        err.print(f"[cyan]advice:[/] {escape(inert(advice))}", soft_wrap=True)


def warn(text: str) -> None:
    """Something worth knowing that stops nothing, on standard error."""
    err.print(f"[yellow]warning:[/] {escape(inert(text))}", soft_wrap=True)


def inert(text: str) -> str:
    """Foreign text without control characters, so that no CA can move the cursor or forge a line."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def state(word: str) -> str:
    """A state in its colour, as markup."""
    return f"[{_COLOURS.get(word, 'white')}]{escape(word)}[/]"


def moment(value: datetime | None) -> str:
    """A time in UTC, to the second, as people read it; "" for none."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if value else ""


def table(title: str, columns: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """A table; cells are markup, so foreign text must have gone through :func:`cell`."""
    shown = Table(title=title, title_justify="left", header_style="bold", expand=False)
    for column in columns:
        shown.add_column(column, overflow="fold" if column in _WHOLE else "ellipsis", no_wrap=column in _SHORT)
    count = 0
    for line in lines:
        shown.add_row(*line)
        count += 1
    if count:
        out.print(shown)
    else:
        say(f"{title}: none")


def cell(text: object) -> str:
    """Foreign text made safe for a table."""
    return escape(inert(str(text)))


def fields(title: str, pairs: Mapping[str, str]) -> None:
    """Name and value, a line each, empty values left out; values are markup."""
    out.print(f"[bold]{escape(inert(title))}[/]")
    width = max((len(name) for name, value in pairs.items() if value), default=0)
    for name, value in pairs.items():
        if value:
            out.print(f"  [dim]{escape(name):<{width}}[/]  {value}", soft_wrap=True)


def print_json(value: object) -> None:
    """One JSON object on one line of standard output."""
    sys.stdout.write(json_line(value))


def json_line(value: object) -> str:
    """One JSON object as a line, with its line end.

    Signs that no terminal should be sent (control, format and bidi characters) are escaped as ``\\u202e``, which to
    whoever parses it is the same text (RFC 8259, 7).
    """
    written = json.dumps(value, default=_plain, ensure_ascii=False)
    if not written.isprintable():
        written = "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in written)
    return written + "\n"


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")

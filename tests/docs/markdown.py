"""Markdown, written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

MADE = "<!-- Made by `python -m tests.docs.generate`; do not edit. -->\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown on one line."""
    lines = [_row(columns), _row(["---"] * len(columns)), *map(_row, rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def code(text: str) -> str:
    """As code; nothing for nothing."""
    return f"`{text}`" if text else ""


def prose(docstring: str | None) -> str:
    """The first paragraph of a docstring as Markdown: its literals and cross-references become code."""
    first = (docstring or "").partition("\n\n")[0]
    first = re.sub(r":\w+:`[~.]?([^`]+)`", r"`\1`", " ".join(first.split()))
    return first.replace("``", "`")


def parts(path: Path) -> Mapping[str, str]:
    """The pieces of a Markdown file by their names: each begins after a line ``<!-- NAME -->``."""
    _, *found = re.split(r"^<!-- (\w+) -->\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(found[::2], found[1::2], strict=True))

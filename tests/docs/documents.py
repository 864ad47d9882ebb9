"""The documents of the project, and what is fenced in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"

_FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_NAME = re.compile(r"# (\S+\.\w+)\n")


@dataclass(frozen=True)
class Block:
    """A fenced block: ``sh`` is run, ``text`` is what the run before it prints, ``python`` is a file to be saved."""

    kind: str
    text: str
    line: int  # of its opening fence, in the document

    @property
    def file_name(self) -> str:
        """The name under which a ``python`` block is saved, told by its first line; empty when it tells none."""
        found = _FILE_NAME.match(self.text)
        return found[1] if found else ""


def all_documents() -> list[Path]:
    """Every Markdown file that a reader may open."""
    return [REPOSITORY / "README.md", *sorted(DOCS.rglob("*.md"))]


def blocks(document: Path) -> list[Block]:
    """The fenced blocks of a document, in their order."""
    content = document.read_text(encoding="utf-8")
    return [
        Block(found["kind"], found["text"], content.count("\n", 0, found.start()) + 1)
        for found in _FENCE.finditer(content)
    ]


def without_blocks(document: Path) -> str:
    """The prose of a document: everything that is not fenced."""
    return _FENCE.sub("", document.read_text(encoding="utf-8"))

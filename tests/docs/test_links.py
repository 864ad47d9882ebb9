"""Links between documents lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.documents import DOCS, REPOSITORY, all_documents, without_blocks

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as code hosts make them."""
    found = _HEADING.findall(without_blocks(document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("document", all_documents(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_relative_link_leads_to_a_file_and_heading_that_exist(document: Path) -> None:
    broken = []
    for found in _LINK.finditer(without_blocks(document)):
        path, _, anchor = found["target"].partition("#")
        if path.startswith(("http://", "https://")):
            continue
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(found["target"])

    assert broken == []


def test_every_document_can_be_reached_from_the_first_page() -> None:
    reached: set[Path] = set()
    waiting = [REPOSITORY / "README.md"]
    while waiting:
        document = waiting.pop()
        if document in reached or document.suffix != ".md":
            continue
        reached.add(document)
        for found in _LINK.finditer(without_blocks(document)):
            target = (document.parent / found["target"].partition("#")[0]).resolve()
            if target.is_file():
                waiting.append(target)

    assert [path for path in DOCS.rglob("*.md") if path not in reached] == []

"""``python -m tests.docs.generate`` writes the reference pages that are made from the program itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.docs import ca_digicert, ca_emsign, ca_sectigo, page_cli, page_findings, page_targets, page_tokens
from tests.docs.documents import DOCS

PAGES: Mapping[Path, Callable[[], str]] = {
    DOCS / "reference" / "cli.md": page_cli.page,
    DOCS / "reference" / "digicert.md": ca_digicert.PAGE.text,
    DOCS / "reference" / "emsign.md": ca_emsign.PAGE.text,
    DOCS / "reference" / "findings.md": page_findings.page,
    DOCS / "reference" / "sectigo.md": ca_sectigo.PAGE.text,
    DOCS / "reference" / "targets.md": page_targets.page,
    DOCS / "reference" / "tokens.md": page_tokens.page,
}


def main() -> None:
    """Write every page, and say which."""
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
        print(path.relative_to(DOCS.parent))


if __name__ == "__main__":
    main()

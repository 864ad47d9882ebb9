"""Following a document finds out when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import session
from tests.docs.documents import blocks

PORTS = session.Ports(1, 2, 3)


def _document(folder: Path, command: str, shown: str) -> Path:
    path = folder / "page.md"
    path.write_text(f"# Page\n\n```sh\n{command}\n```\n\n```text\n{shown}\n```\n\n```console\n$ false\n```\n")
    return path


def _follow(tmp_path: Path, command: str, shown: str) -> None:
    document = _document(tmp_path, command, shown)
    session.assert_shown(document, session.follow(document, tmp_path, PORTS))


def test_what_is_shown_may_differ_in_spaces_table_lines_numbers_and_random_values(tmp_path: Path) -> None:
    _follow(tmp_path, "echo 'order 17   f00dfeed12 is │ issued'; echo more", "order 3 0badcafe77 is issued\n…\n")


@pytest.mark.parametrize("shown", ["order is failed", "more\nbefore"])
def test_what_is_not_printed_or_in_another_order_is_found(tmp_path: Path, shown: str) -> None:
    with pytest.raises(AssertionError, match="not printed"):
        _follow(tmp_path, "echo order is issued; echo before; echo more", shown)


def test_a_command_that_fails_is_found_with_its_line_and_output(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"line 3:(.|\n)*it broke"):
        _follow(tmp_path, "echo it broke; false; true", "")


def test_a_command_that_does_not_end_is_killed(tmp_path: Path) -> None:
    document = _document(tmp_path, "cat <(sleep 60)", "")

    with pytest.raises(AssertionError, match="not done"):
        session.follow(document, tmp_path, PORTS, seconds=0.5)


def test_a_fenced_block_tells_its_kind_and_line(tmp_path: Path) -> None:
    assert [(block.kind, block.line) for block in blocks(_document(tmp_path, "true", ""))] == [
        ("sh", 3),
        ("text", 7),
        ("console", 11),
    ]

"""README's first command."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from tests.cli.program import Program


def _running() -> str:
    """The command lines of all processes."""
    found = ""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            found += path.read_text(errors="replace")
    return found


def test_the_demo_shows_the_whole_story_and_leaves_nothing(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()

    done = program.typed("demo", TMPDIR=str(folder), timeout=240).expect(0)

    assert list(folder.iterdir()) == []
    for shown in (
        "issued in one CA call",
        "waits",
        "taken away again",
        "call-back",
        "reissue",
        "next version",
        "draft",
        "revocation",
        "ledger",
        "nothing was bought twice",
    ):
        assert shown.lower() in done.told.lower(), shown
    assert "The CA counted 1 call that changes something." in done.out
    assert str(folder) not in _running(), "a process was left behind"


def test_the_demo_can_be_kept_and_looked_around_in(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()

    done = program.typed("demo", "--keep", TMPDIR=str(folder), timeout=240).expect(0)

    home = re.search(r"CERTWRIGHT_HOME=(\S+)", done.out)
    assert home is not None
    kept = Program(program.zygote, Path(home[1]))
    listed = kept.session([["order", "list", "--json"]])[0].expect(0).lines()
    assert [order["state"] for order in listed] == ["issued"] * 7

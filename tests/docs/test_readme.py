"""README's two commands stand where the automation looks for them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.docs.conftest import PROGRAMS
from tests.docs.documents import REPOSITORY, blocks
from tests.docs.session import first_missing

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def _command(number: int) -> str:
    found = re.search(rf"<!-- README command {number} -->\n```sh\n(.*?)\n```\n", README, re.DOTALL)
    assert found, number
    return found[1]


def test_the_first_command_installs_and_shows() -> None:
    assert _command(1) == "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/certwright demo"


def test_the_second_command_installs_the_test_tools_and_runs_the_tests() -> None:
    assert _command(2) == ".venv/bin/pip install -e '.[test]' && .venv/bin/pytest"


def test_the_outside_programs_it_names_are_those_that_the_automation_installs() -> None:
    automation = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    installed = re.search(r'^packages="([^"]+)"', automation, re.MULTILINE)
    named = re.search(r"on Debian, `([^`]+)`", README)

    assert installed
    assert named
    assert named[1].split() == installed[1].split()


def test_the_demonstration_prints_what_it_shows_and_leaves_nothing(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CERTWRIGHT_")}
    environment = {**kept, "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "NO_COLOR": "1"}
    (picture,) = (block.text for block in blocks(REPOSITORY / "README.md") if block.kind == "text")

    done = subprocess.run(
        [str(PROGRAMS / "certwright"), "demo"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert first_missing(picture, done.stdout) is None
    assert list(tmp_path.iterdir()) == []

"""A state folder that several commands find empty at the same moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.cli.program import clean_environment


def test_commands_that_start_at_once_in_an_empty_folder_agree_on_one_database_and_key(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {**clean_environment(), "CERTWRIGHT_HOME": str(home)}
    command = [sys.executable, "-m", "certwright", "init"]
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(4)
    ]

    said = [process.communicate(timeout=60)[0] for process in started]

    assert [process.returncode for process in started] == [0] * 4, said
    listed = subprocess.run(
        [sys.executable, "-m", "certwright", "kek", "list", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(listed.stdout.splitlines()) == 1

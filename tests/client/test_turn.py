"""Calls that take turns: among threads, among processes, and when one of them dies."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from certwright.cas.turn import Turn
from certwright.model.errors import Misconfigured, Unavailable

HOLD = """
import sys, pathlib
from certwright.cas.turn import Turn
with Turn(pathlib.Path(sys.argv[1]), "acme", title="Test CA").take(5):
    print("mine", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, whose turn it is."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "limits.sqlite")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"
    with process:
        yield process
        process.kill()


def _turn(folder: Path, credential: str = "acme") -> Turn:
    return Turn(folder / "limits.sqlite", credential, title="Test CA")


def test_while_another_process_has_its_turn_nobody_else_does(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="nothing was sent"), _turn(tmp_path).take(0.1):
        raise AssertionError
    with _turn(tmp_path, "another login").take(0.1):
        pass


@pytest.mark.parametrize("how", ["ends", "is killed"])
def test_the_turn_is_free_once_its_process(how: str, holder: subprocess.Popen[str], tmp_path: Path) -> None:
    if how == "ends":
        holder.communicate("go\n")
    else:
        holder.kill()
        holder.wait()
    with _turn(tmp_path).take(5):
        pass


@pytest.mark.parametrize("shared", [True, False])
def test_threads_take_turns_with_and_without_a_file(shared: bool, tmp_path: Path) -> None:
    turn = _turn(tmp_path) if shared else Turn(None, "acme", title="Test CA")
    inside, most = [], []

    def call() -> None:
        with turn.take(10):
            inside.append(1)
            most.append(len(inside))
            threading.Event().wait(0.01)
            inside.pop()

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8


def test_a_call_that_fails_gives_its_turn_back(tmp_path: Path) -> None:
    turn = _turn(tmp_path)
    with pytest.raises(ZeroDivisionError), turn.take(1):
        _ = 1 / 0
    with turn.take(0.1):
        pass


def test_the_file_is_private_and_tells_no_login(tmp_path: Path) -> None:
    with _turn(tmp_path, "login of acme").take(1):
        (file,) = tmp_path.iterdir()
    assert "acme" not in file.name
    assert file.stat().st_mode & 0o077 == 0


def test_a_folder_that_is_not_there_is_a_misconfiguration(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured), _turn(tmp_path / "file").take(1):
        raise AssertionError

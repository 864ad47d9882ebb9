"""Who a process is: a lock that the kernel frees, and nothing else does."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from certwright.engine.identity import Identity
from tests.database.processes import program


def test_a_process_is_alive_to_itself_and_to_others_until_it_closes(tmp_path: Path) -> None:
    me, other = Identity(tmp_path, "worker"), Identity(tmp_path, "cli")
    assert me.alive(me.name)
    assert other.alive(me.name)
    me.close()
    assert not other.alive(me.name)
    other.close()


def test_two_identities_never_share_a_name(tmp_path: Path) -> None:
    identities = [Identity(tmp_path, "worker") for _ in range(20)]
    assert len({identity.name for identity in identities}) == 20
    for identity in identities:
        identity.close()


def test_somebody_who_never_was_is_not_alive(tmp_path: Path) -> None:
    me = Identity(tmp_path, "worker")
    assert not me.alive("worker-1-0000")
    me.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_was_ended_is_dead_and_its_file_is_tidied_away(database: Path, number: signal.Signals) -> None:
    me = Identity(database.parent / "processes", "test")
    with program(database.parent, "advance", "--order", "0", "--ask") as other:
        name = other.until("worker")
        other.signal(number)
        other.wait()
        assert not me.alive(name)
    assert not (database.parent / "processes" / name).exists()
    me.close()


def test_a_stopped_process_is_alive(database: Path) -> None:
    """That is why leases run out too."""
    me = Identity(database.parent / "processes", "test")
    with program(database.parent, "engine") as other:
        name = other.until("worker")
        other.signal(signal.SIGSTOP)
        assert me.alive(name)
        other.signal(signal.SIGKILL)
        other.wait()
        assert not me.alive(name)
    me.close()


def test_the_folder_is_private(tmp_path: Path) -> None:
    me = Identity(tmp_path / "processes", "worker")
    assert (tmp_path / "processes").stat().st_mode & 0o077 == 0
    me.close()

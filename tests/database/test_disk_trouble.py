"""A disk that is full, read-only or failing: no call goes to a CA without its intent on the disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.database.processes import copy, program
from tests.database.program import SystemClock
from tests.database.shared_ca import bought
from tests.database.stock import Stock

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.fixture
def order(database: Path) -> int:
    """A due order in this process's database, which then is copied elsewhere."""
    made = Stock(SystemClock()).order(reference="only-once").id
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return made


@pytest.fixture
def small_disk(order: int, database: Path, tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB with a copy of the database."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    try:
        copy(database, disk)
        (disk / "processes").mkdir()
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def outcomes(folder: Path) -> list[str]:
    """What became of the calls, read with nothing of ours."""
    with closing(sqlite3.connect(folder / "certwright.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [row[0] for row in connection.execute("SELECT outcome FROM purchase_intent")]


def fill(disk: Path) -> None:
    """Leave no byte free."""
    with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


@needs_root
def test_a_full_disk_stops_the_money_call_before_it_is_sent(small_disk: Path, order: int, tmp_path: Path) -> None:
    """Row 26; when there is room again, the order goes on and is placed once."""
    ledger = tmp_path / "ledger"
    arguments = ("advance", "--order", str(order), "--ledger", str(ledger))
    fill(small_disk)
    with program(small_disk, *arguments) as worker:
        said = [line for line in iter(worker.line, "") if line.startswith("error")]
        assert "OperationalError" in said[0] or "OSError" in said[0]
    assert bought(ledger) == []
    (small_disk / "ballast").unlink()
    with program(small_disk, *arguments) as worker:
        worker.until("pending")
    assert bought(ledger) == ["only-once"]
    assert outcomes(small_disk) == ["done"]


@needs_root
def test_a_disk_that_fills_up_in_mid_story_stops_the_money_call(small_disk: Path, order: int, tmp_path: Path) -> None:
    """Row 26: whatever number of pages is left, no order is bought without its intent."""
    ledger = tmp_path / "ledger"
    arguments = ("advance", "--order", str(order), "--ledger", str(ledger))
    stopped = 0
    for pages in (8, 16, 24):
        fill(small_disk)
        os.truncate(small_disk / "ballast", (small_disk / "ballast").stat().st_size - pages * 4096)
        with program(small_disk, *arguments) as worker:
            stopped += any(line.startswith("error") for line in iter(worker.line, ""))
        (small_disk / "ballast").unlink()
        assert len(bought(ledger)) <= len(outcomes(small_disk)) <= 1
    assert stopped


@needs_root
def test_a_read_only_disk_stops_the_money_call_before_it_is_sent(small_disk: Path, order: int, tmp_path: Path) -> None:
    """Row 27."""
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    ledger = tmp_path / "ledger"
    with program(small_disk, "advance", "--order", str(order), "--ledger", str(ledger)) as worker:
        assert any(line.startswith("error") for line in iter(worker.line, ""))
    assert bought(ledger) == []


@needs_strace
@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_sync_that_fails_is_an_error_and_no_success(order: int, database: Path, tmp_path: Path, failing: int) -> None:
    """Row 28: from that sync on every one fails with EIO; what was not synced is not acted upon."""
    copy(database, tmp_path)
    ledger = tmp_path / "ledger"
    faults = [f"--inject={call}:error=EIO:when={failing}+" for call in ("fsync", "fdatasync")]
    strace = ["strace", "-f", "-o", str(tmp_path / "trace"), "-e", "trace=fsync,fdatasync", *faults]
    with program(tmp_path, "advance", "--order", str(order), "--ledger", str(ledger), before=strace) as worker:
        said = [line for line in iter(worker.line, "") if line.startswith("error")]
        assert "disk I/O error" in said[0]
    assert "INJECTED" in (tmp_path / "trace").read_text()
    assert len(bought(ledger)) <= len(outcomes(tmp_path))


@needs_strace
def test_every_commit_is_on_the_disk_before_the_next_thing_happens(order: int, database: Path, tmp_path: Path) -> None:
    """synchronous=FULL: claim, intent and answer are three commits, each synced before anything is said."""
    copy(database, tmp_path)
    trace = tmp_path / "trace"
    strace = ["strace", "-f", "-o", str(trace), "-e", "trace=fsync,fdatasync,write"]
    with program(tmp_path, "advance", "--order", str(order), "--ask", before=strace) as worker:
        worker.until("calling")
        before_the_call = trace.read_text()
        worker.go_on()
        worker.until("pending")
    syncs = [line for line in before_the_call.splitlines() if "sync(" in line]
    assert len(syncs) >= 2
    assert "sync(" in trace.read_text()[len(before_the_call) :]

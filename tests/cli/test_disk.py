"""A full disk: a clear error, no money spent, nothing lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.cli.tenant import Shop

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")


@pytest.fixture
def small(shop: Shop, tmp_path: Path) -> Iterator[Shop]:
    """The installation on a disk of 4 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)
    try:
        shutil.copytree(shop.program.home, disk / "home")
        (tmp_path / "sessions").mkdir()
        yield Shop(shop.tenant, _Elsewhere(shop.program.zygote, disk / "home"))
    finally:
        subprocess.run(["umount", disk], check=True)


class _Elsewhere(Program):
    """A program whose output is not kept beside its state folder, since that disk is full."""

    def session(self, commands, stdin=None, **environment):  # type: ignore[no-untyped-def]
        return [self.typed(*words, **environment) for words in commands]


def _fill(disk: Path) -> None:
    with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


@needs_root
def test_a_full_disk_refuses_the_order_before_money_and_with_advice(small: Shop) -> None:
    disk = small.program.home.parent
    before = small.issued()
    _fill(disk)

    full = small.place("--reference", "no-room")

    assert full.code == 3, full
    assert "disk" in full.err
    assert "advice:" in full.err
    assert "Traceback" not in full.err
    assert len(small.tenant.ledger()) == 1
    (disk / "ballast").unlink()
    assert small.place("--reference", "no-room").expect(0).json()["state"] == "issued"
    assert len(small.tenant.ledger("no-room")) == 1
    assert before["certificate"] in {entry["fingerprint"] for entry in small.certificates()}

"""What the tests of discovery share: an installation that may scan loopback, and TLS servers to be found."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import Program
from tests.scan.certificates import Identity, identity
from tests.scan.servers import Servers, serving

NewIdentity = Callable[..., Identity]


@pytest.fixture
def scanner(program: Program) -> Program:
    """An installation that may connect to loopback."""
    program.environment["CERTWRIGHT_SCAN_ALLOW"] = "127.0.0.0/8"
    return program


@pytest.fixture
def new_identity(tmp_path: Path) -> NewIdentity:
    """Makes a certificate with its key in a folder of its own."""
    folder = tmp_path / "identities"
    folder.mkdir()
    return lambda name, **oddity: identity(folder, name, **oddity)


@contextmanager
def served(shown: Identity, port: int = 0) -> Iterator[int]:
    """A TLS server on loopback for as long as the context lasts; its port."""
    with serving() as servers:
        yield servers.tls(shown.context(), port=port)


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Servers of all kinds."""
    with serving() as started:
        yield started


def fingerprint(shown: Identity) -> str:
    """That of its leaf."""
    return hashlib.sha256(shown.chain[0]).hexdigest()


def sightings(program: Program) -> list[dict[str, Any]]:
    """All sightings, by place and time, as they stand in the tables."""
    with closing(sqlite3.connect(program.home / "certwright.sqlite", timeout=30)) as database:
        database.row_factory = sqlite3.Row
        rows = database.execute(
            "SELECT sighting.*, certificate.fingerprint FROM sighting JOIN certificate "
            "ON certificate.id = sighting.certificate_id ORDER BY place, sighting.id"
        )
        return [dict(row) for row in rows]


def standing(program: Program) -> dict[str, str]:
    """Fingerprints by the places where they stand now."""
    return {row["place"]: row["fingerprint"] for row in sightings(program) if row["vanished_at"] is None}


def cursor_of(program: Program) -> int:
    """How far the last run has come."""
    with closing(sqlite3.connect(program.home / "certwright.sqlite", timeout=30)) as database:
        row = database.execute("SELECT cursor FROM run ORDER BY id DESC LIMIT 1").fetchone()
        return int(row[0] or 0) if row else 0


def kill_behind(program: Program, pid: int, position: int) -> None:
    """Kill a process once its run has come so far; it can keep nothing more meanwhile."""
    with closing(sqlite3.connect(program.home / "certwright.sqlite", timeout=30, isolation_level=None)) as database:
        until(lambda: cursor_of(program) >= position)
        database.execute("BEGIN IMMEDIATE")
        os.kill(pid, signal.SIGKILL)
        database.execute("ROLLBACK")


def until(happened: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something is so; fails the test when it takes too long."""
    latest = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < latest, "it did not happen in time"
        time.sleep(0.02)


def changes(program: Program, name: str, *words: str) -> list[tuple[str, str]]:
    """What the last run of a scan changed: word and place."""
    rows = program.run("scan", "changes", name, "--json", *words).expect(0).lines()
    return [(row["change"], row["place"]) for row in rows]

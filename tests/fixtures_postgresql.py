"""A real PostgreSQL for tests: one server for each test process, a fresh database for each test.

Import the fixtures into a ``conftest.py``: ``from tests.fixtures_postgresql import postgresql, postgresql_server``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

_USER = "certwright"
_NUMBERS = count(1)
_SETTINGS = {  # its data is thrown away: nothing needs to reach a disk
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "40",
    "autovacuum": "off",
}


def _psycopg() -> Any:  # the module, which is optional
    return pytest.importorskip("psycopg", reason="psycopg is not installed (certwright[postgresql])")


def _program(name: str) -> str | None:
    """Where a program of PostgreSQL's is; Debian keeps them beside the PATH."""
    beside = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, beside)))


def _as_server(folder: Path) -> list[str]:
    """What to begin a command with so that it does not run as root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return []
    account = next((name for name in ("postgres", "nobody") if _exists(name)), "")
    setpriv = shutil.which("setpriv")
    if not account or not setpriv:
        pytest.skip("PostgreSQL refuses to run as root, and there is no other user or no setpriv to become one")
    about = pwd.getpwnam(account)
    os.chown(folder, about.pw_uid, about.pw_gid)
    return [setpriv, f"--reuid={about.pw_uid}", f"--regid={about.pw_gid}", "--clear-groups", "--"]


def _exists(account: str) -> bool:
    try:
        pwd.getpwnam(account)
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of the server's own database, ``postgresql://certwright@127.0.0.1:<port>/postgres``."""
    _psycopg()
    initdb, server = _program("initdb"), _program("postgres")
    if initdb is None or server is None:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    # not pytest's own folder: its parents are closed to the user whom the server runs as
    with tempfile.TemporaryDirectory(prefix="certwright-postgresql-") as name:
        folder = Path(name)
        become = _as_server(folder)
        store = folder / "store"
        made = [*become, initdb, "--pgdata", str(store), "--username", _USER, "--auth", "trust", "--no-sync"]
        options = ["--encoding", "UTF8", "--locale", "C"]
        subprocess.run([*made, *options], check=True, capture_output=True, cwd=folder, timeout=60)
        port = _free_port()
        settings = {**_SETTINGS, "port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        arguments = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*become, server, "-D", str(store), *arguments], stdout=log, stderr=subprocess.STDOUT, cwd=folder
            )
            try:
                url = f"postgresql://{_USER}@127.0.0.1:{port}/postgres"
                _wait(url, process, folder / "log")
                yield url
            finally:
                process.send_signal(signal.SIGINT)  # the "fast" shutdown, which sends clients away
                process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the server lets somebody in."""
    psycopg = _psycopg()
    for attempt in range(200):
        assert process.poll() is None, log.read_text("utf-8", "replace")
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            assert attempt < 199, log.read_text("utf-8", "replace")
            try:
                process.wait(0.05)  # it may have ended instead
            except subprocess.TimeoutExpired:
                continue
        else:
            return


@pytest.fixture
def postgresql(postgresql_server: str) -> Iterator[str]:
    """The URL of a fresh, empty database, which is gone after the test."""
    psycopg = _psycopg()
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield postgresql_server.rpartition("/")[0] + f"/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

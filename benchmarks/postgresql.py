"""A PostgreSQL cluster of our own, for one benchmark."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# What an operator sets for an inventory of millions; everything else as initdb leaves it (durable commits above all).
SETTINGS = {
    "shared_buffers": "1GB",
    "effective_cache_size": "4GB",  # a guess at what the system keeps of the files
    "maintenance_work_mem": "512MB",  # indexes are made at once
    "max_wal_size": "4GB",  # a first import makes fewer checkpoints
    "random_page_cost": "1.1",  # no disk that turns
    "jit": "off",  # queries take less time than compiling them
}


@contextmanager
def cluster() -> Iterator[str]:
    """Its URL. It listens on 127.0.0.1 alone, asks for a password, and is gone afterwards.

    ``initdb`` and ``pg_ctl`` are taken from PATH. They refuse to run as root, so root runs them as another user.
    """
    folder = Path(tempfile.mkdtemp(prefix="certwright-postgresql-"))
    somebody = _somebody()
    password = secrets.token_urlsafe(16)
    secret, data, log = folder / "password", folder / "data", folder / "log"
    secret.write_text(password)
    if somebody:
        shutil.chown(folder, somebody["user"], somebody["group"])
        shutil.chown(secret, somebody["user"], somebody["group"])
    _run(
        ["initdb", "--pgdata", data, "--username", "certwright", "--auth", "scram-sha-256", "--pwfile", secret,
         "--encoding", "UTF8", "--no-locale", "--no-instructions"],
        somebody,
    )  # fmt: skip
    port = _free_port()
    given = {**SETTINGS, "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(folder)}
    with (data / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in given.items())
    control = ["pg_ctl", "--pgdata", data, "--log", log, "--wait", "--silent"]
    try:
        _run([*control, "start"], somebody)
        yield f"postgresql://certwright:{password}@127.0.0.1:{port}/postgres"
    finally:
        _run([*control, "--mode", "fast", "stop"], somebody)
        shutil.rmtree(folder, ignore_errors=True)


def _somebody() -> dict[str, Any]:
    """Whom the programs are run as, where we are root."""
    if os.geteuid():
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("there is no user whom PostgreSQL can run as")


def _run(command: list[Any], somebody: dict[str, Any]) -> None:
    """Run to its end; what it printed is told only when it fails. The server must not inherit a pipe that we read."""
    with tempfile.TemporaryFile() as printed:
        done = subprocess.run(command, stdout=printed, stderr=printed, check=False, cwd="/", **somebody)
        if done.returncode:
            printed.seek(0)
            raise RuntimeError(f"{command[0]}: {printed.read().decode(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port

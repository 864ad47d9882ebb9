"""A second opinion on STARTTLS: the PostgreSQL server itself."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scan.certificates import Identity
from tests.scan.conftest import Look

pytestmark = pytest.mark.skipif(shutil.which("initdb") is None, reason="PostgreSQL is not installed")
# It refuses to run as root.
AS_SOMEBODY = {"user": "nobody"} if os.geteuid() == 0 else {}


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@contextlib.contextmanager
def postgresql(identity: Identity, *options: str) -> Iterator[int]:
    """A server with an empty database; its port."""
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder, "server.pem")
        pem.touch(mode=0o600)
        pem.write_bytes(identity.path.read_bytes())
        for path in (folder, pem) if AS_SOMEBODY else ():
            shutil.chown(path, AS_SOMEBODY["user"])
        cluster = str(Path(folder, "cluster"))
        subprocess.run(
            ["initdb", "-D", cluster, "-A", "trust", "-N"], check=True, capture_output=True, cwd="/", **AS_SOMEBODY
        )
        port = _free_port()
        files = ["-c", f"ssl_cert_file={pem}", "-c", f"ssl_key_file={pem}"]
        server = subprocess.Popen(
            ["postgres", "-D", cluster, "-h", "127.0.0.1", "-p", str(port), "-k", folder, "-F", *files, *options],
            stderr=subprocess.PIPE,
            cwd="/",
            **AS_SOMEBODY,
        )
        try:
            assert server.stderr is not None
            assert any(b"ready to accept connections" in line for line in server.stderr)
            yield port
        finally:
            server.terminate()
            server.communicate()


def test_the_certificate_of_a_real_postgresql_server_is_seen(shop: Identity, look: Look) -> None:
    with postgresql(shop, "-c", "ssl=on") as port:
        find = look(f"postgresql://127.0.0.1:{port}")
    assert (find.trouble, find.certificates) == ("", shop.chain)


def test_a_real_postgresql_server_without_tls_has_no_certificate(shop: Identity, look: Look) -> None:
    with postgresql(shop) as port:
        find = look(f"postgresql://127.0.0.1:{port}")
    assert (find.trouble, find.absent) == ("The PostgreSQL server has TLS switched off.", True)

"""A real authoritative name server: Knot DNS on a free port of 127.0.0.1, with TSIG keys."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rdatatype
import dns.tsig
import dns.update

KEY_NAME = "certwright-key."
SECRET = "c2VjcmV0LW9mLXRoZS10ZXN0cy1vbmx5LTAxMjM0NTY3"
ZONE = "meadow.example"
_CONFIGURATION = """
server:
  rundir: "{folder}"
  listen: 127.0.0.1@{port}
database:
  storage: "{folder}"
log:
  - target: stderr
    any: warning
key:
  - id: certwright-key.
    algorithm: hmac-sha256
    secret: {secret}
  - id: reader.
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: update
    address: 127.0.0.1
    key: certwright-key.
    action: update
zone:
  - domain: {zone}
    storage: "{folder}"
    file: zone
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: all
    acl: update
"""
_ZONE = """$TTL 300
@ SOA ns1 hostmaster 1 300 300 300 5
@ NS ns1
ns1 A 127.0.0.1
shop A 127.0.0.1
"""


def program() -> str | None:
    """Where knotd is; None when it is not installed."""
    return shutil.which("knotd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


class Knot:
    """One server with one zone, ``meadow.example``."""

    def __init__(self, folder: Path) -> None:
        """Start it and wait until it answers for the zone."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "zone").write_text(_ZONE)
        self.port = _free_port()
        configuration = folder / "knot.conf"
        configuration.write_text(_CONFIGURATION.format(folder=folder, port=self.port, secret=SECRET, zone=ZONE))
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [str(program()), "-c", str(configuration)], stdout=self._log, stderr=subprocess.STDOUT
        )
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            assert self._process.poll() is None, (self._folder / "log").read_text()
            try:
                if self.ask(ZONE, "SOA"):
                    return
            except (OSError, EOFError, dns.exception.DNSException):
                time.sleep(0.02)
        raise AssertionError((self._folder / "log").read_text())

    def ask(self, name: str, kind: str) -> list[str]:
        """The values at that name, by TCP."""
        query = dns.message.make_query(name, kind)
        answer = dns.query.tcp(query, "127.0.0.1", timeout=5, port=self.port)
        wanted = dns.rdatatype.from_text(kind)
        return sorted(rdata.to_text() for rrset in answer.answer if rrset.rdtype == wanted for rdata in rrset)

    def ttl(self, name: str, kind: str) -> int:
        """The TTL of the records there."""
        answer = dns.query.tcp(dns.message.make_query(name, kind), "127.0.0.1", timeout=5, port=self.port)
        return answer.answer[0].ttl

    def plant(self, name: str, kind: str, value: str, ttl: int = 300) -> None:
        """Somebody else's record."""
        update = dns.update.UpdateMessage(ZONE)
        update.add(f"{name}.", ttl, kind, value)
        update.use_tsig(dns.tsig.Key(KEY_NAME, SECRET, "hmac-sha256"))
        assert dns.query.tcp(update, "127.0.0.1", timeout=5, port=self.port).rcode() == 0

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(timeout=20)
        self._log.close()


def _free_port() -> int:
    """A port that is free for TCP and UDP."""
    for _ in range(20):
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            stream.bind(("127.0.0.1", 0))
            port = int(stream.getsockname()[1])
            try:
                datagrams.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")

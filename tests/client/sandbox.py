"""The real sandbox program and one tenant of it: what a test orders from, and what it sees of it from
outside.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric import ec

from certwright.cas.digicert import DigiCert
from certwright.model.ca import CAOrder, Issued, Pending, Placement, Progress, ReportedOrder
from certwright.pki import certificate, csr
from certwright.pki.certificate import Certificate
from certwright.pki.keys import public_key_sha256

PATIENCE = 10.0
ANY = Placement(reference="", csr=b"", names=(), common_name="", product="")  # where DigiCert needs none


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@dataclass
class Sandbox:
    """The running program. ``files`` is what its HTTP validators see at any host."""

    url: str
    management: httpx2.Client
    files: Path

    def get(self, path: str, **query: str) -> Any:
        return self._ok(self.management.get(path, params=query))

    def post(self, path: str, body: object) -> Any:
        return self._ok(self.management.post(path, json=body))

    def patch(self, path: str, body: object) -> Any:
        return self._ok(self.management.patch(path, json=body))

    @staticmethod
    def _ok(response: httpx2.Response) -> Any:
        assert response.status_code < 300, response.text
        return response.json() if response.content else None


@contextmanager
def running(folder: Path, *switches: str) -> Iterator[Sandbox]:
    """Start the program, with more switches if any, and stop it at the end."""
    files = folder / "web"
    files.mkdir()
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(files)))
    serving = threading.Thread(target=partial(web.serve_forever, poll_interval=0.05))
    serving.start()
    command = [sys.executable, "-m", "certwright_sandbox", "serve", "--port", "0", "--management-port", "0"]
    log = (folder / "sandbox.log").open("w")
    program = subprocess.Popen(
        [*command, "--http-port", str(web.server_port), "--seed", "1", *switches],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        assert program.stdout is not None
        line = program.stdout.readline()
        assert line, (folder / "sandbox.log").read_text()
        doors = json.loads(line)
        with httpx2.Client(base_url=doors["management_url"], timeout=20, trust_env=False) as management:
            yield Sandbox(doors["url"], management, files)
    finally:
        program.terminate()
        program.wait(10)
        if program.stdout is not None:
            program.stdout.close()
        log.close()
        web.shutdown()
        serving.join()
        web.server_close()


@dataclass
class Tenant:
    """One account at the sandbox, made for one test."""

    sandbox: Sandbox
    name: str
    url: str
    api_key: str
    settings: dict[str, str]
    organizations: list[str]
    domains: list[str]
    clients: list[DigiCert] = field(default_factory=list)
    numbers: int = 0
    organization: str = ""

    def __post_init__(self) -> None:
        """Learn the id of the account's first organization, and forget that it was asked."""
        with DigiCert(url=self.url, api_key=self.api_key) as ca:
            self.organization = {one.name: one.ca_id for one in ca.organizations()}[self.organizations[0]]
        self.sandbox.management.delete("/requests", params={"account": self.name})

    def ca(self, **changes: Any) -> DigiCert:
        """A client with this tenant's credential; ``settings`` are added to its own."""
        settings = {**self.settings, **WIDE, **changes.pop("settings", {})}
        values = {"url": self.url, "api_key": self.api_key, "settings": settings, "timeout": 10.0, **changes}
        self.clients.append(DigiCert(**values))
        return self.clients[-1]

    def domain(self) -> str:
        """A prevalidated domain (or, of a bare account, one of its domains)."""
        return self.domains[0]

    def wish(self, *names: str, **changes: Any) -> Wish:
        """A placement with a fresh key, for a sub-domain nobody ordered yet unless names are given."""
        self.numbers += 1
        changes.setdefault("organization", self.organization)
        return make_wish(names or (f"h{self.numbers}.{self.domain()}",), f"{self.name}-{self.numbers}", **changes)

    def ledger(self) -> list[Any]:
        """What was billed to the account."""
        orders: list[Any] = self.sandbox.get("/ledger", account=self.name)["orders"]
        return orders

    def requests(self) -> list[Any]:
        """The calls received from the account."""
        received: list[Any] = self.sandbox.get("/requests", account=self.name)["requests"]
        return received

    def fault(self, fault: str, /, **more: object) -> int:
        """Add a fault rule for this account."""
        answer = self.sandbox.post("/faults", {"ca": "digicert", "account": self.name, "fault": fault, **more})
        return int(answer["id"])

    def switch(self, **switches: object) -> None:
        """Change switches of the account."""
        self.sandbox.patch(f"/accounts/{self.name}", switches)

    def dns(self, name: str, kind: str, value: str) -> None:
        """Publish a record."""
        self.sandbox.post("/dns", {"name": name, "type": kind, "value": value})


WIDE = {"requests_per_5_seconds": "100000", "requests_per_3_minutes": "1000000"}


@dataclass(frozen=True)
class Wish:
    """A placement and its key."""

    placement: Placement
    key: str


def make_wish(names: tuple[str, ...], reference: str, **changes: Any) -> Wish:
    """A placement for ``names`` with a new P-256 key."""
    private = ec.generate_private_key(ec.SECP256R1())
    values: dict[str, Any] = {
        "reference": reference,
        "csr": csr.build(private, names),
        "names": names,
        "common_name": names[0],
        "product": "ssl_basic",
        **changes,
    }
    return Wish(Placement(**values), public_key_sha256(private.public_key()))


def soon(seconds: float = 10.0) -> float:
    """A deadline."""
    return time.monotonic() + seconds


def leaf(progress: Progress, key: str) -> Certificate:
    """The certificate of the key among what was issued."""
    assert isinstance(progress, Issued), progress
    found = [certificate.from_der(der) for der in progress.certificates]
    return next(one for one in found if one.public_key_sha256 == key)


def until_issued(ca: DigiCert, ca_order: CAOrder, key: str) -> Issued:
    """Poll until issued; the sandbox finishes in its own time."""
    end = time.monotonic() + PATIENCE
    while isinstance(progress := ca.collect(ca_order, public_key_sha256=key), Pending):
        assert time.monotonic() < end, progress
        threading.Event().wait(0.05)
    assert isinstance(progress, Issued), progress
    return progress


def unsaid(listed: ReportedOrder, told: ReportedOrder) -> list[str]:
    """The fields of which a CA's list says something, and something else than the CA says of the order alone."""
    values = {one.name: (getattr(listed, one.name), getattr(told, one.name)) for one in fields(ReportedOrder)}
    return [name for name, (one, other) in values.items() if one != other and one not in ("", None, (), {}, False)]

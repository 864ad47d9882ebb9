"""A running sandbox process, its management door, and accounts at it, all over plain HTTP."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from cryptography import x509

from tests.sandbox import wire
from tests.sandbox.certificates import csr_pem

START_SECONDS = 30.0
SOURCE = Path(__file__).resolve().parents[2] / "src"

# The smallest order of today, as §9.1 of the CA's reference writes it.
ORDER = """{"certificate":{"common_name":"$name","csr":"$csr","signature_hash":"sha256"},
"organization":{"id":$organization},"order_validity":{"years":1}}"""
# The same with the ways of today to say who proves what, and to skip the approval.
ORDER_DCV = """{"certificate":{"common_name":"$name","dns_names":$names,"csr":"$csr"},
"organization":{"id":$organization},"order_validity":{"years":1},
"dcv_method":"$method","skip_approval":true}"""


class Management:
    """The sandbox's management door."""

    def __init__(self, url: str) -> None:
        """`url` is what the sandbox printed as management_url."""
        self.url = url

    def call(self, method: str, path: str, body: object = None) -> wire.Answer:
        """One call with an optional JSON body."""
        raw = None if body is None else json.dumps(body).encode()
        return wire.send(self.url, method, path, raw, {"Content-Type": wire.JSON})

    def get(self, path: str) -> Any:
        """A reading call that must succeed; its JSON."""
        answer = self.call("GET", path)
        assert answer.status == 200, (path, answer)
        return answer.json()

    def post(self, path: str, /, **body: object) -> Any:
        """A changing call that must succeed; its JSON, or None where it answers nothing."""
        answer = self.call("POST", path, body)
        assert answer.status in (200, 201, 204), (path, body, answer)
        return answer.json() if answer.body else None

    def delete(self, path: str, body: object = None) -> None:
        """A deleting call that must succeed."""
        answer = self.call("DELETE", path, body)
        assert answer.status in (200, 204), (path, answer)

    def now(self) -> datetime:
        """The sandbox's clock."""
        return datetime.fromisoformat(self.get("clock")["now"])

    def advance(self, **lengths: float) -> None:
        """Move the clock forward by a number of `days`, `hours` and `seconds`."""
        units = {"days": 86400, "hours": 3600, "seconds": 1}
        self.post("clock", advance=sum(units[unit] * value for unit, value in lengths.items()))

    def fault(self, kind: str, /, **fields: object) -> int:
        """Add a fault rule, for DigiCert unless `ca` says otherwise; its id."""
        return int(self.post("faults", fault=kind, **{"ca": "digicert", **fields})["id"])

    def txt(self, name: str, value: str) -> None:
        """Plant a TXT record where the validators look."""
        self.post("dns", name=name, type="TXT", value=value)

    def issuer_of(self, certificate: x509.Certificate) -> tuple[x509.Certificate, bytes]:
        """The issuing CA certificate of a certificate, and that CA's CRL (DER)."""
        for row in self.get("issuers"):
            issuer = x509.load_pem_x509_certificate(row["pem"].encode())
            if issuer.subject == certificate.issuer:
                answer = wire.send(urljoin(self.url + "/", row["crl"]), "GET", "")
                assert answer.status == 200, (row, answer)
                return issuer, answer.body
        raise AssertionError(f"no issuer {certificate.issuer} at the management door")

    def revocation_of(self, certificate: x509.Certificate) -> x509.RevokedCertificate | None:
        """The certificate's entry in its issuer's CRL."""
        crl = x509.load_der_x509_crl(self.issuer_of(certificate)[1])
        return crl.get_revoked_certificate_by_serial_number(certificate.serial_number)


class Account:
    """One account at the sandbox's DigiCert, called with its own key."""

    def __init__(self, management: Management, element: dict[str, Any]) -> None:
        """`element` is what POST /accounts answered."""
        self.management = management
        self.element = element
        self.name = str(element["name"])
        self.url = str(element["url"])
        self.key = str(element["secrets"]["api_key"])

    def call(
        self, method: str, path: str, body: bytes | None = None, timeout: float = 15.0, **headers: str
    ) -> wire.Answer:
        """One call; header names are given with `_` for `-`. JSON unless content_type says otherwise."""
        sent = {"X-DC-DEVKEY": self.key, "Content-Type": wire.JSON, "User-Agent": "contract-tests"}
        sent |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        return wire.send(self.url, method, path, body, sent, timeout)

    def get(self, path: str) -> Any:
        """A read that must answer 200 with JSON."""
        answer = self.call("GET", path)
        assert answer.status == 200, (path, answer)
        return answer.json()

    def switch(self, **switches: object) -> None:
        """Change switches of this account."""
        answer = self.management.call("PATCH", f"accounts/{self.name}", switches)
        assert answer.status == 200, answer

    @cached_property
    def organization(self) -> int:
        """The id of the account's first organization."""
        return int(self.get("organization")["organizations"][0]["id"])

    @cached_property
    def domain(self) -> str:
        """The account's first domain."""
        return str(self.get("domain")["domains"][0]["name"])

    def place(self, template: str, product: str = "ssl_basic", **values: object) -> wire.Answer:
        """POST an order from a literal template; name, csr, organization and names have defaults."""
        if "name" not in values:
            values["name"] = f"shop.{self.domain}"
        values.setdefault("csr", csr_pem(str(values["name"])))
        values.setdefault("organization", self.organization if "$organization" in template else 0)
        values["names"] = json.dumps(values.get("names", [values["name"]]))
        return self.call("POST", f"order/certificate/{product}", wire.fill(template, **values))

    def issue(self, template: str = ORDER, product: str = "ssl_basic", **values: object) -> dict[str, Any]:
        """Order something prevalidated that must be issued at once; the answer's JSON."""
        answer = self.place(template, product, **values)
        assert answer.status == 201, answer
        order: dict[str, Any] = answer.json()
        assert "certificate_chain" in order, order
        return order

    def pending(self, name: str, method: str = "dns-txt-token", **values: object) -> dict[str, Any]:
        """Order for an unvalidated name with skip_approval; the answer's JSON, of an order that waits."""
        product = str(values.pop("product", "ssl_basic"))
        answer = self.place(ORDER_DCV, product, name=name, method=method, **values)
        assert answer.status == 201, answer
        order: dict[str, Any] = answer.json()
        assert "certificate_chain" not in order, order
        return order

    def info(self, order_id: object) -> Any:
        """GET order/certificate/{id}."""
        return self.get(f"order/certificate/{order_id}")

    def put(self, path: str, body: bytes | None = None) -> wire.Answer:
        """PUT with an optional literal JSON body."""
        return self.call("PUT", path, body)

    def ledger(self) -> list[dict[str, Any]]:
        """What was billed to this account, as the management door tells it."""
        answer = self.management.get(f"ledger?ca=digicert&account={self.name}")
        orders: list[dict[str, Any]] = answer["orders"]
        return orders


NewAccount = Callable[..., Account]
NewName = Callable[[], str]


class Sandbox:
    """A sandbox process of the tests."""

    def __init__(self, *options: str, log: Path) -> None:
        """Start `certwright-sandbox serve` on free ports and wait for its line of JSON."""
        program = [sys.executable, "-m", "certwright_sandbox"]
        command = [*program, "serve", "--port", "0", "--management-port", "0"]
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [*command, *options],
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": str(SOURCE)},
            )
        self.hello: dict[str, Any] = json.loads(self._first_line(log))
        self.url = str(self.hello["url"])
        self.management = Management(str(self.hello["management_url"]))

    def _first_line(self, log: Path) -> bytes:
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            line = self.process.stdout.readline() if ready.select(START_SECONDS) else b""
        if not line:
            self.stop(signal.SIGKILL)
            raise AssertionError(f"the sandbox did not start: {log.read_text()[-2000:]}")
        return line

    def account(self, profile: str = "ready", **switches: object) -> Account:
        """A new account of its own, with any switch of the reference page."""
        element = self.management.post("accounts", ca="digicert", profile=profile, **switches)
        return Account(self.management, element)

    def reopened(self, name: str) -> Account:
        """The account of this name as the management door lists it now."""
        rows = self.management.get("accounts")
        return Account(self.management, next(row for row in rows if row["name"] == name))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process by a signal and wait; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=15)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

"""Sectigo for the tests of its client: literal answers of its documentation, and a login at the real sandbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from certwright.cas.sectigo import Sectigo
from certwright.model.ca import CAOrder, Issued, Pending, Placement, Progress, Proof
from certwright.pki import csr
from certwright.pki.keys import public_key_sha256
from tests.client.conftest import Script, Server, answer
from tests.client.sandbox import PATIENCE, Sandbox, Wish

PASSWORD = "pa+ss word&=%"  # every character that an encoding can break
WIDE: dict[str, str] = {"requests_per_minute": "1000000"}

# §7.3 of the interface's description: a CSR, and what proves control with it.
CSR_PEM = """-----BEGIN CERTIFICATE REQUEST-----
MIIBbzCCARQCAQAwbjELMAkGA1UEBhMCSU4xEjAQBgNVBAgMCUthcm5hdGFrYTES
MBAGA1UEBwwJQmVuZ2FsdXJ1MRwwGgYDVQQKDBNFeGFtcGxlIFNhbmRib3ggTHRk
MRkwFwYDVQQDDBBzaG9wLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEjI29CmRAeU0asZE1xjjVA+0BIx1NtoIRa7Rb+t2ZACEfTkjZYxKhS1Ci
zRpXTsDauLMqrw+4GR7GDKegSRIxMqBEMEIGCSqGSIb3DQEJDjE1MDMwMQYDVR0R
BCowKIIQc2hvcC5leGFtcGxlLmNvbYIUd3d3LnNob3AuZXhhbXBsZS5jb20wCgYI
KoZIzj0EAwIDSQAwRgIhALspXRtriZlvFyIqsD+XVtK/UMV3Af58/vphEdy7ntCO
AiEA/Ji1rkztqWj0NvuTM9Akdw8bpobyQ3jMfLtK+wtYz9o=
-----END CERTIFICATE REQUEST-----
"""
MD5 = "1638C451BEDFF204F6E8CC8330802812"
SHA256 = "283da9763af5d1246203dc2c50d4be7a63e8df59b24545d53c44a6ec25ed5a45"
UNIQUE = "Qx7a9B2kLm"
PLACED = (
    "errorCode=0&orderNumber=701234567&totalCost=9.50&expectedDeliveryTime=1&certificateID=90071234567"
    f"&uniqueValue={UNIQUE}"
)
ORDER = CAOrder("701234567", "90071234567", dcv_value=UNIQUE)
DECODED = f"0\nCN=shop.example.com\ndnsName(s)=shop.example.com\nmd5={MD5}\nsha1=94BF\nsha256={SHA256.upper()}\n"


def lines(*texts: str) -> Script:
    """An answer in lines."""
    return answer(body="\n".join(texts).encode(), content_type="text/plain")


def form(text: str) -> Script:
    """An answer in one URL-encoded form, as it travels."""
    return answer(body=text.encode(), content_type="application/x-www-form-urlencoded")


def fields(**named: object) -> Script:
    """The same, encoded here."""
    return form(urlencode(named))


@dataclass(frozen=True)
class Received:
    """One call as the server saw it."""

    method: str
    target: str
    parameters: Mapping[str, str]
    head: str

    @property
    def api(self) -> str:
        """The last piece of the path, without its exclamation mark."""
        return self.target.rpartition("/")[2].removeprefix("!").removeprefix("%21")


def received(server: Server) -> list[Received]:
    """Every call, in order."""
    found = []
    for request in server.requests:
        head, _, body = request.decode().partition("\r\n\r\n")
        method, target, _ = head.split("\r\n")[0].split(" ")
        pairs = parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body))
        assert len(dict(pairs)) == len(pairs), "a parameter was sent twice"
        found.append(Received(method, target, dict(pairs), head))
    return found


def one(server: Server) -> Received:
    """The only call that the server received."""
    (call,) = received(server)
    return call


def client(server: Server, **changes: Any) -> Sectigo:
    """A client of the scripted server."""
    settings = {**WIDE, **changes.pop("settings", {})}
    values: dict[str, Any] = {"login_name": "acme", "login_password": PASSWORD, "timeout": 5.0, **changes}
    return Sectigo(url=f"http://127.0.0.1:{server.port}", settings=settings, **values)


def placement(**changes: Any) -> Placement:
    """A DV order for the CSR above."""
    values: dict[str, Any] = {
        "reference": "clm-000042",
        "csr": csr.decode(CSR_PEM.encode()).der,
        "names": ("shop.example.com", "www.shop.example.com"),
        "common_name": "shop.example.com",
        "product": "287",
        **changes,
    }
    return Placement(**values)


@dataclass
class Login:
    """One reseller login at the sandbox, made for one test."""

    sandbox: Sandbox
    name: str
    url: str
    secrets: Mapping[str, str]
    settings: Mapping[str, str]
    domain: str
    clients: list[Sectigo] = field(default_factory=list)
    numbers: int = 0

    def ca(self, **changes: Any) -> Sectigo:
        """A client with this login; ``settings`` are added to its own."""
        settings = {**self.settings, **WIDE, **changes.pop("settings", {})}
        secrets = {name: self.secrets[name] for name in ("login_name", "login_password")}
        values: dict[str, Any] = {"url": self.url, "timeout": 10.0, **secrets, **changes}
        self.clients.append(Sectigo(settings=settings, **values))
        return self.clients[-1]

    def wish(self, *names: str, **changes: Any) -> Wish:
        """A placement with a fresh key, for a host nobody ordered yet unless names are given."""
        self.numbers += 1
        private = ec.generate_private_key(ec.SECP256R1())
        wanted = names or (f"h{self.numbers}.{self.domain}",)
        values: dict[str, Any] = {
            "reference": f"ours-{self.name}-{self.numbers}",
            "csr": csr.build(private, wanted, common_name=wanted[0]),
            "names": wanted,
            "common_name": wanted[0],
            "product": "287",
            **changes,
        }
        return Wish(Placement(**values), public_key_sha256(private.public_key()))

    def ledger(self) -> list[Any]:
        """What was billed to the account."""
        found: list[Any] = self.sandbox.get("/ledger", account=self.name)["orders"]
        return found

    def requests(self, api: str = "") -> list[Any]:
        """The calls received from the account, all or those of one API."""
        found: list[Any] = self.sandbox.get("/requests", account=self.name)["requests"]
        return [one for one in found if api.lower() in one["path"].lower()]

    def fault(self, fault: str, /, **more: object) -> int:
        """Add a fault rule for this account."""
        answered = self.sandbox.post("/faults", {"ca": "sectigo", "account": self.name, "fault": fault, **more})
        return int(answered["id"])

    def switch(self, **switches: object) -> None:
        """Change switches of the account."""
        self.sandbox.patch(f"/accounts/{self.name}", switches)

    def staff(self, ca_order: CAOrder, what: str = "all", **more: object) -> None:
        """The CA's staff acts."""
        body = {"ca": "sectigo", "order_id": int(ca_order.order_id), "what": what, **more}
        self.sandbox.post("/validate", body)

    def publish(self, proof: Proof) -> None:
        """Publish a proof where the sandbox's validators look."""
        if "://" in proof.where:
            file = self.sandbox.files.joinpath(*proof.where.split("/")[3:])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(proof.value)
        else:
            self.sandbox.post("/dns", {"name": proof.where, "type": "CNAME", "value": proof.value})


def make_login(sandbox: Sandbox, profile: str, **switches: object) -> Login:
    """A new account at the sandbox."""
    made = sandbox.post("/accounts", {"ca": "sectigo", "profile": profile, **switches})
    settings = {name: str(value) for name, value in made["settings"].items()}
    return Login(sandbox, made["name"], made["url"], made["secrets"], settings, domain=f"{made['name']}.example")


def until_issued(ca: Sectigo, ca_order: CAOrder, key: str) -> Issued:
    """Poll until issued; the sandbox finishes in its own time."""
    end = time.monotonic() + PATIENCE
    while isinstance(progress := ca.collect(ca_order, public_key_sha256=key), Pending):
        assert time.monotonic() < end, progress
        threading.Event().wait(0.05)
    assert isinstance(progress, Issued), progress
    return progress


def self_signed() -> x509.Certificate:
    """A certificate of nobody's order."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example.com")])
    start = datetime(2026, 11, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(start).not_valid_after(start + timedelta(days=199))
    return builder.sign(key, hashes.SHA256())


def pending(progress: Progress) -> Pending:
    """The progress, which must be pending."""
    assert isinstance(progress, Pending), progress
    return progress

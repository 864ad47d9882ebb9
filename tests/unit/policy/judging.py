"""A sound public certificate and its odd siblings, and what the rules find in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from certwright.model.inventory import Finding
from certwright.pki.certificate import Certificate
from certwright.policy.findings import findings
from certwright.policy.judged import Judged, Served
from tests.cases import odd
from tests.cases.authority import NOW, SERVER, new_key, root

TOP = root()
CA = TOP.intermediate(usages=SERVER)
HOST = "shop.meadow.com"
PLACE = f"tls://{HOST}:443"
BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
ENOUGH = odd.scts(b"a", b"b", b"c")


def leaf(**change: Any) -> Certificate:
    """A sound public certificate but for what is changed."""
    extra = change.pop("extra", (ENOUGH,))
    return odd.issue(change.pop("by", CA), **{"names": (HOST,), "key": new_key(), "extra": extra, **change})


def judged(certificate: Certificate, **change: Any) -> Judged:
    return Judged(certificate, **{"public": True, "issuer": CA.certificate, **change})


def found(certificate: Certificate, at: datetime = NOW, **change: Any) -> list[str]:
    return [finding.rule for finding in findings(judged(certificate, **change), at)]


def finding(rule: str, certificate: Certificate, at: datetime = NOW, **change: Any) -> Finding:
    return next(one for one in findings(judged(certificate, **change), at) if one.rule == rule)


def served(*above: Certificate, at: str = PLACE) -> tuple[Served, ...]:
    return (Served(at, tuple(above)),)


RSA_KEY = rsa.generate_private_key(65537, 2048)
WELL = served(CA.certificate)

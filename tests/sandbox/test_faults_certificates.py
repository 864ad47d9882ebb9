"""Each kind of the fault `wrong_certificate` is wrong in its own way: docs/reference/sandbox.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from tests.sandbox.certificates import (
    certificates_in,
    csr_pem,
    has_key,
    is_self_issued,
    lifetime_days,
    names_of,
    new_key,
)
from tests.sandbox.tenant import NewAccount

NAMED = """{"certificate":{"common_name":"$name","dns_names":$names,"csr":"$csr"},
"organization":{"id":$organization},"order_validity":{"years":1}}"""


@dataclass(frozen=True)
class Served:
    """What a download gave, and what it should have been for."""

    body: bytes
    wanted: set[str]
    key: ec.EllipticCurvePrivateKey
    now: datetime

    @property
    def chain(self) -> list[x509.Certificate]:
        return certificates_in(self.body)

    @property
    def leaf(self) -> x509.Certificate:
        return self.chain[0]

    @property
    def names(self) -> set[str]:
        return names_of(self.leaf)


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError):
        return False
    return True


def _constraints(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _poisoned(certificate: x509.Certificate) -> bool:
    oids = [extension.oid for extension in certificate.extensions]
    return ExtensionOID.PRECERT_POISON in oids


def _forged(served: Served) -> bool:
    return served.leaf.issuer == served.chain[1].subject and not _signed_by(served.leaf, served.chain[1])


def _astray(served: Served) -> bool:
    return has_key(served.leaf, served.key) and not any(
        _signed_by(served.leaf, certificate) for certificate in served.chain[1:]
    )


WRONG: dict[str, Callable[[Served], bool]] = {
    "other_key": lambda s: not has_key(s.leaf, s.key) and s.names >= s.wanted,
    "sibling": lambda s: not has_key(s.leaf, s.key) and _signed_by(s.leaf, s.chain[1]),
    "missing_san": lambda s: bool(s.wanted - s.names) and has_key(s.leaf, s.key),
    "extra_san": lambda s: s.names > s.wanted and has_key(s.leaf, s.key),
    "foreign_san": lambda s: bool(s.names - s.wanted) and has_key(s.leaf, s.key),
    "wildcard_san": lambda s: any(name.startswith("*.") for name in s.names),
    "cn_only": lambda s: s.names == set() and has_key(s.leaf, s.key),
    "expired": lambda s: s.leaf.not_valid_after_utc < s.now,
    "future": lambda s: s.leaf.not_valid_before_utc > s.now,
    "short": lambda s: lifetime_days(s.leaf) < 150,
    "too_long": lambda s: lifetime_days(s.leaf) > 200,
    "ca_true": lambda s: _constraints(s.leaf),
    "self_signed": lambda s: is_self_issued(s.leaf),
    "bad_signature": _forged,
    "wrong_chain": _astray,
    "no_chain": lambda s: len(s.chain) == 1 and has_key(s.leaf, s.key),
    "precertificate": lambda s: _poisoned(s.leaf),
    "csr": lambda s: b"-----BEGIN CERTIFICATE REQUEST-----" in s.body,
    "private_key": lambda s: b"PRIVATE KEY-----" in s.body,
    "html": lambda s: s.body.startswith(b"<") and b"<html" in s.body.lower(),
}


@pytest.mark.parametrize("kind", sorted(WRONG))
def test_a_wrong_certificate_is_wrong_in_the_way_it_was_asked_for(account: NewAccount, kind: str) -> None:
    tenant, key = account(), new_key()
    tenant.issue(name=f"sibling.{tenant.domain}")
    names = [f"a.{tenant.domain}", f"b.{tenant.domain}"]
    order = tenant.issue(NAMED, name=names[0], names=names, csr=csr_pem(names[0], key))
    path = f"certificate/{order['certificate_id']}/download/format/pem_all"
    tenant.management.fault("wrong_certificate", account=tenant.name, path="download", kind=kind)

    wrong, right = (Served(tenant.call("GET", path).body, set(names), key, tenant.management.now()) for _ in range(2))

    assert WRONG[kind](wrong)
    assert not WRONG[kind](right)
    assert has_key(right.leaf, key)
    assert right.names >= set(names)


def test_an_order_can_be_answered_with_a_wrong_certificate(account: NewAccount) -> None:
    tenant, key = account(), new_key()
    name = f"shop.{tenant.domain}"
    tenant.management.fault("wrong_certificate", account=tenant.name, method="POST", kind="other_key")

    order = tenant.issue(name=name, csr=csr_pem(name, key))

    assert not has_key(certificates_in(order["certificate_chain"][0]["pem"])[0], key)
    assert len(tenant.ledger()) == 1


def test_the_chain_endpoint_can_give_a_wrong_certificate(account: NewAccount) -> None:
    tenant, key = account(), new_key()
    name = f"shop.{tenant.domain}"
    order = tenant.issue(name=name, csr=csr_pem(name, key))
    tenant.management.fault("wrong_certificate", account=tenant.name, path="/chain", kind="other_key")

    chains = [tenant.get(f"certificate/{order['certificate_id']}/chain")["intermediates"] for _ in range(2)]

    leaves = [certificates_in(chain[0]["pem"])[0] for chain in chains]
    assert [has_key(leaf, key) for leaf in leaves] == [False, True]

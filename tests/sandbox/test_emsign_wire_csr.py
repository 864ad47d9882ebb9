"""CSRs and keys: what is taken, what is not, and CSRs that come later (§6.7, §6.8; contract tests 23, 24)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from tests.sandbox.certificates import PrivateKey, csr_pem, has_key, new_key, rsa_key
from tests.sandbox.emsign_tenant import PATIENT, NewSubscriber
from tests.sandbox.emsign_wire import ABSENT
from tests.sandbox.tenant import NewName

AnyKey = PrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
TAKEN: dict[str, Callable[[], PrivateKey]] = {
    "RSA-2048": lambda: rsa_key(2048),
    "RSA-3072": lambda: rsa_key(3072),
    "RSA-4096": lambda: rsa_key(4096),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
}
REFUSED: dict[str, Callable[[], AnyKey]] = {
    "RSA-1024": lambda: rsa_key(1024),
    "RSA-5120": lambda: rsa_key(5120),
    "P-224": lambda: ec.generate_private_key(ec.SECP224R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "Ed448": ed448.Ed448PrivateKey.generate,
}


def _csr(key: AnyKey, name: str) -> str:
    digest = hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) else None
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, digest)
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def _spoiled(csr: str) -> str:
    """The same CSR with a signature of another key."""
    lines = csr.strip().split("\n")
    other = csr_pem("other.example").strip().split("\n")
    return "\n".join([*lines[:-2], other[-2], lines[-1]]) + "\n"


@pytest.mark.parametrize("kind", TAKEN)
def test_24_a_key_of_this_kind_is_issued_for(kind: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name, key = subscriber(), fresh(), TAKEN[kind]()

    leaf = tenant.leaf(tenant.issue(name, csr=_csr(key, name)))

    assert has_key(leaf, key)


@pytest.mark.parametrize("kind", REFUSED)
def test_24_a_key_of_that_kind_is_refused(kind: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()
    waiting = tenant.buy(fresh(), csr=ABSENT)
    csr = _csr(REFUSED[kind](), name)

    assert tenant.place(name, csr=csr).refuses("EMS-1098")
    assert tenant.submit_csr(waiting, csr).refuses("EMS-1098")
    assert len(tenant.ledger()) == 1


@pytest.mark.parametrize(
    "csr",
    [
        "nonsense",
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        _spoiled(csr_pem("a.example")),
    ],
    ids=["text", "no-asn1", "other-signature"],
)
def test_what_is_no_csr_is_refused(csr: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    waiting = tenant.buy(fresh(), csr=ABSENT)

    assert tenant.place(fresh(), csr=csr).refuses("EMS-1098")
    assert tenant.submit_csr(waiting, csr).refuses("EMS-1098")


def test_23_the_same_csr_twice_is_ems_1099(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()
    first = tenant.buy(name)
    waiting = tenant.buy(fresh(), csr=ABSENT)

    assert tenant.place(name, csr=first.csr).refuses("EMS-1099")
    assert tenant.submit_csr(waiting, first.csr).refuses("EMS-1099")
    assert len(tenant.ledger()) == 2


def test_23_another_csr_of_the_same_key_is_another_csr(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§6.7: at least a new signature."""
    tenant, name, key = subscriber(), fresh(), new_key()
    tenant.issue(name, key=None, csr=csr_pem(name, key))

    assert has_key(tenant.leaf(tenant.issue(name, csr=csr_pem(name, key))), key)


def test_23_a_cancelled_order_has_used_its_csr(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)
    assert tenant.reject(order).is_success

    assert tenant.place(name, csr=order.csr).refuses("EMS-1099")


def test_23_a_refused_order_has_not_used_its_csr(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()
    csr = csr_pem(name)
    assert tenant.place(name, csr=csr, additionalInformation=ABSENT).refuses("EMS-918")

    assert tenant.place(name, csr=csr).is_success


@pytest.mark.parametrize("missing", [ABSENT, "", None], ids=["absent", "empty", "null"])
def test_an_order_waits_for_its_csr(missing: object, subscriber: NewSubscriber, fresh: NewName) -> None:
    """§6.8, §10.4."""
    tenant, name, key = subscriber(), fresh(), new_key()
    order = tenant.buy(name, csr=missing)
    assert tenant.verify(order, name).code in ("", "EMS-1080")
    assert tenant.standing(order) == ("2", "24")
    assert tenant.certificate(order).refuses("EMS-1010")

    told = tenant.submit_csr(order, csr_pem(name, key))

    assert told.is_success
    assert set(told.body) == {"meta"}
    tenant.becomes(order, "20")
    assert has_key(tenant.leaf(order), key)


def test_a_second_csr_replaces_the_first_until_it_is_issued(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name, key = subscriber(**PATIENT), fresh(), new_key()
    order, replacing = tenant.buy(name), csr_pem(name, key)

    assert tenant.submit_csr(order, replacing).is_success

    assert tenant.track(order)["csr"].strip() == replacing.strip()
    tenant.management.post("validate", ca="emsign", order_id=order.number)
    tenant.becomes(order, "20")
    assert has_key(tenant.leaf(order), key)


def test_an_issued_order_takes_no_csr(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()
    order = tenant.issue(name)
    leaf = tenant.leaf(order)

    assert not tenant.submit_csr(order, csr_pem(name)).is_success
    assert tenant.leaf(order) == leaf


def test_a_cancelled_order_takes_no_csr(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)
    assert tenant.reject(order).is_success

    assert not tenant.submit_csr(order, csr_pem(name)).is_success
    assert tenant.standing(order) == ("5", "13")


def test_a_csr_for_an_unknown_order_is_not_found(subscriber: NewSubscriber) -> None:
    assert subscriber().submit_csr("1111111111", csr_pem("a.example")).refuses("EMS-943")

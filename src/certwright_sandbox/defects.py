"""Certificates that are wrong in one named way, for clients that must notice.

Each answers the chain as PEM texts, leaf first, as a CA would show it; what is not the defect is as it
should be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from certwright_sandbox.ca import Authority, pem_of
from certwright_sandbox.leaf import Leaf, PrivateKey, leaf_builder, new_serial, subject_name

HTML_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n"


@dataclass(frozen=True)
class Case:
    """What the right certificate would be, and what a defect may draw on. `now` is in UTC."""

    leaf: Leaf
    issuer: Authority
    other_issuer: Authority
    csr: str
    sibling: str | None
    now: datetime


def _signed(case: Case, leaf: Leaf) -> list[str]:
    return [pem_of(case.issuer.sign(leaf)), *case.issuer.chain()]


def other_key(case: Case) -> list[str]:
    """The right names on a key that is not the CSR's."""
    return _signed(case, replace(case.leaf, public_key=_new_key().public_key()))


def sibling(case: Case) -> list[str]:
    """Another certificate of the same account; where there is none, one for another key."""
    return other_key(case) if case.sibling is None else [case.sibling, *case.issuer.chain()]


def missing_san(case: Case) -> list[str]:
    """Without the last name (and so without any SAN where there was one name)."""
    return _signed(case, replace(case.leaf, names=case.leaf.names[:-1]))


def extra_san(case: Case) -> list[str]:
    """With one more name below the first one."""
    return _signed(case, replace(case.leaf, names=(*case.leaf.names, f"extra.{_plain(case)}")))


def foreign_san(case: Case) -> list[str]:
    """With one more name of somebody else."""
    return _signed(case, replace(case.leaf, names=(*case.leaf.names, "stranger.test")))


def wildcard_san(case: Case) -> list[str]:
    """With the first name's wildcard in its place."""
    return _signed(case, replace(case.leaf, names=(f"*.{_plain(case)}", *case.leaf.names[1:])))


def cn_only(case: Case) -> list[str]:
    """The common name alone, no SAN extension."""
    return _signed(case, replace(case.leaf, names=()))


def expired(case: Case) -> list[str]:
    """Over since yesterday."""
    return _signed(case, _between(case, timedelta(days=-90), timedelta(days=-1)))


def future(case: Case) -> list[str]:
    """Not valid before next month."""
    return _signed(case, _between(case, timedelta(days=30), timedelta(days=120)))


def short(case: Case) -> list[str]:
    """Valid for one day only."""
    return _signed(case, _between(case, timedelta(hours=-1), timedelta(days=1)))


def too_long(case: Case) -> list[str]:
    """Valid for two and a half years, which no public CA may do."""
    return _signed(case, _between(case, timedelta(hours=-1), timedelta(days=900)))


def ca_true(case: Case) -> list[str]:
    """A leaf that may sign certificates."""
    return _signed(case, replace(case.leaf, ca_bit=True))


def self_signed(case: Case) -> list[str]:
    """The right key and names, issued by itself: issuer and subject are one, and no CA stands behind it."""
    builder = leaf_builder(case.leaf, new_serial(), subject_name(case.leaf))
    return [pem_of(builder.sign(_new_key(), hashes.SHA256()))]


def bad_signature(case: Case) -> list[str]:
    """The issuer's name over a signature by another key."""
    impostor = _impostor(case.issuer.certificate)
    return [pem_of(impostor.sign(case.leaf)), *case.issuer.chain()]


def wrong_chain(case: Case) -> list[str]:
    """The right leaf with the chain of another CA."""
    return [pem_of(case.issuer.sign(case.leaf)), *case.other_issuer.chain()]


def no_chain(case: Case) -> list[str]:
    """The right leaf and nothing else."""
    return [pem_of(case.issuer.sign(case.leaf))]


def precertificate(case: Case) -> list[str]:
    """The precertificate (RFC 6962 §3.1) in the certificate's place."""
    return _signed(case, replace(case.leaf, precertificate=True))


def csr(case: Case) -> list[str]:
    """The CSR, sent back."""
    return [case.csr, *case.issuer.chain()]


def private_key(case: Case) -> list[str]:
    """Somebody's private key in the certificate's place."""
    key = _new_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return [key.decode(), *case.issuer.chain()]


def html(case: Case) -> list[str]:
    """A sign-in page in the certificate's place."""
    return [HTML_PAGE, *case.issuer.chain()]


DEFECTS: dict[str, Callable[[Case], list[str]]] = {
    defect.__name__: defect
    for defect in (
        other_key,
        sibling,
        missing_san,
        extra_san,
        foreign_san,
        wildcard_san,
        cn_only,
        expired,
        future,
        short,
        too_long,
        ca_true,
        self_signed,
        bad_signature,
        wrong_chain,
        no_chain,
        precertificate,
        csr,
        private_key,
        html,
    )
}


def _plain(case: Case) -> str:
    return case.leaf.common_name.removeprefix("*.")


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _between(case: Case, start: timedelta, end: timedelta) -> Leaf:
    return replace(case.leaf, not_before=case.now + start, not_after=case.now + end)


def _impostor(pretended: x509.Certificate) -> Authority:
    """A CA of the pretended one's name with a key of its own, known to no root."""
    key: PrivateKey = _new_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(pretended.subject)
        .issuer_name(pretended.subject)
        .public_key(key.public_key())
        .serial_number(new_serial())
        .not_valid_before(pretended.not_valid_before_utc)
        .not_valid_after(pretended.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return Authority("impostor", certificate.sign(key, hashes.SHA256()), key, None)

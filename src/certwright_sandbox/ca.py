"""The sandbox's own PKI: roots, issuing CAs, and the CRLs they publish. Nobody's trust store knows it.

Every CA is made when it is first needed and kept by the state. The roots are valid from 2015 to 2050, so that a
test may move the clock to any day the CAs' documents speak of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from certwright_sandbox.leaf import (
    CRITICAL,
    HASHES,
    NOT_CRITICAL,
    Leaf,
    PrivateKey,
    key_usage,
    leaf_builder,
    new_serial,
)
from certwright_sandbox.state import Record, State

# Why a CA may revoke a leaf (BR §7.2.2); the last one no subscriber can ask for.
REVOCATION_REASONS = (
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)
NOT_BEFORE = datetime(2015, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2050, 1, 1, tzinfo=UTC)
CRL_LIFETIME = timedelta(days=7)  # BR §4.9.7: at most ten days for subscriber certificates
CRL_CLOCK_MARGIN = timedelta(hours=1)


@dataclass(frozen=True)
class Plan:
    """A CA to be made: short name, common name, the parent's short name (None: a root), kind of key.

    A root that is not `trusted` is kept out of the trust anchors.
    """

    name: str
    common_name: str
    parent: str | None
    key: str
    trusted: bool = True


# A name is part of URLs and of what tests ask for; a root comes before its children. The `server` CAs are a
# root, two cross-certificates under it (RSA and EC), and one issuing CA for each level of validation; the `hub` CAs are
# a root, a CA under it, and an issuing CA under each of the two for each level.
PLANS = (
    Plan("root-e1", "Certwright Sandbox Root E1", None, "ec"),
    Plan("root-r1", "Certwright Sandbox Root R1", None, "rsa"),
    Plan("root-p1", "Certwright Sandbox Private Root P1", None, "ec"),
    Plan("tls-e1", "Certwright Sandbox TLS Issuing CA E1", "root-e1", "ec"),
    Plan("tls-r1", "Certwright Sandbox TLS Issuing CA R1", "root-r1", "rsa"),
    Plan("policy-e2", "Certwright Sandbox Policy CA E2", "root-e1", "ec"),
    Plan("tls-e2", "Certwright Sandbox TLS Issuing CA E2", "policy-e2", "ec"),
    Plan("private-p1", "Certwright Sandbox Private TLS Issuing CA P1", "root-p1", "ec"),
    Plan("server-root", "Certwright Sandbox Trusted Root S1", None, "rsa"),
    Plan("server-r1", "Certwright Sandbox Public Server Root R1", "server-root", "rsa"),
    Plan("server-e1", "Certwright Sandbox Public Server Root E1", "server-root", "ec"),
    *(
        Plan(f"server-{level}-{kind}1", f"Certwright Sandbox Public Server CA {level.upper()} {kind.upper()}1", *under)
        for level in ("dv", "ov", "ev")
        for kind, under in (("r", ("server-r1", "rsa")), ("e", ("server-e1", "ec")))
    ),
    Plan("hub-root", "Certwright Sandbox Hub Root CA G1", None, "ec"),
    Plan("hub-tls", "Certwright Sandbox Hub Root TLS CA G1", "hub-root", "ec"),
    *(
        Plan(f"hub-{level}-{depth}", f"Certwright Sandbox Hub {level.upper()} TLS CA G{depth}", parent, "ec")
        for level in ("dv", "ov", "ev")
        for depth, parent in ((2, "hub-root"), (3, "hub-tls"))
    ),
    Plan("untrusted-root", "Certwright Sandbox Untrusted Test Root U1", None, "ec", trusted=False),
    Plan("untrusted-e1", "Certwright Sandbox Untrusted Test CA E1", "untrusted-root", "ec"),
    Plan("door-root", "Certwright Sandbox Door Root D1", None, "ec", trusted=False),
    Plan("door-e1", "Certwright Sandbox Door CA E1", "door-root", "ec"),
)


@dataclass(eq=False, slots=True)
class StoredCA(Record):
    """A CA's certificate and private key as PEM; `id` is its short name."""

    certificate: str
    private_key: str


@dataclass(eq=False, slots=True)
class Publishing(Record):
    """What certificates name beside their CRL: an OCSP responder or, as many public CAs do now, none."""

    ocsp: bool = False


@dataclass(frozen=True)
class Revocation:
    """A revoked serial, when (UTC) and why (a CRL reason's name, RFC 5280 §5.3.1)."""

    serial: int
    at: datetime
    reason: str


class Authority:
    """One CA of the hierarchy, able to sign."""

    def __init__(self, name: str, certificate: x509.Certificate, key: PrivateKey, parent: Authority | None) -> None:
        """`parent` is None for a root."""
        self.name = name
        self.certificate = certificate
        self.parent = parent
        self.pem = pem_of(certificate)
        self.common_name = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        self._key = key
        self._identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        self._crl_address: x509.CRLDistributionPoints | None = None
        self._ocsp_address: x509.AuthorityInformationAccess | None = None

    def publish_at(self, url: str, *, with_ocsp: bool) -> None:
        """Name the CRL's address in every leaf from now on, and the OCSP responder's where that is wanted.

        `url` is the CA door's.
        """
        point = x509.DistributionPoint([_address(f"{url}/crl/{self.name}.crl")], None, None, None)
        self._crl_address = x509.CRLDistributionPoints([point])
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, _address(f"{url}/ocsp/{self.name}"))
        self._ocsp_address = x509.AuthorityInformationAccess([access]) if with_ocsp else None

    def sign(self, leaf: Leaf, serial: int | None = None) -> x509.Certificate:
        """Issue the leaf; a fresh serial unless one is given.

        One with a given serial is a leaf of the past, signed when somebody looks, and maybe again: it names no OCSP
        responder, so that the switch for that does not change it.
        """
        builder = leaf_builder(leaf, serial or new_serial(), self.certificate.subject)
        builder = builder.add_extension(self._identifier, NOT_CRITICAL)
        if self._crl_address is not None:
            builder = builder.add_extension(self._crl_address, NOT_CRITICAL)
        if self._ocsp_address is not None and serial is None:
            builder = builder.add_extension(self._ocsp_address, NOT_CRITICAL)
        # RFC 6979: the same leaf with the same serial is the same bytes, whenever it is signed.
        is_ec = isinstance(self._key, ec.EllipticCurvePrivateKey)
        return builder.sign(self._key, HASHES[leaf.hash_name], ecdsa_deterministic=True if is_ec else None)

    def sign_ocsp(self, builder: ocsp.OCSPResponseBuilder) -> ocsp.OCSPResponse:
        """Sign an OCSP response that names this CA as its responder."""
        return builder.sign(self._key, hashes.SHA256())

    def sign_ca(self, common_name: str, key: PrivateKey) -> x509.Certificate:
        """Issue a CA certificate for `key`."""
        return _ca_certificate(common_name, key, self.certificate.subject, self._key)

    def chain(self) -> list[str]:
        """The PEM of this CA and of all above it, the root last."""
        return [self.pem] + (self.parent.chain() if self.parent is not None else [])

    def crl(self, revoked: Iterable[Revocation], now: datetime) -> bytes:
        """A CRL (DER) that lists `revoked`, as of `now`."""
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=self.certificate.subject,
            last_update=now - CRL_CLOCK_MARGIN,
            next_update=now + CRL_LIFETIME,
        ).add_extension(self._identifier, NOT_CRITICAL)
        builder = builder.add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), NOT_CRITICAL)
        for entry in revoked:
            builder = builder.add_revoked_certificate(_crl_entry(entry))
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


class Hierarchy:
    """Every CA of the sandbox by its short name."""

    def __init__(self, state: State) -> None:
        """Go on with the CAs that the state holds."""
        self._stored = state.table("ca", StoredCA)
        self._plans = {plan.name: plan for plan in PLANS}
        self._authorities: dict[str, Authority] = {}
        self._url = ""
        publishing = state.table("publishing", Publishing)
        self.publishing = publishing.get("publishing") or publishing.add(Publishing("publishing"))

    def __getitem__(self, name: str) -> Authority:
        """The CA of this short name, made now if nobody has needed it yet. Raises KeyError."""
        if name not in self._authorities:
            self._authorities[name] = self._open(self._plans[name])
        return self._authorities[name]

    def all(self) -> list[Authority]:
        """Every CA, roots first."""
        return [self[plan.name] for plan in PLANS]

    def roots(self) -> str:
        """The trust anchors as one PEM text."""
        return "".join(self[plan.name].pem for plan in PLANS if plan.parent is None and plan.trusted)

    def publish_at(self, url: str) -> None:
        """Tell every CA where its CRL and its OCSP responder will be found: the CA door's URL."""
        self._url = url
        for authority in self._authorities.values():
            authority.publish_at(url, with_ocsp=self.publishing.ocsp)

    def name_ocsp(self, *, wanted: bool) -> None:
        """Whether certificates issued from now on name an OCSP responder."""
        self.publishing.ocsp = wanted
        self.publish_at(self._url)

    def _open(self, plan: Plan) -> Authority:
        parent = self[plan.parent] if plan.parent else None
        stored = self._stored.get(plan.name) or self._stored.add(_make(plan, parent))
        certificate = x509.load_pem_x509_certificate(stored.certificate.encode())
        key = serialization.load_pem_private_key(stored.private_key.encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
        authority = Authority(plan.name, certificate, key, parent)
        if self._url:
            authority.publish_at(self._url, with_ocsp=self.publishing.ocsp)
        return authority


def pem_of(certificate: x509.Certificate) -> str:
    """The certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _address(url: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(url)


def _make(plan: Plan, parent: Authority | None) -> StoredCA:
    key: PrivateKey
    if plan.key == "ec":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if parent is None:
        name = _ca_name(plan.common_name)
        certificate = _ca_certificate(plan.common_name, key, name, key)
    else:
        certificate = parent.sign_ca(plan.common_name, key)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return StoredCA(plan.name, pem_of(certificate), private.decode())


def _ca_name(common_name: str) -> x509.Name:
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Certwright Sandbox, not a real CA")
    return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _ca_certificate(
    common_name: str, key: PrivateKey, issuer_name: x509.Name, issuer_key: PrivateKey
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_ca_name(common_name))
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(new_serial())
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), CRITICAL)
        .add_extension(key_usage(signs_certificates=True), CRITICAL)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), NOT_CRITICAL)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), NOT_CRITICAL)
        .sign(issuer_key, hashes.SHA256())
    )


def _crl_entry(entry: Revocation) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder().serial_number(entry.serial).revocation_date(entry.at.replace(tzinfo=None))
    )
    if entry.reason != "unspecified":  # RFC 5280 §5.3.1: unspecified is said by saying nothing
        reason = x509.CRLReason(x509.ReasonFlags(entry.reason))
        builder = builder.add_extension(reason, NOT_CRITICAL)
    return builder.build()

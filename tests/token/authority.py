"""A small CA for these tests: root → intermediate → leaf, so that a real chain is stored and served."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

NAME = "shop.meadow.example"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, public: object) -> x509.CertificateBuilder:
    now = datetime.now(UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
    )


@dataclass
class Authority:
    """Root and intermediate with their keys."""

    root: x509.Certificate
    intermediate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls) -> Authority:
        """Make a fresh root and intermediate."""
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca = x509.BasicConstraints(ca=True, path_length=None)
        root = _builder(_name("Test Root"), _name("Test Root"), root_key.public_key())
        signed_root = root.add_extension(ca, critical=True).sign(root_key, hashes.SHA256())
        intermediate = _builder(_name("Test Intermediate"), _name("Test Root"), key.public_key())
        return cls(signed_root, intermediate.add_extension(ca, critical=True).sign(root_key, hashes.SHA256()), key)

    def issue(self, public: object, name: str = NAME) -> bytes:
        """Return a leaf for a public key, DER."""
        builder = _builder(_name(name), self.intermediate.subject, public)
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        return builder.add_extension(names, critical=False).sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    @property
    def cas(self) -> list[bytes]:
        """The intermediate, DER: what a CA sends with a leaf."""
        return [self.intermediate.public_bytes(Encoding.DER)]

    @property
    def root_pem(self) -> bytes:
        """The trust anchor, PEM."""
        return self.root.public_bytes(Encoding.PEM)


def pem(ders: list[bytes]) -> bytes:
    """A chain as PEM, in the order given."""
    return b"".join(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM) for der in ders)

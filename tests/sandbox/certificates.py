"""Keys, CSRs, certificates and CRLs as the tests see them: through `cryptography` and `openssl`."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.x509.oid import ExtensionOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

PEM_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A new P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """An RSA key of so many bits, made once for all tests of a process."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def csr_pem(common_name: str, key: PrivateKey | None = None, names: Iterable[str] = ()) -> str:
    """A PEM CSR for `common_name`, with the SANs of `names`, signed by `key` (a new P-256 key if none)."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    sans = [x509.DNSName(name) for name in names]
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), critical=False)
    csr = builder.sign(key or new_key(), hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def self_signed(path: Path) -> Path:
    """Write a key and a self-signed certificate for `localhost` as PEM, for a server nobody judges."""
    key, name = new_key(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def certificates_in(pem: str | bytes) -> list[x509.Certificate]:
    """Every PEM certificate of a text, in its order."""
    raw = pem.encode() if isinstance(pem, str) else pem
    return [x509.load_pem_x509_certificate(block) for block in PEM_CERTIFICATE.findall(raw)]


def certificates_in_zip(content: bytes) -> list[x509.Certificate]:
    """Every PEM certificate of every member of a ZIP."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [found for member in archive.namelist() for found in certificates_in(archive.read(member))]


def spki(key: PublicKeyTypes) -> bytes:
    """The DER SubjectPublicKeyInfo of a public key."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def has_key(certificate: x509.Certificate, key: PrivateKey) -> bool:
    """Whether the certificate is for this key."""
    return spki(certificate.public_key()) == spki(key.public_key())


def names_of(certificate: x509.Certificate) -> set[str]:
    """The DNS names of the SAN extension; empty without the extension."""
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return set()
    value = extension.value
    assert isinstance(value, x509.SubjectAlternativeName)
    return set(value.get_values_for_type(x509.DNSName))


def is_self_issued(certificate: x509.Certificate) -> bool:
    """Whether issuer and subject are one, as in a root."""
    return certificate.issuer == certificate.subject


def lifetime_days(certificate: x509.Certificate) -> float:
    """The lifetime in days."""
    return (certificate.not_valid_after_utc - certificate.not_valid_before_utc).total_seconds() / 86400


def serial_text(certificate: x509.Certificate) -> str:
    """The serial as this CA writes it: upper-case hex, whole bytes, no separators."""
    text = f"{certificate.serial_number:X}"
    return text if len(text) % 2 == 0 else "0" + text


def openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run openssl, the judge that shares no code with either side."""
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)


def write_pem(path: Path, certificates: Iterable[x509.Certificate]) -> str:
    """Write certificates as PEM and answer the file's path."""
    path.write_bytes(b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates))
    return str(path)

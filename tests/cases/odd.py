"""Certificates as no sane CA issues them: any subject, serial, dates, key and extensions; SCTs; bytes changed after.

Beside ``authority``, which builds sane ones. The signature is by the given CA, so a chain of them holds together.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from certwright.pki import certificate
from certwright.pki.certificate import Certificate
from tests.cases.authority import NOW, SERVER, Authority, Extra

_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def issue(
    by: Authority,
    *,
    names: Sequence[str] = ("shop.meadow.example",),
    subject: Sequence[tuple[x509.ObjectIdentifier, str]] = (),
    serial: int | None = None,
    key: Any = None,
    usages: Sequence[x509.ObjectIdentifier] | None = SERVER,
    not_before: datetime = NOW - timedelta(hours=1),
    not_after: datetime = NOW + timedelta(days=180),
    extra: Sequence[Extra] = (),
    issuer: x509.Name | None = None,
) -> Certificate:
    """A leaf with exactly what is given; ``key`` is a public or private one, ``issuer`` another name than the CA's."""
    key = key or by.key
    public = key.public_key() if hasattr(key, "public_key") else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oid, value) for oid, value in subject]))
        .issuer_name(issuer or by.certificate.parsed.subject)
        .public_key(public)
        .serial_number(serial or secrets.randbits(127) | 1 << 127)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    if names:
        san = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(san, critical=False)
    if usages is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    return _finished(builder.sign(by.key, hashes.SHA256()))


def sound(by: Authority, *, names: Sequence[str], policy: str, key: Any = None, **more: Any) -> Certificate:
    """A leaf after the profile of the Baseline Requirements (7.1.2.7), with that certificate policy."""
    extra: list[Extra] = [
        (_key_usage(), True),
        (x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(policy), None)]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), False),
        (x509.AuthorityInformationAccess([_access(AuthorityInformationAccessOID.CA_ISSUERS, "ca.crt")]), False),
        (x509.CRLDistributionPoints([x509.DistributionPoint([_uri("ca.crl")], None, None, None)]), False),
        scts(b"a", b"b", b"c"),
    ]
    # No subject, so the SANs are critical (RFC 5280 §4.2.1.6).
    san = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    return issue(by, names=(), key=key, extra=[(san, True), *extra], **more)


def scts(*logs: bytes, at: datetime = NOW) -> Extra:
    """An extension with one SCT of each log, whose ids these single bytes tell apart (RFC 6962 §3.2, §3.3)."""
    return scts_at(*((log, int(at.timestamp() * 1000)) for log in logs))


def scts_at(*seen: tuple[bytes, int]) -> Extra:
    """The same, with the time of each in milliseconds since 1970, however far off."""
    entries = b"".join(_with_length(_sct(log, milliseconds)) for log, milliseconds in seen)
    value = _with_length(entries)
    return x509.UnrecognizedExtension(_SCT_LIST, b"\x04" + _der_length(len(value)) + value), False


def signed_with(whole: Certificate, algorithm: str) -> Certificate:
    """The certificate of an RSA CA as if signed with ``sha1`` or ``md5``, which our library no longer does."""
    sha256 = bytes.fromhex("2a864886f70d01010b")
    instead = {"sha1": bytes.fromhex("2a864886f70d010105"), "md5": bytes.fromhex("2a864886f70d010104")}[algorithm]
    assert whole.der.count(sha256) == 2
    return certificate.from_der(whole.der.replace(sha256, instead))


def changed(whole: Certificate, old: bytes, new: bytes) -> Certificate:
    """The certificate with some of its bytes changed after it was signed; as many as before."""
    assert whole.der.count(old) == 1, "the bytes to change must occur once"
    assert len(old) == len(new)
    return certificate.from_der(whole.der.replace(old, new))


def with_serial(by: Authority, serial: bytes) -> Certificate:
    """A certificate whose serial is these octets of an INTEGER, 16 of them, for what no builder takes."""
    placeholder = bytes([0x5A]) * len(serial)
    whole = issue(by, serial=int.from_bytes(placeholder, "big"))
    return changed(whole, placeholder, serial)


def with_serial_zero(by: Authority) -> Certificate:
    """The one serial that is short by nature; the two INTEGERs are the version and the serial."""
    return changed(issue(by, serial=1), b"\x02\x01\x02\x02\x01\x01", b"\x02\x01\x02\x02\x01\x00")


def name(common_name: str, organization: str = "") -> x509.Name:
    """An issuer's or subject's name."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def day(year: int, month: int, of_month: int) -> datetime:
    """The first moment of a day, UTC."""
    return datetime(year, month, of_month, tzinfo=UTC)


def _key_usage() -> x509.KeyUsage:
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign")
    return x509.KeyUsage(
        digital_signature=True, crl_sign=False, encipher_only=False, decipher_only=False, **dict.fromkeys(others, False)
    )


def _access(method: x509.ObjectIdentifier, file: str) -> x509.AccessDescription:
    return x509.AccessDescription(method, _uri(file))


def _uri(file: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(f"http://pki.meadow.com/{file}")


def _sct(log: bytes, milliseconds: int) -> bytes:
    return b"\x00" + log * 32 + milliseconds.to_bytes(8, "big") + b"\x00\x00" + b"\x04\x03" + _with_length(b"\x30\x00")


def _der_length(length: int) -> bytes:
    if length < 128:
        return bytes([length])
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([128 + len(octets)]) + octets


def _with_length(value: bytes) -> bytes:
    return len(value).to_bytes(2, "big") + value


def _finished(signed: x509.Certificate) -> Certificate:
    return certificate.from_der(signed.public_bytes(serialization.Encoding.DER))

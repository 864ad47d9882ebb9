"""CRLs and OCSP answers for tests: sane defaults, so that a case builds only its oddity. The present is NOW."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from certwright.pki.certificate import Certificate
from tests.cases.authority import NOW, Authority, Extra

DER = serialization.Encoding.DER
MADE = NOW - timedelta(hours=1)
DUE = NOW + timedelta(days=7)
WHEN = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_SIGNS_OCSP = (x509.ExtendedKeyUsageOID.OCSP_SIGNING,)


def entry(serial: int, *extensions: Extra) -> x509.RevokedCertificate:
    """What a CRL says of one certificate: revoked WHEN."""
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(WHEN)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.build()


def because(reason: x509.ReasonFlags) -> Extra:
    """The extension of an entry with the reason."""
    return x509.CRLReason(reason), False


def crl(
    authority: Authority,
    *listed: int | x509.RevokedCertificate,
    key: Any = None,
    made: datetime = MADE,
    due: datetime = DUE,
    extra: Sequence[Extra] = (),
    **signing: Any,
) -> bytes:
    """The authority's CRL in DER; ``key`` signs in place of its own."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.certificate.parsed.subject)
    builder = builder.last_update(made).next_update(due)
    for each in listed:
        builder = builder.add_revoked_certificate(entry(each) if isinstance(each, int) else each)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key or authority.key, **{"algorithm": hashes.SHA256(), **signing}).public_bytes(DER)


def scope(url: str | None = None, **oddity: Any) -> Extra:
    """The extension that says what a CRL is about (RFC 5280 §5.2.5)."""
    kinds = dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"), False
    )
    names = None if url is None else [x509.UniformResourceIdentifier(url)]
    parts = {"full_name": names, "relative_name": None, "only_some_reasons": None, **kinds, **oddity}
    return x509.IssuingDistributionPoint(**parts), True


def element(tag: int, *contents: bytes) -> bytes:
    """One element of DER."""
    content = b"".join(contents)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def long_crl(authority: Authority, serials: Iterable[int], *, due: datetime | None = DUE) -> bytes:
    """A CRL with many entries, or without a nextUpdate, which the library's builder is too slow or too good for."""
    revoked = _time(WHEN) + bytes.fromhex("300c300a0603551d1504030a0101")  # keyCompromise
    entries = b"".join(element(0x30, element(2, _integer(serial)), revoked) for serial in serials)
    signed = element(
        0x30,
        element(2, b"\x01"),
        _ECDSA_SHA256,
        authority.certificate.subject_der,
        _time(MADE),
        _time(due) if due else b"",
        element(0x30, entries),
    )
    assert isinstance(authority.key, ec.EllipticCurvePrivateKey)
    signature = authority.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    return element(0x30, signed, _ECDSA_SHA256, element(3, b"\x00", signature))


def _integer(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _time(moment: datetime) -> bytes:
    return element(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def responder(authority: Authority, usages: Any = _SIGNS_OCSP, **oddity: Any) -> Authority:
    """Somebody whom the authority has appointed to answer for it."""
    key = oddity.pop("key", None) or ec.generate_private_key(ec.SECP256R1())
    return Authority(authority.issue(common_name="Meadow Responder", key=key, usages=usages, sans=[], **oddity), key)


def answer(
    authority: Authority,
    leaf: Certificate,
    *,
    by: Authority | None = None,
    revoked: x509.ReasonFlags | None = None,
    standing: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    made: datetime = MADE,
    due: datetime | None = DUE,
    named: ocsp.OCSPResponderEncoding = ocsp.OCSPResponderEncoding.HASH,
    sent: Sequence[Certificate] | None = None,
    extra: Sequence[Extra] = (),
    hashed: hashes.HashAlgorithm | None = None,
    signed_with: hashes.HashAlgorithm | None = hashes.SHA256(),  # noqa: B008
) -> bytes:
    """What a responder says of the leaf, signed by the authority or by another, which is then sent along."""
    signer = by or authority
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=leaf.parsed,
        issuer=authority.certificate.parsed,
        algorithm=hashed or hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else standing,
        this_update=made,
        next_update=due,
        revocation_time=WHEN if revoked else None,
        revocation_reason=revoked,
    )
    builder = builder.responder_id(named, signer.certificate.parsed)
    along = [signer.certificate] * (by is not None) if sent is None else sent
    if along:
        builder = builder.certificates([each.parsed for each in along])
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer.key, signed_with).public_bytes(DER)

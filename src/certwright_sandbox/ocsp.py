"""OCSP responses (RFC 6960): what an authority itself says of one of its certificates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from certwright_sandbox.ca import Authority, Revocation

LIFETIME = timedelta(days=1)
DER = serialization.Encoding.DER


def _failure(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(DER)


MALFORMED = _failure(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
UNAUTHORIZED = _failure(ocsp.OCSPResponseStatus.UNAUTHORIZED)


@dataclass(frozen=True)
class Standing:
    """How a serial stands: one that was never issued is unknown (BR §4.9.10), one without a revocation is good."""

    is_issued: bool
    revocation: Revocation | None


def response_to(asked: ocsp.OCSPRequest, authority: Authority, standing: Standing, now: datetime) -> bytes:
    """The response (DER), signed by the authority itself; `unauthorized` (RFC 6960 §2.3) for another's certificate."""
    if not _is_issuer(asked, authority):
        return UNAUTHORIZED
    revocation = standing.revocation
    status = ocsp.OCSPCertStatus.GOOD if standing.is_issued else ocsp.OCSPCertStatus.UNKNOWN
    reason = None
    if revocation is not None:
        status = ocsp.OCSPCertStatus.REVOKED
        reason = None if revocation.reason == "unspecified" else x509.ReasonFlags(revocation.reason)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            asked.issuer_name_hash,
            asked.issuer_key_hash,
            asked.serial_number,
            asked.hash_algorithm,
            status,
            now,
            now + LIFETIME,
            revocation.at if revocation is not None else None,
            reason,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, authority.certificate)
    )
    for extension in asked.extensions:
        if isinstance(extension.value, x509.OCSPNonce):  # RFC 6960 §4.4.1: sent back as it came
            builder = builder.add_extension(extension.value, critical=False)
    return authority.sign_ocsp(builder).public_bytes(DER)


def _is_issuer(asked: ocsp.OCSPRequest, authority: Authority) -> bool:
    """Whether the certificate asked about is the authority's, by the hashes of its name and key (RFC 6960 §4.1.1)."""
    name = authority.certificate.subject.public_bytes()
    return (asked.issuer_name_hash, asked.issuer_key_hash) == (
        _digest(asked.hash_algorithm, name),
        _digest(asked.hash_algorithm, _key_bits(authority.certificate)),
    )


def _key_bits(certificate: x509.Certificate) -> bytes:
    """The subjectPublicKey bit string, without its algorithm."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return key.public_bytes(DER, serialization.PublicFormat.PKCS1)


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()

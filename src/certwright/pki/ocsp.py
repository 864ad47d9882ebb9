"""OCSP: the question to a responder and the judgement of its answer (RFC 6960, in the profile of RFC 5019).

Bytes in, values out; nothing is sent. An answer counts when it is about the certificate that was asked for, current,
and signed by the issuer or by a responder that the issuer has appointed. Whether that responder's own certificate is
revoked is not asked: public CAs mark it as not to be asked (BR 4.9.9).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from certwright.pki import certificate as certificates
from certwright.pki import chain
from certwright.pki.certificate import Certificate
from certwright.pki.crl import SOUND_HASHES, TOLERANCE, UNREADABLE, Revoked
from certwright.pki.errors import Invalid

MAXIMUM_SIZE = 64 * 1024  # bytes of an answer; usual ones have one or two thousand
MAXIMUM_AGE = timedelta(days=1)  # of an answer that does not say when the next one is due
REQUEST_TYPE = "application/ocsp-request"  # RFC 6960 §A.1
_SIGNS_OCSP = ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string


class Standing(StrEnum):
    """What is known of a certificate's revocation."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a responder says of one certificate, as of ``this_update`` (aware UTC).

    ``revoked`` is there with the standing of that name; ``UNKNOWN`` is that the responder does not know it.
    """

    standing: Standing
    this_update: datetime
    revoked: Revoked | None = None


def request(serial: int, issuer: Certificate, *, nonce: bytes = b"") -> bytes:
    """The DER of a question about the certificate of that serial; names are hashed with SHA-1 (RFC 5019 §2.1.1).

    With ``nonce`` (RFC 9654: 32 random bytes), an answer that was made before can be told, from responders that
    make each answer anew; public ones seldom do. Raises Invalid for an issuer with a key of an unknown kind.
    """
    name, key = _hashes(issuer)
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name, key, serial, hashes.SHA1())  # noqa: S303
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(serialization.Encoding.DER)


def read(data: bytes, serial: int, issuer: Certificate, at: datetime, *, nonce: bytes = b"") -> Answer:
    """What the answer says of that serial of the issuer at that time (aware), given the nonce of the question.

    An answer without a nonce is taken, one with another is not. Raises Invalid when it cannot be read, was refused by
    the responder, is larger than MAXIMUM_SIZE, is about something else, is not current or not signed by whom it must.
    """
    if len(data) > MAXIMUM_SIZE:
        raise Invalid(f"The OCSP response is larger than {MAXIMUM_SIZE // 1024} KiB.")
    try:
        response = ocsp.load_der_ocsp_response(data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise Invalid(f"The OCSP responder answers {response.response_status.name.lower()}.")
        said = _about(response, serial, issuer)
        _check_extensions(response, nonce)
        _check_current(said, at)
        _check_signed(response, issuer, at)
        return _answer(said)
    except UNREADABLE as problem:
        if isinstance(problem, Invalid):
            raise
        raise Invalid("The bytes are not an OCSP response that can be read.") from None


def _about(response: ocsp.OCSPResponse, serial: int, issuer: Certificate) -> ocsp.OCSPSingleResponse:
    """The part about this certificate; there may be others beside it (RFC 5019 §2.2.1)."""
    wanted = (*_hashes(issuer), serial)
    for said in response.responses:
        if (said.issuer_name_hash, said.issuer_key_hash, said.serial_number) == wanted:
            return said
    raise Invalid("The OCSP response is about another certificate.")


def _check_extensions(response: ocsp.OCSPResponse, nonce: bytes) -> None:
    for extension in response.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            if nonce and extension.value.nonce != nonce:
                raise Invalid("The OCSP response answers another question (its nonce is another).")
        elif extension.critical:
            name = extension.oid.dotted_string
            raise Invalid(f"The OCSP response has a critical extension that is not understood: {name}.")


def _check_current(said: ocsp.OCSPSingleResponse, at: datetime) -> None:
    """RFC 6960 §4.2.2.1."""
    if said.this_update_utc > at + TOLERANCE:
        raise Invalid(f"The OCSP response is of {said.this_update_utc:%Y-%m-%d %H:%M} UTC, which is yet to come.")
    end = said.next_update_utc or said.this_update_utc + MAXIMUM_AGE
    if end + TOLERANCE < at:
        raise Invalid(f"The OCSP response is out of date: it was good until {end:%Y-%m-%d %H:%M} UTC.")


def _check_signed(response: ocsp.OCSPResponse, issuer: Certificate, at: datetime) -> None:
    used = response.signature_hash_algorithm
    if used is not None and used.name not in SOUND_HASHES:  # EdDSA has none of its own
        raise Invalid(f"The OCSP response is signed with {used.name}.")
    if not any(_signed(response, signer) for signer in _signers(response, issuer, at)):
        raise Invalid("The OCSP response is signed neither by the issuer nor by a responder that it appointed.")


def _signers(response: ocsp.OCSPResponse, issuer: Certificate, at: datetime) -> Iterator[Certificate]:
    """Who of those that may sign is the responder that the answer names (RFC 6960 §4.2.2.2)."""
    if _is_named(response, issuer):
        yield issuer
    for sent in response.certificates:
        appointed = certificates.from_der(sent.public_bytes(serialization.Encoding.DER))
        if _is_named(response, appointed) and _may_answer(appointed, issuer, at):
            yield appointed


def _may_answer(appointed: Certificate, issuer: Certificate, at: datetime) -> bool:
    return (
        _SIGNS_OCSP in appointed.extended_key_usage
        and appointed.not_before - TOLERANCE <= at <= appointed.not_after + TOLERANCE
        and appointed.signature_hash in (*SOUND_HASHES, "")
        and chain.signed_by(appointed, issuer)
    )


def _is_named(response: ocsp.OCSPResponse, signer: Certificate) -> bool:
    """By the SHA-1 of its key or by its name, whichever the answer has."""
    if response.responder_name is not None:
        return response.responder_name == signer.parsed.subject
    return response.responder_key_hash == _hashes(signer)[1]


def _signed(response: ocsp.OCSPResponse, signer: Certificate) -> bool:
    key, used = signer.public_key, response.signature_hash_algorithm
    signature, signed = response.signature, response.tbs_response_bytes
    try:
        if isinstance(key, rsa.RSAPublicKey) and used is not None:
            key.verify(signature, signed, padding.PKCS1v15(), used)
        elif isinstance(key, ec.EllipticCurvePublicKey) and used is not None:
            key.verify(signature, signed, ec.ECDSA(used))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) and used is None:
            key.verify(signature, signed)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _answer(said: ocsp.OCSPSingleResponse) -> Answer:
    standing = Standing(said.certificate_status.name.lower())
    if standing is not Standing.REVOKED or said.revocation_time_utc is None:
        return Answer(standing, said.this_update_utc)
    reason = said.revocation_reason or x509.ReasonFlags.unspecified
    return Answer(standing, said.this_update_utc, Revoked(said.revocation_time_utc, reason.value))


def _hashes(issuer: Certificate) -> tuple[bytes, bytes]:
    """The SHA-1 of the name and of the key: what names an issuer here, and proves nothing (RFC 6960 §4.1.1)."""
    name = hashlib.sha1(issuer.subject_der, usedforsecurity=False).digest()
    return name, x509.SubjectKeyIdentifier.from_public_key(issuer.public_key).digest  # type: ignore[arg-type]

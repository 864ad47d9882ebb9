"""Certificates beside their keys in the token.

The leaf carries its key's CKA_ID: that is how consumers pair them. CA certificates carry an id of their own,
because an id shared with a key pairs the wrong things, and are stored once however many leaves need them.
PKCS#11 has no transactions, so every step looks first and can be repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import Attribute, CertificateType, ObjectClass, Session

from certwright.keys.pkcs11 import objects
from certwright.keys.pkcs11.attributes import template
from certwright.keys.pkcs11.module import Login
from certwright.keys.pkcs11.profile import TokenProfile
from certwright.model.errors import NotFound, Refused, Unavailable
from certwright.pki.keys import same_key

LONGEST_CHAIN = 10
"""Certificates; a bound for following issuers, far above any real chain."""


def store_chain(
    login: Login, profile: TokenProfile, cka_id: bytes, leaf: bytes, cas: Sequence[bytes], label: str
) -> None:
    """Write a leaf and its CA certificates (DER) into the token; repeatable at any point.

    A leaf already stored for the same key is removed once the new one is read back, so the pair is never
    missing. Raises Refused when the leaf does not fit the key, a certificate is too large, or the profile
    says the token stores none; NotFound without the key; the binding's errors.
    """
    _check_sizes(profile, [leaf, *cas])
    _check_fit(login, cka_id, leaf)
    for der in cas:
        if not _by_value(login.session, der):
            _create(login.session, profile, der, _own_id(profile, der), _common_name(der))
    before = objects.certificates(login.session, cka_id)
    if not any(_value(item) == leaf for item in before):
        _create(login.session, profile, leaf, cka_id, label)
    _read_back(login.session, cka_id, leaf, cas)
    for item in before:
        if _value(item) != leaf:
            item.destroy()


def stored_chain(login: Login, cka_id: bytes) -> list[bytes]:
    """Return the DER of the leaf with this CKA_ID, then of its issuers as far as the token holds them.

    Raises NotFound without a leaf, Refused when several leaves share the id, the binding's errors.
    """
    leaves = objects.certificates(login.session, cka_id)
    if not leaves:
        raise NotFound(f"The token has no certificate with CKA_ID {cka_id.hex()}.")
    if len(leaves) > 1:
        raise Refused(f"{len(leaves)} certificates share CKA_ID {cka_id.hex()}.", advice="Store the chain again.")
    chain = [x509.load_der_x509_certificate(_value(leaves[0]))]
    while len(chain) < LONGEST_CHAIN and (issuer := _issuer(login.session, chain[-1])) is not None:
        chain.append(issuer)
    return [certificate.public_bytes(Encoding.DER) for certificate in chain]


def remove_leaf(login: Login, cka_id: bytes) -> None:
    """Destroy the certificates with a key's CKA_ID. CA certificates stay: other leaves may need them."""
    for item in objects.certificates(login.session, cka_id):
        item.destroy()


def _check_sizes(profile: TokenProfile, ders: Sequence[bytes]) -> None:
    if not profile.store_certificates:
        raise Refused("By its profile this token stores no certificates.", advice="Use the chain file instead.")
    if any(len(der) > profile.largest_certificate for der in ders):
        raise Refused(f"A certificate is larger than the {profile.largest_certificate} bytes that the token takes.")


def _check_fit(login: Login, cka_id: bytes, leaf: bytes) -> None:
    public = objects.the_public_key(login, cka_id)
    if not same_key(public, objects.public_key_of_certificate(leaf)):
        raise Refused("The certificate is for another key than the token's; it was not stored.")


def certificate_template(
    profile: TokenProfile, der: bytes, cka_id: bytes, label: str, *, stored: bool = True
) -> dict[Attribute, Any]:
    """What creates one certificate object (PKCS #11 v2.40, 4.6.3); ``stored`` false: for this session.

    CKA_TRUSTED belongs to the security officer and is never set.
    """
    certificate = x509.load_der_x509_certificate(der)
    wanted = {
        Attribute.CLASS: ObjectClass.CERTIFICATE,
        Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
        Attribute.TOKEN: stored,
        Attribute.PRIVATE: False,
        Attribute.ID: cka_id,
        Attribute.LABEL: label,
        Attribute.SUBJECT: certificate.subject.public_bytes(),
        Attribute.ISSUER: certificate.issuer.public_bytes(),
        Attribute.SERIAL_NUMBER: _der_integer(certificate.serial_number),
        Attribute.VALUE: der,
    }
    return template(wanted, profile.certificate_template_add, profile.certificate_template_omit)


def _create(session: Session, profile: TokenProfile, der: bytes, cka_id: bytes, label: str) -> None:
    session.create_object(certificate_template(profile, der, cka_id, label))


def _read_back(session: Session, cka_id: bytes, leaf: bytes, cas: Sequence[bytes]) -> None:
    linked = any(_value(item) == leaf for item in objects.certificates(session, cka_id))
    if not linked or not all(_by_value(session, der) for der in cas):
        raise Unavailable("The token took the certificates but does not give them back.", advice="It is tried again.")


def _by_value(session: Session, der: bytes) -> list[Any]:
    return objects.search(session, ObjectClass.CERTIFICATE, VALUE=der)


def _value(item: Any) -> bytes:
    return bytes(item[Attribute.VALUE])


def _issuer(session: Session, certificate: x509.Certificate) -> x509.Certificate | None:
    """Return the stored issuer of ``certificate``; None for a root, or when it is not there."""
    if certificate.issuer == certificate.subject:
        return None
    for item in objects.search(session, ObjectClass.CERTIFICATE, SUBJECT=certificate.issuer.public_bytes()):
        candidate = x509.load_der_x509_certificate(_value(item))
        try:
            certificate.verify_directly_issued_by(candidate)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            continue
        return candidate
    return None


def _own_id(profile: TokenProfile, der: bytes) -> bytes:
    """An id for a CA certificate: the same each time, and no key's."""
    return hashlib.sha256(der).digest()[: profile.id_length]


def _common_name(der: bytes) -> str:
    """A label for people: the CA certificate's common name, or its whole subject."""
    subject = x509.load_der_x509_certificate(der).subject
    names = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else subject.rfc4514_string()


def _der_integer(number: int) -> bytes:
    """A serial number as DER INTEGER (X.690, 8.3); real ones are at most 20 bytes (RFC 5280, 4.1.2.2)."""
    content = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes([0x02, len(content)]) + content

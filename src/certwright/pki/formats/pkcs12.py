"""PKCS#12 (RFC 7292; .p12, .pfx): a private key with its chain under a password."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from certwright.pki import _kdf, certificate, keys
from certwright.pki.certificate import Certificate
from certwright.pki.errors import Invalid
from certwright.pki.formats.contents import Contents

_ROUNDS = 600_000  # of PBKDF2 with HMAC-SHA-256; OWASP Password Storage Cheat Sheet, 2023
_MAXIMUM_SIZE = 1024 * 1024  # bytes


def read_pkcs12(der: bytes, password: bytes | None) -> Contents:
    """The key, its certificate and the others of a PKCS#12 file, its certificate first.

    Raises Invalid for a wrong password, a damaged file, a kind of key we do not use, and a file whose key
    derivation asks for more work than a sane one, before any of that work is done.
    """
    if len(der) > _MAXIMUM_SIZE:
        raise Invalid(f"The PKCS#12 file is larger than {_MAXIMUM_SIZE // 1024} KiB.")
    _kdf.check_cost(der)
    try:
        found = pkcs12.load_pkcs12(der, password)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        reason = "its password is missing" if not password else "the password is wrong or the file is damaged"
        raise Invalid(f"The PKCS#12 file cannot be opened: {reason}.") from None
    entries = [found.cert, *found.additional_certs] if found.cert else found.additional_certs
    return Contents(
        tuple(certificate.from_der(e.certificate.public_bytes(serialization.Encoding.DER)) for e in entries),
        (keys.only_usable(found.key),) if found.key is not None else (),
    )


def to_pkcs12(leaf: Certificate, intermediates: Iterable[Certificate], key: keys.PrivateKey, password: bytes) -> bytes:
    """A PKCS#12 file in DER of the leaf with its key and intermediates.

    Protected as today's OpenSSL, Java and Windows can read and nothing weaker: AES-256-CBC and HMAC-SHA-256
    under PBES2. The friendly name is the leaf's first name. Raises Invalid for an empty password and for a
    key that is not the leaf's.
    """
    if not password:
        raise Invalid("A PKCS#12 file with a private key needs a password.")
    if not keys.same_key(key.public_key(), leaf.public_key):
        raise Invalid("The private key does not belong to the certificate.")
    protection = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(_ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(password)
    )
    name = (leaf.names or (leaf.common_name or leaf.serial,))[0].encode()
    others = [one.parsed for one in intermediates]
    return pkcs12.serialize_key_and_certificates(name, key, leaf.parsed, others or None, protection)

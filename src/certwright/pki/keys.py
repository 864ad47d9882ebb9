"""Keys: which kinds we make, how we make, name, compare, read and write them.

A key pair in a token is a subclass of the same ``cryptography`` classes, so everything here that takes a
public key works for it too.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from certwright.pki import _kdf, _pem
from certwright.pki.errors import Invalid

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = PublicKeyTypes

_PUBLIC_EXPONENT = 65537
_MAXIMUM_PEM = 64 * 1024  # bytes
_MAXIMUM_RSA_BITS = 8192  # checking a larger private key takes seconds, and nobody uses one for TLS

_ADVICE_WHEN_ENCRYPTED = "Give its password, and the file itself if it came in a ZIP file."


class KeySpec(StrEnum):
    """The key pairs we make: what public CAs sign and TLS servers take (BR 6.1.5, without P-521)."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"


_RSA_BITS = {KeySpec.RSA_2048: 2048, KeySpec.RSA_3072: 3072, KeySpec.RSA_4096: 4096}
_CURVES: dict[KeySpec, ec.EllipticCurve] = {KeySpec.EC_P256: ec.SECP256R1(), KeySpec.EC_P384: ec.SECP384R1()}


def parse_key_spec(text: str) -> KeySpec:
    """The key spec that somebody typed, in any case. Raises Invalid with the list of those we know."""
    try:
        return KeySpec(text.strip().lower())
    except ValueError as problem:
        known = ", ".join(KeySpec)
        raise Invalid(f"{text!r} is no key spec.", advice=f"Use one of {known}.") from problem


def generate(spec: KeySpec) -> PrivateKey:
    """A new key pair from the operating system's random source."""
    if spec in _RSA_BITS:
        return rsa.generate_private_key(_PUBLIC_EXPONENT, _RSA_BITS[spec])
    return ec.generate_private_key(_CURVES[spec])


def public_key_sha256(public: PublicKey) -> str:
    """The SHA-256 of the key's SubjectPublicKeyInfo in DER, lower-case hex: how we name a key pair."""
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def spec_of(public: PublicKey) -> KeySpec | None:
    """The key spec of a public key; None for a kind that we do not make."""
    if isinstance(public, rsa.RSAPublicKey):
        return next((spec for spec, bits in _RSA_BITS.items() if bits == public.key_size), None)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return next((spec for spec, curve in _CURVES.items() if curve.name == public.curve.name), None)
    return None


def describe(public: PublicKey) -> str:
    """A public key's kind and size for people: ``RSA 2048``, ``EC secp256r1``, ``Ed25519``."""
    if isinstance(public, rsa.RSAPublicKey):
        return f"RSA {public.key_size}"
    if isinstance(public, ec.EllipticCurvePublicKey):
        return f"EC {public.curve.name}"
    return type(public).__name__.removesuffix("PublicKey")


def same_key(a: PublicKey, b: PublicKey) -> bool:
    """Whether two public keys are the same key."""
    return public_key_sha256(a) == public_key_sha256(b)


def private_key_from_pem(data: bytes, password: bytes | None = None) -> PrivateKey:
    """The one private key in a PEM text (PKCS#8, PKCS#1 or SEC 1, encrypted or not).

    Raises Invalid for no key or several, a missing or wrong password, another kind than RSA or EC, and a key
    derivation that would take longer than a sane file asks for. The error never quotes the input.
    """
    if len(data) > _MAXIMUM_PEM:
        raise Invalid(f"The key file is larger than {_MAXIMUM_PEM // 1024} KiB.")
    found = [block for block in _pem.blocks(data, maximum=100) if block.label.endswith("PRIVATE KEY")]
    if len(found) != 1:
        raise Invalid(f"The text holds {len(found)} private keys where one is expected.")
    return private_key_from_block(found[0], password)


def private_key_from_block(block: _pem.Block, password: bytes | None) -> PrivateKey:
    """The private key of one PEM block; raises as :func:`private_key_from_pem` does."""
    if block.label == "ENCRYPTED PRIVATE KEY":
        return private_key_from_encrypted_der(block.der(), password)
    if b"Proc-Type" in block.body:  # encrypted as OpenSSL did before PKCS#8; its key derivation is one MD5 round
        return _loaded_text(block.text, password or b"")
    return private_key_from_der(block.der())


def private_key_from_der(der: bytes) -> PrivateKey:
    """The private key of an unencrypted PKCS#8, PKCS#1 or SEC 1 structure; raises Invalid."""
    return _loaded(der, None, encrypted=False)


def private_key_from_encrypted_der(der: bytes, password: bytes | None) -> PrivateKey:
    """The private key of an encrypted PKCS#8 structure; raises as :func:`private_key_from_pem` does."""
    if not password:
        raise Invalid("The private key is encrypted.", advice=_ADVICE_WHEN_ENCRYPTED)
    _kdf.check_cost(der)
    return _loaded(der, password, encrypted=True)


def private_key_to_pkcs8(key: PrivateKey) -> bytes:
    """The private key as unencrypted PKCS#8 in DER. The caller seals it at once and lets no copy out."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def private_key_to_pem(key: PrivateKey, password: bytes | None = None) -> bytes:
    """The private key as PKCS#8 in PEM; encrypted with PBES2 and AES-256-CBC when a password is given.

    The library derives the key with PBKDF2 of 2,048 rounds and lets nobody choose more: give a long random
    password, or use PKCS#12, where we ask for 600,000.
    """
    protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)


def only_usable(key: object) -> PrivateKey:
    """The key itself when it is RSA or EC; otherwise raises Invalid."""
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise Invalid("The private key is of a kind that TLS certificates of public CAs cannot use.")
    return key


def _loaded(der: bytes, password: bytes | None, *, encrypted: bool) -> PrivateKey:
    if not encrypted and len(der) > 5 * _MAXIMUM_RSA_BITS // 8:  # an RSA private key is about 4.6 moduli long
        raise Invalid(f"The private key is larger than RSA {_MAXIMUM_RSA_BITS}.")
    try:
        return only_usable(serialization.load_der_private_key(der, password))
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise _unreadable(problem, password) from None


def _loaded_text(pem: bytes, password: bytes) -> PrivateKey:
    try:
        return only_usable(serialization.load_pem_private_key(pem, password))
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise _unreadable(problem, password) from None


def _unreadable(problem: Exception, password: bytes | None) -> Invalid:
    """What to tell about a key that did not load; the library may quote the input, so the words are ours."""
    if isinstance(problem, Invalid):
        return problem
    if password is None:
        return Invalid("The private key cannot be read: it is damaged or of an unknown kind.")
    if not password:
        return Invalid("The private key is encrypted.", advice=_ADVICE_WHEN_ENCRYPTED)
    return Invalid("The private key cannot be decrypted: the password is wrong or the file is damaged.")

"""What is wrong with a certificate's key, with who else has it, and with the signature over it."""

# ruff: noqa: ARG001 - every rule takes the same two arguments
from __future__ import annotations

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from certwright.pki import keys, weak
from certwright.policy.judged import Judged

BROKEN_HASHES = frozenset({"md2", "md4", "md5", "sha1"})
_CURVES = frozenset({"secp256r1", "secp384r1"})  # what every browser takes
_SMALLEST_RSA, _LARGEST_RSA = 2048, 8192  # bits
_SMALLEST_EC = 256  # bits
_USUAL_EXPONENT = 65537


def compromised_key(judged: Judged, at: datetime) -> str | None:
    """A private key that is known to be in other hands."""
    if not judged.compromised:
        return None
    return "Its private key is known to be compromised: whoever has it can pose as its names."


def unreadable_key(judged: Judged, at: datetime) -> str | None:
    """A kind of key that our library does not know, so hardly any client does."""
    return "Its public key is of a kind that cannot be read." if judged.public_key is None else None


def small_key(judged: Judged, at: datetime) -> str | None:
    """Fewer bits than resist computation, or DSA, which TLS clients have given up."""
    key = judged.public_key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _SMALLEST_RSA:
        return f"Its RSA key has {key.key_size} bits; {_SMALLEST_RSA} are the least that clients take."
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _SMALLEST_EC:
        return f"Its EC key has {key.key_size} bits; {_SMALLEST_EC} are the least that clients take."
    return "Its key is a DSA key, which clients no longer take." if isinstance(key, dsa.DSAPublicKey) else None


def unusual_key(judged: Judged, at: datetime) -> str | None:
    """A sound key that some TLS clients do not take, and no public CA signs."""
    key = judged.public_key
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size <= _LARGEST_RSA:
            return None
        return f"Its RSA key has {key.key_size} bits; some clients refuse more than {_LARGEST_RSA}."
    if key is None or isinstance(key, dsa.DSAPublicKey):
        return None
    if isinstance(key, ec.EllipticCurvePublicKey) and (key.key_size < _SMALLEST_EC or key.curve.name in _CURVES):
        return None
    return f"Its key is of the kind {keys.describe(key)}; browsers take RSA, P-256 and P-384."


def broken_exponent(judged: Judged, at: datetime) -> str | None:
    """An RSA exponent with which a signature proves nothing."""
    exponent = _exponent(judged)
    if exponent is None or (exponent >= 3 and exponent % 2):
        return None
    return f"Its RSA key's public exponent {exponent} is no sound one: anybody can forge its signatures."


def small_exponent(judged: Judged, at: datetime) -> str | None:
    """An RSA exponent that is allowed and not advised."""
    exponent = _exponent(judged)
    if exponent is None or exponent < 3 or exponent % 2 == 0 or exponent >= _USUAL_EXPONENT:
        return None
    return f"Its RSA key's public exponent {exponent} is smaller than {_USUAL_EXPONENT}."


def odd_modulus(judged: Judged, at: datetime) -> str | None:
    """Public: an RSA size that is no multiple of 8 bits."""
    key = judged.public_key
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size % 8 == 0:
        return None
    return f"Its RSA key has {key.key_size} bits, which is no multiple of 8: its CA must revoke it."


def shared_key(judged: Judged, at: datetime) -> str | None:
    """One key in certificates that do not follow one another."""
    if judged.sharing_key < 1:
        return None
    many = "another certificate uses" if judged.sharing_key == 1 else f"{judged.sharing_key} other certificates use"
    return f"{many.capitalize()} the same key: who has one of them has all."


def broken_signature(judged: Judged, at: datetime) -> str | None:
    """A signature that can be forged; nobody checks the one of a certificate over itself."""
    used = judged.certificate.signature_hash
    if used not in BROKEN_HASHES or judged.certificate.is_self_issued:
        return None
    return f"It is signed with {used.upper()}, which can be forged: clients refuse it."


def weak_key(judged: Judged, at: datetime) -> str | None:
    """A key whose private half can be computed, or is known publicly. Costly: see ``benchmarks/findings.py``.

    Asked only of keys that the cheap rules above let pass, whose sentences are the better ones.
    """
    key = judged.public_key
    if isinstance(key, rsa.RSAPublicKey):
        exponent = key.public_numbers().e
        sound = _SMALLEST_RSA <= key.key_size <= _LARGEST_RSA and key.key_size % 8 == 0
        return weak.weakness(key) if sound and exponent % 2 and exponent >= _USUAL_EXPONENT else None
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return weak.weakness(key)
    return None


def _exponent(judged: Judged) -> int | None:
    key = judged.public_key
    return key.public_numbers().e if isinstance(key, rsa.RSAPublicKey) else None

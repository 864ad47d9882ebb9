"""Weak keys: public keys whose private half somebody can compute or already has.

CAs must refuse them (BR 6.1.1.3, 6.1.5, 6.1.6, SC-073) and revoke within a day what slipped through, so we
refuse them before money is spent and before we record what we are given. The mathematics of Fermat, ROCA and
their like is the badkeys library's. It is loaded at the first RSA or EC key, not with this module.
"""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certwright.pki import keys

NO_LIST = "no list"
_CURVES = {"secp256r1", "secp384r1"}  # P-521 is in the BR and in no browser's root program
_SMALL_PRIMES_END = 752  # BR 6.1.6: "no factors smaller than 752"
_MINIMUM_EXPONENT = 65537
_MAXIMUM_EXPONENT = 2**256  # BR 6.1.6
_MINIMUM_BITS, _MAXIMUM_BITS = 2048, 8192  # beyond 8192 CAs refuse, and the checks below take seconds


def weakness(public_key: keys.PublicKey) -> str | None:
    """Why this key must not be in a publicly trusted TLS certificate, as a sentence; None when nothing is
    known.

    Keys known to be compromised, Debian's of 2006-2008 among them, are found only when badkeys' block list
    has been downloaded (``badkeys --update-bl``; it is looked for where badkeys keeps it): see
    :func:`has_blocklist`. Everything else needs no data and no network.
    """
    if isinstance(public_key, rsa.RSAPublicKey):
        numbers = public_key.public_numbers()
        return (
            _wrong_size(numbers.n)
            or _wrong_exponent(numbers.e)
            or _small_factor(numbers.n)
            or _computable(numbers.n, numbers.e)
            or _known(numbers.n)
        )
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        if public_key.curve.name not in _CURVES:
            return f"The key is on the curve {public_key.curve.name}; public CAs sign P-256 and P-384 alone."
        return _known(public_key.public_numbers().x)
    return f"The key is of the kind {keys.describe(public_key)}; public CAs sign RSA and EC keys alone."


def has_blocklist() -> bool:
    """Whether the downloaded list of compromised keys is there, so that :func:`weakness` uses it."""
    return all((_blocklist_folder() / name).is_file() for name in ("badkeysdata.json", "blocklist.dat"))


def version() -> str:
    """By which badkeys and which block list :func:`weakness` judges: ``badkeys 0.0.16, list 1763700000``.

    The list's number is the time of its file in whole seconds; NO_LIST where it was not downloaded.
    """
    date = f"list {(_blocklist_folder() / 'blocklist.dat').stat().st_mtime:.0f}" if has_blocklist() else NO_LIST
    return f"badkeys {metadata.version('badkeys')}, {date}"


def _blocklist_folder() -> Path:
    """The folder where badkeys keeps its downloads."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return Path(cache, "badkeys") if cache else Path("~/.cache/badkeys").expanduser()


def _wrong_size(modulus: int) -> str | None:
    bits = modulus.bit_length()
    if not _MINIMUM_BITS <= bits <= _MAXIMUM_BITS:
        return f"The RSA key has {bits} bits; {_MINIMUM_BITS} to {_MAXIMUM_BITS} are usable."
    if bits % 8:
        return f"The RSA key has {bits} bits, which is no multiple of 8."
    return None


def _wrong_exponent(exponent: int) -> str | None:
    if exponent % 2 == 0:
        return f"The RSA key's public exponent {exponent} is even."
    if exponent < _MINIMUM_EXPONENT:
        return f"The RSA key's public exponent {exponent} is smaller than {_MINIMUM_EXPONENT}."
    if exponent >= _MAXIMUM_EXPONENT:
        return "The RSA key's public exponent is larger than 256 bits."
    return None


def _small_factor(modulus: int) -> str | None:
    for candidate in range(2, _SMALL_PRIMES_END):
        if modulus % candidate == 0:
            return f"The RSA key's modulus is divisible by {candidate}."
    return None


def _computable(modulus: int, exponent: int) -> str | None:
    """The attacks that compute the private key from the public one."""
    from badkeys.rsakeys import fermat, roca, rsapoly, sharedprimes, smalld, smallfactors

    attacks = (
        (smallfactors, "The RSA key's modulus has a small factor."),
        (fermat, "The RSA key's primes are so close that Fermat's method finds them."),
        (roca, "The RSA key was made by the defective Infineon library (ROCA, CVE-2017-15361)."),
        (sharedprimes, "The RSA key shares a prime with a key that is already public."),
        (rsapoly, "The RSA key's modulus has a pattern by which it can be factored."),
        (smalld, "The RSA key's private exponent is so small that Wiener's method finds it."),
    )
    return next((reason for attack, reason in attacks if attack(modulus, e=exponent) is not False), None)


def _known(number: int) -> str | None:
    """Whether the key, named by its modulus or x coordinate, is on the list of compromised keys."""
    if not has_blocklist():
        return None
    from badkeys.allkeys import blocklist

    found = blocklist(number)
    return f"The key is publicly known to be compromised ({found['subtest']})." if found else None

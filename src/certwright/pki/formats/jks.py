"""JKS, the old key store of Java, through the optional pyjks library (``pip install certwright[jks]``).

Its protection is weak by today's measure (a keyed SHA-1 stream); PKCS#12 serves every Java since 8 and is
better.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from certwright.pki import certificate, keys
from certwright.pki.certificate import Certificate
from certwright.pki.errors import Invalid
from certwright.pki.formats.contents import Contents

MAGIC = bytes.fromhex("feedfeed")
_SMALLEST_ENTRY = 20  # bytes: tag, alias, date and something to keep


def read_jks(data: bytes, password: bytes | None) -> Contents:
    """The private keys with their chains and the trusted certificates of a JKS file.

    The same password opens the store and its keys. Raises Invalid when pyjks is not installed, for a missing
    or wrong password, a damaged file, and one that claims more entries than can be in it.
    """
    jks = _library()
    from pyasn1.error import PyAsn1Error  # pyjks lets it escape

    _check_entry_count(data)
    if not password:
        raise Invalid("The JKS file cannot be opened: its password is missing.")
    try:
        store = jks.KeyStore.loads(data, password.decode("utf-8"))
        return _contents(store)
    except Invalid:
        raise
    except (
        jks.util.KeystoreException,
        PyAsn1Error,
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        struct.error,
    ):
        raise Invalid("The JKS file cannot be opened: the password is wrong or the file is damaged.") from None


def to_jks(leaf: Certificate, intermediates: Iterable[Certificate], key: keys.PrivateKey, password: bytes) -> bytes:
    """A JKS file with one entry: the key and its chain, under an alias that is the leaf's first name.

    Raises Invalid when pyjks is not installed, for a password shorter than the six characters that Java's
    keytool demands, and for a key that is not the leaf's.
    """
    jks = _library()
    if len(password) < 6:
        raise Invalid("A JKS file needs a password of at least six characters.")
    if not keys.same_key(key.public_key(), leaf.public_key):
        raise Invalid("The private key does not belong to the certificate.")
    alias = (leaf.names or (leaf.serial,))[0]
    chain = [one.der for one in (leaf, *intermediates)]
    entry = jks.PrivateKeyEntry.new(alias, chain, keys.private_key_to_pkcs8(key), "pkcs8")
    written: bytes = jks.KeyStore.new("jks", [entry]).saves(password.decode("utf-8"))
    return written


def _library() -> Any:  # the module; pyjks has no types
    try:
        import jks
    except ImportError as problem:
        raise Invalid(
            "JKS files need the optional pyjks library.", advice="Install certwright[jks], or use PKCS#12."
        ) from problem
    return jks


def _check_entry_count(data: bytes) -> None:
    """The third number of the file counts its entries; a hostile one says 2^31."""
    count = int.from_bytes(data[8:12], "big")
    if len(data) < 12 or count > len(data) // _SMALLEST_ENTRY:
        raise Invalid("The JKS file is damaged: it claims more entries than it can hold.")


def _contents(store: Any) -> Contents:  # pyjks has no types
    ders = [der for entry in store.private_keys.values() for _, der in entry.cert_chain]
    ders += [entry.cert for entry in store.certs.values()]
    private_keys = [keys.private_key_from_der(entry.pkey_pkcs8) for entry in store.private_keys.values()]
    return Contents(tuple(certificate.from_der(der) for der in ders), tuple(private_keys))

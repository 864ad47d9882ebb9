"""From the bytes of a file to its certificates; of its private keys only their public halves' hashes come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from certwright.model.errors import Misconfigured
from certwright.pki import keys
from certwright.pki.certificate import Certificate
from certwright.pki.errors import Invalid
from certwright.pki.formats import Contents
from certwright.pki.formats import read as read_format

_MOST_PASSWORDS = 16  # each may cost a key derivation for each file
_MOST_BLOCKS = 1000  # of PEM, as certwright.pki.formats has it
_MOST_KEYS = 4
_BEGIN = b"-----BEGIN "
_END = b"-----END "
_CERTIFICATES = (b"CERTIFICATE-----", b"X509 CERTIFICATE-----", b"PKCS7-----", b"CMS-----")
_MAGIC = (b"PK\x03\x04", b"\xfe\xed\xfe\xed", b"\x30\x80", b"\x30\x82", b"\x30\x83")  # ZIP, JKS, long SEQUENCEs


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file holds: its certificates in their order, each once.

    ``keys`` are the SHA-256 of the public keys whose private keys lie in it. ``locked``: a private key lies in it that
    no password opened. ``troubles``: what of it could not be read, by the number of the PEM block.
    """

    certificates: tuple[Certificate, ...] = ()
    keys: frozenset[str] = frozenset()
    locked: bool = False
    troubles: tuple[tuple[int, str], ...] = ()


def few(passwords: Sequence[bytes]) -> Sequence[bytes]:
    """The passwords, once there are not too many of them; otherwise raises Misconfigured."""
    if len(passwords) > _MOST_PASSWORDS:
        raise Misconfigured(
            f"{len(passwords)} passwords were given, and each is tried on every file: {_MOST_PASSWORDS} are allowed.",
            advice="Read the folders with different passwords one by one.",
        )
    return passwords


def may_hold_certificates(data: bytes) -> bool:
    """Whether the content looks like a file of certificates, without parsing it."""
    if _BEGIN in data:
        return any(_BEGIN + label in data for label in _CERTIFICATES)
    return data.startswith(_MAGIC) or data.lstrip()[:4] in {b"MIIB", b"MIIC", b"MIID", b"MIIE", b"MIIF", b"MIIG"}


def holds_other_pem(data: bytes) -> bool:
    """Whether it is PEM of other things alone: keys, CSRs, CRLs, parameters."""
    return _BEGIN in data and not may_hold_certificates(data)


def is_cut_off(data: bytes) -> bool:
    """Whether it is PEM that ends in the midst of a block (RFC 7468, 3): somebody is writing it, or never got done."""
    begun, ended = data.rfind(_BEGIN), data.rfind(_END)
    if begun > ended:
        return True
    return ended >= 0 and b"-----" not in data[ended + len(_END) :]


def open_file(data: bytes, passwords: Sequence[bytes] = ()) -> Opened:
    """What the bytes hold, in any format of :func:`certwright.pki.formats.read`.

    Of PEM, everything is taken that can be read, though one block is broken or a private key is under an unknown
    password. Raises Invalid when nothing can be read.
    """
    try:
        return _opened(_read(data, passwords))
    except Invalid:
        if _BEGIN not in data or data.count(_BEGIN) > _MOST_BLOCKS:
            raise
    return _by_block(data, passwords)


def key_hash(certificate: Certificate) -> str:
    """The SHA-256 of the certificate's public key; empty for one that nobody can read."""
    try:
        return certificate.public_key_sha256
    except Invalid:
        return ""


def _read(data: bytes, passwords: Sequence[bytes]) -> Contents:
    """What the bytes hold, trying no password, the empty one and then each of those given."""
    try:
        return read_format(data)
    except Invalid as problem:
        if not _may_be_locked(data):
            raise
        last = problem
    for password in (b"", *passwords):
        try:
            return read_format(data, password=password)
        except Invalid as problem:
            last = problem if password else last
    raise last


def _may_be_locked(data: bytes) -> bool:
    """Binary formats and their Base64, and PEM with an encrypted key."""
    if _BEGIN in data:
        return b"ENCRYPTED" in data
    return data.startswith(_MAGIC[1:]) or data.lstrip().startswith(b"MI")


def _opened(contents: Contents) -> Opened:
    hashes = frozenset(keys.public_key_sha256(key.public_key()) for key in contents.private_keys)
    return Opened(tuple(dict.fromkeys(contents.certificates)), hashes)


def _by_block(data: bytes, passwords: Sequence[bytes]) -> Opened:
    """What can be read of a PEM text, block by block."""
    certificates: dict[Certificate, None] = {}
    hashes: set[str] = set()
    locked, looked = False, 0
    troubles: list[tuple[int, str]] = []
    for number, piece in enumerate(data.split(_BEGIN)[1:], 1):
        is_key = b"PRIVATE KEY-----" in piece[:60]
        if not is_key and not piece.startswith(_CERTIFICATES):
            continue
        looked += is_key
        try:
            found = _opened(_read(_BEGIN + piece, passwords if looked <= _MOST_KEYS else ()))
            certificates.update(dict.fromkeys(found.certificates))
            hashes |= found.keys
        except Invalid as problem:
            locked = locked or is_key
            if not is_key:
                troubles.append((number, problem.detail))
    return Opened(tuple(certificates), frozenset(hashes), locked, tuple(troubles))

"""Sealing secrets for the database: every item under its own data key, that key wrapped by a KEK.

Format, version 1, all lengths in bytes::

    version 1 | KEK id 8 | wrap nonce 12 | wrapped data key 48 | nonce 12 | ciphertext and tag

Both layers are AES-256-GCM. The associated text ``table:row:column`` is authenticated by both, so a sealed
value moved to another row or column does not open. A data key encrypts one message only, so random 96-bit
nonces never repeat under it; under a KEK they may be drawn 2^32 times (NIST SP 800-38D, 8.3), far beyond what
a store holds.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from certwright.keys.software.kek import ID_LENGTH, KEK_LENGTH, Kek, KekRing
from certwright.model.errors import Refused

VERSION = b"\x01"
NONCE_LENGTH = 12
TAG_LENGTH = 16
WRAPPED_LENGTH = KEK_LENGTH + TAG_LENGTH
HEAD_LENGTH = 1 + ID_LENGTH + NONCE_LENGTH + WRAPPED_LENGTH


class _Sealed(NamedTuple):
    """The parts of a sealed value."""

    kek_id: bytes
    wrap_nonce: bytes
    wrapped: bytes
    body: bytes


class Envelope:
    """Seals and opens under the KEKs of one ring."""

    def __init__(self, ring: KekRing) -> None:
        """Use ``ring``: its newest KEK seals, any of them opens."""
        self._ring = ring

    def seal(self, plaintext: bytes, associated: str) -> bytes:
        """Return ``plaintext`` sealed under the newest KEK, bound to ``associated`` (its place)."""
        data_key = AESGCM.generate_key(bit_length=8 * KEK_LENGTH)
        nonce = secrets.token_bytes(NONCE_LENGTH)
        body = nonce + AESGCM(data_key).encrypt(nonce, plaintext, _bound(b"data", associated))
        return _wrap(self._ring.newest, data_key, associated) + body

    def open(self, sealed: bytes, associated: str) -> bytes:
        """Return what was sealed.

        Raises Misconfigured when the KEK is missing; Refused when the bytes were changed, cut, or sealed for
        another place than ``associated``.
        """
        parts = _split(sealed)
        data_key = self._unwrap(parts, associated)
        nonce, ciphertext = parts.body[:NONCE_LENGTH], parts.body[NONCE_LENGTH:]
        try:
            return AESGCM(data_key).decrypt(nonce, ciphertext, _bound(b"data", associated))
        except InvalidTag as error:
            raise _tampered() from error

    def rewrap(self, sealed: bytes, associated: str) -> bytes:
        """Return the same item with its data key wrapped by the newest KEK.

        The item itself is not re-encrypted. Already newest: returned unchanged. Raises as ``open`` does.
        """
        parts = _split(sealed)
        data_key = self._unwrap(parts, associated)
        if parts.kek_id == self._ring.newest.id:
            return sealed
        return _wrap(self._ring.newest, data_key, associated) + parts.body

    def _unwrap(self, parts: _Sealed, associated: str) -> bytes:
        kek = self._ring.find(parts.kek_id)
        try:
            return AESGCM(kek.key).decrypt(parts.wrap_nonce, parts.wrapped, _bound(b"key", associated))
        except InvalidTag as error:
            raise _tampered() from error


def kek_id(sealed: bytes) -> str:
    """Return the id (hex) of the KEK that wraps ``sealed``; raises Refused when it is not a sealed value."""
    return _split(sealed).kek_id.hex()


def _wrap(kek: Kek, data_key: bytes, associated: str) -> bytes:
    nonce = secrets.token_bytes(NONCE_LENGTH)
    return VERSION + kek.id + nonce + AESGCM(kek.key).encrypt(nonce, data_key, _bound(b"key", associated))


def _bound(layer: bytes, associated: str) -> bytes:
    """Associated data of one layer; the layer's name keeps a wrapped key from being taken for an item."""
    return b"certwright envelope 1\0" + layer + b"\0" + associated.encode()


def _split(sealed: bytes) -> _Sealed:
    if sealed[:1] != VERSION or len(sealed) < HEAD_LENGTH + NONCE_LENGTH + TAG_LENGTH:
        raise Refused("This is not a sealed value of version 1.", advice="Restore the row from backup.")
    after_id, after_nonce = 1 + ID_LENGTH, 1 + ID_LENGTH + NONCE_LENGTH
    return _Sealed(
        kek_id=sealed[1:after_id],
        wrap_nonce=sealed[after_id:after_nonce],
        wrapped=sealed[after_nonce:HEAD_LENGTH],
        body=sealed[HEAD_LENGTH:],
    )


def _tampered() -> Refused:
    return Refused(
        "A sealed value does not open: it was changed, or it belongs to another row.",
        advice="Restore the row from backup, and find out who can write to the database.",
    )

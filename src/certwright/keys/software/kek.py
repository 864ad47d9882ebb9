"""Key-encryption keys (KEKs): the few keys that open every sealed secret, kept outside the database.

A KEK's id is computed from its bytes, so a key can never answer to another key's id. The newest KEK seals;
older ones are kept to open what they sealed, until they are forgotten.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from certwright.keys.secret_files import create_private, locked, read_private, replace_private
from certwright.model.errors import Misconfigured, NotFound, Refused

if TYPE_CHECKING:
    from pydantic import SecretStr

KEK_LENGTH = 32
ID_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Kek:
    """One key-encryption key: 32 bytes for AES-256, and the id that sealed items name it by (8 bytes)."""

    key: bytes = field(repr=False)

    @property
    def id(self) -> bytes:
        """First 8 bytes of a domain-separated SHA-256 of the key; says nothing about the key."""
        return hashlib.sha256(b"certwright kek id\0" + self.key).digest()[:ID_LENGTH]


class KekRing:
    """The KEKs of this installation, newest first.

    From a file: JSON ``{id: base64 key}``, newest first, mode 0600. From a secret of the environment: one or
    more base64 keys, newest first, separated by commas or white space. Its repr shows nothing.
    """

    def __init__(self, keks: Sequence[Kek], path: Path | None = None) -> None:
        """Hold ``keks`` (at least one, newest first); ``path`` is the file they came from, if any."""
        if not keks:
            raise Misconfigured("There is no key-encryption key.", advice="Restore it from your backup.")
        self._keks = tuple(keks)
        self._path = path

    def __repr__(self) -> str:
        """Nothing of the content."""
        return f"<{type(self).__name__}>"

    @classmethod
    def load(cls, path: Path | None, secret: SecretStr | bytes | None = None, *, create: bool = True) -> KekRing:
        """Read the ring from ``secret`` if given, else from ``path``.

        An absent file is created with one fresh KEK, unless ``create`` is false. Raises Misconfigured when
        there is no source, when the file may be read by its group or by others, or when its content is
        damaged.
        """
        if secret is not None:
            return cls(_from_secret(secret if isinstance(secret, bytes) else secret.get_secret_value().encode()))
        if path is None:
            raise Misconfigured("No key-encryption key is configured, neither a file nor a secret.")
        if create and not path.exists():
            create_private(path, _to_json([_fresh()]))
        return cls(_from_json(path), path)

    @property
    def newest(self) -> Kek:
        """The KEK that seals."""
        return self._keks[0]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all KEKs in hex, newest first."""
        return tuple(kek.id.hex() for kek in self._keks)

    def find(self, kek_id: bytes) -> Kek:
        """Return the KEK with this id (8 bytes).

        Another process may have rotated since we read the file, so an unknown id makes us read it again.
        Raises Misconfigured when the KEK is not there.
        """
        kek = self._known(kek_id)
        if kek is None and self._path is not None:
            self._keks = _from_json(self._path)
            kek = self._known(kek_id)
        if kek is None:
            raise Misconfigured(
                f"The key-encryption key {kek_id.hex()} is missing, so what it sealed cannot be opened.",
                advice="Put the key back from your backup; it was not replaced by any other.",
            )
        return kek

    def rotate(self) -> Kek:
        """Add a new newest KEK to the file, durably, and return it; the old ones stay.

        Raises Refused when the ring came from a secret: that is changed where it is kept.
        """
        path = self._file()
        with locked(path):
            self._keks = (_fresh(), *_from_json(path))
            replace_private(path, _to_json(self._keks))
        return self.newest

    def forget(self, kek_id: str) -> None:
        """Remove an old KEK (its id in hex) from the file, durably. What it still seals is lost for ever.

        Raises NotFound for an unknown id, Refused for the newest KEK.
        """
        path = self._file()
        with locked(path):
            self._keks = _from_json(path)
            if kek_id not in self.ids:
                raise NotFound(f"There is no key-encryption key {kek_id}.")
            if kek_id == self.newest.id.hex():
                raise Refused(f"{kek_id} is the newest key-encryption key.", advice="Rotate and re-wrap first.")
            kept = tuple(kek for kek in self._keks if kek.id.hex() != kek_id)
            replace_private(path, _to_json(kept))
            self._keks = kept

    def _known(self, kek_id: bytes) -> Kek | None:
        return next((kek for kek in self._keks if kek.id == kek_id), None)

    def _file(self) -> Path:
        if self._path is None:
            raise Refused(
                "The key-encryption keys came from a secret of the environment.",
                advice="Put a new base64 key in front of the old one in that secret, then: certwright kek rewrap",
            )
        return self._path


def _fresh() -> Kek:
    return Kek(secrets.token_bytes(KEK_LENGTH))


def _from_secret(secret: bytes) -> tuple[Kek, ...]:
    return tuple(_decode(word, "the secret") for word in secret.replace(b",", b" ").split())


def _from_json(path: Path) -> tuple[Kek, ...]:
    try:
        content = json.loads(read_private(path))
    except ValueError as error:
        raise Misconfigured(f"{path} is damaged: it is not JSON.", advice="Restore it from backup.") from error
    if not isinstance(content, dict) or not all(isinstance(word, str) for word in content.values()):
        raise Misconfigured(f"{path} is damaged: it does not map ids to keys.", advice="Restore it from backup.")
    keks = tuple(_decode(word.encode(), str(path)) for word in content.values())
    if [kek.id.hex() for kek in keks] != list(content):
        raise Misconfigured(f"{path} is damaged: a key does not fit its id.", advice="Restore it from backup.")
    return keks


def _decode(word: bytes, source: str) -> Kek:
    try:
        key = base64.b64decode(word, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEK_LENGTH:
        raise Misconfigured(
            f"A key-encryption key in {source} is not {KEK_LENGTH} bytes in base64.",
            advice="Make one with: openssl rand -base64 32",
        )
    return Kek(key)


def _to_json(keks: Sequence[Kek]) -> bytes:
    return json.dumps({kek.id.hex(): base64.b64encode(kek.key).decode() for kek in keks}, indent=1).encode()

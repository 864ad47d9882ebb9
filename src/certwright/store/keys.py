"""The keys we hold, or know of."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from certwright.model.errors import NotFound
from certwright.model.order import KeyReference
from certwright.model.ports import Clock
from certwright.model.words import KeyKind
from certwright.pki.keys import KeySpec
from certwright.store import models, rows


class KeyStore:
    """Key rows: references, and the envelopes of software keys."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def plan(
        self,
        kind: KeyKind,
        spec: KeySpec | None,
        *,
        token: str = "",
        label: str = "",
        public_key_sha256: str = "",
        id_length: int = 16,
    ) -> KeyReference:
        """A row before its key. The id of a token key (``id_length`` bytes) is chosen here, so that making the key
        can be repeated."""
        row = models.Key.objects.create(
            kind=kind,
            spec=spec or "",
            token=token,
            cka_id=secrets.token_hex(id_length) if kind is KeyKind.PKCS11 else "",
            label=label,
            public_key_sha256=public_key_sha256,
            created_at=self._clock.now(),
        )
        return rows.key_value(row)

    def made(self, key: KeyReference) -> None:
        """Keep what making the key has brought: its public key's hash and its envelope."""
        models.Key.objects.filter(pk=key.id, public_key_sha256="").update(
            public_key_sha256=key.public_key_sha256, sealed=key.sealed
        )

    def reseal(self, key: KeyReference, sealed: bytes) -> None:
        """Replace the envelope, after a rotation."""
        models.Key.objects.filter(pk=key.id).update(sealed=sealed)

    def get(self, key_id: int) -> KeyReference:
        """The key of that number; raises NotFound."""
        row = models.Key.objects.filter(pk=key_id).first()
        if row is None:
            raise NotFound(f"There is no key {key_id}.", advice="certwright key list shows them.")
        return rows.key_value(row)

    def by_public_key(self, public_key_sha256: str) -> KeyReference | None:
        """The key of ours with that public key (hex SHA-256 of its SPKI), if we hold it."""
        held = models.Key.objects.filter(public_key_sha256=public_key_sha256).exclude(kind=KeyKind.EXTERNAL)
        row = held.order_by("pk").first()
        return rows.key_value(row) if row else None

    def all(self, page: int = 500) -> Iterator[KeyReference]:
        """Every key, oldest first, read in pages."""
        after = 0
        while batch := list(models.Key.objects.filter(pk__gt=after).order_by("pk")[:page]):
            yield from (rows.key_value(row) for row in batch)
            after = batch[-1].pk

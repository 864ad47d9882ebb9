"""The name of a key in a token, as it is stored and passed around."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenKeyReference:
    """Which token and which CKA_ID. Never a slot number or a key handle: both change from session to session.

    ``token_label`` and ``token_serial`` as the token reports them (trailing blanks removed); ``cka_id`` in
    lower-case hex.
    """

    token_label: str
    token_serial: str
    cka_id: str

    @property
    def id_bytes(self) -> bytes:
        """The CKA_ID as bytes."""
        return bytes.fromhex(self.cka_id)

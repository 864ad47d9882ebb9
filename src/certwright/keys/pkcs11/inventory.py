"""What is in a token: its keys, and the certificates linked to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pkcs11 import Attribute, ObjectClass

from certwright.keys.pkcs11.attributes import read
from certwright.keys.pkcs11.module import Login
from certwright.keys.pkcs11.objects import public_key_of, search
from certwright.keys.pkcs11.policy import KeyPolicy, read_policy
from certwright.model.errors import Refused
from certwright.pki.keys import describe


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One CKA_ID of the token as it stands. ``kind`` is for people (``RSA 2048``), empty when unreadable."""

    cka_id: str
    label: str
    kind: str
    private_keys: int
    public_keys: int
    certificates: int
    policy: KeyPolicy | None

    @property
    def complete(self) -> bool:
        """Exactly one private and one public key: neither half a pair nor a duplicate CKA_ID."""
        return self.private_keys == 1 and self.public_keys == 1


def stored_keys(login: Login) -> list[StoredKey]:
    """Return every CKA_ID that a key of the token carries, sorted by id; raises the binding's errors."""
    private = _by_id(search(login.session, ObjectClass.PRIVATE_KEY))
    public = _by_id(search(login.session, ObjectClass.PUBLIC_KEY))
    linked = _by_id(search(login.session, ObjectClass.CERTIFICATE))
    return [
        StoredKey(
            cka_id=cka_id.hex(),
            label=read((private.get(cka_id) or public[cka_id])[0], Attribute.LABEL) or "",
            kind=_kind(public.get(cka_id, [])),
            private_keys=len(private.get(cka_id, [])),
            public_keys=len(public.get(cka_id, [])),
            certificates=len(linked.get(cka_id, [])),
            policy=read_policy(private[cka_id][0]) if cka_id in private else None,
        )
        for cka_id in sorted({*private, *public})
    ]


def stored_certificates(login: Login) -> list[tuple[str, bytes]]:
    """Every X.509 certificate of the token: the CKA_ID (hex) it bears, and its DER; raises the binding's errors."""
    found = []
    for item in search(login.session, ObjectClass.CERTIFICATE):
        der = read(item, Attribute.VALUE)
        if der:
            found.append(((read(item, Attribute.ID) or b"").hex(), bytes(der)))
    return sorted(found)


def _by_id(items: list[Any]) -> dict[bytes, list[Any]]:
    sorted_items: dict[bytes, list[Any]] = {}
    for item in items:
        sorted_items.setdefault(read(item, Attribute.ID) or b"", []).append(item)
    return sorted_items


def _kind(public: list[Any]) -> str:
    try:
        return describe(public_key_of(public[0])) if public else ""
    except Refused:
        return ""

"""Certificates and keys to put into files: one CA for the test process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from certwright.pki import keys
from certwright.pki.certificate import Certificate
from tests.cases.authority import Authority, new_key, root


@cache
def ca() -> Authority:
    """A root."""
    return root()


@cache
def intermediate() -> Authority:
    """A CA below the root."""
    return ca().intermediate()


def pair(name: str = "shop.meadow.example") -> tuple[Certificate, keys.PrivateKey]:
    """A leaf of the intermediate for the name, and its key."""
    key = new_key()
    return intermediate().issue(name, key=key), key


def key_pem(key: keys.PrivateKey, password: bytes | None = None) -> str:
    """The key in PEM."""
    return keys.private_key_to_pem(key, password).decode()


def put(path: Path, *parts: str) -> Path:
    """A file of these texts, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(parts))
    return path

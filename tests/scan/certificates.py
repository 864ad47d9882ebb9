"""Certificates and keys for the servers: one little CA, made once for a run of the tests."""

from __future__ import annotations

import shutil
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from certwright.pki.certificate import Certificate
from tests.cases.authority import Authority, root

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not installed")


@cache
def authority() -> Authority:
    """The CA below the root."""
    return root().intermediate()


@dataclass(frozen=True)
class Identity:
    """What a server presents, leaf first, and the leaf's key, in one PEM file."""

    chain: tuple[bytes, ...]
    path: Path

    def context(self) -> ssl.SSLContext:
        """For a server that presents it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(self.path)
        return context


def identity(
    folder: Path, name: str, *, key: Any = None, extra: tuple[Certificate, ...] = (), **issue: Any
) -> Identity:
    """A leaf for the name with its chain, written into the folder; P-256 unless a key is given."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    chain = (authority().issue(name, key=key, **issue), authority().certificate, *extra)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.pem"
    path.touch(mode=0o600)
    path.write_bytes(private + b"".join(ssl.DER_cert_to_PEM_cert(each.der).encode() for each in chain))
    return Identity(tuple(each.der for each in chain), path)

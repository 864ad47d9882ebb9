"""The TLS door's own certificate, and the certificates by which clients show who they are there."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from certwright_sandbox.ca import pem_of
from certwright_sandbox.leaf import Leaf
from certwright_sandbox.playing import World

AUTHORITY = "door-e1"
LIFETIME = timedelta(days=3650)
EARLIER = timedelta(days=365)  # doors open with the real time, whatever the sandbox's clock says
DOOR_NAMES = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Credential:
    """A certificate with its CA above it, and its private key, both PEM; `fingerprint` is SHA-256, hex."""

    certificate: str
    private_key: str = field(repr=False)
    fingerprint: str


def door_context(world: World) -> ssl.SSLContext:
    """What the TLS door is opened with: it asks for a client certificate, but does not insist on one."""
    credential = new_credential(world, DOOR_NAMES[-1], DOOR_NAMES)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=world.hierarchy["door-root"].pem)
    with tempfile.TemporaryDirectory() as folder:  # mode 0700; ssl reads from files only
        file = Path(folder, "door.pem")
        file.write_text(credential.private_key + credential.certificate)
        context.load_cert_chain(file)
    return context


def new_credential(world: World, common_name: str, names: tuple[str, ...] = ()) -> Credential:
    """A new key and its certificate, for a server of these names or a client of this common name."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = world.clock.now()
    authority = world.hierarchy[AUTHORITY]
    leaf = Leaf(key.public_key(), common_name, names, now - EARLIER, now + LIFETIME, client_auth=not names)
    certificate = authority.sign(leaf)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    return Credential(pem_of(certificate) + authority.pem, private.decode(), fingerprint)

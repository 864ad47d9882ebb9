"""Software keys as bytes: made from the operating system's generator, written as PKCS#8."""

from __future__ import annotations

from certwright.model.errors import Refused
from certwright.pki import keys as pki_keys
from certwright.pki.errors import Invalid
from certwright.pki.keys import KeySpec, PrivateKey


def create(spec: KeySpec) -> bytes:
    """Return a new private key as unencrypted PKCS#8 DER; the caller seals it before storing it."""
    return pki_keys.private_key_to_pkcs8(pki_keys.generate(spec))


def load(der: bytes) -> PrivateKey:
    """Return the key in unencrypted PKCS#8 DER, as ``create`` wrote it; raises Refused when it is not one."""
    try:
        return pki_keys.private_key_from_der(der)
    except Invalid as error:
        raise Refused("The stored private key is damaged.", advice="Restore it from backup.") from error

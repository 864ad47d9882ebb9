"""A key's name for the programs that use it: the RFC 7512 URI, and the PEM file that holds one.

That file is the best thing to hand a TLS server: pkcs11-provider makes it usable where a key file is
expected, and it holds nothing secret. The PIN is never part of either.
"""

from __future__ import annotations

import base64
import textwrap
from urllib.parse import quote

from certwright.keys.pkcs11.reference import TokenKeyReference

_MAGIC = "PKCS#11 Provider URI v1.0"
_LABEL = "PKCS#11 PROVIDER URI"
_SEQUENCE, _UTF8_STRING, _VISIBLE_STRING = 0x30, 0x0C, 0x1A


def key_uri(reference: TokenKeyReference) -> str:
    """Return the URI of the private key: token label, serial and CKA_ID, every odd byte percent-encoded.

    The object's label is left out: two generations of a key may share it for a while, their CKA_IDs never.
    """
    parts = [
        ("token", quote(reference.token_label, safe="")),
        ("serial", quote(reference.token_serial, safe="")),
        ("id", "".join(f"%{byte:02X}" for byte in reference.id_bytes)),
        ("type", "private"),
    ]
    return "pkcs11:" + ";".join(f"{name}={value}" for name, value in parts if value)


def uri_pem(uri: str) -> bytes:
    """Return ``uri`` as the PEM of pkcs11-provider: SEQUENCE { VisibleString magic, UTF8String uri }."""
    content = _der(_VISIBLE_STRING, _MAGIC.encode("ascii")) + _der(_UTF8_STRING, uri.encode())
    lines = textwrap.wrap(base64.b64encode(_der(_SEQUENCE, content)).decode("ascii"), 64)
    return "\n".join([f"-----BEGIN {_LABEL}-----", *lines, f"-----END {_LABEL}-----", ""]).encode("ascii")


def _der(tag: int, content: bytes) -> bytes:
    """One DER element (X.690, 8.1.3: short length below 128, else its byte count first)."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content

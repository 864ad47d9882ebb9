"""PEM text to DER, in linear time and with caps before parsing (RFC 7468; CVE-2024-12401 is why it is our
own).

Lenient where people's clipboards are: everything on one line, CRLF, ``\\n`` typed out as in JSON, text around
the blocks. Strict about the Base64 inside.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

from certwright.pki.errors import Invalid

_BEGIN, _END, _DASHES = b"-----BEGIN ", b"-----END ", b"-----"
_BOM = b"\xef\xbb\xbf"
_WHITESPACE = re.compile(rb"\s+")
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]+={0,2}\s*")
_MAXIMUM_LABEL = 40


class Block(NamedTuple):
    """One PEM block: its label ("CERTIFICATE"), its Base64 text and the block as it stood in the file."""

    label: str
    body: bytes
    text: bytes

    def der(self) -> bytes:
        """The bytes inside. Raises Invalid when the Base64 is broken."""
        return from_base64(self.body)


def is_pem(data: bytes) -> bool:
    """Whether the bytes hold at least the beginning of a PEM block."""
    return _BEGIN in data


def blocks(data: bytes, *, maximum: int) -> list[Block]:
    """Every PEM block, in order. Raises Invalid for more than ``maximum`` blocks and for a block without an
    end.
    """
    if data.count(_BEGIN) > maximum:
        raise Invalid(f"The text holds more than {maximum} PEM blocks.")
    pieces = data.replace(b"\\r", b"").replace(b"\\n", b"\n").split(_BEGIN)[1:]
    return [_block(piece) for piece in pieces]


def from_base64(text: bytes) -> bytes:
    """The bytes behind Base64 with any white space in it. Raises Invalid for anything but Base64."""
    try:
        return base64.b64decode(_WHITESPACE.sub(b"", text.removeprefix(_BOM)), validate=True)
    except binascii.Error as problem:
        raise Invalid("The text is not Base64.", advice="Copy the whole block again.") from problem


def is_base64(data: bytes) -> bool:
    """Whether the bytes are Base64 text of an ASN.1 SEQUENCE, without the PEM lines around it."""
    text = data.removeprefix(_BOM).lstrip()
    return text[:2] == b"MI" and _BASE64.fullmatch(text) is not None


def encode(der: bytes, label: str) -> str:
    """One PEM block of 64 characters a line, ending in a newline (RFC 7468 §2)."""
    text = base64.b64encode(der).decode("ascii")
    lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def _block(piece: bytes) -> Block:
    """The block whose text follows ``-----BEGIN ``; ``piece`` reaches up to the next block or the end."""
    label, dashes, _ = piece[: _MAXIMUM_LABEL + len(_DASHES)].partition(_DASHES)
    closing = _END + label + _DASHES
    position = piece.find(closing)
    if not dashes or position < 0:
        raise Invalid("A PEM block has no end.", advice="Copy the whole text, the BEGIN and END lines included.")
    body = piece[len(label) + len(_DASHES) : position]
    return Block(label.decode("ascii", "replace"), body, _BEGIN + piece[: position + len(closing)])

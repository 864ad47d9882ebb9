"""A tiny walk over ASN.1 BER/DER: enough to see what a file is and what it would cost before parsing it for
real.

Values are never trusted from here: whatever this module finds only decides whether a real parser gets to see
the bytes at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from certwright.pki.errors import Invalid

INTEGER, OCTET_STRING, OBJECT_IDENTIFIER, SEQUENCE = 0x02, 0x04, 0x06, 0x30
CONSTRUCTED_OCTET_STRING = 0x24
_MAXIMUM_DEPTH = 32


class Element(NamedTuple):
    """One tag-length-value: its first identifier octet, its contents, and where the next element begins."""

    tag: int
    content: bytes
    end: int

    @property
    def constructed(self) -> bool:
        """Whether the contents are elements themselves."""
        return bool(self.tag & 0x20)


def looks_like(data: bytes) -> bool:
    """Whether the bytes begin as a SEQUENCE of more than 127 bytes does; neither PEM nor Base64 does."""
    return data[:1] == b"\x30" and data[1:2] >= b"\x80"


def read(data: bytes, start: int = 0, *, depth: int = 0) -> Element:
    """The element that begins at ``start``. Raises Invalid when there is none that fits."""
    if depth > _MAXIMUM_DEPTH:
        raise Invalid("The ASN.1 structure is nested too deeply.")
    if start + 2 > len(data) or data[start] & 0x1F == 0x1F:  # tags above 30 occur in nothing that we read
        raise Invalid("The ASN.1 structure is cut off or malformed.")
    tag, first = data[start], data[start + 1]
    if first == 0x80:
        return _read_indefinite(data, start, depth)
    begin = start + 2
    length = first
    if first > 0x80:
        begin += first & 0x7F
        length = int.from_bytes(data[start + 2 : begin], "big")
    if begin > len(data) or length > len(data) - begin:
        raise Invalid("The ASN.1 structure is cut off or malformed.")
    return Element(tag, data[begin : begin + length], begin + length)


def children(content: bytes, *, depth: int = 0) -> Iterator[Element]:
    """The elements that follow one another in ``content``. Raises Invalid if they do not fill it exactly."""
    position = 0
    while position < len(content):
        element = read(content, position, depth=depth)
        yield element
        position = element.end


def octets(element: Element, *, depth: int = 0) -> bytes:
    """The value of an OCTET STRING, put together when BER has cut it into pieces."""
    if not element.constructed:
        return element.content
    return b"".join(octets(piece, depth=depth + 1) for piece in children(element.content, depth=depth + 1))


def integer(element: Element) -> int:
    """The value of an INTEGER; Invalid when it is longer than any count in a file can be."""
    if element.tag != INTEGER or not 1 <= len(element.content) <= 16:
        raise Invalid("The ASN.1 structure has something else where a small number belongs.")
    return int.from_bytes(element.content, "big", signed=True)


def _read_indefinite(data: bytes, start: int, depth: int) -> Element:
    """An element of indefinite length (BER): its contents end at two zero octets."""
    if not data[start] & 0x20:
        raise Invalid("The ASN.1 structure is cut off or malformed.")
    position = start + 2
    while data[position : position + 2] != b"\x00\x00":
        position = read(data, position, depth=depth + 1).end
    return Element(data[start], data[start + 2 : position], position + 2)

"""What a password-protected file would cost to open, read from its ASN.1 before any key is derived.

PKCS#12 and encrypted PKCS#8 carry the iteration count of their key derivation; a hostile file asks for hours.
This module sums up every count it can see. A bag hidden inside an encrypted safe of a PKCS#12 file cannot be
seen without the password, so only somebody who knows the password can still make us work.
"""

from __future__ import annotations

from collections.abc import Iterator

from certwright.pki import _der
from certwright.pki.errors import Invalid

# All derivations of one file together; a second or two. OpenSSL writes 2,048 each, we 600,000.
MAXIMUM_ITERATIONS = 3_000_000

# Content octets of the object identifiers that say "the parameters hold an iteration count".
_PBKDF2 = bytes.fromhex("2a864886f70d01050c")  # 1.2.840.113549.1.5.12
_SCRYPT = bytes.fromhex("2b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11
_PKCS5_SCHEMES = bytes.fromhex("2a864886f70d0105")  # 1.2.840.113549.1.5.*: PBES1 and PBKDF2
_PKCS12_SCHEMES = bytes.fromhex("2a864886f70d010c01")  # 1.2.840.113549.1.12.1.*
_MAXIMUM_ELEMENTS = 20_000


def check_cost(der: bytes) -> None:
    """Raise Invalid when opening the file would take more than MAXIMUM_ITERATIONS or nobody can tell."""
    iterations = 0
    for seen, (element, depth) in enumerate(_walk(_der.read(der), 0)):
        if seen > _MAXIMUM_ELEMENTS:
            raise Invalid("The encrypted file has too many parts.")
        if element.tag == _der.SEQUENCE:
            iterations += _iterations_of(element, depth)
        if iterations > MAXIMUM_ITERATIONS:
            raise Invalid(
                f"Opening the file takes more than {MAXIMUM_ITERATIONS:,} rounds of key derivation.",
                advice="Export it again with ordinary settings.",
            )


def _walk(element: _der.Element, depth: int) -> Iterator[tuple[_der.Element, int]]:
    """The element and everything below it, through OCTET STRINGs that hold ASN.1 themselves."""
    yield element, depth
    inner: bytes | None = element.content if element.constructed else None
    if element.tag in (_der.OCTET_STRING, _der.CONSTRUCTED_OCTET_STRING):
        value = _der.octets(element, depth=depth)
        inner = value if _holds_one_sequence(value, depth) else None
    if inner is not None:
        for child in _der.children(inner, depth=depth + 1):
            yield from _walk(child, depth + 1)


def _holds_one_sequence(value: bytes, depth: int) -> bool:
    """Whether the octets are one SEQUENCE and nothing else, as the nested parts of PKCS#12 are."""
    if value[:1] != b"\x30":
        return False
    try:
        return _der.read(value, depth=depth + 1).end == len(value)
    except Invalid:
        return False


def _iterations_of(sequence: _der.Element, depth: int) -> int:
    """The iteration count if the SEQUENCE is an algorithm with one or PKCS#12's MacData; otherwise 0."""
    parts = list(_der.children(sequence.content, depth=depth + 1))
    tags = [part.tag for part in parts]
    if tags == [_der.OBJECT_IDENTIFIER, _der.SEQUENCE]:
        return _iterations_of_algorithm(parts[0].content, parts[1], depth)
    if tags == [_der.SEQUENCE, _der.OCTET_STRING, _der.INTEGER]:  # MacData: digest, salt, iterations
        return _der.integer(parts[2])
    return 0


def _iterations_of_algorithm(oid: bytes, parameters: _der.Element, depth: int) -> int:
    numbers = [
        _der.integer(part) for part in _der.children(parameters.content, depth=depth + 2) if part.tag == _der.INTEGER
    ]
    if oid == _SCRYPT:
        raise Invalid("The file is protected with scrypt.", advice="Export it again with PBKDF2.")
    if oid.startswith((_PKCS12_SCHEMES, _PKCS5_SCHEMES)) and numbers:
        return max(0, *numbers)
    return 0

"""emSign's spellings: texts for everything, dates without a zone, certificates with or without header lines."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certwright.model.errors import Refused
from certwright.model.words import DCVMethod

YES, NO = "1", "0"
# dcvMethod of a request; a report has the label instead.
METHOD_NUMBERS: Mapping[str, str] = {DCVMethod.DNS_TXT: "1", DCVMethod.HTTP: "2", DCVMethod.EMAIL: "3"}
_METHOD_WORDS: Mapping[str, str] = {
    **{number: word for word, number in METHOD_NUMBERS.items()},
    "dns txt record": DCVMethod.DNS_TXT,
    "dns txt": DCVMethod.DNS_TXT,
    "dns": DCVMethod.DNS_TXT,
    "http url": DCVMethod.HTTP,
    "http file": DCVMethod.HTTP,
    "http": DCVMethod.HTTP,
    "email": DCVMethod.EMAIL,
    "e-mail": DCVMethod.EMAIL,
}


def text(value: Any) -> str:
    """A value as text, trimmed: numbers and texts are told apart nowhere, and none comes as null, "" or not at all."""
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return YES if value else NO
    return str(value).strip()


def block(tree: Any, name: str) -> Mapping[str, Any]:
    """The object under a key; an empty one when there is none."""
    found = tree.get(name) if isinstance(tree, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def number(value: Any) -> int | None:
    """A number that came as one or as text; None for anything else."""
    found = text(value)
    return int(found) if found.isdecimal() and len(found) < 19 else None


def moment(value: Any) -> datetime | None:
    """A date or a time without a zone, which is UTC; None when there is none that can be read."""
    found = text(value)
    try:
        read = datetime.fromisoformat(found)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # a moment at the end of time may be outside it in another zone
        return None


def day(value: date) -> str:
    """A day as a search wants it."""
    return value.isoformat()


def serial(value: Any) -> str:
    """A serial number as lower-case hex; emSign writes it in decimal."""
    found = text(value).replace(":", "").lower()
    return f"{int(found):x}" if found.isdecimal() and len(found) < 100 else found.lstrip("0")


def method(value: Any) -> str:
    """A method of DCV in our words, by its number or label; the label itself where it is none we know."""
    found = text(value)
    return str(_METHOD_WORDS.get(found.lower(), found))


def certificates(value: Any) -> tuple[bytes, ...]:
    """The certificates (DER) in a text: PEM, one or several, or bare base64. None for an empty one.

    Raises Refused for what is neither.
    """
    found = text(value)
    if not found:
        return ()
    try:
        if "-----BEGIN" in found:
            return tuple(one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(found.encode()))
        der = base64.b64decode("".join(found.split()), validate=True)
        return (x509.load_der_x509_certificate(der).public_bytes(Encoding.DER),)
    except (ValueError, binascii.Error):
        raise Refused("emSign gave something that is no certificate.", advice="Ask emSign.") from None


def csr_der(value: Any) -> bytes:
    """The CSR (DER) in a text, PEM or bare base64; empty when there is none that can be read."""
    found = text(value)
    body = "".join(line for line in found.splitlines() if "-----" not in line)
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except (ValueError, binascii.Error):
        return b""


def csr_pem(der: bytes) -> str:
    """A CSR (DER) as PEM."""
    return x509.load_der_x509_csr(der).public_bytes(Encoding.PEM).decode()

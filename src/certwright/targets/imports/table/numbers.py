"""Fingerprints and serial numbers as tools and spreadsheets write them."""

from __future__ import annotations

import re

from certwright.pki.errors import Invalid

_SPREADSHEET = re.compile(r'="?(.*?)"?')  # ="00ab" keeps a spreadsheet from taking the text for a number
_ROUNDED = re.compile(r"[0-9][.,]?[0-9]*e\+[0-9]+", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s:.\-]+")
_DECIMAL_LIKE = re.compile(r"[0-9]{20,}")


def sha256(text: str) -> str:
    """A SHA-256 fingerprint as 64 lower-case hex digits. Raises Invalid for anything else."""
    found = _bare(text)
    if re.fullmatch(r"[0-9a-f]{64}", found):
        return found
    if re.fullmatch(r"[0-9a-f]{40}", found):
        raise Invalid("the fingerprint is a SHA-1 one, which is not enough; give SHA-256, or serial number and issuer")
    raise Invalid("the fingerprint is not one of SHA-256")


def serial(text: str, *, kind: str = "serial") -> str:
    """A serial number as lower-case hex without leading zeros, from ``kind`` ``serial_decimal`` or one in hex.

    Raises Invalid for what is none, for one that a spreadsheet has rounded, and, unless the kind is ``serial_hex``,
    for a long one in hex that has no letter: it is more likely in decimal, and the two are not told apart by guessing.
    """
    found = _bare(text)
    if _inside(text).startswith("-"):
        raise Invalid("the serial number is negative, which no CA may use (RFC 5280 4.1.2.2)")
    if _ROUNDED.fullmatch(_inside(text)):
        raise Invalid("a spreadsheet has rounded the serial number; export it again as text")
    if kind == "serial_decimal":
        if not re.fullmatch(r"[0-9]{1,60}", found):
            raise Invalid("the serial number is not a decimal number")
        return f"{int(found):x}"
    found = found.removeprefix("0x")
    if not re.fullmatch(r"[0-9a-f]{1,64}", found):
        raise Invalid("the serial number is not a number in hex")
    if kind == "serial" and _DECIMAL_LIKE.fullmatch(found):
        raise Invalid("the serial number may be hex or decimal; give its column as serial_hex or serial_decimal")
    return found.lstrip("0") or "0"


def _inside(text: str) -> str:
    stripped = text.strip().removeprefix("'")
    match = _SPREADSHEET.fullmatch(stripped)
    return match[1] if match else stripped


def _bare(text: str) -> str:
    return _SEPARATORS.sub("", _inside(text)).lower()

"""Paths and names as places: URIs of plain ASCII, whatever bytes a file's name is made of."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import quote_from_bytes

_LONGEST = 1000  # characters; the inventory keeps no more
_SAFE = "/:@+=,"  # readable, and with no meaning in a path (RFC 3986 §3.3)


def file_place(path: Path, mark: str = "") -> str:
    """``file:/etc/ssl/shop.pem`` (RFC 8089), with ``mark`` as its fragment.

    Every byte that is not plain ASCII, and ``#``, ``%``, line breaks and the like, stands as ``%..``: two files never
    share a place, and no place can break a line or turn the writing direction. A longer one ends in its digest.
    """
    return _place("file:", os.fsencode(path.absolute()), mark)


def upload_place(name: str, mark: str = "") -> str:
    """``upload:shop.pem`` for a file that was handed in under that name; the rest as :func:`file_place`."""
    return _place("upload:", name.encode("utf-8", "surrogateescape"), mark)


def _place(scheme: str, name: bytes, mark: str) -> str:
    fragment = f"#{mark}" if mark else ""
    quoted = quote_from_bytes(name, safe=_SAFE)
    room = _LONGEST - len(scheme) - len(fragment)
    if len(quoted) > room:
        digest = hashlib.sha256(name).hexdigest()
        quoted = f"{quoted[: room - len(digest) - 1]}~{digest}"
    return f"{scheme}{quoted}{fragment}"

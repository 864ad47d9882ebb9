"""Where a list of certificates goes on, as a text that leaves this program and comes back from whoever reads the list.

It is signed, with what it belongs to, so that nobody can make it point elsewhere: a cursor that was edited, cut, made
by another installation or for another query is refused and not followed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from certwright.model.errors import Refused
from certwright.model.inventory import Position
from certwright.model.wanted import Wanted, to_json

_PURPOSE = b"certwright cursor 1\0"
_SIGNATURE = 16  # bytes of the HMAC-SHA-256 that are kept: half, as RFC 2104 §5 allows
_LONGEST = 2000
_ADVICE = "Begin at the first page; a cursor fits only the query, the order and the installation that it came from."


def encode(position: Position, wanted: Wanted, key: bytes) -> str:
    """The cursor (URL-safe, no padding) of a position in the list of what is wanted; ``key`` is a secret of ours."""
    place = f"{position.id} {position.value}".encode()
    return urlsafe_b64encode(_signature(place, wanted, key) + place).rstrip(b"=").decode()


def decode(text: str, wanted: Wanted, key: bytes) -> Position:
    """The position that :func:`encode` gave that cursor; raises Refused for a cursor of anything else."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)) if len(text) <= _LONGEST else b""
    except ValueError:
        raw = b""
    signature, place = raw[:_SIGNATURE], raw[_SIGNATURE:]
    if not hmac.compare_digest(signature, _signature(place, wanted, key)):
        raise Refused("This cursor does not belong to this list.", advice=_ADVICE)
    number, _, value = place.decode().partition(" ")
    return Position(value, int(number))


def _signature(place: bytes, wanted: Wanted, key: bytes) -> bytes:
    """Of the place and of what is wanted. The span in ``ends_within`` counts, not the dates that it comes to today."""
    asked = json.dumps(to_json(wanted), sort_keys=True, ensure_ascii=False).encode()
    parts = _PURPOSE + len(asked).to_bytes(4) + asked + place
    return hmac.new(key, parts, hashlib.sha256).digest()[:_SIGNATURE]

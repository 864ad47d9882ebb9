"""The ``meta`` block that signs a call: a hash of the access key, a time and a number that no other call has.

The one place that knows the access key. emSign's OAuth variant sends an empty ``authKey`` and a header instead: another
signer, with the same one method.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime


class AccessKeySigner:
    """Signs with an account number and its access key."""

    def __init__(self, account_number: str, access_key: str) -> None:
        self.account_number = account_number
        self._access_key = access_key

    def __repr__(self) -> str:
        """Without the access key."""
        return f"<AccessKeySigner of account {self.account_number}>"

    def meta(self) -> dict[str, str]:
        """A fresh block for one attempt; the same one is refused a second time."""
        ts, txn = datetime.now(UTC).isoformat(timespec="seconds"), uuid.uuid4().hex
        return {
            "ver": "1.0",
            "ts": ts,
            "txn": txn,
            "accountNumber": self.account_number,
            "authKey": auth_key(self._access_key, ts, txn),
        }


def auth_key(access_key: str, ts: str, txn: str) -> str:
    """SHA-256 (lower-case hex) of the three, one after the other."""
    return hashlib.sha256(f"{access_key}{ts}{txn}".encode()).hexdigest()

"""The CSRs that were made here, to be ordered with later."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from certwright.model.errors import NotFound
from certwright.model.order import KeyReference
from certwright.model.ports import Clock
from certwright.pki.csr import CSR, decode
from certwright.store import models, rows


@dataclass(frozen=True, slots=True)
class MadeCSR:
    """A CSR with our number of it, its key and when it was made (UTC); ``ordered`` tells that an order has it."""

    id: int
    csr: CSR
    key: KeyReference
    created_at: datetime
    ordered: bool


class CSRs:
    """The CSRs of this installation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def keep(self, csr: CSR, key: KeyReference) -> int:
        """Keep a CSR that was signed with a key of ours; returns our number of it. Repeatable."""
        row, _ = models.CSR.objects.get_or_create(
            sha256=hashlib.sha256(csr.der).hexdigest(),
            defaults={
                "key_id": key.id,
                "names": list(csr.names),
                "common_name": (csr.common_name or "")[:200],
                "der": csr.der,
                "created_at": self._clock.now(),
            },
        )
        return int(row.pk)

    def get(self, number: int) -> MadeCSR:
        """The CSR of that number; raises NotFound."""
        row = models.CSR.objects.select_related("key").filter(pk=number).first()
        if row is None:
            raise NotFound(f"There is no CSR {number}.", advice="certwright csr list shows them.")
        return _value(row)

    def all(self) -> Iterator[MadeCSR]:
        """All CSRs, the oldest first."""
        return (_value(row) for row in models.CSR.objects.select_related("key").order_by("pk"))


def _value(row: models.CSR) -> MadeCSR:
    csr = decode(bytes(row.der))
    ordered = models.Order.objects.filter(csr=csr.der).exists()
    return MadeCSR(row.pk, csr, rows.key_value(row.key), row.created_at, ordered)

"""What was bought: one entry for every order that a CA billed, however its story goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certwright_sandbox.state import Id, Record, State


@dataclass(eq=False, slots=True)
class Entry(Record):
    """A billed order; `id` is "ca/order_id". The counts are of certificates issued and of calls accepted."""

    ca: str
    account: str
    order_id: int
    reference: str | None
    product: str
    names: tuple[str, ...]
    status: str
    placed_at: datetime
    price: int
    certificates: int = 0
    reissues: int = 0
    duplicates: int = 0
    revocations: int = 0


class Ledger:
    """Every entry, oldest first. An order is charged when it is placed and never refunded."""

    def __init__(self, state: State) -> None:
        """Go on with what the state holds."""
        self._entries = state.table("ledger", Entry)

    def bill(self, entry: Entry) -> None:
        """Charge an order."""
        self._entries.add(entry)

    def entry(self, ca: str, order_id: Id) -> Entry:
        """The entry of an order, which must have been billed."""
        return self._entries[f"{ca}/{order_id}"]

    def entries(self, ca: str | None, account: str | None) -> Iterator[Entry]:
        """The entries of a CA and of an account; None for any."""
        for entry in self._entries:
            if ca in (None, entry.ca) and account in (None, entry.account):
                yield entry


def as_json(entry: Entry) -> dict[str, Any]:
    """The entry as the management door shows it."""
    names = (
        "ca",
        "account",
        "order_id",
        "reference",
        "product",
        "names",
        "status",
        "placed_at",
        "price",
        "certificates",
        "reissues",
        "duplicates",
        "revocations",
    )
    row = {name: getattr(entry, name) for name in names}
    return {
        **row,
        "names": list(entry.names),
        "placed_at": entry.placed_at.replace(microsecond=0).isoformat(),
    }

"""A CA that several processes share: its ledger is a file. It issues nothing; orders stay pending."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from certwright.model.ca import CAOrder, Pending, Placement, Progress
from certwright.model.words import WaitingFor


@dataclass
class SharedCA:
    """``ledger`` has one line per order that was bought. ``meanwhile`` is called while a call is on its way."""

    ledger: Path
    meanwhile: Callable[[], None] = lambda: None
    settle_time: timedelta = timedelta(seconds=1)
    looks: tuple[float, ...] = ()

    def check(self, placement: Placement) -> None:
        """Everything may be ordered."""

    def place(self, placement: Placement, *, deadline: float) -> Progress:
        """Buy, then take time to answer."""
        with self.ledger.open("a") as file:  # one short write: whole lines, whoever else writes
            file.write(f"{placement.reference} {os.getpid()}\n")
        self.meanwhile()
        return self._pending(placement.reference)

    def find(self, reference: str) -> tuple[CAOrder, ...]:
        """What the ledger has with that reference."""
        return tuple(CAOrder(f"ca-{known}") for known in bought(self.ledger) if known == reference)

    def collect(self, ca_order: CAOrder, *, public_key_sha256: str) -> Progress:
        """Not yet."""
        return self._pending(ca_order.order_id.removeprefix("ca-"))

    def close(self) -> None:
        """Nothing to let go of."""

    def _pending(self, reference: str) -> Pending:
        return Pending(CAOrder(f"ca-{reference}"), WaitingFor.CA_APPROVAL, "The approver is on holiday.")


def bought(ledger: Path) -> list[str]:
    """The references in a ledger, in the order of purchase."""
    return [line.split()[0] for line in ledger.read_text().splitlines()] if ledger.exists() else []

"""Targets in memory, which show what is published after a while."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from certwright.model.ca import Proof
from certwright.model.errors import CertwrightError, Unavailable
from certwright.model.order import Order


@dataclass
class FakeChallenges:
    """Serves the names in ``serving`` (all when it is None); a proof is seen from look number ``seen_at`` on."""

    serving: Collection[str] | None = ()
    seen_at: int = 0
    trouble: CertwrightError | None = None  # raised by publish
    trouble_at: Collection[str] = ()  # names for which publish raises
    standing: list[Proof] = field(default_factory=list)
    withdrawn: list[Proof] = field(default_factory=list)
    looks: int = 0

    def serves(self, proof: Proof) -> bool:
        """As :class:`certwright.model.ports.Challenges`."""
        return self.serving is None or proof.name in self.serving

    def publish(self, order: Order, proof: Proof) -> str:
        """As :class:`certwright.model.ports.Challenges`."""
        if self.trouble is not None:
            raise self.trouble
        if proof.name in self.trouble_at:
            raise Unavailable(f"{proof.where} cannot be written.")
        if proof not in self.standing:
            self.standing.append(proof)
        return "dns"

    def look(self, order: Order, proof: Proof) -> str:
        """As :class:`certwright.model.ports.Challenges`."""
        self.looks += 1
        return "" if self.looks > self.seen_at else f"{proof.where}: no such name."

    def withdraw(self, order: Order) -> int:
        """As :class:`certwright.model.ports.Challenges`."""
        self.withdrawn += self.standing
        self.standing = []
        return len(self.withdrawn)

"""Everything an order needs, in memory: fakes in their ports, and orders to put through them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from certwright.flow.advance import advance
from certwright.flow.fulfil import FULFIL
from certwright.flow.revoke import REVOKE
from certwright.model.ca import RevocationTarget
from certwright.model.errors import LostLease
from certwright.model.order import KeyReference, Order, Request, Revocation
from certwright.model.ports import CertificateAuthority, Ports, Trust
from certwright.model.words import KeyKind, Operation, OrderState, RevocationReason, RevocationState
from certwright.pki.keys import KeySpec
from tests.fakes.ca import FakeCA
from tests.fakes.challenges import FakeChallenges
from tests.fakes.clock import FakeClock
from tests.fakes.journal import FakeJournal, Tables
from tests.fakes.outside import FakeCatalogue, FakeInventory, FakeKeys, FakeStanding

CALL_SECONDS = 60.0
SHOP = "shop.meadow.example"


def some_request(**change: Any) -> Request:
    """A request for SHOP."""
    return replace(Request(Operation.NEW, names=(SHOP,), common_name=SHOP, product="tls"), **change)


def some_order(number: int = 1, **change: Any) -> Order:
    """An order at its beginning."""
    clock = FakeClock()
    return replace(
        Order(
            id=number,
            reference=f"reference-{number}",
            account="meadow",
            state=OrderState.DRAFT,
            step="admit",
            request=some_request(),
            key=KeyReference(number, KeyKind.SOFTWARE, KeySpec.EC_P256),
            created_at=clock.now(),
        ),
        **change,
    )


def some_revocation(number: int = 1, **change: Any) -> Revocation:
    """A revocation at its beginning."""
    return replace(
        Revocation(
            id=number,
            order_id=1,
            account="meadow",
            target=RevocationTarget("O1", "C1"),
            reason=RevocationReason.SUPERSEDED,
            comment="",
            state=RevocationState.REQUESTED,
            step="ask",
            created_at=FakeClock().now(),
        ),
        **change,
    )


@dataclass
class World:
    """A clock, a CA and one worker; the tables outlive the worker."""

    clock: FakeClock = field(default_factory=FakeClock)
    orders: Tables[Order] = field(default_factory=Tables)
    revocations: Tables[Revocation] = field(default_factory=Tables)

    def __post_init__(self) -> None:
        self.ca = FakeCA(self.clock)
        self.keys = FakeKeys()
        self.inventory = FakeInventory(self.orders)
        self.challenges = FakeChallenges()
        self.catalogue = FakeCatalogue()
        self.standing = FakeStanding(self.clock)
        self.order_journal = FakeJournal(self.orders, self.clock)
        self.revocation_journal = FakeJournal(self.revocations, self.clock)

    def ports(self, ca: CertificateAuthority | None = None) -> Ports:
        """The ports as the flow sees them; ``ca`` in place of the whole fake where a CA is to have fewer abilities."""
        return Ports(
            clock=self.clock,
            ca=ca or self.ca,
            keys=self.keys,
            orders=self.order_journal,
            revocations=self.revocation_journal,
            inventory=self.inventory,
            challenges=self.challenges,
            catalogue=self.catalogue,
            standing=self.standing,
            trust=Trust((self.ca.top.certificate,), reserved_names=True),
            call_seconds=CALL_SECONDS,
        )

    def add(self, order: Order | None = None) -> Order:
        """Record an order, due now."""
        return self.orders.add(order or some_order(), self.clock.now())

    def add_revocation(self, revocation: Revocation | None = None) -> Revocation:
        """Record a revocation, due now."""
        return self.revocations.add(revocation or some_revocation(), self.clock.now())

    def order(self, number: int = 1) -> Order:
        """The order as committed."""
        return self.orders.rows[number].subject

    def events(self, number: int = 1) -> list[str]:
        """The notes of the order's journal."""
        return [event.note for event in self.orders.rows[number].events]

    def outcomes(self, number: int = 1) -> list[str]:
        """What became of the order's calls, by attempt."""
        return [intent.outcome.value for intent in self.orders.rows[number].intents]

    def run(self, number: int = 1, ca: CertificateAuthority | None = None) -> Order:
        """Advance an order once, due or not, as a worker does."""
        order = self.order_journal.claim(number)
        if order is not None:
            try:
                advance(order, FULFIL, self.order_journal, self.ports(ca))
            except LostLease:
                pass
            except Exception:
                self.order_journal.release(order)
                raise
        return self.order(number)

    def run_revocation(self, number: int = 1, ca: CertificateAuthority | None = None) -> Revocation:
        """Advance a revocation once."""
        revocation = self.revocation_journal.claim(number)
        if revocation is not None:
            advance(revocation, REVOKE, self.revocation_journal, self.ports(ca))
        return self.revocations.rows[number].subject

    def until_due(self, number: int = 1) -> None:
        """Let time pass until the order is due again."""
        due = self.orders.rows[number].due
        if due is not None and due > self.clock.now():
            self.clock.advance(due - self.clock.now())

    def settle(self, number: int = 1, *, turns: int = 200) -> Order:
        """Go on, waiting as long as the order says each time, until it ends or the turns are over."""
        for _ in range(turns):
            if self.order(number).ended:
                break
            self.until_due(number)
            self.run(number)
        return self.order(number)

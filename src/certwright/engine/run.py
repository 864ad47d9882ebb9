"""Advance one order or revocation under its lease. What a worker, the CLI and a test all do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import structlog

from certwright.flow.advance import Story, advance
from certwright.flow.fulfil import FULFIL
from certwright.flow.revoke import REVOKE
from certwright.model.errors import CertwrightError, LostLease, Refused, Unavailable
from certwright.model.order import Event, EventKind, Order, Revocation
from certwright.model.ports import Ports, Subject
from certwright.store.journal import LeasedJournal, OrderJournal, RevocationJournal

PortsFor = Callable[[str], Ports]  # by the name of the CA account
_HOLD_SECONDS = 30.0  # a worker lets an order go between two steps, each of which is one call or two
_ASK_AGAIN_SECONDS = 0.1  # the holder is another process: its lease can only be looked at

log = structlog.get_logger(__name__)


@dataclass
class Held:
    """An unfinished order while a person changes it: nobody else advances it meanwhile."""

    order: Order
    at: Ports

    def save(self, note: str, **changes: Any) -> None:
        """Commit a change of the order with its line in the journal, and go on holding it."""
        self.order = self.at.orders.save(
            replace(self.order, **changes), [Event(EventKind.PERSON, self.order.step, note)]
        )


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs stories. ``ports_for`` gives the outside as one CA account's orders see it."""

    orders: OrderJournal
    revocations: RevocationJournal
    ports_for: PortsFor

    def order(self, order_id: int, fence: int | None = None) -> Order | None:
        """Advance the order as far as it goes at once; None when it is not ours to advance now.

        With ``fence``, only if nobody has had it since it stood at that fence.
        """
        order = _run(order_id, fence, FULFIL, self.orders, self.ports_for)
        if order is not None and order.ended:
            self._withdraw(order)
        return order

    def _withdraw(self, order: Order) -> None:
        """Take away the proofs of an order that has ended; what resists is tried again by ``engine.challenges``."""
        try:
            count = self.ports_for(order.account).challenges.withdraw(order)
            if count:
                self.orders.add(order, Event(EventKind.STEP, "publish", f"proofs taken away: {count}"))
        except CertwrightError as error:
            log.warning("proof not withdrawn", order=order.id, why=str(error))

    @contextmanager
    def held(self, order_id: int) -> Iterator[Held]:
        """Hold an unfinished order for a person's act; it is due at once afterwards, however the act went.

        Raises Refused when it has ended, Unavailable when somebody else holds it for too long.
        """
        order = self._claimed(order_id)
        try:
            held = Held(order, self.ports_for(order.account))
        except BaseException:
            self.orders.release(order)
            raise
        try:
            yield held
        finally:
            self.orders.save(replace(held.order, next_action_at=held.at.clock.now()), [])

    def _claimed(self, order_id: int) -> Order:
        until = time.monotonic() + _HOLD_SECONDS
        while (order := self.orders.claim(order_id)) is None:
            if self.orders.has_ended(order_id):
                raise Refused(f"Order {order_id} has ended.", advice=f"certwright order show {order_id}")
            if time.monotonic() > until:
                raise Unavailable(f"A worker is busy with order {order_id}.", advice="Try again in a moment.")
            time.sleep(_ASK_AGAIN_SECONDS)
        return order

    def revocation(self, revocation_id: int, fence: int | None = None) -> Revocation | None:
        """As :meth:`order`, of a revocation."""
        return _run(revocation_id, fence, REVOKE, self.revocations, self.ports_for)


def _run(
    subject_id: int,
    fence: int | None,
    story: Story[Subject],
    journal: LeasedJournal[Subject],
    ports_for: PortsFor,
) -> Subject | None:
    subject = journal.claim(subject_id, fence)
    if subject is None:
        return None
    try:
        try:
            at = ports_for(subject.account)
        except CertwrightError as error:
            # Not the CA's trouble and not a step's: our own set-up, such as the key-encryption key.
            return journal.hold(subject, str(error))
        return advance(subject, story, journal, at)
    except LostLease:
        return None
    except BaseException:
        journal.release(subject)
        raise

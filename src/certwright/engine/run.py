"""Advance one order or revocation under its lease. What a worker, the CLI and a test all do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from certwright.flow.advance import Story, advance
from certwright.flow.fulfil import FULFIL
from certwright.flow.revoke import REVOKE
from certwright.model.errors import CertwrightError, LostLease
from certwright.model.order import Order, Revocation
from certwright.model.ports import Ports, Subject
from certwright.store.journal import LeasedJournal, OrderJournal, RevocationJournal

PortsFor = Callable[[str], Ports]  # by the name of the CA account


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
        return _run(order_id, fence, FULFIL, self.orders, self.ports_for)

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

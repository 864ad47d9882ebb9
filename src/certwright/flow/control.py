"""Proving control of an order's names: publish where we can, see it stand there, and only then ask the CA to look.

What is published is left in place until the order has ended; ``engine.run`` takes it away then, whatever the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from certwright.flow.answers import Answer, Done, Wait
from certwright.flow.trouble import Talks, trouble
from certwright.model.ca import Proof
from certwright.model.errors import CertwrightError, Refused
from certwright.model.order import EventKind, Order
from certwright.model.ports import Ports, ProvesControl
from certwright.model.words import WaitingFor
from certwright.policy import cadence

_PATIENT_LOOKS = 15  # by `cadence.next_proof_look` about an hour: then the CA, which looks from elsewhere, is asked
_LONGEST = timedelta(minutes=2)  # of publishing, and of looking, at one go: far less than a lease, however many names


def ours_to_publish(proofs: tuple[Proof, ...], at: Ports) -> tuple[Proof, ...]:
    """The proofs that one of our targets serves; the others are for a person to publish."""
    return tuple(proof for proof in proofs if at.challenges.serves(proof))


def publish(order: Order, at: Ports) -> Answer:
    """Publish the proofs we can, and look at them as a CA would."""
    wanted = () if _settled(order) else ours_to_publish(order.proofs, at)
    if not wanted:
        return Done()
    until = at.clock.now() + _LONGEST
    where: list[str] = []
    standing: list[Proof] = []
    troubles: list[CertwrightError] = []
    for proof in wanted:
        if at.clock.now() >= until:
            return Wait(at.clock.now(), f"{len(where)} of {len(wanted)} proofs are published.")
        try:
            where.append(at.challenges.publish(order, proof))
            standing.append(proof)
        except CertwrightError as error:  # of one name: the others are published all the same
            troubles.append(error)
    if troubles and order.looks < _PATIENT_LOOKS:
        return _in_trouble(order, troubles[0], at)
    unseen = [*(error.detail for error in troubles), *_unseen(order, standing, at)]
    if unseen and order.looks < _PATIENT_LOOKS:
        return Wait(
            at.clock.now() + cadence.next_proof_look(order.looks),
            f"Published, and not to be seen yet: {' '.join(unseen)}",
            {"looks": order.looks + 1},
        )
    seen = "and seen there" if not unseen else f"but not seen by us ({' '.join(unseen)}); the CA is asked all the same"
    note = f"proofs published ({', '.join(dict.fromkeys(where)) or 'nowhere'}) {seen}"
    kind = EventKind.ALARM if troubles else EventKind.STEP
    return Done(note, {"looks": 0}, kind=kind, must_be_kept=True)


def _in_trouble(order: Order, error: CertwrightError, at: Ports) -> Wait:
    """A target that would not take a proof never ends an order, which is paid for: it is tried again for some hours."""
    later = trouble(error, Talks.TARGETS, order.looks, at)
    if isinstance(later, Wait):
        return later
    until = at.clock.now() + cadence.after_trouble(order.looks)
    return Wait(until, error.detail, {"looks": order.looks + 1, "trouble": "misconfigured"}, advice=error.advice)


def _unseen(order: Order, wanted: Sequence[Proof], at: Ports) -> list[str]:
    """A sentence for each proof that is not to be seen; one for all those for which there was no time."""
    until = at.clock.now() + _LONGEST
    unseen: list[str] = []
    for number, proof in enumerate(wanted):
        if at.clock.now() >= until:
            return [*unseen, f"There was no time to look at {len(wanted) - number} more."]
        if sentence := at.challenges.look(order, proof):
            unseen.append(sentence)
    return unseen


def prove(order: Order, at: Ports) -> Answer:
    """Ask the CA to look at what we have published. Whether it is content is seen when the order is collected."""
    ca = at.ca
    if _settled(order) or order.ca_order is None or not isinstance(ca, ProvesControl):
        return Done()
    if not ours_to_publish(order.proofs, at):
        return Done()
    try:
        told = "proven" if ca.check_control(order.ca_order, order.placement) else "not proven yet"
    except Refused as error:  # whether the order has ended is for its collecting to find out
        told = error.detail
    at.standing.answered()
    if order.looks:  # asked before, and told so then
        return Done()
    return Done(f"asked the CA to look: {told}", kind=EventKind.CA)


def _settled(order: Order) -> bool:
    """Whether there is nothing to prove: it is withdrawn, or waits for something else."""
    return bool(order.cancel_comment) or order.waiting_for is not WaitingFor.DOMAIN_CONTROL

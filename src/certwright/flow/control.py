"""Proving control of an order's names: publish where we can, see it stand there, and only then ask the CA to look.

What is published is left in place until the order has ended; ``engine.run`` takes it away then, whatever the end.
"""

from __future__ import annotations

from certwright.flow.answers import Answer, Done, Wait
from certwright.model.ca import Proof
from certwright.model.errors import Refused
from certwright.model.order import EventKind, Order
from certwright.model.ports import Ports, ProvesControl
from certwright.model.words import WaitingFor
from certwright.policy import cadence

_PATIENT_LOOKS = 15  # by `cadence.next_proof_look` about an hour: then the CA, which looks from elsewhere, is asked


def ours_to_publish(proofs: tuple[Proof, ...], at: Ports) -> tuple[Proof, ...]:
    """The proofs that one of our targets serves; the others are for a person to publish."""
    return tuple(proof for proof in proofs if at.challenges.serves(proof))


def publish(order: Order, at: Ports) -> Answer:
    """Publish the proofs we can, and look at them as a CA would."""
    wanted = () if _settled(order) else ours_to_publish(order.proofs, at)
    if not wanted:
        return Done()
    where = [at.challenges.publish(order, proof) for proof in wanted]
    unseen = [sentence for proof in wanted if (sentence := at.challenges.look(order, proof))]
    if unseen and order.looks < _PATIENT_LOOKS:
        return Wait(
            at.clock.now() + cadence.next_proof_look(order.looks),
            f"Published, and not to be seen yet: {' '.join(unseen)}",
            {"looks": order.looks + 1},
        )
    seen = "and seen there" if not unseen else f"but not seen by us ({' '.join(unseen)}); the CA is asked all the same"
    return Done(f"proofs published ({', '.join(dict.fromkeys(where))}) {seen}", {"looks": 0}, must_be_kept=True)


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

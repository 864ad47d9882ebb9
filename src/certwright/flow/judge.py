"""The judgement on what a CA delivered: what does not match is kept as evidence, and never ordered again."""

from __future__ import annotations

from datetime import timedelta

from certwright.flow.answers import Answer, Done, Refuse, Wait
from certwright.model.ca import Term
from certwright.model.order import EventKind, Order
from certwright.model.ports import Ports
from certwright.model.words import WaitingFor
from certwright.pki import chain as chains
from certwright.pki import csr as csrs
from certwright.pki.certificate import from_der
from certwright.pki.chain import Chain
from certwright.pki.errors import Invalid
from certwright.policy import accept, cadence

_PATIENCE = timedelta(hours=24)  # with a CA that goes on showing the certificate of before


def verify(order: Order, at: Ports) -> Answer:
    """Judge what the CA gave us. What does not match is kept as evidence and never installed, nor ordered again."""
    try:
        chain = chain_of(order, at)
    except Invalid as error:
        return _mismatch(error.detail)
    now = at.clock.now()
    objections = accept.objections(
        chain,
        wanted_names=order.request.names,
        public_key_sha256=csrs.decode(order.csr).public_key_sha256,
        roots=at.trust.roots,
        at=now,
        ordered_at=order.placed_at or order.created_at,
        public_trust=_public_trust(order, at),
        asked_days=_asked_days(order),
    )
    if not objections:
        return Done(f"verified: {chain.leaf.fingerprint}")
    reasons = " ".join(objection.reason for objection in objections)
    older = any(objection.rule == accept.OLDER_THAN_ORDER for objection in objections)
    # Only where there was a certificate before can it still be shown, and not for ever.
    if older and order.request.inside and now - (order.placed_at or order.created_at) < _PATIENCE:
        return Wait(
            now + cadence.next_look(WaitingFor.PROCESSING, order.looks, watched=False),
            f"The CA still shows an earlier certificate. {reasons}",
            {"collected": (), "step": "collect", "looks": order.looks + 1},
            kind=EventKind.CA,
        )
    return _mismatch(reasons)


def _asked_days(order: Order) -> int | None:
    """The life that was asked for, in days; None for what happens inside an older order and ends with it."""
    wish = order.request
    if wish.inside or wish.options:  # options of the CA's own may ask for another life
        return wish.lifetime_days
    term = wish.term or Term(years=1)
    if term.until is not None:
        days = (term.until - order.created_at.date()).days
    else:
        days = term.days or (term.years or 1) * 365
    return min(days, wish.lifetime_days or days)


def _mismatch(reasons: str) -> Refuse:
    return Refuse(
        f"The certificate that the CA gave does not match: {reasons}",
        "It is kept with the order as evidence and not installed. Ask the CA to put it right, or revoke it; "
        "if our side was wrong (trust anchors, clock), mend that and run: certwright order check",
        kind=EventKind.ALARM,
    )


def chain_of(order: Order, at: Ports) -> Chain:
    """The chain of our key's leaf; of any other leaf when there is none, for the rules to say what is wrong with it."""
    given = [from_der(der) for der in order.collected]
    wanted = csrs.decode(order.csr).public_key_sha256
    try:
        return chains.build(given, public_key_sha256=wanted, known=at.trust.known)
    except Invalid:
        return chains.build(given, known=at.trust.known)


def _public_trust(order: Order, at: Ports) -> bool:
    """An order that was forgotten may have taken the knowledge of its product with it: then the stricter rules hold."""
    product = at.catalogue.product(order.request.product) if order.request.product else None
    return product is None or product.public_trust

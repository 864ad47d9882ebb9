"""How an order gets its certificate, top to bottom: the list of steps at the end of this file is the story.

Each step is a small function of (order, ports). It looks at what the order already has, does at most one thing,
and can be run again, because every effect outside is named by our own reference, key id or fingerprint.
"""

from __future__ import annotations

from dataclasses import replace

from certwright.flow import control, judge
from certwright.flow.advance import Step, Story
from certwright.flow.answers import Answer, Done, Refuse
from certwright.flow.collecting import collect, withdrawn
from certwright.flow.placing import place
from certwright.flow.trouble import Talks
from certwright.model.ca import Product
from certwright.model.order import Order
from certwright.model.ports import Ports, TakesCSRLate
from certwright.model.words import KeyKind, OrderState
from certwright.pki import csr as csrs
from certwright.policy import admit


def admit_order(order: Order, at: Ports) -> Answer:
    """May this be ordered? Everything that can be known before money is spent is asked here."""
    if order.cancel_comment:
        return withdrawn(order)
    wish = order.request
    product = _product(order, at)
    if product is None and not wish.inside:  # a CA order that is there already has its product
        return Refuse(
            f"The CA account {order.account} has no product {wish.product!r}.",
            f"See what it sells with: certwright account show {order.account}",
        )
    organization = ""
    if product is not None and product.organization_required:
        found = at.catalogue.organization(wish.organization)
        if found is None and wish.organization:
            return Refuse(
                f"The CA account {order.account} has no active organization {wish.organization!r}.",
                f"Name one with --organization; certwright account show {order.account} lists them.",
            )
        organization = found.ca_id if found else ""  # left to the CA's adapter, which may know it by the names
    given = csrs.decode(order.csr) if order.csr else None
    if _csr_comes_late(order) and not isinstance(at.ca, TakesCSRLate):
        return Refuse("This CA takes no order without a CSR.", "Give --csr, or --key to have one made.")
    if objections := admit.objections(
        admit.Wish(
            names=wish.names,
            common_name=wish.common_name,
            public_key=given.public_key if given else None,
            key_spec=order.key.spec,
            csr=given,
            public_trust=product is None or product.public_trust,
            term_days=wish.lifetime_days,
            reserved_names_allowed=at.trust.reserved_names,
        ),
        at.clock.now(),
    ):
        return Refuse(
            " ".join(objection.reason for objection in objections),
            " ".join(dict.fromkeys(objection.advice for objection in objections if objection.advice)),
        )
    wish = replace(wish, organization=organization)
    at.ca.check(replace(order.placement, organization=organization))
    more = f" and {len(wish.names) - 1} more names" if len(wish.names) > 1 else ""
    what = product.name if product else str(wish.operation)
    return Done(f"admitted: {what} for {wish.common_name}{more}", {"request": wish})


def make_key(order: Order, at: Ports) -> Answer:
    """Make the private key where it is to live; its id was chosen and stored when the order was recorded."""
    if order.key.made or _csr_comes_late(order):
        return Done()
    if order.cancel_comment:
        return withdrawn(order)
    key = at.keys.make(order.key)
    where = f" in token {key.token}, id {key.cka_id}" if key.kind is KeyKind.PKCS11 else ""
    return Done(f"key {key.spec} made{where}", {"key": key})


def _csr_comes_late(order: Order) -> bool:
    """Whether somebody will give the CSR when the CA has the order already."""
    return not order.csr and order.key.kind is KeyKind.EXTERNAL


def make_csr(order: Order, at: Ports) -> Answer:
    """Sign the CSR, unless one was given or comes later."""
    if order.csr or _csr_comes_late(order):
        return Done()
    if order.cancel_comment:
        return withdrawn(order)
    wish = order.request
    csr = at.keys.sign_csr(order.key, wish.names, wish.common_name)
    return Done("CSR signed", {"csr": csr})


def _product(order: Order, at: Ports) -> Product | None:
    """What is ordered; None when the CA does not sell it, or when a forgotten order took the knowledge with it."""
    return at.catalogue.product(order.request.product) if order.request.product else None


def record(order: Order, at: Ports) -> Answer:
    """Enter leaf and chain in the inventory."""
    if order.fingerprint:
        return Done()
    chain = judge.chain_of(order, at)
    fingerprint = at.inventory.record(order, chain)
    return Done(f"recorded, valid until {chain.leaf.not_after:%Y-%m-%d}", {"fingerprint": fingerprint})


def store_beside_key(order: Order, at: Ports) -> Answer:
    """Put leaf and chain into the token that holds the key, linked by its CKA_ID."""
    if order.key.kind is not KeyKind.PKCS11:
        return Done()
    place = at.keys.store_chain(order.key, judge.chain_of(order, at))
    return Done(f"leaf and chain stored in {place}" if place else "")


FULFIL: Story[Order] = Story(
    steps=(
        Step("admit", Talks.CA, run=admit_order),
        Step("key", Talks.KEYS, run=make_key),
        Step("csr", Talks.KEYS, run=make_csr),
        Step("place", Talks.CA, call=place),
        Step("publish", Talks.TARGETS, run=control.publish),
        Step("prove", Talks.CA, run=control.prove),
        Step("collect", Talks.CA, run=collect),
        Step("verify", Talks.NOBODY, run=judge.verify),
        Step("record", Talks.NOBODY, run=record),
        Step("store", Talks.KEYS, run=store_beside_key),
    ),
    fulfilled={"state": OrderState.ISSUED, "waiting_for": None},
    refused={"state": OrderState.FAILED},
)

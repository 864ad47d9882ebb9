"""How an order gets its certificate, top to bottom: the list of steps at the end of this file is the story.

Each step is a small function of (order, ports). It looks at what the order already has, does at most one thing,
and can be run again, because every effect outside is named by our own reference, key id or fingerprint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from certwright.flow import control, judge
from certwright.flow.advance import Step, Story
from certwright.flow.answers import Answer, Done, Refuse, Wait
from certwright.flow.paid import Call
from certwright.flow.trouble import Talks
from certwright.model.ca import CAOrder, Ended, Issued, Pending, Product, Progress, Proof
from certwright.model.errors import CertwrightError, NotFound, Refused, Unavailable
from certwright.model.order import EventKind, Order
from certwright.model.ports import Cancels, ChecksCSR, Duplicates, FindsByReference, Ports, ProvesControl, Reissues
from certwright.model.words import KeyKind, Operation, OrderState, WaitingFor
from certwright.pki import csr as csrs
from certwright.policy import admit, cadence

_LOOKS_AT_PROOFS = 3  # then it is not slowness of a name server
_CLOCKS_DIFFER = timedelta(days=1)  # ours and the CA's, time zones that were forgotten included
_PROOF_RESERVE = timedelta(days=1)  # a proof that ends sooner is replaced by a fresh one


def admit_order(order: Order, at: Ports) -> Answer:
    """May this be ordered? Everything that can be known before money is spent is asked here."""
    if order.cancel_comment:
        return _withdrawn(order)
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
    if order.key.made:
        return Done()
    if order.cancel_comment:
        return _withdrawn(order)
    key = at.keys.make(order.key)
    where = f" in token {key.token}, id {key.cka_id}" if key.kind is KeyKind.PKCS11 else ""
    return Done(f"key {key.spec} made{where}", {"key": key})


def make_csr(order: Order, at: Ports) -> Answer:
    """Sign the CSR, unless one was given."""
    if order.csr:
        return Done()
    if order.cancel_comment:
        return _withdrawn(order)
    wish = order.request
    csr = at.keys.sign_csr(order.key, wish.names, wish.common_name)
    return Done("CSR signed", {"csr": csr})


def place(order: Order, at: Ports) -> Call[Progress]:
    """Ask the CA for the certificate: a new order, or a reissue or duplicate inside one. Exactly once."""
    wish, ca = order.request, at.ca
    send: Callable[[float], Progress]
    search: Callable[[frozenset[str]], tuple[CAOrder, ...]] | None = None
    marks: Callable[[], frozenset[str]] = frozenset
    if wish.operation is Operation.NEW:
        send = lambda deadline: ca.place(order.placement, deadline=deadline)  # noqa: E731
        if isinstance(ca, FindsByReference):
            finder = ca
            search = lambda _: finder.find(order.reference)  # noqa: E731
    elif wish.operation is Operation.REISSUE and isinstance(ca, Reissues):
        reissuer = ca
        marks = partial(_marks, reissuer, wish.inside)
        send = lambda deadline: reissuer.reissue(wish.inside, order.placement, deadline=deadline)  # noqa: E731
        search = partial(reissuer.find_reissue, wish.inside, order.placement)
    elif wish.operation is Operation.DUPLICATE and isinstance(ca, Duplicates):
        doubler = ca
        marks = partial(_marks, doubler, wish.inside)
        send = lambda deadline: doubler.duplicate(wish.inside, order.placement, deadline=deadline)  # noqa: E731
        search = partial(doubler.find_duplicate, wish.inside, order.placement)
    else:
        raise Refused(f"This CA has no {wish.operation}.", advice="Place a new order instead.")
    return Call(
        what={"new": "order"}.get(wish.operation, str(wish.operation)),
        send=send,
        done=partial(_placed, order, at),
        found=_known_there,
        settle_time=at.settle_time,
        search=partial(_adopt, order, at, search) if search else None,
        marks=marks,
        unless=partial(_better_not, order, at),
        # The moment the CA may have begun to act: an answer that is only found days later does not change it.
        sending={"state": OrderState.PLACING, "waiting_for": None, "placed_at": at.clock.now()},
        unknown={"state": OrderState.OUTCOME_UNKNOWN},
    )


def _marks(ca: Reissues | Duplicates, inside: str) -> frozenset[str]:
    """What is there before the call. An order that was there and is not shown now is a lagging replica's."""
    try:
        return ca.marks(inside)
    except NotFound as error:
        raise Unavailable(f"The CA does not show its order {inside} now: {error.detail}", advice=error.advice) from None


def _better_not(order: Order, at: Ports) -> Refuse | None:
    """What speaks against asking the CA now: somebody has cancelled, or (raised) it cannot succeed any more."""
    if order.cancel_comment:
        return _withdrawn(order)
    at.ca.check(order.placement)
    if isinstance(at.ca, ChecksCSR):
        at.ca.check_csr(order.placement)
    return None


def _placed(order: Order, at: Ports, progress: Progress) -> Answer:
    """What the CA answered. It has just been asked: when it has not issued, looking again at once is a wasted call."""
    if not isinstance(progress, Pending):
        return _known_there(progress)
    why = progress.why or f"waiting for {progress.waiting_for}"
    note = f"the CA has it as order {progress.ca_order.order_id}, waiting for {progress.waiting_for}"
    changes = {
        "ca_order": progress.ca_order,
        "state": OrderState.PENDING,
        "waiting_for": progress.waiting_for,
        "proofs": progress.proofs,
        "requirements": progress.requirements,
        "looks": 0,
    }
    if progress.waiting_for is WaitingFor.DOMAIN_CONTROL and control.ours_to_publish(progress.proofs, at):
        return Done(note, {**changes, "why": why, "advice": ""}, kind=EventKind.CA, must_be_kept=True)
    return Wait(
        at.clock.now() + _pause(order, progress, 0, at),
        why,
        {**changes, "step": "collect"},
        note=note,
        kind=EventKind.CA,
    )


def _pause(order: Order, progress: Pending, looks: int, at: Ports) -> timedelta:
    """How long to leave the CA alone before the next look."""
    watched = order.watched_until is not None and at.clock.now() < order.watched_until
    return cadence.next_look(progress.waiting_for, looks, watched=watched, allowed=at.ca.looks)


def _known_there(progress: Progress) -> Done | Refuse:
    """The CA has the order, and how it stands there can be asked now."""
    if isinstance(progress, Ended):
        return Refuse(progress.why, changes={"state": progress.state, "ca_order": progress.ca_order})
    changes: dict[str, Any] = {
        "ca_order": progress.ca_order,
        "state": OrderState.PENDING,
        "waiting_for": WaitingFor.PROCESSING,
        "looks": 0,
        "why": "",
        "advice": "",
    }
    note = f"the CA has it as order {progress.ca_order.order_id}"
    if isinstance(progress, Issued):
        return Done(
            f"{note}, issued at once",
            {**changes, "collected": progress.certificates},
            kind=EventKind.CA,
            must_be_kept=True,
        )
    return Done(f"{note}. {progress.why}".rstrip(". "), changes, kind=EventKind.CA, must_be_kept=True)


def _adopt(
    order: Order,
    at: Ports,
    search: Callable[[frozenset[str]], tuple[CAOrder, ...]],
    marks: frozenset[str],
) -> Progress | None:
    """The CA's record of a call whose answer was lost: the oldest if there are several, the others withdrawn."""
    since = order.created_at - _CLOCKS_DIFFER
    found = [one for one in search(marks) if one.placed_at is None or one.placed_at >= since]
    if not found:  # or only such as somebody else had placed under the same reference before
        return None
    first, *others = found
    why = "Found at the CA after an unclear answer."
    for extra in others:
        why += " " + withdraw_double(extra, at)
    return Pending(first, WaitingFor.PROCESSING, why)


def withdraw_double(extra: CAOrder, at: Ports) -> str:
    """Withdraw a second CA order that carries the reference of another; says in one sentence how that went."""
    try:
        if isinstance(at.ca, Cancels):
            at.ca.cancel(extra, "Placed twice by a fault in the network; the older order stays.")
            return f"Its double {extra.order_id} was cancelled."
    except CertwrightError as error:
        return f"ALARM: its double {extra.order_id} could not be cancelled: {error.detail}"
    return f"ALARM: its double {extra.order_id} must be cancelled in the CA's console."


def collect(order: Order, at: Ports) -> Answer:
    """Fetch the certificate once the CA has it; waiting is an answer, not an error."""
    if order.collected:
        return Done()
    if order.ca_order is None:
        raise TypeError("an order cannot be collected before it is placed")
    if order.cancel_comment:
        return _cancel(order, order.ca_order, at)
    wanted = csrs.decode(order.csr).public_key_sha256
    try:
        progress = at.ca.collect(order.ca_order, public_key_sha256=wanted)
        at.standing.answered()
        if isinstance(progress, Pending):
            return _not_yet(order, progress, at)
    except Refused as error:
        return _not_told(order, error, at)
    match progress:
        case Issued():
            return Done(
                f"collected certificate {progress.ca_order.certificate_id}",
                {"collected": progress.certificates, "ca_order": progress.ca_order, "proofs": (), "requirements": ()},
                kind=EventKind.CA,
            )
        case Ended():
            return Refuse(progress.why, changes={"state": progress.state, "waiting_for": None})


def _not_yet(order: Order, progress: Pending, at: Ports) -> Wait:
    """It waits. New proofs that are ours to publish are published first, known ones looked at by the CA anew."""
    looks = order.looks + 1 if order.waiting_for is progress.waiting_for else 0
    proofs = _proofs(order, progress, at)
    until = at.clock.now() + _pause(order, progress, looks, at)
    step = "collect"
    if progress.waiting_for is WaitingFor.DOMAIN_CONTROL and control.ours_to_publish(proofs, at):
        known = proofs == order.proofs and order.waiting_for is progress.waiting_for
        step, until = ("prove", until) if known else ("publish", at.clock.now())
    return Wait(
        until,
        progress.why or f"waiting for {progress.waiting_for}",
        {
            "step": step,
            "state": OrderState.PENDING,
            "waiting_for": progress.waiting_for,
            "ca_order": progress.ca_order,
            "proofs": proofs,
            "requirements": progress.requirements,
            "looks": looks,
        },
        kind=EventKind.CA,
        advice=_advice(order, progress.waiting_for, looks),
    )


def _advice(order: Order, waiting_for: WaitingFor, looks: int) -> str:
    """What to do about CAA records, or when a CA was shown the proofs again and again and is not content."""
    if waiting_for is WaitingFor.CAA:
        return f"Let the CAA records of its names allow this CA, then: certwright order check {order.id}"
    if waiting_for is not WaitingFor.DOMAIN_CONTROL or looks < _LOOKS_AT_PROOFS:
        return ""
    return (
        f"See whether everything stands where the CA looks: certwright order dcv {order.id} --look. If it does, prove "
        "it another way (--method), or cancel and order anew: after a lost answer the CA may want another value than "
        "the one we know."
    )


def _proofs(order: Order, progress: Pending, at: Ports) -> tuple[Proof, ...]:
    """What is to be published: as told now or known already; asked for when neither, or when it is about to end."""
    known = progress.proofs or order.proofs
    soon = at.clock.now() + _PROOF_RESERVE
    lasts = all(proof.expires_at is None or proof.expires_at > soon for proof in known)
    if progress.waiting_for is not WaitingFor.DOMAIN_CONTROL or (known and lasts):
        return known
    return at.ca.proofs(progress.ca_order, order.placement) if isinstance(at.ca, ProvesControl) else known


def _not_told(order: Order, error: Refused, at: Ports) -> Wait:
    """An order that was placed ends when the CA says that it has ended, not when it will not say how it stands."""
    return Wait(
        at.clock.now() + cadence.after_trouble(99),
        f"The CA does not tell how the order stands: {error.detail}",
        {"looks": order.looks + 1, "trouble": "unavailable"},
        kind=EventKind.ALARM,
        advice=error.advice,
    )


def _cancel(order: Order, ca_order: CAOrder, at: Ports) -> Answer:
    """Withdraw at the CA what a person asked to have cancelled; when the CA will not, the order goes on."""
    if not isinstance(at.ca, Cancels):
        return _not_cancelled("this CA has no cancelling over its API", "Cancel it in the CA's console.", at)
    if ca_order.order_id == order.request.inside and not (ca_order.certificate_id or ca_order.request_id):
        why = f"nothing tells this {order.request.operation} from the order {ca_order.order_id} that it is inside of"
        return _not_cancelled(why, "Withdraw it in the CA's console, where the certificate in use is left alone.", at)
    try:
        at.ca.cancel(ca_order, order.cancel_comment or "")
    except Refused as error:
        return _not_cancelled(error.detail, error.advice, at)
    return _withdrawn(order)


def _not_cancelled(why: str, advice: str, at: Ports) -> Wait:
    changes = {"cancel_comment": ""}
    return Wait(at.clock.now(), f"The CA would not cancel: {why}", changes, kind=EventKind.CA, advice=advice)


def _withdrawn(order: Order) -> Refuse:
    return Refuse(order.cancel_comment or "Cancelled.", changes={"state": OrderState.CANCELLED, "waiting_for": None})


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

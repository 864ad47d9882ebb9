"""The step that costs money: ask the CA for the certificate, exactly once, and find out what became of the call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from certwright.flow import control
from certwright.flow.answers import Answer, Done, Refuse, Wait
from certwright.flow.collecting import pause, withdrawn
from certwright.flow.paid import Call
from certwright.model.ca import CAOrder, Ended, Issued, Pending, Progress
from certwright.model.errors import CertwrightError, NotFound, Refused, Unavailable
from certwright.model.order import EventKind, Order
from certwright.model.ports import (
    Cancels,
    CertificateAuthority,
    ChecksCSR,
    Duplicates,
    FindsByPlacement,
    FindsByReference,
    Ports,
    Reissues,
)
from certwright.model.words import Operation, OrderState, WaitingFor

_CLOCKS_DIFFER = timedelta(days=1)  # ours and the CA's, time zones that were forgotten included


def place(order: Order, at: Ports) -> Call[Progress]:
    """Ask the CA for the certificate: a new order, or a reissue or duplicate inside one. Exactly once."""
    wish, ca = order.request, at.ca
    send: Callable[[float], Progress]
    search: Callable[[frozenset[str]], tuple[CAOrder, ...]] | None = None
    marks: Callable[[], frozenset[str]] = frozenset
    if wish.operation is Operation.NEW:
        send = lambda deadline: ca.place(order.placement, deadline=deadline)  # noqa: E731
        if isinstance(ca, FindsByReference | FindsByPlacement):
            search = lambda _: placed_orders(order, ca) or ()  # noqa: E731
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


def placed_orders(order: Order, ca: CertificateAuthority) -> tuple[CAOrder, ...] | None:
    """Every CA order that was placed for this order of ours, oldest first; None where the CA cannot be searched."""
    if isinstance(ca, FindsByReference):
        return ca.find(order.reference)
    if isinstance(ca, FindsByPlacement):
        return ca.find_placed(order.placement, order.created_at - _CLOCKS_DIFFER)
    return None


def _marks(ca: Reissues | Duplicates, inside: str) -> frozenset[str]:
    """What is there before the call. An order that was there and is not shown now is a lagging replica's."""
    try:
        return ca.marks(inside)
    except NotFound as error:
        raise Unavailable(f"The CA does not show its order {inside} now: {error.detail}", advice=error.advice) from None


def _better_not(order: Order, at: Ports) -> Refuse | None:
    """What speaks against asking the CA now: somebody has cancelled, or (raised) it cannot succeed any more."""
    if order.cancel_comment:
        return withdrawn(order)
    at.ca.check(order.placement)
    if isinstance(at.ca, ChecksCSR) and order.csr:
        at.ca.check_csr(order.placement)
    return None


def _placed(order: Order, at: Ports, progress: Progress) -> Answer:
    """What the CA answered. It has just been asked: when it has not issued, looking again at once is a wasted call."""
    if not isinstance(progress, Pending):
        return _known_there(progress)
    why = progress.why or f"waiting for {progress.waiting_for}"
    note = f"the CA has it as order {progress.ca_order}, waiting for {progress.waiting_for}"
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
        at.clock.now() + pause(order, progress, 0, at),
        why,
        {**changes, "step": "collect"},
        note=note,
        kind=EventKind.CA,
    )


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
    note = f"the CA has it as order {progress.ca_order}"
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
        why += " " + withdraw_double(order, extra, at)
    return Pending(first, WaitingFor.PROCESSING, why)


def withdraw_double(order: Order, extra: CAOrder, at: Ports) -> str:
    """Withdraw a second CA order of an order of ours; says in one sentence how that went.

    Where a CA keeps no reference of ours for certain, only the CSR proves that it is ours to withdraw.
    """
    if isinstance(at.ca, FindsByPlacement) and not (order.csr and extra.order_id):
        return f"ALARM: {extra} may be its double or somebody else's order: look at it in the CA's console."
    try:
        if isinstance(at.ca, Cancels):
            at.ca.cancel(extra, "Placed twice by a fault in the network; the older order stays.")
            return f"Its double {extra} was cancelled."
    except CertwrightError as error:
        return f"ALARM: its double {extra} could not be cancelled: {error.detail}"
    return f"ALARM: its double {extra} must be cancelled in the CA's console."

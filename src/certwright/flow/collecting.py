"""The step that waits: look how the order stands at the CA until its certificate is there."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

from certwright.flow import control
from certwright.flow.answers import Answer, Done, Refuse, Wait
from certwright.model.ca import CAOrder, Ended, Issued, Pending, Progress, Proof
from certwright.model.errors import Refused
from certwright.model.order import EventKind, Order
from certwright.model.ports import Cancels, Ports, ProvesControl, RenewsItself, TakesCSRLate
from certwright.model.words import Operation, OrderState, WaitingFor
from certwright.pki import csr as csrs
from certwright.policy import cadence

_LOOKS_AT_PROOFS = 3  # then it is not slowness of a name server
_PROOF_RESERVE = timedelta(days=1)  # a proof that ends sooner is replaced by a fresh one


def collect(order: Order, at: Ports) -> Answer:
    """Fetch the certificate once the CA has it; waiting is an answer, not an error."""
    if order.collected:
        return Done()
    if order.ca_order is None:
        raise TypeError("an order cannot be collected before it is placed")
    if order.cancel_comment:
        return _cancel(order, order.ca_order, at)
    try:
        progress = _look(order, order.ca_order, at)
        at.standing.answered()
        if isinstance(progress, Pending) and progress.waiting_for is WaitingFor.CSR and order.csr:
            return _submit_csr(order, progress, at)
        if isinstance(progress, Pending):
            return _not_yet(order, progress, at)
    except Refused as error:
        return _not_told(order, error, at)
    match progress:
        case Issued():
            return Done(
                f"collected certificate {progress.ca_order.certificate_id}",
                {
                    "collected": progress.certificates,
                    "ca_order": progress.ca_order,
                    "proofs": (),
                    "requirements": (),
                    **_submitted(order, progress, at),
                },
                kind=EventKind.CA,
            )
        case Ended():
            return Refuse(progress.why, changes={"state": progress.state, "waiting_for": None})


def _look(order: Order, ca_order: CAOrder, at: Ports) -> Progress:
    """How the order stands at the CA. What it shows of before the order is not the order's certificate."""
    key = csrs.decode(order.csr).public_key_sha256 if order.csr else ""
    itself = order.request.operation is Operation.CA_RENEWAL
    if itself and isinstance(at.ca, RenewsItself):
        progress = at.ca.newest(ca_order, order.placement, public_key_sha256=key)
    else:
        progress = at.ca.collect(ca_order, public_key_sha256=key)
    if not isinstance(progress, Issued):
        return progress
    if order.replaces in {hashlib.sha256(der).hexdigest() for der in progress.certificates}:
        waiting = WaitingFor.CA_RENEWAL if itself else WaitingFor.PROCESSING
        return Pending(ca_order, waiting, "The CA still shows the certificate of before.")
    if not order.csr:
        return Pending(progress.ca_order, WaitingFor.CSR, "The CA has issued for a CSR that is not known here.")
    return progress


def _submit_csr(order: Order, progress: Pending, at: Ports) -> Answer:
    """Give the CA the CSR that it waits for; what it does not like about it is for a person to mend."""
    if not isinstance(at.ca, TakesCSRLate):
        return _not_yet(order, progress, at)
    try:
        at.ca.submit_csr(progress.ca_order, order.placement)
    except Refused as error:
        advice = f"{error.advice} Give another one: certwright order submit-csr {order.id}".lstrip()
        return replace(_not_yet(order, progress, at), why=f"The CA refused the CSR: {error.detail}", advice=advice)
    now = replace(progress, waiting_for=WaitingFor.PROCESSING, why="The CA has the CSR.")
    return replace(_not_yet(order, now, at), note="CSR submitted")


def _submitted(order: Order, progress: Issued | Pending, at: Ports) -> dict[str, Any]:
    """A draft counts, and its term runs, from when somebody submits it; seen now, it was not long ago."""
    was_draft = order.ca_order is not None and not order.ca_order.order_id
    return {"placed_at": at.clock.now()} if was_draft and progress.ca_order.order_id else {}


def _not_yet(order: Order, progress: Pending, at: Ports) -> Wait:
    """It waits. New proofs that are ours to publish are published first, known ones looked at by the CA anew."""
    looks = order.looks + 1 if order.waiting_for is progress.waiting_for else 0
    proofs = _proofs(order, progress, at)
    until = at.clock.now() + pause(order, progress, looks, at)
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
            **_submitted(order, progress, at),
        },
        kind=EventKind.CA,
        advice=_advice(order, progress.waiting_for, looks),
    )


def pause(order: Order, progress: Pending, looks: int, at: Ports) -> timedelta:
    """How long to leave the CA alone before the next look."""
    watched = order.watched_until is not None and at.clock.now() < order.watched_until
    return cadence.next_look(progress.waiting_for, looks, watched=watched, allowed=at.ca.looks)


def _advice(order: Order, waiting_for: WaitingFor, looks: int) -> str:
    """What to do about CAA records, or when a CA was shown the proofs again and again and is not content."""
    if waiting_for is WaitingFor.CSR and not order.csr:
        return f"Give it: certwright order submit-csr {order.id} FILE"
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
    if order.request.operation is Operation.CA_RENEWAL:  # the order there is the one that is in use
        return withdrawn(order)
    if not isinstance(at.ca, Cancels):
        return _not_cancelled("this CA has no cancelling over its API", "Cancel it in the CA's console.", at)
    if ca_order.order_id == order.request.inside and not (ca_order.certificate_id or ca_order.request_id):
        why = f"nothing tells this {order.request.operation} from the order {ca_order.order_id} that it is inside of"
        return _not_cancelled(why, "Withdraw it in the CA's console, where the certificate in use is left alone.", at)
    try:
        at.ca.cancel(ca_order, order.cancel_comment or "")
    except Refused as error:
        return _not_cancelled(error.detail, error.advice, at)
    return withdrawn(order)


def _not_cancelled(why: str, advice: str, at: Ports) -> Wait:
    changes = {"cancel_comment": ""}
    return Wait(at.clock.now(), f"The CA would not cancel: {why}", changes, kind=EventKind.CA, advice=advice)


def withdrawn(order: Order) -> Refuse:
    """The order ends because a person wanted that."""
    return Refuse(order.cancel_comment or "Cancelled.", changes={"state": OrderState.CANCELLED, "waiting_for": None})

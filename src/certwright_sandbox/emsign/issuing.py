"""The way of an order from its placing to its certificates, and to its end (emsign.md §10).

`advance` is the one door to issuance: it is called whenever something that an order waited for has happened.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from certwright_sandbox.emsign import control
from certwright_sandbox.emsign.office import Office
from certwright_sandbox.emsign.records import Order
from certwright_sandbox.emsign.signing import sign
from certwright_sandbox.emsign.standing import needs_approval
from certwright_sandbox.emsign.validity import life, renewal_due
from certwright_sandbox.state import values_of

CAA_ISSUERS = ("emsign.com", "emudhra.com")
CAA_POLL = timedelta(seconds=5)
ALLOWED, FORBIDDEN = "1", "2"


async def start(office: Office, order: Order) -> None:
    """What happens by itself to an order that was just placed."""
    account = office.account_of(order)
    if account.approve_seconds is not None and needs_approval(order):
        if account.approve_seconds == 0:
            approve(office, order)
        else:
            office.later(timedelta(seconds=account.approve_seconds), "approve", order.request_number)
    if account.prove_seconds is not None and order.unproven:
        if account.prove_seconds == 0:
            control.prove_all(office, order)
        else:
            office.later(timedelta(seconds=account.prove_seconds), "prove", order.request_number)
    await advance(office, order)


def approve(office: Office, order: Order) -> None:
    """People have looked at the order, and at its organization, which counts as vetted from now on."""
    order.approved, order.in_discrepancy = True, False
    account = office.account_of(order)
    account.orgs = tuple(
        replace(one, is_vetted=True) if one.number == order.organization else one for one in account.orgs
    )


async def advance(office: Office, order: Order) -> None:
    """Go on with the order if nothing is missing any more; harmless at any time."""
    if not _is_complete(order):
        return
    if await _is_forbidden(office, order):
        office.later(CAA_POLL, "look", order.request_number)
        return
    if not _is_complete(order):  # it was ended or issued during the look
        return
    if is_over(order, office.now()):
        office.set_state(order, "auto_rejected")
        return
    office.set_state(order, "approved")
    seconds = office.account_of(order).issue_seconds
    if seconds > 0:
        office.later(timedelta(seconds=seconds), "issue", order.request_number)
    else:
        issue(office, order, office.now())


def is_over(order: Order, at: datetime) -> bool:
    """Whether nothing is left of what was paid for."""
    return order.subscription_ends is not None and order.subscription_ends <= at


def _is_complete(order: Order) -> bool:
    waits = order.unproven or not order.csr or not order.agreed or order.in_discrepancy or needs_approval(order)
    return order.state == "pending" and not waits


async def _is_forbidden(office: Office, order: Order) -> bool:
    """Look at CAA records, and note for each name what they say."""
    validators = office.world.validators
    forbidden = {name.name for name in order.names if await validators.caa_forbids(name.name, CAA_ISSUERS)}
    seen = tuple(replace(name, caa=FORBIDDEN if name.name in forbidden else ALLOWED) for name in order.names)
    if seen != order.names:
        order.names = seen
    return bool(forbidden)


def issue(office: Office, order: Order, at: datetime) -> None:
    """Sign a certificate of the order as of `at`: its first, or one that renews it."""
    assert order.subscription_ends is not None
    order.not_before, order.not_after = life(at, order.subscription_ends)
    sign(office, order)
    office.set_state(order, "issued")
    office.entry(order).certificates += 1
    due = renewal_due(order)
    if due is not None:
        office.at(due, "renew", order.request_number)


def renew(office: Office, order: Order, at: datetime) -> Order:
    """Issue anew with the same CSR as of `at`: under the same order, or as a child of it, by the account's switch."""
    if office.account_of(order).renewal == "child":
        return add_child(office, order, at, order.csr)
    order.defect = None
    office.entry(order).reissues += 1
    issue(office, order, at)
    return order


def add_child(office: Office, order: Order, at: datetime, csr: str) -> Order:
    """A child order, issued as of `at`: it copies everything of its parent but the numbers."""
    first = office.orders[order.base_id]
    first.renewals += 1
    number = office.new_request_number()
    values = values_of(order)
    changed = {
        "id": number,
        "number": f"{first.number}R{first.renewals:03d}",
        "base_id": first.request_number,
        "state": "approved",
        "placed_at": at,
        "csr": csr,
        "defect": None,
        "shown_status": None,
        "renewals": 0,
        "price": 0,
    }
    child = office.add(Order(**{**values, **changed}))
    office.entry(order).reissues += 1
    issue(office, child, at)
    return child


def revoke(office: Office, order: Order, reason_id: str) -> None:
    """Revoke the certificate in force."""
    order.revoked_at, order.reason_id = office.now(), reason_id
    office.entry(order).revocations += 1
    office.set_state(order, "revoked")

"""What the CA's people do when a test asks them to (docs/reference/sandbox.md, Sectigo)."""

from __future__ import annotations

from typing import Any

from certwright_sandbox.ca import REVOCATION_REASONS
from certwright_sandbox.playing import NotPossible, Switches
from certwright_sandbox.sectigo import applying, control, issuing, vetting
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.records import STEPS, Order
from certwright_sandbox.sectigo.standing import standing

REASONS = (
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)
WHAT = ("domain_control", *STEPS, "payment", "all")
REASON = "by the validation staff"


async def decide(office: Office, wish: Switches, *, approve: bool) -> dict[str, Any]:
    """Let everything pass that an order lacks, or reject it. Raises NotPossible."""
    order = _waiting(office, wish)
    if approve:
        await _pass(office, order, "all", "")
    else:
        issuing.reject(office, order, str(wish.get("comment") or REASON))
    return _outcome(office, order)


async def validate(office: Office, wish: Switches) -> dict[str, Any]:
    """Say yes or no to one thing that an order lacks, or to all. Raises NotPossible."""
    order = _waiting(office, wish)
    what, outcome = wish.get("what", "all"), wish.get("outcome", "valid")
    if what not in WHAT:
        raise NotPossible(f"what must be one of {', '.join(WHAT)}")
    if outcome not in ("valid", "rejected"):
        raise NotPossible("outcome must be valid or rejected")
    if outcome == "rejected":
        issuing.reject(office, order, f"{what} {REASON}")
    else:
        await _pass(office, order, str(what), str(wish.get("domain", "")).lower())
    return _outcome(office, order)


def act(office: Office, wish: Switches) -> dict[str, Any]:
    """The CA revokes the certificate of an order. Raises NotPossible."""
    if wish.get("act") != "revoke":
        raise NotPossible("act must be revoke")
    order, reason = _order(office, wish), wish.get("reason", "unspecified")
    if reason not in REVOCATION_REASONS:
        raise NotPossible(f"reason must be one of {', '.join(REVOCATION_REASONS)}")
    if order.state != "issued" or order.revoked_at is not None:
        raise NotPossible(f"order {order.number} is {standing(office, order).text}")
    office.entry(order).revocations += 1
    issuing.revoke(office, order, reason, in_crl=True)
    return _outcome(office, order)


async def _pass(office: Office, order: Order, what: str, domain: str) -> None:
    if domain and domain not in {name.name for name in order.names}:
        raise NotPossible(f"order {order.number} has no name {domain!r}", missing=True)
    if what in ("payment", "all") and order.state == "unpaid":
        office.set_state(order, "pending")
        await applying.start(office, order)
    if what in ("domain_control", "all"):
        control.prove(office, order, [domain] if domain else [name.name for name in order.names])
    for step in STEPS:
        if what in (step, "all"):
            vetting.finish(office, order, step)
    await issuing.advance(office, order)


def _waiting(office: Office, wish: Switches) -> Order:
    order = _order(office, wish)
    if order.state not in ("unpaid", "pending"):
        raise NotPossible(f"order {order.number} is {standing(office, order).text}")
    return order


def _order(office: Office, wish: Switches) -> Order:
    try:
        order = office.orders.get(int(wish.get("order_id", 0)))
    except (TypeError, ValueError):
        order = None
    if order is None:
        raise NotPossible(f"there is no order {wish.get('order_id')!r}", missing=True)
    return order


def _outcome(office: Office, order: Order) -> dict[str, Any]:
    return {"order_id": order.number, "status": standing(office, order).word}

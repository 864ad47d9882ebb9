"""RevokeOrder, RejectOrder and RejectRequest (emsign.md §6.15, §6.16)."""

from __future__ import annotations

from typing import Any

from certwright_sandbox.emsign import errors, issuing
from certwright_sandbox.emsign.call import Call, order_of, text
from certwright_sandbox.emsign.errors import refuse
from certwright_sandbox.emsign.office import Office

REASONS = {
    "1": "keyCompromise",
    "3": "affiliationChanged",
    "4": "superseded",
    "5": "cessationOfOperation",
    "9": "privilegeWithdrawn",
}


def revoke(office: Office, call: Call) -> dict[str, Any]:
    """Revoke an order's certificate. Raises Refusal."""
    details = call.block("revocationDetails")
    order = order_of(office, call, details)
    if text(details, "revokeReasonId") not in REASONS:
        raise refuse(errors.REVOKE_REASON)
    if ";" in text(details, "revokeRemarks"):
        raise refuse(errors.REVOKE_REMARKS)
    if not order.is_in_force or order.is_expired(office.now()):
        raise refuse(errors.CANNOT_REVOKE)
    issuing.revoke(office, order, text(details, "revokeReasonId"))
    return {}


def reject_order(office: Office, call: Call) -> dict[str, Any]:
    """Withdraw an order without a certificate. Raises Refusal."""
    order = order_of(office, call, call.block("orderDetails"))
    if order.state not in ("pending", "approved"):
        raise refuse(errors.CANNOT_CANCEL)
    office.set_state(order, "cancelled")
    return {}


def reject_request(office: Office, call: Call) -> dict[str, Any]:
    """Withdraw a draft. Raises Refusal."""
    details = call.block("orderDetails", "requestDetails")
    order = order_of(office, call, {**details, "orderNumber": text(details, "requestNumber")}, drafts=True)
    if order.state != "draft":
        raise refuse(errors.CANNOT_CANCEL)
    office.set_state(order, "cancelled")
    return {}

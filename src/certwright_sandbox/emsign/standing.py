"""How an order stands, in the numbers and labels of emsign.md §7."""

from __future__ import annotations

from datetime import datetime

from certwright_sandbox.emsign.products import BY_TYPE
from certwright_sandbox.emsign.records import Order

ORDER_LABELS = {
    1: "Order Placed",
    2: "Order Accepted",
    3: "Order In Progress",
    4: "Order Rejected",
    5: "Order Cancelled",
    6: "Order Fulfilled",
    7: "On Hold",
    8: "Pending Approval",
    9: "Pending for Account Admin Approval",
}
CERTIFICATE_LABELS = {
    1: "Setup Pending",
    2: "Pending for Approver",
    3: "Under Discrepancy",
    4: "Approved",
    5: "Rejected",
    6: "Pending for Second Approver",
    7: "Approved by Second Approver",
    8: "Rejected by Second Approver",
    9: "Certificate Downloaded",
    12: "Expired",
    13: "Rejected due to Order Cancellation",
    14: "Auto Rejected",
    15: "Order Auto Approved",
    16: "Pending for LRA",
    17: "Approved by LRA",
    18: "Rejected by LRA",
    19: "Invalid Configuration",
    20: "Certificate Generated",
    21: "Download Rejected",
    22: "Certificate Revoked",
    23: "Rekey Approved",
    24: "Pending for Approver",
    25: "Organization Authorization Pending",
    27: "Organization Authorization Rejected",
}
# (orderStatusId, certificateStatusId) of each state but pending.
STATES = {
    "draft": (7, 24),
    "approved": (2, 15),
    "issued": (2, 20),
    "downloaded": (6, 9),
    "download_rejected": (2, 21),
    "revoked": (6, 22),
    "cancelled": (5, 13),
    "rejected": (4, 5),
    "auto_rejected": (4, 14),
    "expired": (6, 12),
}


def needs_approval(order: Order) -> bool:
    """Whether people must still say yes: to an organization that was not vetted before."""
    return BY_TYPE[order.product_type].validation != "dv" and not order.pre_vetted and not order.approved


def standing(order: Order, now: datetime) -> tuple[int, int]:
    """The two numbers."""
    if order.is_in_force and order.is_expired(now):
        numbers = STATES["expired"]
    elif order.state == "pending":
        numbers = (2, 3 if order.in_discrepancy else 2 if needs_approval(order) else 24)
    else:
        numbers = STATES[order.state]
    return (numbers[0], order.shown_status) if order.shown_status is not None else numbers


def labels(order: Order, now: datetime) -> dict[str, str]:
    """The four fields that every look at an order shows."""
    order_status, certificate_status = standing(order, now)
    return {
        "orderStatusId": str(order_status),
        "orderStatus": ORDER_LABELS.get(order_status, ""),
        "certificateStatusId": str(certificate_status),
        "certificateStatus": CERTIFICATE_LABELS.get(certificate_status, "Unknown"),
    }

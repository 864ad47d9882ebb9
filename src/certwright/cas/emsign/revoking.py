"""RevokeOrder, RejectOrder and RejectRequest (§6.15, §6.16)."""

from __future__ import annotations

from collections.abc import Mapping

from certwright.cas.emsign import collecting, standing, wire
from certwright.cas.emsign.api import EmSignAPI
from certwright.cas.emsign.standing import Standing
from certwright.model.ca import CAOrder, RevocationProgress, RevocationTarget
from certwright.model.errors import Refused
from certwright.model.words import OrderState, RevocationReason, RevocationState

_REASONS: Mapping[RevocationReason, str] = {
    RevocationReason.KEY_COMPROMISE: "1",
    RevocationReason.AFFILIATION_CHANGED: "3",
    RevocationReason.SUPERSEDED: "4",
    RevocationReason.CESSATION_OF_OPERATION: "5",
    RevocationReason.PRIVILEGE_WITHDRAWN: "9",
}
_REQUESTED = frozenset({1, 4})  # revokeRequestStatusId: initiated, waiting for the LRA
_REFUSED = frozenset({3, 6})
_MOST_REMARKS = 500


def revoke(
    api: EmSignAPI, target: RevocationTarget, reason: RevocationReason, comment: str, email: str, *, deadline: float
) -> RevocationProgress:
    """Revoke the order's certificate: 2 calls, 1 when it is revoked already."""
    if reason not in _REASONS:
        raise Refused(f"emSign does not take {reason}.", advice=f"It takes: {', '.join(_REASONS)}.")
    now = collecting.track(api, target.order_id)
    known = _progress(now)
    if known is not None and known.state is not RevocationState.REFUSED:
        return known
    details = {
        "orderNumber": target.order_id,
        "requestorEmail": now.requestor_email or email,
        "revokeReasonId": _REASONS[reason],
        "revokeRemarks": (comment or str(reason)).replace(";", ",")[:_MOST_REMARKS],  # a semicolon is refused
    }
    api.revoke(details, deadline=deadline)
    return _progress(collecting.track(api, target.order_id)) or RevocationProgress(RevocationState.PENDING)


def revocation(api: EmSignAPI, target: RevocationTarget) -> RevocationProgress | None:
    """Whether the order's certificate is revoked or about to be: 1 call."""
    return _progress(collecting.track(api, target.order_id))


def _progress(now: Standing) -> RevocationProgress | None:
    if now.certificate_status == standing.REVOKED:
        return RevocationProgress(RevocationState.REVOKED, why=now.words)
    request = wire.number(now.revocation.get("revokeRequestStatusId"))
    said = wire.text(now.revocation.get("revokeRequestStatus"))
    if request in _REQUESTED:
        return RevocationProgress(RevocationState.PENDING, why=f"emSign: {said}")
    if request in _REFUSED:
        return RevocationProgress(RevocationState.REFUSED, why=f"emSign: {said}")
    return None


def cancel(api: EmSignAPI, ca_order: CAOrder, comment: str) -> None:
    """Withdraw an order that is not issued: 2 calls; a draft: 1. Withdrawn already is success."""
    remarks = (comment or "Withdrawn by its subscriber.").replace(";", ",")[:_MOST_REMARKS]
    if not ca_order.order_id:
        api.reject_request({"requestNumber": ca_order.request_id, "rejectRemarks": remarks})
        return
    now = collecting.track(api, ca_order.order_id)
    if now.end in (OrderState.CANCELLED, OrderState.REJECTED):
        return
    if now.certificate_status in standing.ISSUED:
        raise Refused("It is issued already.", advice="Revoke it instead: certwright cert revoke")
    api.reject_order({"orderNumber": ca_order.order_id, "rejectRemarks": remarks})

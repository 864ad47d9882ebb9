"""Revocation at DigiCert, with or without an approver (§15)."""

from __future__ import annotations

from certwright.cas.digicert import errors, finding, wire
from certwright.cas.digicert.api import OrderAPI
from certwright.cas.digicert.bodies import revocation_body
from certwright.model.ca import RevocationProgress, RevocationTarget
from certwright.model.errors import Misconfigured, Refused
from certwright.model.words import RevocationReason, RevocationState


def revoke(
    api: OrderAPI,
    target: RevocationTarget,
    reason: RevocationReason,
    comment: str,
    *,
    skip_approval: bool,
    deadline: float,
) -> RevocationProgress:
    """Ask for the revocation. A refusal is checked against what DigiCert shows: already revoked is well."""
    try:
        return _asked(api, target, reason, comment, skip_approval=skip_approval, deadline=deadline)
    except (Refused, Misconfigured) as error:
        # The right to skip the approval is missing: a clear no, so the same may be asked without skipping.
        if skip_approval and error.code in errors.MAY_NOT_SKIP_APPROVAL:
            return _asked(api, target, reason, comment, skip_approval=False, deadline=deadline)
        there = None if isinstance(error, Misconfigured) else revocation(api, target)
        if there is None:
            raise
        return there


def _asked(
    api: OrderAPI,
    target: RevocationTarget,
    reason: RevocationReason,
    comment: str,
    *,
    skip_approval: bool,
    deadline: float,
) -> RevocationProgress:
    body = revocation_body(reason, comment, skip_approval=skip_approval)
    if target.whole_order:
        request = api.revoke_order(target.order_id, body, deadline=deadline)
    else:
        request = api.revoke_certificate(_identifier(target), body, deadline=deadline)
    if request is None or request.status == wire.APPROVED:
        return RevocationProgress(RevocationState.REVOKED, request.id if request else "")
    return RevocationProgress(RevocationState.PENDING, request.id, "DigiCert's request waits for an approver")


def revocation(api: OrderAPI, target: RevocationTarget) -> RevocationProgress | None:
    """What DigiCert shows of a revocation; None for neither one nor a request."""
    order = api.order(target.order_id)
    requests = [request for request in order.requests if request.type == "revoke"]
    newest = max(requests, key=lambda request: (len(request.id), request.id), default=None)
    request_id = newest.id if newest else ""
    if order.status == wire.REVOKED or _status(api, target, order) == wire.REVOKED:
        return RevocationProgress(RevocationState.REVOKED, request_id)
    if newest is None:
        return None
    if newest.is_open:
        return RevocationProgress(RevocationState.PENDING, request_id, "DigiCert's request waits for an approver")
    if newest.status == wire.APPROVED and (target.whole_order or _is_alone(order)):
        return RevocationProgress(RevocationState.REVOKED, request_id)
    if newest.status == wire.REJECTED:
        return RevocationProgress(RevocationState.REFUSED, request_id, newest.processor_comment)
    return None


def _status(api: OrderAPI, target: RevocationTarget, order: wire.Order) -> str:
    """The status of the one certificate, where DigiCert shows it; empty for a whole order."""
    if target.whole_order:
        return ""
    primary = order.certificate
    if _is_target(primary, target) or _is_alone(order):
        return primary.status
    others = finding.listed(api.reissues, order.id, order.reissues_count)
    others += finding.listed(api.duplicates, order.id, order.duplicates_count)
    return next((found.status for found in others if _is_target(found, target)), "")


def _is_target(found: wire.Certificate, target: RevocationTarget) -> bool:
    if target.certificate_id:
        return found.id == target.certificate_id
    return bool(target.serial) and found.serial_number.lower().lstrip("0") == target.serial


def _is_alone(order: wire.Order) -> bool:
    """Whether the order has one certificate only."""
    return order.reissues_count == 0 and order.duplicates_count == 0


def _identifier(target: RevocationTarget) -> str:
    """DigiCert's name of the certificate: its id, or its serial in upper-case hex of whole bytes."""
    if target.certificate_id:
        return target.certificate_id
    if not target.serial:
        raise Refused("There is nothing to revoke by.", advice="Name the certificate's id or serial.")
    serial = target.serial.upper()
    return serial if len(serial) % 2 == 0 else f"0{serial}"

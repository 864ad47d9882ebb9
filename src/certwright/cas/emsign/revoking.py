"""RevokeOrder, RejectOrder and RejectRequest (§6.15, §6.16)."""

from __future__ import annotations

from collections.abc import Mapping

from certwright.cas.emsign import collecting, finding, reporting, standing, wire
from certwright.cas.emsign.api import EmSignAPI
from certwright.cas.emsign.standing import Standing
from certwright.model.ca import CAOrder, RevocationProgress, RevocationTarget
from certwright.model.errors import CertwrightError, Refused
from certwright.model.words import OrderState, RevocationReason, RevocationState
from certwright.pki.certificate import from_der

_REASONS: Mapping[RevocationReason, str] = {
    RevocationReason.KEY_COMPROMISE: "1",
    RevocationReason.AFFILIATION_CHANGED: "3",
    RevocationReason.SUPERSEDED: "4",
    RevocationReason.CESSATION_OF_OPERATION: "5",
    RevocationReason.PRIVILEGE_WITHDRAWN: "9",
}
REASONS: Mapping[str, RevocationReason] = {number: reason for reason, number in _REASONS.items()}
_REQUESTED = frozenset({1, 4})  # revokeRequestStatusId: initiated, waiting for the LRA
_REFUSED = frozenset({3, 6})
_OVER = (OrderState.CANCELLED, OrderState.REJECTED)
_MOST_REMARKS = 500


def revoke(
    api: EmSignAPI, target: RevocationTarget, reason: RevocationReason, comment: str, email: str, *, deadline: float
) -> RevocationProgress:
    """Revoke the order's certificate: 4 calls, 2 when it is revoked already.

    RevokeOrder names no certificate but the order's: an earlier one, which the CA has renewed since, is not revoked in
    the place of the one that is in use.
    """
    if reason not in _REASONS:
        raise Refused(f"emSign does not take {reason}.", advice=f"It takes: {', '.join(_REASONS)}.")
    now = collecting.track(api, target.order_id)
    if target.serial and not target.whole_order:
        _check_is_in_force(api, target, now.requestor_email or email)
    known = _progress(now)
    if known is not None and known.state is not RevocationState.REFUSED:
        return known
    details = {
        "orderNumber": target.order_id,
        "requestorEmail": now.requestor_email or email,
        "revokeReasonId": _REASONS[reason],
        "revokeRemarks": _remarks(comment or str(reason)),
    }
    api.revoke(details, deadline=deadline)
    return _afterwards(api, target, known) or RevocationProgress(RevocationState.PENDING, why="emSign: accepted")


def _check_is_in_force(api: EmSignAPI, target: RevocationTarget, email: str) -> None:
    try:
        found = collecting.certificates(api, target.order_id, email)
    except Refused:  # no longer, or not yet, to be had: then nothing speaks against it
        return
    if found and from_der(found[0]).serial != target.serial:
        raise Refused(
            f"emSign's order {target.order_id} has a newer certificate by now, and emSign revokes that one only.",
            advice="Let the older one expire, or revoke the one in use: certwright account import, then cert revoke.",
        )


def _afterwards(
    api: EmSignAPI, target: RevocationTarget, before: RevocationProgress | None
) -> RevocationProgress | None:
    """What emSign shows after it has accepted; None when it shows nothing new, or not now: it is asked again later."""
    try:
        after = _progress(collecting.track(api, target.order_id))
    except CertwrightError:
        return None
    return None if after == before else after


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
    """Withdraw an order or a draft that is not issued: 2 calls or 3. Withdrawn already is success."""
    remarks = _remarks(comment or "Withdrawn by its subscriber.")
    number = ca_order.order_id
    if not number:
        row = finding.draft(api, ca_order.request_id)
        if row is not None and reporting.state_of(row) in _OVER:
            return
        number = reporting.ca_order(row).order_id if row is not None else ""  # somebody may have submitted it
    if not number:
        api.reject_request({"requestNumber": ca_order.request_id, "rejectRemarks": remarks})
        return
    now = collecting.track(api, number)
    if now.end in _OVER:
        return
    if now.certificate_status in standing.ISSUED | {standing.REVOKED}:
        raise Refused("emSign has issued it already.", advice="Revoke it instead: certwright cert revoke")
    api.reject_order({"orderNumber": number, "rejectRemarks": remarks})


def _remarks(text: str) -> str:
    """As emSign takes it: it refuses a semicolon (§6.15)."""
    return text.replace(";", ",")[:_MOST_REMARKS]

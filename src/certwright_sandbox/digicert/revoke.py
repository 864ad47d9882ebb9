"""Asking for revocation: of a certificate or of a whole order (digicert.md §15)."""

from __future__ import annotations

from certwright_sandbox.digicert import revoking
from certwright_sandbox.digicert.call import NOTHING, Call, Reply
from certwright_sandbox.digicert.errors import bad_request, denied, invalid_value, not_found
from certwright_sandbox.digicert.fields import whole_number
from certwright_sandbox.digicert.office import Office, stamp
from certwright_sandbox.digicert.orders import is_visible, order_of
from certwright_sandbox.digicert.people import person_view
from certwright_sandbox.digicert.records import Certificate, Order
from certwright_sandbox.digicert.requests import record_request

ALREADY_REVOKED = bad_request("certificate_already_revoked", "The certificate has already been revoked.")
PENDING_REISSUE = bad_request("certificate_has_pending_reissue", "The order has a pending reissue.")
PENDING_REQUEST = bad_request("pending_request_exists", "A revocation of this certificate waits for approval.")


def revoke_certificate(office: Office, call: Call) -> Reply:
    """PUT certificate/{id or serial number}/revoke."""
    certificate = certificate_of(office, call)
    order = office.orders[certificate.order_id]
    if not certificate.was_issued:
        raise not_found("certificate")
    return _revoke(office, call, order, [certificate], whole_order=False)


def revoke_order(office: Office, call: Call) -> Reply:
    """PUT order/certificate/{id}/revoke: primary, reissued and duplicate certificates."""
    order = order_of(office, call)
    certificates = revoking.of_order(office, order)
    if not certificates:
        raise bad_request("invalid_order_status", "The order has no certificate to revoke.")
    return _revoke(office, call, order, certificates, whole_order=True)


def certificate_of(office: Office, call: Call) -> Certificate:
    """The certificate that the path names by its id or serial number. Raises Refusal 404."""
    text = call.param("certificate_id")
    certificate = office.certificates.get(whole_number(text) or 0)
    if certificate is None:
        found = office.with_serial(call.account_id, text.upper())
        certificate = found[0] if found else None
    if certificate is None or not is_visible(office, call, office.orders[certificate.order_id]):
        raise not_found("certificate")
    return certificate


def _revoke(office: Office, call: Call, order: Order, certificates: list[Certificate], *, whole_order: bool) -> Reply:
    """Revoke at once for an approver who skips the approval, else open a request. Raises Refusal."""
    reason = call.body.text("revocation_reason") or "unspecified"
    if reason not in revoking.REASONS:
        raise invalid_value("revocation_reason")
    if all(certificate.state == "revoked" for certificate in certificates):
        raise ALREADY_REVOKED
    if order.pending_certificate_id is not None:
        raise PENDING_REISSUE
    if call.body.flag("skip_approval"):
        if not call.may_approve:
            raise denied("missing_permission")
        office.entry(order).revocations += 1
        revoking.revoke(office, certificates, reason)
        revoking.settle(office, order, whole_order=whole_order)
        return NOTHING
    return _ask(office, call, order, certificates, reason, whole_order=whole_order)


def _ask(
    office: Office,
    call: Call,
    order: Order,
    certificates: list[Certificate],
    reason: str,
    *,
    whole_order: bool,
) -> Reply:
    wanted = {certificate.id for certificate in certificates}
    for earlier in office.approvals_of_order.find(order.id):
        if earlier.type == "revoke" and earlier.is_open and wanted <= set(earlier.certificate_ids):
            raise PENDING_REQUEST
    office.entry(order).revocations += 1
    request = record_request(office, call, order, "revoke", tuple(certificates))
    request.revocation_reason = reason
    request.is_order_revoke = whole_order
    view = {
        "id": request.id,
        "date": stamp(request.date),
        "type": request.type,
        "status": request.status,
        "requester": person_view(call.user),
        "comments": request.comments,
    }
    return Reply(view, "request", 201)

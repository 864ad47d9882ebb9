"""What this API calls requests: opened by orders, reissues and the like, decided by approvers (§12)."""

from __future__ import annotations

from typing import Any

from certwright_sandbox.digicert import revoking, webhooks
from certwright_sandbox.digicert.call import NOTHING, Call, Reply
from certwright_sandbox.digicert.errors import bad_request, denied, invalid_value, missing_value, not_found
from certwright_sandbox.digicert.issuing import accept
from certwright_sandbox.digicert.lists import page_of
from certwright_sandbox.digicert.office import Office, stamp, without_empty
from certwright_sandbox.digicert.orders import divisions_of, is_confined
from certwright_sandbox.digicert.people import person_view
from certwright_sandbox.digicert.records import Approval, Certificate, Order, User
from certwright_sandbox.digicert.views import order_view, short_container_view, short_product_view

FIRST_REQUEST_ID = 700101
STATUSES = ("submitted", "pending", "approved", "rejected")


def open_request(
    office: Office, call: Call, order: Order, kind: str, certificates: tuple[Certificate, ...]
) -> Approval:
    """Open a request; approved at once when an approver skips the approval or the account does."""
    account = call.account
    by_itself = account.auto_approve and not account.two_step_approval
    is_approved = call.may_approve and (call.body.flag("skip_approval") or by_itself)
    request = record_request(office, call, order, kind, certificates)
    if is_approved:
        request.status = "approved"
        request.date_processed = office.now()
        request.processor_id = call.user_id
        order.approver_id = call.user_id
    else:
        for certificate in certificates:
            certificate.has_waited = True
    return request


def record_request(
    office: Office, call: Call, order: Order, kind: str, certificates: tuple[Certificate, ...]
) -> Approval:
    """Write down a request that waits for its approvers: one of them, or two where the account wants two."""
    request = Approval(
        id=office.new_id(office.approvals, FIRST_REQUEST_ID),
        account_id=call.account_id,
        order_id=int(order.id),
        type=kind,
        status="submitted" if call.account.two_step_approval else "pending",
        date=office.now(),
        requester_id=call.user_id,
        certificate_ids=tuple(int(certificate.id) for certificate in certificates),
        comments=call.body.text("comments") or call.body.text("comment"),
    )
    return office.approvals.add(request)


async def decide(office: Office, request: Approval, status: str, comment: str, user: User) -> None:
    """An approver says something about a request. Raises Refusal 400 when nothing can be said any more."""
    if not request.is_open:
        raise bad_request("invalid_status", "The request has already been processed.")
    if comment:
        request.processor_comment = comment
    is_review = request.status == "submitted" and status in ("pending", "approved")
    if is_review:  # the first of two steps
        request.status = "pending"
        request.reviewer_id = int(user.id)
        return
    if status not in ("approved", "rejected"):
        return
    request.status = status
    request.date_processed = office.now()
    request.processor_id = int(user.id)
    order = office.orders[request.order_id]
    if status == "rejected":
        reject(office, request, order)
        return
    if request.type == "revoke":
        certificates = [office.certificates[number] for number in request.certificate_ids]
        revoking.revoke(office, certificates, request.revocation_reason)
        revoking.settle(office, order, whole_order=request.is_order_revoke)
        return
    order.approver_id = int(user.id)
    for number in request.certificate_ids:
        await accept(office, office.certificates[number])


def reject(office: Office, request: Approval, order: Order) -> None:
    """What was asked for does not happen: a new order ends, an issued one is issued again."""
    if request.type == "revoke":
        return
    drop_pending(office, order, "rejected")
    if order.status == "rejected":
        webhooks.announce(office, order.account_id, "order_rejected", {"order_id": order.id})


def drop_pending(office: Office, order: Order, end: str) -> None:
    """Give up the awaited certificate: a new order comes to its `end`, an issued one is issued again."""
    if order.pending_certificate_id is None:
        return
    certificate = office.certificates[order.pending_certificate_id]
    certificate.state = "rejected"
    order.pending_certificate_id = None
    office.set_status(order, end if certificate.kind == "order" else "issued")
    predecessor = office.orders.get(order.renewal_of) if order.renewal_of is not None else None
    if certificate.kind == "order" and predecessor is not None:
        predecessor.renewed_by = None


def list_requests(office: Office, call: Call) -> Reply:
    """GET request."""
    rows = [request for request in office.approvals_of.find(call.account_id) if _is_for(call, request)]
    if is_confined(call):
        divisions = divisions_of(office, call)
        rows = [request for request in rows if office.orders[request.order_id].container_id in divisions]
    getters = {
        "id": lambda request: request.id,
        "status": lambda request: request.status,
        "type": lambda request: request.type,
        "date": lambda request: request.date,
        "order_id": lambda request: request.order_id,
        "container_id": lambda request: office.orders[request.order_id].container_id,
    }
    shown, page = page_of(call, rows, getters, lambda request: request_view(office, request))
    return Reply({"requests": shown, "page": page}, "request_list")


def show_request(office: Office, call: Call) -> Reply:
    """GET request/{id}."""
    request = _request_of(office, call)
    order = office.orders[request.order_id]
    view = {
        **request_view(office, request),
        "order": order_view(office, order, call),
        "comments": request.comments,
        "processor_comment": request.processor_comment,
    }
    if request.date_processed is not None:
        view["date_processed"] = stamp(request.date_processed)
    if request.reviewer_id is not None:
        view["reviewer"] = person_view(office.users[request.reviewer_id])
    return Reply(without_empty(view), "request")


async def change_request(office: Office, call: Call) -> Reply:
    """PUT request/{id}/status."""
    request = _request_of(office, call)
    status = call.body.text("status").lower()
    if not status:
        raise missing_value("status")
    if status not in STATUSES:
        raise invalid_value("status")
    if not call.may_approve:
        raise denied("invalid_approver")
    await decide(office, request, status, call.body.text("processor_comment"), call.user)
    return NOTHING


def request_view(office: Office, request: Approval) -> dict[str, Any]:
    """A request as the list shows it."""
    order = office.orders[request.order_id]
    certificate = office.certificates[order.certificate_id]
    of_order: dict[str, Any] = {
        "id": order.id,
        "certificate": {"common_name": certificate.common_name},
        "container": short_container_view(office, order.container_id),
        "product": short_product_view(order),
    }
    if order.organization_id is not None:
        organization = office.organizations[order.organization_id]
        of_order["organization"] = {"id": organization.id, "name": organization.name}
    view: dict[str, Any] = {
        "id": request.id,
        "date": stamp(request.date),
        "type": request.type,
        "status": request.status,
        "requester": person_view(office.users[request.requester_id]),
        "order": of_order,
    }
    if request.processor_id is not None:
        view["processor"] = person_view(office.users[request.processor_id])
    return view


def _request_of(office: Office, call: Call) -> Approval:
    request = office.approvals.get(call.number("request_id", "request"))
    if request is None or not _is_for(call, request):
        raise not_found("request")
    if is_confined(call) and office.orders[request.order_id].container_id not in divisions_of(office, call):
        raise not_found("request")
    return request


def _is_for(call: Call, request: Approval) -> bool:
    """Whether the request is the call's account's, and for a limited user his own."""
    is_own = call.user.role != "limited" or request.requester_id == call.user_id
    return request.account_id == call.account_id and is_own

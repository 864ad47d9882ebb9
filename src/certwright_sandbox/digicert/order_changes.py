"""Small changes of orders: cancel, notes, CSR, the renewal switches (digicert.md §13)."""

from __future__ import annotations

from certwright_sandbox.digicert.call import NOTHING, Call, Reply
from certwright_sandbox.digicert.csr import read_csr
from certwright_sandbox.digicert.errors import bad_request, invalid_value, missing_value
from certwright_sandbox.digicert.office import Office
from certwright_sandbox.digicert.orders import order_of
from certwright_sandbox.digicert.records import Note, Order
from certwright_sandbox.digicert.requests import drop_pending

CANCELLABLE = ("pending", "waiting_pickup", "reissue_pending")
REFUSED = bad_request("invalid_status_change", "The order's status does not allow this change.")


def change_status(office: Office, call: Call) -> Reply:
    """PUT order/certificate/{id}/status: cancel, or mark as renewed or not."""
    order = order_of(office, call)
    status = call.body.text("status")
    if status in ("canceled", "CANCELED"):
        _cancel(office, call, order)
    elif status == "not_renewed":
        order.renewed_by, order.is_marked_renewed = None, False
    elif status == "renewed":
        order.is_marked_renewed = True
    else:
        raise invalid_value("status")
    return NOTHING


def _cancel(office: Office, call: Call, order: Order) -> None:
    """End a waiting order; a waiting reissue ends alone, with the note in its request. Raises Refusal 400."""
    note = call.body.text("note")
    if not note:
        raise missing_value("note")
    if order.status not in CANCELLABLE:
        raise REFUSED
    if order.status == "reissue_pending":
        for request in office.approvals_of_order.find(order.id):
            if order.pending_certificate_id in request.certificate_ids and request.status != "rejected":
                request.status = "rejected"
                request.processor_comment = note
                request.date_processed = office.now()
                request.processor_id = call.user_id
    drop_pending(office, order, "canceled")
    _add_note(order, note)


def add_note(office: Office, call: Call) -> Reply:
    """POST order/certificate/{id}/note."""
    order = order_of(office, call)
    text = call.body.text("text")
    if not text:
        raise missing_value("text")
    return Reply({"id": _add_note(order, text).id}, "note", 201)


def list_notes(office: Office, call: Call) -> Reply:
    """GET order/certificate/{id}/note."""
    notes = [{"id": note.id, "text": note.text} for note in order_of(office, call).notes]
    return Reply({"notes": notes}, "note_list")


def add_csr(office: Office, call: Call) -> Reply:
    """POST order/certificate/{id}/csr, for orders that wait for one; here no TLS order does."""
    order = order_of(office, call)
    csr = read_csr(call.body.text("csr"))
    if order.status != "needs_csr":
        raise REFUSED
    office.certificates[order.certificate_id].csr = csr.pem
    return NOTHING


def change_auto_renew(office: Office, call: Call) -> Reply:
    """PUT order/certificate/{id}/auto-renew. The switch is kept; this CA renews nothing by itself."""
    order_of(office, call).auto_renew = call.body.count("auto_renew")
    return NOTHING


def change_auto_reissue(office: Office, call: Call) -> Reply:
    """PUT order/certificate/{id}/auto-reissue. The switch is kept; this CA reissues nothing by itself."""
    order_of(office, call).auto_reissue = call.body.count("auto_reissue")
    return NOTHING


def _add_note(order: Order, text: str) -> Note:
    note = Note(len(order.notes) + 1, text)
    order.notes = (*order.notes, note)
    return note

"""AutoRevokeSSL (sectigo.md §13): an issued certificate is revoked, an order without one is rejected."""

from __future__ import annotations

import re

from certwright_sandbox.sectigo import errors, issuing
from certwright_sandbox.sectigo.call import Call, Reply
from certwright_sandbox.sectigo.errors import Refusal, invalid
from certwright_sandbox.sectigo.looking_up import by_certificate_id, by_order_number, is_visible, one_of
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.pushing import REVOCATION_CODES
from certwright_sandbox.sectigo.records import Order

REASONS = {code: name for name, code in REVOCATION_CODES.items()}
SERIAL = re.compile(r"[0-9A-Fa-f]{1,34}\Z")
BEING_ISSUED_AS_OF_OLD = Refusal(-23, errors.BEING_ISSUED.message)


def revoke(office: Office, call: Call) -> Reply:
    """End what is meant. Raises Refusal; -20 and -21 say that it has ended already."""
    code = call.choice("codeReason", REASONS, 0)
    is_rehearsal, in_crl = call.flag("test"), call.flag("includeInCRL", default=True)
    call.choice("responseFormat", (0, 1), 0)
    order = _order(office, call)
    if order.state == "rejected":
        raise errors.REJECTED
    if order.revoked_at is not None:
        raise errors.REVOKED
    if order.state == "signing":
        raise errors.BEING_ISSUED if call.text("revocationReason") else BEING_ISSUED_AS_OF_OLD
    if is_rehearsal:
        return Reply()
    office.entry(order).revocations += 1
    if order.state == "issued":
        issuing.revoke(office, order, REASONS[code], in_crl=in_crl)
    else:
        issuing.reject(office, order, call.text("revocationReason", "Withdrawn"))
    return Reply()


def _order(office: Office, call: Call) -> Order:
    match one_of(call, "orderNumber", "certificateID", "serialNumber"):
        case "orderNumber":
            return by_order_number(office, call)
        case "certificateID":
            return by_certificate_id(office, call)
    text = call.text("serialNumber")
    if SERIAL.match(text) is None:
        raise invalid("serialNumber")
    wanted = text.upper().lstrip("0")
    padded = wanted if len(wanted) % 2 == 0 else f"0{wanted}"
    found = [order for order in office.orders_by_serial.find(padded) if order.account == call.account.id]
    if not found or not is_visible(office, call, found[0]):
        raise invalid("serialNumber")
    return found[0]

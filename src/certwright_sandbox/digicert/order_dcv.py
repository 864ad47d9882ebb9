"""DCV on an order: check it, change its method, give it a new value (digicert.md §11)."""

from __future__ import annotations

from certwright_sandbox.digicert.call import NOTHING, Call, Reply
from certwright_sandbox.digicert.control import check_certificate, renew_value, unproven
from certwright_sandbox.digicert.errors import bad_request, invalid_value
from certwright_sandbox.digicert.issuing import FIRST_POLL, advance
from certwright_sandbox.digicert.looking import EMAIL, FILE_METHODS, METHODS, TOKEN_METHODS
from certwright_sandbox.digicert.looking import not_found as proof_not_found
from certwright_sandbox.digicert.office import Office, stamp
from certwright_sandbox.digicert.orders import order_of
from certwright_sandbox.digicert.records import Certificate, Order
from certwright_sandbox.digicert.views import dcv_state
from certwright_sandbox.digicert.wishes import check_method

NOT_PENDING = bad_request("order_not_pending", "The order does not wait for domain control validation.")


async def check(office: Office, call: Call) -> Reply:
    """PUT order/certificate/{id}/check-dcv: look now, for all names or some, and issue if that was all.

    A record that is not there yet is no error; a file that is not there is one.
    """
    order = order_of(office, call)
    number = order.pending_certificate_id
    certificate = office.certificates[number or order.certificate_id]
    missing = unproven(office, order, certificate) if number is not None else []
    if certificate.state == "waiting":
        raise NOT_PENDING
    if missing:
        if certificate.dcv_method == EMAIL:
            raise bad_request("invalid_dcv_method", "An email validation cannot be checked.")
        chosen = call.body.texts("dns_names_validations")
        if any(name not in certificate.names for name in chosen):
            raise invalid_value("dns_names_validations")
        asked = [name for name in missing if not chosen or name in chosen]
        await check_certificate(office, certificate, asked)
        left = [name for name in unproven(office, order, certificate) if name in asked]
        if left and certificate.dcv_method in FILE_METHODS:
            raise proof_not_found(certificate.dcv_method)
    await advance(office, certificate)
    return Reply(_outcome(office, order, certificate), "order")


def change_method(office: Office, call: Call) -> Reply:
    """PUT order/certificate/{id}/dcv-method; a token method answers the new random value."""
    order, certificate = _pending(office, call)
    method = call.body.text("dcv_method")
    if method not in METHODS:
        raise invalid_value("dcv_method")
    check_method(method, certificate.names, office.today())
    certificate.dcv_method = method
    order.dcv_method = method
    if method not in TOKEN_METHODS:
        certificate.random_value = certificate.random_value_expires = None
        return NOTHING
    office.later(FIRST_POLL, "poll", int(certificate.id))
    return _fresh_value(office, certificate)


def change_value(office: Office, call: Call) -> Reply:
    """PUT order/certificate/{id}/dcv-random-value."""
    _, certificate = _pending(office, call)
    if certificate.dcv_method not in TOKEN_METHODS:
        raise bad_request("invalid_dcv_method", "The order's DCV method uses no random value.")
    return _fresh_value(office, certificate)


def resend_emails(office: Office, call: Call) -> Reply:
    """PUT order/certificate/{id}/resend-emails; no mail leaves the sandbox."""
    _pending(office, call)
    return NOTHING


def _fresh_value(office: Office, certificate: Certificate) -> Reply:
    renew_value(office, certificate)
    assert certificate.random_value_expires is not None
    value = {
        "dcv_random_value": certificate.random_value,
        "expiration_date": stamp(certificate.random_value_expires),
    }
    return Reply(value, "order")


def _pending(office: Office, call: Call) -> tuple[Order, Certificate]:
    """The order and the certificate whose names are being proven. Raises Refusal."""
    order = order_of(office, call)
    if order.pending_certificate_id is None:
        raise NOT_PENDING
    certificate = office.certificates[order.pending_certificate_id]
    if certificate.state != "pending":
        raise NOT_PENDING
    return order, certificate


def _outcome(office: Office, order: Order, certificate: Certificate) -> dict[str, object]:
    missing = [] if certificate.was_issued else unproven(office, order, certificate)
    rows = [{"dns_name": name, "status": "pending" if name in missing else "approved"} for name in certificate.names]
    return {
        "order_status": order.status,
        "certificate_id": certificate.id,
        "dcv_status": dcv_state(office, order),
        "dns_name_validations": rows,
    }

"""Orders and certificates as the API shows them (digicert.md §10). What has no value is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from certwright_sandbox.clock import on
from certwright_sandbox.digicert.call import Call
from certwright_sandbox.digicert.control import unproven
from certwright_sandbox.digicert.office import Office, stamp, without_empty
from certwright_sandbox.digicert.people import contact_view, person_view
from certwright_sandbox.digicert.products import PRODUCTS, VALIDATIONS, ca_certs, platform_view
from certwright_sandbox.digicert.records import Approval, Certificate, Contact, CustomValue, Order, Term
from certwright_sandbox.digicert.signing import thumbprint_of
from certwright_sandbox.digicert.validity import CERTIFICATE_CAPS, end_of, term_view

REMINDERS = ("minus_90", "minus_60", "minus_30", "minus_7", "minus_3", "plus_7")  # days from the end
OPEN_STATUSES = ("pending", "reissue_pending", "processing")


def list_item(office: Office, order: Order) -> dict[str, Any]:
    """An order as the list shows it."""
    product = PRODUCTS[order.product]
    primary = office.certificates[order.certificate_id]
    duplicates, reissues = _count(office, order, "duplicate"), _count(office, order, "reissue")
    item: dict[str, Any] = {
        "id": order.id,
        "certificate": _listed_certificate(office, order, primary),
        "status": order.status,
        "is_renewed": order.is_marked_renewed or order.renewed_by is not None,
        "date_created": stamp(order.date_created),
        "disable_renewal_notifications": order.disable_renewal_notifications,
        "container": {
            **short_container_view(office, order.container_id),
            "is_active": office.containers[order.container_id].is_active,
        },
        "product": {"name_id": product.name_id, "name": product.name, "type": "ssl_certificate"},
        "duplicates_count": duplicates,
        "has_duplicates": duplicates > 0,
        "reissues_count": reissues,
        "has_reissues": reissues > 0,
        "price": order.price,
        "product_name_id": order.product,
        "number_of_sans": len(primary.names),
        **_validity(office, order),
    }
    if order.organization_id is not None:
        organization = office.organizations[order.organization_id]
        item["organization"] = {"id": organization.id, "name": organization.name}
    if order.custom_values:
        item["custom_fields"] = [_custom_view(office, value) for value in order.custom_values]
    return item


def order_view(office: Office, order: Order, call: Call) -> dict[str, Any]:
    """An order in full, as `GET order/certificate/{id}` shows it."""
    shown = office.certificates[order.certificate_id]
    user = office.users[order.user_id]
    requests = office.approvals_of_order.find(order.id)
    view: dict[str, Any] = {
        "id": order.id,
        "certificate": certificate_view(office, order, shown),
        "status": order.status,
        "is_renewal": order.renewal_of is not None,
        "is_renewed": order.is_marked_renewed or order.renewed_by is not None,
        "renewed_order_id": order.renewed_by,
        "renewal_of_order_id": order.renewal_of,
        "date_created": stamp(order.date_created),
        "container": short_container_view(office, order.container_id),
        "product": short_product_view(order),
        "product_name_id": order.product,
        "user": person_view(user),
        "requests": [_request_row(request) for request in requests],
        "notes": [{"id": note.id, "text": note.text} for note in order.notes],
        "custom_fields": [_custom_view(office, value) for value in order.custom_values],
        "additional_emails": list(order.additional_emails),
        "dcv_method": order.dcv_method,
        "alternative_order_id": order.reference,
        "price": order.price,
        "currency": "USD",
        "allow_duplicates": True,
        "duplicates_count": _count(office, order, "duplicate"),
        "reissues_count": _count(office, order, "reissue"),
        "has_pending_request": any(request.is_open for request in requests),
        "order_approval_complete": order.status != "needs_approval",
        "is_out_of_contract": False,
        "server_licenses": 1,
        "api_key": {"name": order.key_name, "key_type": "api_key"},
        "user_assignments": [person_view(office.users[number]) for number in order.assigned_ids],
        **_switches(order),
        **_validity(office, order),
        **_people(office, order),
    }
    if order.valid_from is not None:
        view["order_valid_from"] = order.valid_from.isoformat()
    if call.asks_for("include_caa_status") and order.status in OPEN_STATUSES:
        view["caa_status_message"] = caa_messages(office, order)
    return without_empty(view)


def caa_messages(office: Office, order: Order) -> dict[str, str]:
    """What CAA says about each name of the certificate an order waits for."""
    if order.pending_certificate_id is None:
        return {}
    certificate = office.certificates[order.pending_certificate_id]
    forbidden = "A CAA record does not allow this CA to issue for this domain."
    allowed = "CAA allows this CA to issue for this domain."
    return {name: forbidden if name in certificate.caa_forbidden else allowed for name in certificate.names}


def certificate_view(office: Office, order: Order, certificate: Certificate) -> dict[str, Any]:
    """A certificate of an order; before issuance without its serial number, thumbprint and dates."""
    product = PRODUCTS[order.product]
    cert_ids = {name: (cert_id, title) for cert_id, (name, title) in ca_certs(product).items()}
    cert_id, title = cert_ids.get(certificate.authority, ("", ""))
    view: dict[str, Any] = {
        "id": certificate.id,
        "thumbprint": thumbprint_of(office, certificate),
        "serial_number": certificate.serial,
        "common_name": certificate.common_name,
        "dns_names": list(certificate.names),
        "date_created": stamp(certificate.date_created),
        "csr": certificate.csr,
        "organization_units": list(certificate.units) if not product.is_public else [],
        "server_platform": platform_view(certificate.server_platform),
        "signature_hash": certificate.hash_name,
        "key_size": certificate.key_size,
        "ca_cert": {"id": cert_id, "name": title},
        "cert_validity": _leaf_validity(office, order, certificate),
        "status": certificate.state if certificate.state in ("issued", "revoked") else "",
    }
    if order.organization_id is not None:
        view["organization"] = {"id": order.organization_id}
    if certificate.date_issued is not None:
        view["date_issued"] = stamp(certificate.date_issued)
    return without_empty({**view, **_dates(office, certificate)})


def sibling_view(office: Office, order: Order, certificate: Certificate) -> dict[str, Any]:
    """A certificate in the list of an order's reissues or duplicates."""
    view = certificate_view(office, order, certificate)
    state = "approved" if certificate.state == "issued" else certificate.state
    ca_cert_id = view["ca_cert"]["id"]
    return without_empty({**view, "status": state, "ca_cert_id": ca_cert_id, "sub_id": certificate.sub_id})


def short_container_view(office: Office, container_id: int) -> dict[str, Any]:
    """A division by its id and name."""
    return {"id": container_id, "name": office.containers[container_id].name}


def short_product_view(order: Order) -> dict[str, Any]:
    """The order's product."""
    product = PRODUCTS[order.product]
    name, description = VALIDATIONS[product.validation]
    return {
        "name_id": product.name_id,
        "name": product.name,
        "type": "ssl_certificate",
        "validation_type": product.validation,
        "validation_name": name,
        "validation_description": description,
    }


def dcv_state(office: Office, order: Order) -> str:
    """`valid` when no name of the order waits for its proof, else `pending`."""
    number = order.pending_certificate_id
    is_pending = number is not None and unproven(office, order, office.certificates[number])
    return "pending" if is_pending else "valid"


def _listed_certificate(office: Office, order: Order, certificate: Certificate) -> dict[str, Any]:
    """The order's certificate as the list shows it: without what only the order in full tells."""
    view = {
        "id": certificate.id,
        "serial_number": certificate.serial,
        "common_name": certificate.common_name,
        "dns_names": list(certificate.names),
        "signature_hash": certificate.hash_name,
        "cert_validity": _leaf_validity(office, order, certificate),
        **_dates(office, certificate),
    }
    return without_empty(view)


def _dates(office: Office, certificate: Certificate) -> dict[str, Any]:
    """The first and the last day of a certificate that was issued, and how far off the last one is."""
    if certificate.valid_from is None or certificate.valid_till is None:
        return {}
    return {
        "valid_from": certificate.valid_from.isoformat(),
        "valid_till": certificate.valid_till.isoformat(),
        "days_remaining": (certificate.valid_till - office.today()).days,
    }


def _request_row(request: Approval) -> dict[str, Any]:
    return without_empty(
        {
            "id": request.id,
            "date": stamp(request.date),
            "type": request.type,
            "status": request.status,
            "comments": request.comments,
        }
    )


def _switches(order: Order) -> dict[str, Any]:
    """What the order was placed with, beside its certificate."""
    return {
        "payment_method": order.payment_method,
        "receipt_id": order.id,
        "auto_renew": order.auto_renew,
        "auto_reissue": order.auto_reissue,
        "disable_renewal_notifications": order.disable_renewal_notifications,
        "disable_ct": order.disable_ct,
        "disable_issuance_email": order.disable_issuance_email,
        **{f"send_{when}": not order.disable_renewal_notifications for when in REMINDERS},
    }


def _validity(office: Office, order: Order) -> dict[str, Any]:
    """The order's term, its end, and whether it is a plan: an order longer than its certificates can be."""
    start = order.valid_from or office.today()
    values: dict[str, Any] = {"order_validity": term_view(order.term)}
    if order.term.years is not None:
        values["validity_years"] = order.term.years
    elif order.term.days is not None:
        values["validity_days"] = order.term.days
    if order.valid_till is not None:
        values["order_valid_till"] = order.valid_till.isoformat()
    length = (end_of(order.term, start) - start).days + 1
    if PRODUCTS[order.product].is_public and length > on(CERTIFICATE_CAPS, start):
        values["is_multi_year_plan"] = "1"
    return values


def _leaf_validity(office: Office, order: Order, certificate: Certificate) -> dict[str, int | str]:
    """The certificate's term as asked for, or what the cap makes of it."""
    start = certificate.valid_from or office.today()
    term = certificate.term or order.term
    cap = on(CERTIFICATE_CAPS, start)
    is_capped = PRODUCTS[order.product].is_public and (end_of(term, start) - start).days + 1 > cap
    return term_view(Term(days=cap) if is_capped else term)


def _people(office: Office, order: Order) -> dict[str, Any]:
    """The organization and the contacts; the technical contact copies the organization's unless given."""
    people: dict[str, Any] = {}
    if order.approver_id is not None:
        people["approver"] = person_view(office.users[order.approver_id])
    technical = order.technical_contact
    if order.organization_id is not None:
        organization = office.organizations[order.organization_id]
        people["organization"] = without_empty(
            {
                "id": organization.id,
                "name": organization.name,
                "assumed_name": organization.assumed_name,
                "display_name": organization.display_name,
                "is_active": organization.is_active,
                "city": organization.city,
                "state": organization.state,
                "country": organization.country,
            }
        )
        own = _contacts(office, order, "organization_contact") or [organization.contact]
        people["organization_contact"] = contact_view(own[0])
        technical = next(iter(_contacts(office, order, "technical_contact")), technical) or own[0]
    if technical is not None:
        people["technical_contact"] = contact_view(technical)
    people["verified_contacts"] = [contact_view(one) for one in _contacts(office, order, "verified_contact")]
    return people


def _contacts(office: Office, order: Order, kind: str) -> list[Contact]:
    """The order's own contacts of a type; one that was named by a user's id has that user's names."""
    return [_in_full(office, contact) for contact in order.contacts if contact.contact_type == kind]


def _in_full(office: Office, contact: Contact) -> Contact:
    user = office.users.get(contact.user_id or 0)
    if user is None:
        return contact
    return replace(
        contact,
        first_name=user.first_name,
        last_name=user.last_name,
        email=user.username,
        job_title=user.job_title,
        telephone=user.telephone,
    )


def _count(office: Office, order: Order, kind: str) -> int:
    certificates = office.certificates_of_order.find(order.id)
    return sum(certificate.kind == kind and certificate.was_issued for certificate in certificates)


def _custom_view(office: Office, value: CustomValue) -> dict[str, Any]:
    label = office.custom_fields[value.metadata_id].label
    return {"metadata_id": value.metadata_id, "label": label, "value": value.value}

"""Placing an order: POST order/certificate/{product} (digicert.md §9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from certwright_sandbox.digicert import control
from certwright_sandbox.digicert.account import container_named
from certwright_sandbox.digicert.call import Call, Reply
from certwright_sandbox.digicert.errors import bad_request, invalid_value, missing_value, not_found
from certwright_sandbox.digicert.fields import Fields, whole_number
from certwright_sandbox.digicert.issuing import accept
from certwright_sandbox.digicert.office import CA_NAME, Office
from certwright_sandbox.digicert.products import Product, determine, product_of
from certwright_sandbox.digicert.records import (
    Approval,
    Certificate,
    Contact,
    CustomValue,
    Order,
    Organization,
    Term,
)
from certwright_sandbox.digicert.requests import open_request
from certwright_sandbox.digicert.signing import chain_of, chain_view
from certwright_sandbox.digicert.validity import billed_years, last_second, leaf_term, order_term
from certwright_sandbox.digicert.wishes import CertificateWish, new_certificate, read_method, read_wish
from certwright_sandbox.ledger import Entry
from certwright_sandbox.names import base_name

FIRST_ORDER_ID = 900101
RENEWABLE_AFTER_END = timedelta(days=30)
PAYMENT_METHODS = ("balance", "card", "profile", "wire_transfer", "unit", "subscription")
CONTACT_TYPES = ("organization_contact", "technical_contact", "verified_contact")


@dataclass(frozen=True)
class OrderWish:
    """What an order asks for, checked."""

    product: Product
    certificate: CertificateWish
    leaf_term: Term | None
    term: Term
    organization: Organization | None
    container_id: int
    renewal_of: Order | None
    custom_values: tuple[CustomValue, ...]
    dcv_method: str


async def place(office: Office, call: Call) -> Reply:
    """POST order/certificate/{product_name_id}: one of the three answers of §9.3, always 201."""
    wish = read_order(office, call)
    order, certificate = record(office, call, wish)
    request = open_request(office, call, order, "new_request", (certificate,))
    if request.status == "approved":
        await accept(office, certificate, call.body.text("certificate_dcv_scope"))
    return Reply(answer(office, order, certificate, request), "order", 201)


def read_order(office: Office, call: Call) -> OrderWish:
    """Check everything an order says, before anything is recorded. Raises Refusal."""
    body, name_id = call.body, call.param("name_id")
    product = product_of("ssl_basic" if name_id == "ssl" else name_id)
    certificate = body.object("certificate")
    wish = read_wish(certificate, product)
    if name_id == "ssl":
        product = determine(wish.names, body.object("product").text("type_hint"))
        wish = read_wish(certificate, product)
    today = office.today()
    term = order_term(body, today, is_public=product.is_public)
    if body.text("payment_method") not in ("", *PAYMENT_METHODS):
        raise invalid_value("payment_method")
    return OrderWish(
        product=product,
        certificate=wish,
        leaf_term=leaf_term(certificate, term, today),
        term=term,
        organization=_organization(office, call, product),
        container_id=_container(office, call, wish.names),
        renewal_of=_predecessor(office, call),
        custom_values=_custom_values(office, call),
        dcv_method=read_method(body, wish.names, today),
    )


def record(office: Office, call: Call, wish: OrderWish) -> tuple[Order, Certificate]:
    """Write the order down, with its certificate-to-be, and bill it."""
    body, now, hidden = call.body, office.now(), call.twist.hidden_seconds
    order_id = office.new_id(office.orders, FIRST_ORDER_ID)
    order = Order(  # first, because its fields may still be refused
        id=order_id,
        account_id=call.account_id,
        product=wish.product.name_id,
        user_id=call.user_id,
        key_name=str(call.key.id),
        status="needs_approval",
        date_created=now,
        status_changed_at=now,
        container_id=wish.container_id,
        organization_id=int(wish.organization.id) if wish.organization else None,
        term=wish.term,
        price=wish.product.price * billed_years(wish.term, now.date()),
        certificate_id=0,
        pending_certificate_id=None,
        dcv_method=wish.dcv_method,
        visible_from=now + timedelta(seconds=hidden) if hidden else None,
        reference=body.text("alternative_order_id") or None,
        renewal_of=int(wish.renewal_of.id) if wish.renewal_of else None,
        payment_method=body.text("payment_method") or "balance",
        comments=body.text("comments"),
        auto_renew=body.count("auto_renew"),
        auto_reissue=body.count("auto_reissue"),
        disable_renewal_notifications=body.flag("disable_renewal_notifications"),
        disable_ct=body.flag("disable_ct"),
        disable_issuance_email=body.flag("disable_issuance_email"),
        contacts=tuple(_contact(fields) for fields in body.object("organization").objects("contacts")),
        technical_contact=_contact(body.object("technical_contact")) if "technical_contact" in body else None,
        additional_emails=body.texts("additional_emails"),
        custom_values=wish.custom_values,
    )
    certificate = new_certificate(office, call, order_id, "order", wish.certificate, wish.leaf_term, wish.dcv_method)
    order.certificate_id = order.pending_certificate_id = int(certificate.id)
    office.add_order(order)
    if wish.renewal_of is not None:
        wish.renewal_of.renewed_by = order_id
    bill(office, order, certificate)
    return order, certificate


def bill(office: Office, order: Order, certificate: Certificate) -> None:
    """Charge the order."""
    office.world.ledger.bill(
        Entry(
            id=f"{CA_NAME}/{order.id}",
            ca=CA_NAME,
            account=order.key_name,
            order_id=int(order.id),
            reference=order.reference,
            product=order.product,
            names=certificate.names,
            status=order.status,
            placed_at=order.date_created,
            price=order.price,
        )
    )


def answer(office: Office, order: Order, certificate: Certificate, request: Approval) -> dict[str, object]:
    """The three shapes: issued with its chain, to be validated with what to prove, to be approved."""
    shape: dict[str, object] = {
        "id": order.id,
        "requests": [{"id": request.id, "status": request.status}],
    }
    if request.status != "approved":
        return shape
    shape["certificate_id"] = certificate.id
    if certificate.was_issued:
        shape["certificate_chain"] = chain_view(chain_of(office, certificate))
        return shape
    if certificate.random_value is not None:
        shape["dcv_random_value"] = certificate.random_value
    domains = control.pending_domains_view(office, order, certificate)
    if domains:
        shape["domains"] = domains
    return shape


def _organization(office: Office, call: Call, product: Product) -> Organization | None:
    """The organization of an OV or EV order; a DV order has none, whatever it says. Raises Refusal."""
    if not product.wants_organization:
        return None
    number = call.body.object("organization").number("id")
    if number is None:
        raise missing_value("organization")
    organization = office.organizations.get(number)
    if organization is None or organization.account_id != call.account_id:
        raise not_found("organization")
    return organization


def _container(office: Office, call: Call, names: tuple[str, ...]) -> int:
    """The order's division, which must allow its names. Raises Refusal."""
    container = container_named(office, call)
    allowed = container.allowed_domain_names
    for name in map(base_name, names):
        if allowed and not any(name == parent or name.endswith(f".{parent}") for parent in allowed):
            raise invalid_value("dns_names")
    return int(container.id)


def _predecessor(office: Office, call: Call) -> Order | None:
    """The order that this one renews, by id or thumbprint; an id of 0 means none. Raises Refusal 400."""
    number, thumbprint = call.body.number("renewal_of_order_id"), call.body.text("renewed_thumbprint").upper()
    order: Order | None = None
    if number:
        order = office.orders.get(number)
    elif thumbprint:
        found = office.with_thumbprint(call.account_id, thumbprint)
        order = office.orders[found[0].order_id] if found else None
    else:
        return None
    if order is not None and order.account_id == call.account_id and order.renewed_by is not None:
        raise bad_request("order_renewed_already", "The order has already been renewed.")
    if order is None or order.account_id != call.account_id or not _is_renewable(office, order):
        raise bad_request("order_not_eligible_for_renewal", "The order is not eligible for renewal.")
    return order


def _is_renewable(office: Office, order: Order) -> bool:
    """Issued once, and not ended for more than 30 days."""
    if order.status not in ("issued", "expired") or order.valid_till is None:
        return False
    return office.now() <= last_second(order.valid_till) + RENEWABLE_AFTER_END


def _custom_values(office: Office, call: Call) -> tuple[CustomValue, ...]:
    """The order's custom fields; a required active one must be there. Raises Refusal 400."""
    known = {int(field.id): field for field in office.custom_fields_of.find(call.account_id) if field.is_active}
    values = tuple(
        CustomValue(fields.number("metadata_id") or 0, fields.text("value"))
        for fields in call.body.objects("custom_fields")
    )
    if any(value.metadata_id not in known for value in values):
        raise invalid_value("custom_fields")
    for value in values:
        if known[value.metadata_id].data_type == "int" and whole_number(value.value) is None:
            raise invalid_value("custom_fields")
    given = {value.metadata_id for value in values if value.value}
    if any(field.is_required and number not in given for number, field in known.items()):
        raise missing_value("custom_fields")
    return values


def _contact(fields: Fields) -> Contact:
    kind = fields.text("contact_type")
    if kind not in ("", *CONTACT_TYPES):
        raise invalid_value("contact_type")
    return Contact(
        first_name=fields.text("first_name"),
        last_name=fields.text("last_name"),
        email=fields.text("email"),
        job_title=fields.text("job_title"),
        telephone=fields.text("telephone"),
        telephone_extension=fields.text("telephone_extension"),
        contact_type=kind,
        user_id=fields.number("user_id"),
    )

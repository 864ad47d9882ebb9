"""The way of a certificate from its request to its issuance, and of the order with it (digicert.md §21).

`advance` is the one door to issuance: it is called whenever something that a certificate waited for has
happened.
"""

from __future__ import annotations

from datetime import timedelta

from certwright_sandbox.digicert import control, webhooks
from certwright_sandbox.digicert.looking import CAA_ISSUERS
from certwright_sandbox.digicert.office import Office
from certwright_sandbox.digicert.products import PRODUCTS
from certwright_sandbox.digicert.records import Certificate, Order, Organization, Vetting
from certwright_sandbox.digicert.signing import sign
from certwright_sandbox.digicert.validity import end_of, last_second, leaf_end

REMOVED_NAMES_GRACE = timedelta(hours=72)
FIRST_POLL = timedelta(seconds=5)


def vetting_of(organization: Organization, kind: str) -> Vetting | None:
    """The organization's validation of a type."""
    return next((vetting for vetting in organization.vettings if vetting.type == kind), None)


def is_vetted(office: Office, organization: Organization, kind: str) -> bool:
    """Whether the organization is validated for `kind` now."""
    vetting = vetting_of(organization, kind)
    return (
        organization.is_active
        and vetting is not None
        and vetting.status == "active"
        and vetting.validated_until is not None
        and vetting.validated_until > office.now()
    )


def lacks_organization(office: Office, order: Order) -> bool:
    """Whether the order waits for its organization to be validated."""
    product = PRODUCTS[order.product]
    if not product.wants_organization or order.organization_id is None:
        return False
    return not is_vetted(office, office.organizations[order.organization_id], product.validation)


def submit_organization(office: Office, organization: Organization, kind: str) -> None:
    """Put the organization before the validation staff for `kind`."""
    others = tuple(vetting for vetting in organization.vettings if vetting.type != kind)
    organization.vettings = (*others, Vetting(kind, "pending", office.now()))
    account = office.account_of(organization)
    if account.organization_seconds is not None:
        office.later(timedelta(seconds=account.organization_seconds), "vet", int(organization.id))


async def accept(office: Office, certificate: Certificate, scope: str = "fqdn") -> None:
    """The request for this certificate is approved: ask for what is missing, and issue when nothing is."""
    order = office.orders[certificate.order_id]
    certificate.state = "pending"
    if certificate.kind == "order":
        office.set_status(order, "pending")
    if control.unproven(office, order, certificate):
        control.ask_for_proof(office, order, certificate, scope)
    if lacks_organization(office, order) and order.organization_id is not None:
        organization = office.organizations[order.organization_id]
        kind = PRODUCTS[order.product].validation
        vetting = vetting_of(organization, kind)
        if vetting is None or vetting.status != "pending":
            submit_organization(office, organization, kind)
    await advance(office, certificate)
    if certificate.state == "pending":
        certificate.has_waited = True
        office.later(FIRST_POLL, "poll", int(certificate.id))


async def advance(office: Office, certificate: Certificate) -> None:
    """Issue the certificate if nothing is missing any more; harmless at any time."""
    order = office.orders[certificate.order_id]
    if certificate.state != "pending" or lacks_organization(office, order):
        return
    if control.unproven(office, order, certificate):
        return
    validators = office.world.validators
    forbidden = [name for name in certificate.names if await validators.caa_forbids(name, CAA_ISSUERS)]
    if tuple(forbidden) != certificate.caa_forbidden:
        certificate.caa_forbidden = tuple(forbidden)
    if not forbidden and certificate.state == "pending":  # it may have been cancelled during the look-up
        issue(office, order, certificate)


async def advance_all(office: Office, account_id: int) -> None:
    """Look at everything that waits in an account; something there has been validated."""
    for order in office.waiting_orders_of.find(account_id):
        if order.pending_certificate_id is not None:
            await advance(office, office.certificates[order.pending_certificate_id])


def issue(office: Office, order: Order, certificate: Certificate) -> None:
    """Sign the certificate and move its order to issued."""
    today = office.today()
    if order.valid_till is None:
        order.valid_from, order.valid_till = today, end_of(order.term, today)
        office.at(last_second(order.valid_till) + timedelta(seconds=1), "end", int(order.id))
    is_public = PRODUCTS[order.product].is_public
    end = leaf_end(certificate.term, order.valid_till, today, is_public=is_public)
    sign(office, order, certificate, today, end)
    office.entry(order).certificates += 1
    if certificate.kind == "duplicate":
        certificate.sub_id = next_sub_id(office, order)
    else:
        _succeed(office, order, certificate)
    order.pending_certificate_id = None
    office.set_status(order, "issued")
    webhooks.announce_issued(office, certificate)


def next_sub_id(office: Office, order: Order) -> str:
    """The next free number of the order's duplicates: 001, 002, …"""
    taken = [certificate for certificate in office.certificates_of_order.find(order.id) if certificate.sub_id]
    return f"{len(taken) + 1:03d}"


def _succeed(office: Office, order: Order, certificate: Certificate) -> None:
    """Make this the order's primary certificate; what it replaces goes the way of replaced certificates.

    A public certificate that held names which its successor has lost is revoked within 72 hours
    (digicert.md §14.1).
    """
    before = office.certificates[order.certificate_id]
    order.certificate_id = int(certificate.id)
    if before is certificate:
        return
    if certificate.keep_replaced:
        before.kind = "duplicate"
        before.sub_id = next_sub_id(office, order)
    elif set(before.names) - set(certificate.names) and PRODUCTS[order.product].is_public:
        office.later(REMOVED_NAMES_GRACE, "retire", int(before.id))

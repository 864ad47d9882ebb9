"""What time does by itself: staff validates, polls look again, orders end, replaced certificates go."""

from __future__ import annotations

from datetime import datetime, timedelta

from certwright_sandbox.digicert import revoking
from certwright_sandbox.digicert.control import check_certificate, is_proven, unproven
from certwright_sandbox.digicert.domain_dcv import look_at
from certwright_sandbox.digicert.issuing import FIRST_POLL, advance
from certwright_sandbox.digicert.looking import TOKEN_METHODS
from certwright_sandbox.digicert.office import CA_NAME, Office
from certwright_sandbox.digicert.staff import vet
from certwright_sandbox.state import Id

LAST_POLL = timedelta(days=7)
POLLED = ("look", "auto")  # a number in the `dcv` switch counts the checks that a client asks for


def teach(office: Office) -> None:
    """Tell the agenda how this office's appointments are kept."""
    deeds = {
        "vet": vet_organization,
        "poll": poll_certificate,
        "poll_domain": poll_domain,
        "end": end_order,
        "retire": retire_certificate,
    }
    for what, deed in deeds.items():
        office.world.agenda.teach(
            f"{CA_NAME}.{what}",
            lambda subject, deed=deed: deed(office, subject),  # type: ignore[misc]
        )


def vet_organization(office: Office, organization_id: Id) -> None:
    """The staff is done with what was submitted of an organization."""
    organization = office.organizations[organization_id]
    office.in_background(lambda: vet(office, organization, "valid"))


def poll_certificate(office: Office, certificate_id: Id) -> None:
    """Look again at a waiting certificate, at intervals that double, for a week (digicert.md §6.11)."""
    certificate = office.certificates[certificate_id]
    order = office.orders[certificate.order_id]
    if certificate.state != "pending":
        return
    is_polled = certificate.dcv_method in TOKEN_METHODS and office.account_of(certificate).dcv in POLLED

    async def look() -> None:
        missing = unproven(office, order, certificate)
        if missing and is_polled:
            await check_certificate(office, certificate, missing)
        await advance(office, certificate)

    office.in_background(look)
    _again(office, "poll", certificate_id, certificate.date_created)


def poll_domain(office: Office, domain_id: Id) -> None:
    """The same for a domain that was submitted by itself."""
    domain = office.domains[domain_id]
    if is_proven(office, domain) or domain.token is None:
        return

    async def look() -> None:
        if office.account_of(domain).dcv in POLLED:
            await look_at(office, domain)

    office.in_background(look)
    _again(office, "poll_domain", domain_id, domain.date_created)


def end_order(office: Office, order_id: Id) -> None:
    """An order's last day has passed."""
    order = office.orders[order_id]
    if order.status == "issued":
        office.set_status(order, "expired")


def retire_certificate(office: Office, certificate_id: Id) -> None:
    """A certificate whose successor has lost names is revoked."""
    certificate = office.certificates[certificate_id]
    revoking.revoke(office, [certificate], "superseded")


def _again(office: Office, what: str, subject: Id, since: datetime) -> None:
    """Look again after as long as it has been waiting already."""
    waited = max(office.now() - since, FIRST_POLL)
    if waited < LAST_POLL:
        office.later(waited, what, int(subject))

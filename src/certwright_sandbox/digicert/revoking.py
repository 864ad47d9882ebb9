"""Revocation itself: certificates end, and with them, where that is so, their order."""

from __future__ import annotations

from collections.abc import Iterable

from certwright_sandbox.digicert import webhooks
from certwright_sandbox.digicert.office import Office
from certwright_sandbox.digicert.records import Certificate, Order

# The API's spelling and the CRL's are one (RFC 5280 §5.3.1).
REASONS = ("unspecified", "keyCompromise", "affiliationChanged", "superseded", "cessationOfOperation")


def revoke(office: Office, certificates: Iterable[Certificate], reason: str) -> None:
    """Revoke those that are issued and not revoked yet."""
    for certificate in certificates:
        if certificate.state != "issued":
            continue
        certificate.state = "revoked"
        certificate.revoked_at = office.now()
        certificate.revocation_reason = reason
        facts = {"order_id": certificate.order_id, "certificate_id": certificate.id}
        webhooks.announce(office, certificate.account_id, "certificate_revoked", facts)


def settle(office: Office, order: Order, *, whole_order: bool) -> None:
    """End the order when it was revoked whole, or with its last certificate if the account wants that."""
    certificates = office.certificates_of_order.find(order.id)
    is_over = not any(certificate.state == "issued" for certificate in certificates)
    if is_over and (whole_order or office.account_of(order).revoke_ends_order):
        office.set_status(order, "revoked")


def of_order(office: Office, order: Order) -> list[Certificate]:
    """Every certificate of the order that was issued: primary, reissued and duplicates."""
    return [certificate for certificate in office.certificates_of_order.find(order.id) if certificate.was_issued]

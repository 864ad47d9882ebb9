"""How long things live, by date: certificates, subscriptions, proofs of control (emsign.md §10, sandbox.md)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from certwright_sandbox.clock import on
from certwright_sandbox.emsign.records import Order

# Days of a certificate, and days for which a proof of control may be used again; the newest row first.
CERTIFICATE_CAPS = ((date(2029, 3, 15), 46), (date(2027, 3, 15), 99), (date(2026, 3, 12), 199), (date.min, 398))
CONTROL_REUSE = ((date(2029, 3, 15), 8), (date(2027, 3, 15), 98), (date(2026, 3, 12), 198), (date.min, 398))
YEAR = timedelta(days=365)
LEAST_GAIN = timedelta(days=7)  # what must be left of a subscription for the CA to renew by itself


def life(start: datetime, subscription_ends: datetime) -> tuple[datetime, datetime]:
    """not_before and not_after of a certificate issued at `start` inside a subscription (BR §6.3.2)."""
    start = start.replace(microsecond=0)
    cap = start + timedelta(days=on(CERTIFICATE_CAPS, start.date())) - timedelta(seconds=1)
    return start, min(cap, subscription_ends.replace(microsecond=0))


def renewal_due(order: Order) -> datetime | None:
    """When the CA renews the certificate in force by itself; None for never within the subscription.

    That is `renewCriteria` days before its end, or half-way where it does not live that long.
    """
    if order.not_before is None or order.not_after is None or order.subscription_ends is None:
        return None
    if not order.auto_renew or order.subscription_ends - order.not_after <= LEAST_GAIN:
        return None
    due = order.not_after - timedelta(days=order.renew_days)
    return due if due > order.not_before else order.not_before + (order.not_after - order.not_before) / 2


def reusable_until(proven_at: datetime) -> datetime:
    """Until when a proof of control counts for later orders."""
    return proven_at + timedelta(days=on(CONTROL_REUSE, proven_at.date()))

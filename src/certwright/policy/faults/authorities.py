"""What is wrong with a CA's certificate on which leaf certificates in force hang."""

from __future__ import annotations

from datetime import datetime, timedelta

from certwright.policy.faults.words import day
from certwright.policy.judged import Judged

# Long enough for a company to bring a new certificate of its CA to all its machines.
_SOON = timedelta(days=180)


def expired(judged: Judged, at: datetime) -> str | None:
    """Expired, without a successor of the same name and key, and leaf certificates under it are in force."""
    if judged.replaced or at <= judged.not_after:
        return None
    return f"It expired on {day(judged.not_after)}; clients refuse the certificates under it."


def ends_soon(judged: Judged, at: datetime) -> str | None:
    """Half a year left at most, and no successor of the same name and key."""
    left = judged.not_after - at
    if judged.replaced or not timedelta(0) <= left <= _SOON:
        return None
    return f"It ends on {day(judged.not_after)}, in {left.days} days; then clients refuse the certificates under it."


def revoked(judged: Judged, at: datetime) -> str | None:
    """Revoked by the CA above it, and leaf certificates under it are in force."""
    if judged.revoked_at is None or judged.revoked_at > at:
        return None
    why = f" ({judged.revocation_reason})" if judged.revocation_reason else ""
    return f"It was revoked on {day(judged.revoked_at)}{why}; clients refuse the certificates under it."

"""When must a certificate be renewed, and when is it late? Pure arithmetic on its own dates.

Nothing here assumes 90, 200 or 398 days: a certificate is due at two thirds of its own life, which leaves 16
of 47 days and 2 of 6, and late when a quarter is left (36 hours of 6 days).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

_DUE = Fraction(2, 3)
_SPREAD = Fraction(1, 50)
_LATE = Fraction(3, 4)
_ONE_SECOND = timedelta(seconds=1)


def due_at(not_before: datetime, not_after: datetime, *, fingerprint: str) -> datetime:
    """When renewal begins (aware UTC): at two thirds of the life, or up to a fiftieth of the life sooner.

    How much sooner comes from the certificate's fingerprint (SHA-256 in hex), so thousands issued in one hour
    are not renewed in one hour, and the answer is always the same. Raises ValueError for dates in the wrong
    order.
    """
    earlier = Fraction(int(fingerprint[:16], 16), 16**16) * _SPREAD
    return _at(not_before, not_after, _DUE - earlier)


def alarm_at(not_before: datetime, not_after: datetime) -> datetime:
    """When a certificate that still has no successor is an emergency (aware UTC): a quarter of its life is
    left.

    Raises ValueError for dates in the wrong order.
    """
    return _at(not_before, not_after, _LATE)


def _at(not_before: datetime, not_after: datetime, share: Fraction) -> datetime:
    """The moment, to the second, when that share of the life has gone by."""
    lifetime = not_after - not_before + _ONE_SECOND
    if lifetime <= timedelta(0):
        raise ValueError("The certificate ends before it begins.")
    return not_before + timedelta(seconds=int(Fraction(int(lifetime.total_seconds())) * share))

"""What is wrong with when a certificate begins and ends."""

# ruff: noqa: ARG001 - every rule takes the same two arguments
from __future__ import annotations

from datetime import datetime, timedelta

from certwright.pki import verify
from certwright.policy import due, rules
from certwright.policy.faults.words import day
from certwright.policy.judged import Judged

# Of a device's certificate that lives ten years a quarter is long: two months are enough for anybody.
_NO_SOONER = timedelta(days=60)


def ends_before_it_begins(judged: Judged, at: datetime) -> str | None:
    """A not_after before its not_before: never valid."""
    if judged.not_after >= judged.not_before:
        return None
    return f"It ends on {day(judged.not_after)}, before it begins on {day(judged.not_before)}: no client accepts it."


def not_yet_valid(judged: Judged, at: datetime) -> str | None:
    """A beginning that lies ahead."""
    if at >= judged.not_before:
        return None
    return f"It is not valid before {judged.not_before:%Y-%m-%d %H:%M} UTC: clients refuse it until then."


def ends_soon(judged: Judged, at: datetime) -> str | None:
    """A quarter of its life left, two months at most, and no successor."""
    if judged.replaced or judged.not_after < judged.not_before or not at <= judged.not_after:
        return None
    if judged.not_after - at > _NO_SOONER or at < due.alarm_at(judged.not_before, judged.not_after):
        return None
    return f"It ends on {judged.not_after:%Y-%m-%d %H:%M} UTC, {_left(judged.not_after - at)}, without a successor."


def issuer_ends_first(judged: Judged, at: datetime) -> str | None:
    """An issuer that ends before the certificate: clients then refuse it however long it lives."""
    if judged.issuer is None or judged.is_self_signed:
        return None
    end = judged.issuer.not_after
    if end >= judged.not_after:
        return None
    ends = "ended" if end < at else "ends"
    return f"Its issuer {ends} on {day(end)}, before it ends on {day(judged.not_after)}: clients refuse it from then."


def too_long(judged: Judged, at: datetime) -> str | None:
    """Public: a longer life than was allowed on its day of issue."""
    allowed = rules.on(judged.issued_on).max_lifetime_days
    if judged.certificate.lifetime <= timedelta(days=allowed):
        return None
    return verify.lifetime_within(judged.certificate, allowed)


def too_long_for_apple(judged: Judged, at: datetime) -> str | None:
    """A life that Apple's systems refuse under any root, a company's own included."""
    allowed = rules.on(judged.issued_on).apple_max_lifetime_days
    if not allowed or judged.public or judged.certificate.lifetime <= timedelta(days=allowed):
        return None
    lifetime = judged.certificate.lifetime.days
    return f"It lives {lifetime} days; Apple's systems refuse more than {allowed} under any root."


def _left(time: timedelta) -> str:
    return f"in {time.days} days" if time.days > 1 else f"in {time.total_seconds() / 3600:.0f} hours"

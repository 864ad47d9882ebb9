"""How long things live: this CA's caps by date, the reuse of validations, and terms turned into days.

The dates are those of DigiCert's change log and CA/B Forum ballot SC-081v3; a cap counts both its first and
its last day, each of 86,400 seconds (BR §6.3.2), and DigiCert stays one day below the industry's.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta

from certwright_sandbox.clock import on
from certwright_sandbox.digicert.errors import bad_request, invalid_value
from certwright_sandbox.digicert.fields import Fields
from certwright_sandbox.digicert.records import Term

CERTIFICATE_CAPS = (
    (date(2029, 3, 15), 46),
    (date(2027, 3, 15), 99),
    (date(2026, 2, 24), 199),
    (date(2020, 8, 27), 397),
    (date.min, 825),
)
DOMAIN_REUSE = (
    (date(2029, 3, 15), 9),
    (date(2027, 3, 15), 99),
    (date(2026, 2, 24), 199),
    (date(2021, 9, 27), 397),
    (date.min, 825),
)
ORGANIZATION_REUSE = ((date(2026, 3, 15), 397), (date.min, 825))
CLIENT_AUTH_ENDS = date(2027, 3, 1)
CLIENT_AUTH_OPTIONAL_FROM = date(2025, 10, 1)
EMAIL_DCV_ENDS = date(2028, 3, 15)  # digicert.md §19
MOST_YEARS = 3
MOST_DAYS = 1096
MOST_PRIVATE_YEARS = 20  # no rule caps private certificates; this keeps them within the life of their CA here
MOST_PRIVATE_DAYS = 7300
TOKEN_LIFETIME = timedelta(days=30)


def last_second(day: date) -> datetime:
    """The end of a day, UTC: certificates are valid through their last day."""
    return datetime.combine(day, time(23, 59, 59), UTC)


def add_years(day: date, years: int) -> date:
    """The same day so many years on; 29 February becomes the 28th."""
    last = calendar.monthrange(day.year + years, day.month)[1]
    return day.replace(year=day.year + years, day=min(day.day, last))


def end_of(term: Term, start: date) -> date:
    """The last valid day of a term that starts on `start`."""
    if term.until is not None:
        return term.until
    if term.days is not None:
        return start + timedelta(days=term.days - 1)
    return add_years(start, term.years or 1)


def leaf_end(term: Term | None, order_end: date, start: date, *, is_public: bool) -> date:
    """The last day of a certificate: as asked for, not past its order, not past the cap."""
    end = min(end_of(term, start), order_end) if term is not None else order_end
    if is_public:
        end = min(end, start + timedelta(days=on(CERTIFICATE_CAPS, start) - 1))
    return end


def order_term(body: Fields, today: date, *, is_public: bool) -> Term:
    """The order's term: `order_validity`, else the fields of old, else a year. Raises Refusal 400."""
    group = body.object("order_validity")
    years, days = group.number("years"), group.number("days")
    until = group.day("custom_expiration_date")
    if years is None and days is None and until is None:
        years, days = body.number("validity_years"), body.number("validity_days")
        until = body.day("custom_expiration_date")
    return _checked(years or None, days or None, until, today, is_public=is_public)


def leaf_term(certificate: Fields, order: Term, today: date) -> Term | None:
    """The certificate's own term, if it has one. Raises Refusal 400 when it is longer than the order's."""
    if "cert_validity" not in certificate:
        return None
    wish = certificate.object("cert_validity")
    years, days, until = wish.number("years"), wish.number("days"), wish.day("custom_expiration_date")
    if not years and not days and until is None:
        return None
    term = _checked(years or None, days or None, until, today, is_public=False)
    if end_of(term, today) > end_of(order, today):
        raise bad_request("cert_validity_exceeds_order_validity", "Certificate validity exceeds the order validity.")
    return term


def _checked(years: int | None, days: int | None, until: date | None, today: date, *, is_public: bool) -> Term:
    """The strongest of the three forms: a date over days over years (digicert.md §9.1)."""
    most_years, most_days = (MOST_YEARS, MOST_DAYS) if is_public else (MOST_PRIVATE_YEARS, MOST_PRIVATE_DAYS)
    if until is not None:
        if not today < until <= add_years(today, most_years):
            raise invalid_value("custom_expiration_date")
        return Term(until=until)
    if days is not None:
        if not 1 <= days <= most_days:
            raise invalid_value("validity_days")
        return Term(days=days)
    years = 1 if years is None else years
    if not 1 <= years <= most_years:
        raise invalid_value("validity_years")
    return Term(years=years)


def term_view(term: Term) -> dict[str, int | str]:
    """A term as the API shows it."""
    if term.until is not None:
        return {"custom_expiration_date": term.until.isoformat()}
    if term.days is not None:
        return {"days": term.days}
    return {"years": term.years or 1}


def billed_years(term: Term, today: date) -> int:
    """How many years an order is charged for: every begun one."""
    years = 1
    while end_of(term, today) > add_years(today, years):
        years += 1
    return years

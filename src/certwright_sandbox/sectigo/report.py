"""WebHostReport (sectigo.md §11): every order of the account, filtered and by pages."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from certwright_sandbox.leaf import public_key_of
from certwright_sandbox.sectigo.call import Call, Pairs, Reply, seconds
from certwright_sandbox.sectigo.collecting import term_pairs
from certwright_sandbox.sectigo.errors import invalid
from certwright_sandbox.sectigo.looking_up import is_visible
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.products import PRODUCTS
from certwright_sandbox.sectigo.records import Order
from certwright_sandbox.sectigo.standing import (
    details,
    order_status,
    standing,
    validation_status,
)

Judge = Callable[[Order], bool]
SHOW = (
    "showStatusDetails",
    "showExtStatus",
    "showAdditionalDomains",
    "showSignatureAlgorithm",
    "showOldItems",  # here an order has one item, so there is no older one to show
    "showCertificateID",
    "showCost",
    "showAssociatedOrders",
)


def report(office: Office, call: Call) -> Reply:
    """Answer one WebHostReport: the matches that the page asks for. `noOfResults` counts all matches."""
    show = {name: call.flag(name) for name in SHOW}
    first, last = _page(call)
    rows = _candidates(office, call, with_families=show["showAssociatedOrders"])
    judges = _judges(office, call)
    if call.twist.stale or office.hidden_of.find(call.account.id):
        judges.insert(0, lambda order: office.orders.get(order.id) is order and is_visible(office, call, order))
    if judges:
        rows = [order for order in rows if all(judge(order) for judge in judges)]
    page = rows[first - 1 : last]
    start = first if call.account.report_rows == "index" else 1
    pairs: Pairs = [("errorCode", 0), ("noOfResults", len(rows))]
    for number, order in enumerate(page, start):
        pairs += _row(office, order, f"{number}_", show)
    return Reply(pairs)


def _page(call: Call) -> tuple[int, int | None]:
    """The first and the last row, counted from 1. Raises Refusal -4."""
    first, last = call.number("firstResultNo"), call.number("lastResultNo")
    if first is not None and first < 1:
        raise invalid("firstResultNo")
    if last is not None and last < (first or 1):
        raise invalid("lastResultNo")
    return first or 1, last


def _candidates(office: Office, call: Call, *, with_families: bool) -> list[Order]:
    """The account's orders in the window of placing, or fewer where one is named outright; the oldest first."""
    start, end = call.moment("notBefore"), call.moment("notAfter")
    named = _named(office, call)
    if named is None:
        return _window(office.by_time(str(call.account.id)), start, end)
    if with_families and call.text("orderNumber"):
        named = [relative for order in named for relative in office.family(order)]
    mine = {order.number: order for order in named if order.account == call.account.id}
    return _window(sorted(mine.values(), key=_placed_at), start, end)


def _named(office: Office, call: Call) -> list[Order] | None:
    """The orders that the first of the naming filters finds; None where there is none. The others still judge."""
    if call.text("orderNumber"):
        found = [office.orders.get(number) for number in call.numbers("orderNumber")]
    elif call.text("certificateID"):
        found = [office.order_of_certificate(number) for number in call.numbers("certificateID")]
    elif call.text("foreignOrderNumber"):
        keys = [(call.account.id, text) for text in _texts(call, "foreignOrderNumber")]
        found = [order for key in keys for order in office.orders_referred.find(key)]
    else:
        return None
    return [order for order in found if order is not None]


def _window(rows: list[Order], start: datetime | None, end: datetime | None) -> list[Order]:
    low = 0 if start is None else bisect_left(rows, start, key=_placed_at)
    high = len(rows) if end is None else bisect_right(rows, end, key=_placed_at)
    return rows[low:high]


def _judges(office: Office, call: Call) -> list[Judge]:
    """The filters that a candidate must still pass."""
    judges: list[Judge] = []
    if call.text("orderNumber") and not call.flag("showAssociatedOrders"):
        numbers = set(call.numbers("orderNumber"))
        judges.append(lambda order: order.number in numbers)
    if call.text("certificateID"):
        certificates = set(call.numbers("certificateID"))
        judges.append(lambda order: order.certificate_id in certificates)
    if call.text("foreignOrderNumber"):
        references = set(_texts(call, "foreignOrderNumber"))
        judges.append(lambda order: order.reference in references)
    return judges + _pattern_judges(call) + _status_judges(office, call) + _expiry_judges(call)


def _pattern_judges(call: Call) -> list[Judge]:
    judges: list[Judge] = []
    if call.text("fqdn"):
        fits_name = _pattern(call.text("fqdn"))
        judges.append(lambda order: any(fits_name(name.name) for name in order.names))
    if call.text("organizationName"):
        fits_organization = _pattern(call.text("organizationName"))
        judges.append(lambda order: bool(fits_organization(order.subject.organization)))
    return judges


def _status_judges(office: Office, call: Call) -> list[Judge]:
    judges: list[Judge] = []
    if call.text("certificateStatusCode"):
        codes = set(call.numbers("certificateStatusCode"))
        judges.append(lambda order: standing(office, order).code in codes)
    if call.text("certificateStatusDesc"):
        words = {text.lower().replace(" ", "") for text in _texts(call, "certificateStatusDesc")}
        judges.append(lambda order: standing(office, order).word in words)
    return judges


def _expiry_judges(call: Call) -> list[Judge]:
    judges: list[Judge] = []
    start, end = call.moment("expireNotBefore"), call.moment("expireNotAfter")
    if start is not None:
        judges.append(lambda order: order.not_after is not None and order.not_after >= start)
    if end is not None:
        judges.append(lambda order: order.not_after is not None and order.not_after <= end)
    return judges


def _pattern(text: str) -> Callable[[str], object]:
    """A filter with the wildcards `_` (one character) and `%` (any number of them); case does not matter."""
    parts = [".*" if sign == "%" else "." if sign == "_" else re.escape(sign) for sign in text]
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL).fullmatch


def _texts(call: Call, name: str) -> list[str]:
    return [part.strip() for part in call.text(name).split(",") if part.strip()]


def _placed_at(order: Order) -> datetime:
    return order.placed_at


def _row(office: Office, order: Order, row: str, show: dict[str, bool]) -> Pairs:
    """The pairs of one order and of its one item."""
    subject = order.subject
    street = (*subject.street, "", "", "")
    pairs: Pairs = [
        (f"{row}orderNumber", order.number),
        (f"{row}orderStatus", order_status(order)),
        (f"{row}dateTime", seconds(order.placed_at)),
    ]
    if subject.organization:
        pairs += [
            (f"{row}organizationName", subject.organization),
            (f"{row}organizationalUnitName", subject.unit),
            (f"{row}postOfficeBox", subject.post_office_box),
            (f"{row}streetAddress1", street[0]),
            (f"{row}streetAddress2", street[1]),
            (f"{row}streetAddress3", street[2]),
            (f"{row}localityName", subject.locality),
            (f"{row}stateOrProvinceName", subject.state),
            (f"{row}postalCode", subject.postal_code),
            (f"{row}countryName", subject.country),
        ]
    if show["showExtStatus"]:
        pairs.append((f"{row}validationStatus", validation_status(order)))
    if show["showCost"]:
        pairs.append((f"{row}cost", f"{order.cost:.2f}"))
    return pairs + _item(office, order, f"{row}1_", show)


@lru_cache(maxsize=4096)  # all orders of a stock share one CSR
def _key_size(csr: str) -> int:
    return public_key_of(csr).key_size


def _item(office: Office, order: Order, item: str, show: dict[str, bool]) -> Pairs:
    product = PRODUCTS[order.product]
    pairs: Pairs = [
        (f"{item}type", f"{product.name} Certificate"),
        (f"{item}domain", order.common_name or order.names[0].name),
        (f"{item}status", standing(office, order).word),
        (f"{item}lastStatusChange", seconds(order.revoked_at or order.changed_at)),
        (f"{item}webServerSoftware", order.server_software),
    ]
    if order.not_before is not None:
        pairs += [
            (f"{item}notBefore", seconds(order.not_before)),
            (f"{item}notAfter", seconds(order.not_after)),
            (f"{item}serialNumber", order.serial),
        ]
    if show["showCertificateID"]:
        pairs.append((f"{item}certificateID", order.certificate_id))
    if show["showAdditionalDomains"]:
        if product.is_multi:
            pairs.append((f"{item}mdcDomainNames", ",".join(name.name for name in order.names)))
        elif order.companion:
            pairs.append((f"{item}additionalDomain", order.companion))
    if show["showSignatureAlgorithm"]:
        if order.serial:
            key = "RSA" if order.authority.endswith("r1") else "ECDSA"
            pairs.append((f"{item}signatureAlgorithm", f"SHA256 with {key}"))
        pairs.append((f"{item}keySize", _key_size(order.csr)))
    if show["showStatusDetails"]:
        pairs += [(f"{item}{name}", value) for name, value in details(order)]
        pairs += term_pairs(order, item)
    return pairs

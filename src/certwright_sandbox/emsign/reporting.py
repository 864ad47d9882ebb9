"""GetOrderReport (emsign.md §6.14): rows oldest first, page by page."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from certwright_sandbox.emsign import errors
from certwright_sandbox.emsign.call import Block, Call, filled, is_visible, moment, text
from certwright_sandbox.emsign.errors import refuse
from certwright_sandbox.emsign.office import Office, placed_at
from certwright_sandbox.emsign.records import Order
from certwright_sandbox.emsign.standing import labels, standing

DEFAULT_SIZE, MOST_SIZE = 100, 500
DAY = timedelta(days=1)
ON_HOLD = "7"
NO_FILTERS = {"pageNumber", "pageSize", "certificateChain"}
Fits = Callable[[Order], bool]
Moments = tuple[datetime | None, datetime | None]  # from the first, up to but without the second
COUNTRIES = {"GB": "United Kingdom", "DE": "Germany", "IN": "India"}


def report(office: Office, call: Call) -> dict[str, Any]:
    """One page of the account's orders that fit. Raises Refusal where a search finds none at all."""
    criteria = call.block("searchCriteria")
    found = _found(office, call, criteria)
    size = min(max(_number(criteria, "pageSize", DEFAULT_SIZE), 1), MOST_SIZE)
    page = max(_number(criteria, "pageNumber", 1), 1)
    if not found and page == 1 and any(text(criteria, name) for name in criteria if name not in NO_FILTERS):
        raise refuse(errors.NO_RECORDS)
    rows = found[(page - 1) * size : page * size]
    return {
        "orderDetails": {
            "noOfPages": -(-len(found) // size),
            "totalNoOfResults": len(found),
            "pageSize": size,
            "currentPage": str(page),
            "ordersArray": [_row(office, call, order) for order in rows],
        }
    }


def _number(criteria: Block, name: str, default: int) -> int:
    found = text(criteria, name)
    return int(found) if found.isdecimal() and len(found) < 10 else default


def _found(office: Office, call: Call, criteria: Block) -> Sequence[Order]:
    """The orders that fit; without a filter the list itself, so that a page costs what is on it."""
    orders = _candidates(office, str(call.account.id), criteria)
    fits = _filters(office, criteria)
    if call.twist.stale or office.hidden_of.find(call.account.id):
        fits.append(lambda order: office.orders.get(order.id) is order and is_visible(office, order))
    if not fits:
        return orders
    return [order for order in orders if all(fit(order) for fit in fits)]


def _candidates(office: Office, account: str, criteria: Block) -> Sequence[Order]:
    """The account's orders, or those that an index finds, in the window of placing; oldest first."""
    number, name = text(criteria, "orderNumber"), text(criteria, "domainName").lower()
    if number:
        rows: Sequence[Order] = [order for order in office.orders_by_number.find(number) if order.account == account]
    elif name:
        rows = sorted(office.orders_by_name.find((account, name)), key=placed_at)
    elif text(criteria, "orderStatusId") == ON_HOLD:
        rows = sorted(office.drafts_of.find(account), key=placed_at)
    else:
        rows = office.by_time(account)
    first, end = _moments(criteria, "orderDate")
    if first is None and end is None:
        return rows
    low = 0 if first is None else bisect_left(rows, first, key=placed_at)
    high = len(rows) if end is None else bisect_left(rows, end, key=placed_at)
    return rows[low:high]


def _filters(office: Office, criteria: Block) -> list[Fits]:
    """What a candidate must still pass."""
    now = office.now()
    exact: dict[str, Callable[[Order], str]] = {
        "domainName": lambda order: order.common_name,
        "orderNumber": lambda order: order.number.lower(),
        "productCode": lambda order: order.product,
        "groupNumber": lambda order: order.group,
        "requestorEmailId": lambda order: order.requestor_email.lower(),
        "orderStatusId": lambda order: str(standing(order, now)[0]),
        "certificateTrustType": lambda _: "1",
    }
    fits: list[Fits] = []
    for name, value_of in exact.items():
        if wanted := text(criteria, name).lower():
            fits.append(_equals(value_of, wanted))
    first, end = _moments(criteria, "certExpiryDate")
    if first is not None or end is not None:
        fits.append(_ends_between(first, end))
    return fits


def _equals(value_of: Callable[[Order], str], wanted: str) -> Fits:
    return lambda order: value_of(order) == wanted


def _ends_between(first: datetime | None, end: datetime | None) -> Fits:
    def fits(order: Order) -> bool:
        at = order.not_after
        return at is not None and (first is None or first <= at) and (end is None or at < end)

    return fits


def _moments(criteria: Block, name: str) -> Moments:
    """The window of two inclusive days, or of moments where they have a time. Raises Refusal."""
    first, last = _moment(text(criteria, f"{name}From")), text(criteria, f"{name}Till")
    end = _moment(last)
    if end is not None:
        end += DAY if _is_day(last) else timedelta(seconds=1)
    return first, end


def _moment(wanted: str) -> datetime | None:
    if not wanted:
        return None
    try:
        at = datetime.combine(date.fromisoformat(wanted), time()) if _is_day(wanted) else datetime.fromisoformat(wanted)
    except ValueError:
        raise refuse(errors.SEARCH) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _is_day(wanted: str) -> bool:
    return len(wanted) == len("2026-11-21")


def _row(office: Office, call: Call, order: Order) -> dict[str, Any]:
    account = call.account
    organization = next((one for one in account.orgs if one.number == order.organization), None)
    return filled(
        account,
        {
            "orderNumber": order.number,
            "requestNumber": str(order.request_number),
            **labels(order, office.now()),
            "domainName": order.common_name,
            "organizationName": organization.name if organization else None,
            "groupNumber": order.group,
            "productCode": order.product,
            "certificateSerialNumber": order.serial or None,
            "certificateExpiryDate": moment(order.not_after),
            "issuerCA": office.world.hierarchy[order.authority].common_name if order.serial else "",
            "certificateTrustType": "1",
            "orderDate": moment(order.placed_at),
            "expiresWithin": "",
            "tags": list(order.tags),
            "customFields": [{"fieldID": field, "fieldValue": value} for field, value in order.custom_fields],
            "countryName": COUNTRIES.get(organization.country, "") if organization else None,
        },
    )

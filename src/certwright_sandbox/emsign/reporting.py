"""GetOrderReport (emsign.md §6.14): rows oldest first, page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from certwright_sandbox.emsign import errors
from certwright_sandbox.emsign.call import Block, Call, filled, is_visible, moment, text
from certwright_sandbox.emsign.errors import refuse
from certwright_sandbox.emsign.office import Office
from certwright_sandbox.emsign.records import Account, Order
from certwright_sandbox.emsign.standing import labels, standing

DEFAULT_SIZE, MOST_SIZE = 100, 500
Fits = Callable[[Order], bool]
COUNTRIES = {"GB": "United Kingdom", "DE": "Germany", "IN": "India"}


def report(office: Office, call: Call) -> dict[str, Any]:
    """One page of the account's orders that fit. Raises Refusal where the first page is empty."""
    criteria = call.block("searchCriteria")
    found = _found(office, call.account, criteria)
    size = min(max(_number(criteria, "pageSize", DEFAULT_SIZE), 1), MOST_SIZE)
    page = max(_number(criteria, "pageNumber", 1), 1)
    if not found and page == 1 and criteria.keys() - {"pageNumber", "pageSize"}:
        raise refuse(errors.NO_RECORDS)
    rows = found[(page - 1) * size : page * size]
    return {
        "orderDetails": {
            "noOfPages": -(-len(found) // size),
            "totalNoOfResults": len(found),
            "pageSize": size,
            "currentPage": str(page),
            "ordersArray": [_row(call.account, order) for order in rows],
        }
    }


def _number(criteria: Block, name: str, default: int) -> int:
    found = text(criteria, name)
    return int(found) if found.isdecimal() and len(found) < 10 else default


def _found(office: Office, account: Account, criteria: Block) -> Sequence[Order]:
    """The orders that fit, by an index where there is one."""
    name, number = text(criteria, "domainName").lower(), text(criteria, "orderNumber")
    if number:
        orders: Sequence[Order] = [
            order for order in office.orders_by_number.find(number) if order.account == account.id
        ]
    elif name:
        found = office.orders_by_name.find((str(account.id), name))
        orders = sorted(found, key=lambda order: order.placed_at)
    else:
        orders = office.by_time(str(account.id))
    fits = _filters(criteria)
    hidden = office.hidden_of.find(account.id)
    if hidden:
        fits.append(lambda order: is_visible(office, order))
    if not fits:
        return orders
    return [order for order in orders if all(fit(order) for fit in fits)]


def _filters(criteria: Block) -> list[Fits]:
    exact: dict[str, Callable[[Order], str]] = {
        "domainName": lambda order: order.common_name,
        "orderNumber": lambda order: order.number,
        "productCode": lambda order: order.product,
        "groupNumber": lambda order: order.group,
        "requestorEmailId": lambda order: order.requestor_email.lower(),
        "orderStatusId": lambda order: str(standing(order)[0]),
        "certificateTrustType": lambda _: "1",
    }
    fits: list[Fits] = []
    for name, value_of in exact.items():
        if wanted := text(criteria, name).lower():
            fits.append(_equals(value_of, wanted))
    for name, value in (("orderDate", _placed_on), ("certExpiryDate", _expires_on)):
        first, last = _day(criteria, f"{name}From"), _day(criteria, f"{name}Till")
        if first is not None or last is not None:
            fits.append(_between(value, first, last))
    return fits


def _equals(value_of: Callable[[Order], str], wanted: str) -> Fits:
    return lambda order: value_of(order) == wanted


def _between(value_of: Callable[[Order], date | None], first: date | None, last: date | None) -> Fits:
    def fits(order: Order) -> bool:
        day = value_of(order)
        return day is not None and (first is None or first <= day) and (last is None or day <= last)

    return fits


def _placed_on(order: Order) -> date | None:
    return order.placed_at.astimezone(UTC).date()


def _expires_on(order: Order) -> date | None:
    return order.not_after.astimezone(UTC).date() if order.not_after else None


def _day(criteria: Block, name: str) -> date | None:
    wanted = text(criteria, name)
    try:
        return datetime.fromisoformat(wanted).date() if wanted else None
    except ValueError:
        raise refuse(errors.NO_RECORDS) from None


def _row(account: Account, order: Order) -> dict[str, Any]:
    organization = next((one for one in account.orgs if one.number == order.organization), None)
    return filled(
        account,
        {
            "orderNumber": order.number,
            "requestNumber": str(order.request_number),
            **labels(order),
            "domainName": order.common_name,
            "organizationName": organization.name if organization else None,
            "groupNumber": order.group,
            "productCode": order.product,
            "certificateSerialNumber": order.serial or None,
            "certificateExpiryDate": moment(order.not_after),
            "issuerCA": "Certwright Sandbox Hub CA" if order.serial else "",
            "certificateTrustType": "1",
            "orderDate": moment(order.placed_at),
            "expiresWithin": "",
            "tags": list(order.tags),
            "customFields": [],
            "countryName": COUNTRIES.get(organization.country, "") if organization else None,
        },
    )

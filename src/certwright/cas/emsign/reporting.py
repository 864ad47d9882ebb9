"""GetOrderReport: what an account has ordered, by name, by number, and page by page (§6.14)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from certwright.cas.emsign import contract, standing, wire
from certwright.cas.emsign.api import EmSignAPI
from certwright.model.ca import CAOrder, ReportedOrder, ReportPage
from certwright.model.errors import Refused
from certwright.model.words import CertificateState, OrderState

Row = Mapping[str, Any]


def rows(api: EmSignAPI, criteria: Mapping[str, str], *, size: int) -> Iterator[Row]:
    """Every row that fits, each once, read page by page: 1 call a page."""
    seen: set[tuple[str, str]] = set()
    page = 1
    while True:
        found, last, _ = _page(api, criteria, page, size)
        new = [row for row in found if _identity(row) not in seen]
        yield from new
        seen.update(map(_identity, new))
        if last or not new:
            return
        page += 1


def _page(api: EmSignAPI, criteria: Mapping[str, str], page: int, size: int) -> tuple[list[Row], bool, int | None]:
    """The rows of one page, whether it is the last, and how many there are in all."""
    try:
        details = api.report({**criteria, "pageNumber": str(page), "pageSize": str(size)})
    except Refused as error:
        # An empty result may come as a failure: of the first page only if its text says so.
        if page > 1 or contract.NO_RECORDS.search(error.detail):
            return [], True, 0 if page == 1 else None
        raise
    listed = details.get("ordersArray")
    found = [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else []
    pages = wire.number(details.get("noOfPages"))
    last = not found or (pages is not None and page >= pages)
    return found, last, wire.number(details.get("totalNoOfResults"))


def page_of(api: EmSignAPI, cursor: str, *, size: int) -> ReportPage:
    """One page of everything: 1 call. Rows come oldest first, so a new order only makes the last page longer."""
    page = _read_cursor(cursor) if cursor else 1
    found, last, total = _page(api, {}, page, size)
    return ReportPage(tuple(map(reported, found)), "" if last else json.dumps({"page": page + 1}), total)


def _read_cursor(cursor: str) -> int:
    try:
        return int(json.loads(cursor)["page"])
    except (ValueError, KeyError, TypeError):
        raise Refused("The place where the import stopped cannot be read.", advice="Begin anew: --again.") from None


def by_numbers(api: EmSignAPI, order_numbers: Sequence[str]) -> tuple[ReportedOrder, ...]:
    """The orders of those numbers: 1 call for each."""
    found = (row for number in order_numbers for row in rows(api, {"orderNumber": number}, size=100))
    return tuple(reported(row) for row in found if wire.text(row.get("orderNumber")) in order_numbers)


def by_name(api: EmSignAPI, name: str, since: datetime | None, *, size: int) -> list[Row]:
    """The rows whose common name it is, placed since that day (UTC), oldest first."""
    criteria = {"domainName": name}
    if since is not None:
        criteria["orderDateFrom"] = wire.day(since.astimezone(UTC).date())
    wanted = name.lower()
    found = [row for row in rows(api, criteria, size=size) if wire.text(row.get("domainName")).lower() == wanted]
    return sorted(found, key=lambda row: wire.text(row.get("orderDate")))


def ca_order(row: Row) -> CAOrder:
    """The CA order of a row; a draft has a request number alone."""
    number = wire.text(row.get("orderNumber"))
    request = wire.text(row.get("requestNumber"))
    return CAOrder(number, request_id=request, placed_at=wire.moment(row.get("orderDate")))


def _identity(row: Row) -> tuple[str, str]:
    return wire.text(row.get("orderNumber")), wire.text(row.get("requestNumber"))


def reported(row: Row) -> ReportedOrder:
    """A row in our words."""
    order_status = wire.number(row.get("orderStatusId"))
    status = wire.number(row.get("certificateStatusId"))
    placed = ca_order(row)
    name = wire.text(row.get("domainName")).lower()
    not_after = wire.moment(row.get("certificateExpiryDate"))
    state, certificate_state = standing.order_state(order_status, status), standing.certificate_state(status)
    if certificate_state is CertificateState.EXPIRED and (not_after or row.get("certificateSerialNumber")):
        state = OrderState.ISSUED
    if certificate_state is CertificateState.VALID and not_after is not None and not_after <= datetime.now(UTC):
        certificate_state = CertificateState.EXPIRED
    return ReportedOrder(
        placed,
        state,
        certificate_state,
        base_order_id=contract.parent_of(placed.order_id),
        product=wire.text(row.get("productName")) or wire.text(row.get("productCode")),
        names=(name,) if name else (),
        common_name=name,
        organization=wire.text(row.get("organizationName")),
        serial=wire.serial(row.get("certificateSerialNumber")),
        placed_at=placed.placed_at,
        not_after=not_after,
        why="" if state is OrderState.ISSUED else _why(row),
    )


def _why(row: Row) -> str:
    told = (wire.text(row.get("orderStatus")), wire.text(row.get("certificateStatus")))
    return " · ".join(filter(None, told))

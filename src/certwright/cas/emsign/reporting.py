"""GetOrderReport: what an account has ordered, by name, by number, and page by page (§6.14)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from certwright.cas import told
from certwright.cas.emsign import contract, standing, wire
from certwright.cas.emsign.api import EmSignAPI
from certwright.model.ca import CAOrder, ReportedOrder, ReportPage
from certwright.model.errors import Refused
from certwright.model.words import CertificateState, OrderState

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Page:
    """Rows; ``last``: no page follows; ``promised``: emSign says itself that one does; ``total`` in all, if told."""

    rows: Sequence[Row]
    last: bool
    promised: bool
    total: int | None


def rows(api: EmSignAPI, criteria: Mapping[str, str], *, size: int) -> Iterator[Row]:
    """Every row that fits, each once, read page by page: 1 call a page."""
    seen: set[tuple[str, str]] = set()
    number, promised = 1, True
    while True:
        page = _page(api, criteria, number, size, promised=promised)
        new = [row for row in page.rows if _identity(row) not in seen]
        yield from new
        seen.update(map(_identity, new))
        if page.last or not new:
            return
        number, promised = number + 1, page.promised


def _page(api: EmSignAPI, criteria: Mapping[str, str], number: int, size: int, *, promised: bool) -> _Page:
    """One page. A failure is an empty page if its text says so, or if nobody ``promised`` that there is a page.

    Any other is raised: an order that was placed must not be taken for absent because a page could not be read.
    """
    try:
        details = api.report({**criteria, "pageNumber": str(number), "pageSize": str(size)})
    except Refused as error:
        if promised and not contract.is_empty(error.detail):
            raise
        return _Page((), last=True, promised=False, total=0 if number == 1 else None)
    listed = details.get("ordersArray")
    found = [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else []
    pages = wire.number(details.get("noOfPages"))
    last = not found or (pages is not None and number >= pages)
    return _Page(found, last, promised=pages is not None, total=wire.number(details.get("totalNoOfResults")))


def page_of(api: EmSignAPI, cursor: str, *, size: int) -> ReportPage:
    """One page of everything: 1 call.

    In whatever order emSign shows its orders, one placed meanwhile makes the last page longer or shows a row twice.
    """
    number, promised = _read_cursor(cursor) if cursor else (1, True)
    page = _page(api, {}, number, size, promised=promised)
    following = "" if page.last else json.dumps({"page": number + 1, "promised": page.promised})
    return ReportPage(tuple(map(reported, page.rows)), following, page.total)


def _read_cursor(cursor: str) -> tuple[int, bool]:
    try:
        tree = json.loads(cursor)
        return int(tree["page"]), bool(tree.get("promised"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("The place where the import stopped cannot be read.", advice="Begin anew: --again.") from None


def by_numbers(api: EmSignAPI, order_numbers: Sequence[str]) -> tuple[ReportedOrder, ...]:
    """The orders of those numbers: 1 call for each."""
    return tuple(reported(row) for number in order_numbers for row in by_number(api, number))


def by_number(api: EmSignAPI, order_number: str) -> Iterator[Row]:
    """The rows of one order: 1 call; none, and no call, without a number: emSign would show everything."""
    if order_number:
        found = rows(api, {"orderNumber": order_number}, size=100)
        yield from (row for row in found if wire.text(row.get("orderNumber")) == order_number)


def by_names(api: EmSignAPI, names: Sequence[str], since: datetime | None, *, size: int) -> list[Row]:
    """The rows whose common name is one of those, placed since that day (UTC), oldest first: 1 call for each name."""
    day = {"orderDateFrom": wire.day(since.astimezone(UTC).date())} if since is not None else {}
    found = {
        _identity(row): row
        for name in dict.fromkeys(names)
        for row in rows(api, {"domainName": name, **day}, size=size)
        if wire.text(row.get("domainName")).lower() == name.lower()
    }
    return sorted(found.values(), key=lambda row: (wire.text(row.get("orderDate")), _identity(row)))


def ca_order(row: Row) -> CAOrder:
    """The CA order of a row; a draft has a request number alone."""
    number, request = _identity(row)
    return CAOrder(number, request_id=request, placed_at=wire.moment(row.get("orderDate")))


def _identity(row: Row) -> tuple[str, str]:
    return wire.text(row.get("orderNumber")), wire.text(row.get("requestNumber"))


def state_of(row: Row) -> OrderState:
    """Our state of the order of a row."""
    return standing.order_state(wire.number(row.get("orderStatusId")), wire.number(row.get("certificateStatusId")))


def why(row: Row) -> str:
    """How it stands, in emSign's words."""
    told = (wire.text(row.get("orderStatus")), wire.text(row.get("certificateStatus")))
    return " · ".join(filter(None, told))


def reported(row: Row) -> ReportedOrder:
    """A row in our words. A certificate that expired was issued, whether its status says so already or not."""
    placed, state = ca_order(row), state_of(row)
    certificate_state = standing.certificate_state(wire.number(row.get("certificateStatusId")))
    name = wire.text(row.get("domainName")).lower()
    not_after = wire.moment(row.get("certificateExpiryDate"))
    number = wire.serial(row.get("certificateSerialNumber"))
    if certificate_state is CertificateState.EXPIRED and (not_after or number):
        state = OrderState.ISSUED
    if certificate_state is CertificateState.VALID and not_after is not None and not_after <= datetime.now(UTC):
        certificate_state = CertificateState.EXPIRED
    return ReportedOrder(
        placed,
        state,
        certificate_state,
        base_order_id=contract.parent_of(placed.order_id),
        product=told.word(wire.text(row.get("productName")) or wire.text(row.get("productCode"))),
        names=(name,) if name else (),
        common_name=name,
        organization=told.word(wire.text(row.get("organizationName"))),
        serial=number,
        placed_at=placed.placed_at,
        not_after=not_after,
        why="" if state is OrderState.ISSUED else told.word(why(row)),
        group=told.word(wire.text(row.get("groupNumber"))),
        fields=told.fields([("tags", ", ".join(tags_of(row))), *_custom_fields(row)]),
    )


def tags_of(row: Row) -> Sequence[str]:
    """What people, or we, have marked the order with."""
    tags = row.get("tags")
    listed = tags if isinstance(tags, list) else wire.text(tags).split(",")
    return [tag for tag in map(wire.text, listed) if tag]


def _custom_fields(row: Row) -> Iterator[tuple[str, str]]:
    """Number and value of each custom field: emSign tells no label."""
    listed = row.get("customFields")
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, Mapping):
            yield wire.text(item.get("fieldID")), wire.text(item.get("fieldValue"))

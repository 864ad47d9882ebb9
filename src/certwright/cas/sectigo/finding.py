"""Finding what a call of unknown outcome may have brought about (§5.7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from certwright.cas.sectigo import dcv, reporting, wire
from certwright.cas.sectigo.api import SectigoAPI
from certwright.model.ca import CAOrder, Ended, Pending
from certwright.model.errors import NotFound, Refused
from certwright.model.words import OrderState, WaitingFor

_SHOW = {"showCertificateID": wire.YES, "showOldItems": wire.YES}
_PAGE = 100
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
SAME_ORDER = timedelta(days=1)  # clocks differ, and a report may lag; an order found from before that is another one
_ENDS = (OrderState.FAILED, OrderState.REJECTED, OrderState.CANCELLED)


def by_reference(api: SectigoAPI, reference: str) -> tuple[CAOrder, ...]:
    """Every order with that foreignOrderNumber, oldest first: 1 call.

    What its proofs hold was in the answer that was lost: the value we had sent, unless the CA chose one of its own.
    """
    found = reporting.rows(api, {**_SHOW, "foreignOrderNumber": reference}, page=_PAGE)
    return _orders(found, dcv.unique_value(reference))


def marks(api: SectigoAPI, order_id: str) -> frozenset[str]:
    """Numbers of the orders and certificates of a family: 1 call. Raises NotFound when none is shown."""
    found = _family(api, order_id)
    if not found:
        raise NotFound(f"Sectigo shows no order {order_id}.")
    return frozenset(number for row in found for number in (_order_mark(row), _certificate_mark(row)) if number)


def replacement(api: SectigoAPI, order_id: str, reference: str, known: Collection[str]) -> tuple[CAOrder, ...]:
    """The replacement with that reference, else the one that is new in the family: 2 calls.

    Whether Sectigo keeps the reference of a replacement is not documented. Several new ones without it may be other
    people's, so none is taken: raises Refused, for a person to decide.
    """
    fresh = [row for row in _family(api, order_id) if not {_order_mark(row), _certificate_mark(row)} <= {*known, ""}]
    ours = by_reference(api, reference)
    new_ids = {row.get("orderNumber") for row in fresh}
    named = tuple(one for one in ours if one.order_id in new_ids or _order_id_mark(one.order_id) not in known)
    unnamed = _orders(fresh, dcv.unique_value(reference))
    if not named and len(unnamed) > 1:
        numbers = ", ".join(one.order_id for one in unnamed)
        raise Refused(f"Sectigo shows several new replacements of {order_id} and none with our reference: {numbers}.")
    return named or unnamed


def failure(api: SectigoAPI, ca_order: CAOrder) -> Ended | Pending | None:
    """Why an order is not issued that CollectSSL goes on calling processed (§3): 1 call.

    A CAA refusal is no end: the order is paid for, and is taken up again once the records are mended.
    """
    rows = reporting.rows(api, {"showCertificateID": wire.YES, "orderNumber": ca_order.order_id}, page=_PAGE)
    mine = [row for row in rows if row.get("orderNumber") == ca_order.order_id]
    if ca_order.certificate_id:
        mine = [row for row in mine if row.get("certificateID") == ca_order.certificate_id]
    if len(mine) != 1:  # an older item of the order says nothing about this one
        return None
    order = reporting.reported(mine[0])
    if reporting.is_refused_by_caa(order.why):
        return Pending(ca_order, WaitingFor.CAA, f"Sectigo: {order.why}")
    return Ended(ca_order, order.state, f"Sectigo: {order.why}") if order.state in _ENDS else None


def _family(api: SectigoAPI, order_id: str) -> list[wire.Row]:
    wanted = {**_SHOW, "orderNumber": order_id, "showAssociatedOrders": wire.YES}
    return reporting.rows(api, wanted, page=_PAGE)


def _orders(rows: Iterable[wire.Row], value: str) -> tuple[CAOrder, ...]:
    """One CA order for each number, with its newest certificate, by age."""
    found: dict[str, CAOrder] = {}
    for row in rows:
        number = row.get("orderNumber")
        if number:
            at = wire.moment_of(row.get("dateTime"))
            found[number] = CAOrder(number, row.get("certificateID"), dcv_value=value, placed_at=at)
    return tuple(sorted(found.values(), key=lambda order: (order.placed_at or _LONG_AGO, order.order_id.zfill(20))))


def _order_mark(row: wire.Row) -> str:
    return _order_id_mark(row.get("orderNumber")) if row.get("orderNumber") else ""


def _order_id_mark(order_id: str) -> str:
    return f"order {order_id}"


def _certificate_mark(row: wire.Row) -> str:
    return f"certificate {row.get('certificateID')}" if row.get("certificateID") else ""

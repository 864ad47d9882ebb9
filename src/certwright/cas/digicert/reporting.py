"""What an account has ordered, by number and page by page (§10)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta

from certwright.cas.digicert import wire
from certwright.cas.digicert.api import OrderAPI
from certwright.model.ca import CAOrder, ReportedOrder, ReportPage
from certwright.model.errors import NotFound, Refused
from certwright.model.words import CertificateState, OrderState

_LAST_SECOND = timedelta(days=1, seconds=-1)


def by_numbers(api: OrderAPI, order_ids: Sequence[str], *, now: datetime) -> tuple[ReportedOrder, ...]:
    """The orders of those ids: 1 call for each. Raises Refused for what is no order id."""
    if wrong := [one for one in order_ids if not one.isdecimal()]:
        raise Refused(f"{wrong[0]!r} is no order id of DigiCert.", advice="Order ids are numbers.")
    return tuple(reported(order, now=now) for order in _found(api, order_ids))


def _found(api: OrderAPI, order_ids: Sequence[str]) -> Iterator[wire.Order]:
    for order_id in order_ids:
        try:
            yield api.order(order_id)
        except NotFound:
            continue


def page_of(api: OrderAPI, cursor: str, *, size: int, now: datetime) -> ReportPage:
    """One page of everything: 1 call.

    Orders come oldest first and never leave the list, so one that is placed meanwhile shifts no page: it only makes
    the last one longer. Where DigiCert overlooks the wish for that sequence (§1.7) and gives the newest first, a new
    order can at most show another one twice.

    Where the account lets an order go on when its certificate is revoked (§15), the list does not tell of that; the
    order alone does.
    """
    page, following = api.orders_page(_read_cursor(cursor) if cursor else 0, size)
    return ReportPage(
        tuple(reported(order, now=now) for order in page.orders),
        "" if following is None else json.dumps({"offset": following}),
        page.page.total or None,
    )


def _read_cursor(cursor: str) -> int:
    try:
        offset = int(json.loads(cursor)["offset"])
    except (ValueError, KeyError, TypeError):
        offset = -1
    if offset < 0:
        raise Refused("The place where the import stopped cannot be read.", advice="Begin anew: --again.")
    return offset


def reported(order: wire.Order, *, now: datetime) -> ReportedOrder:
    """An order, from the list or alone, in our words; its certificate is the newest (§10.2)."""
    certificate = order.certificate
    state, certificate_state = _state(order, now)
    common_name = certificate.common_name.strip().lower()
    others = (name.strip().lower() for name in certificate.dns_names)
    return ReportedOrder(
        CAOrder(order.id, certificate.id),
        state,
        certificate_state,
        product=order.product_name_id,
        names=tuple(dict.fromkeys(filter(None, (common_name, *others)))),
        common_name=common_name,
        organization=order.organization.name,
        serial=certificate.serial_number.lower().lstrip("0"),
        placed_at=order.date_created,
        not_before=wire.moment(certificate.valid_from),
        not_after=_end(certificate.valid_till),
        term_ends_at=_end(order.order_valid_till),
        cost=" ".join(filter(None, (order.price, order.currency))),
        why="" if state is OrderState.ISSUED else order.status,
    )


def _state(order: wire.Order, now: datetime) -> tuple[OrderState, CertificateState | None]:
    """How the order stands and what has become of its certificate.

    An order may outlive its certificates (§9.2), so it may be issued with one that is over. Of an order that is being
    reissued, the list shows the certificate from before or already the next: only the former has a serial.
    """
    certificate = order.certificate
    was_issued = bool(certificate.serial_number or certificate.valid_till)
    if order.status == wire.REVOKED or certificate.status == wire.REVOKED:
        return OrderState.ISSUED, CertificateState.REVOKED
    ended = wire.ending(order.status)
    if ended is OrderState.EXPIRED and was_issued:
        return OrderState.ISSUED, CertificateState.EXPIRED
    if ended is not None:
        return ended, None
    if order.status == wire.ISSUED or (order.status in wire.ANOTHER_PENDING and was_issued):
        not_after = _end(certificate.valid_till)
        is_over = not_after is not None and not_after < now
        return OrderState.ISSUED, CertificateState.EXPIRED if is_over else CertificateState.VALID
    wire.waiting_for(order.status)  # warns of a status that we have never seen
    return OrderState.PENDING, None


def _end(text: str) -> datetime | None:
    """When something is over that is valid until then: told as a day, it is valid to its last second."""
    moment = wire.moment(text)
    if moment is None or len(text.strip()) > len("2027-05-18"):
        return moment
    return datetime.combine(moment.date(), time(), UTC) + _LAST_SECOND

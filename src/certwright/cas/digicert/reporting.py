"""What an account has ordered, by number and page by page (§10)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from certwright.cas import told
from certwright.cas.digicert import telling, wire
from certwright.cas.digicert.api import OrderAPI
from certwright.cas.digicert.shapes import moment
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
    common_name, names = _names(certificate)
    return ReportedOrder(
        CAOrder(order.id, certificate.id),
        state,
        certificate_state,
        product=order.product_name_id or order.product.name_id,
        names=names,
        common_name=common_name,
        organization=told.word(order.organization.name),
        serial=_serial(certificate),
        placed_at=order.date_created,
        not_before=moment(certificate.valid_from),
        not_after=_end(certificate.valid_till),
        term_ends_at=_end(order.order_valid_till),
        cost=telling.cost(order),
        why="" if state is OrderState.ISSUED else told.word(order.status),
        validation=telling.validation(order),
        group=told.word(order.container.name),
        requester=telling.requester(order),
        contacts=telling.contacts(order),
        auto_renew=telling.auto_renew(order),
        fields=telling.fields(order),
        notes=told.notes(note.text for note in order.notes),
        issuer=told.word(certificate.ca_cert.name),
        duplicates=order.duplicates_count,
        reissues=order.reissues_count,
    )


def sibling(
    order: wire.Order, primary: ReportedOrder, found: wire.Certificate, *, replaced: bool, now: datetime
) -> ReportedOrder:
    """Another certificate of the order than its ``primary``: ``replaced`` by a reissue, else beside it.

    It cost nothing of its own: the order's price stands with the primary.
    """
    common_name, names = _names(found)
    serial = _serial(found)
    return replace(
        primary,
        ca_order=CAOrder(order.id, found.id),
        state=OrderState.ISSUED if serial else OrderState.PENDING,
        certificate_state=_sibling_state(order, found, replaced=replaced, now=now) if serial else None,
        names=names,
        common_name=common_name,
        serial=serial,
        not_before=moment(found.valid_from),
        not_after=_end(found.valid_till),
        cost="",
        why="" if serial else told.word(found.status),
        issuer=told.word(found.ca_cert.name),
    )


def _sibling_state(order: wire.Order, found: wire.Certificate, *, replaced: bool, now: datetime) -> CertificateState:
    """A whole order that is revoked has no certificate in force (§15)."""
    if wire.REVOKED in (found.status, order.status):
        return CertificateState.REVOKED
    not_after = _end(found.valid_till)
    if not_after is not None and not_after < now:
        return CertificateState.EXPIRED
    return CertificateState.REPLACED if replaced else CertificateState.VALID


def _names(certificate: wire.Certificate) -> tuple[str, tuple[str, ...]]:
    """The common name, and all names with it at the head."""
    common_name = certificate.common_name.lower()
    return common_name, tuple(dict.fromkeys(filter(None, (common_name, *map(str.lower, certificate.dns_names)))))


def _serial(certificate: wire.Certificate) -> str:
    return certificate.serial_number.lower().lstrip("0")


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
    end = moment(text)
    if end is None or len(text.strip()) > len("2027-05-18"):
        return end
    return datetime.combine(end.date(), time(), UTC) + _LAST_SECOND

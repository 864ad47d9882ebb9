"""All that DigiCert tells of one order: itself, reissues and duplicates, and who had it revoked (§10.2, §14, §15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from certwright.cas import told
from certwright.cas.digicert import finding, reporting, wire
from certwright.cas.digicert.api import OrderAPI
from certwright.model.ca import CAOrder, ReportedOrder
from certwright.model.errors import NotFound, Refused
from certwright.model.words import CertificateState


def details(api: OrderAPI, ca_order: CAOrder, *, now: datetime) -> tuple[ReportedOrder, ...]:
    """The certificates of an order, the newest first: 1 call.

    1 more each for reissues and duplicates where it says that there are any, and 1 for the request that revoked one.
    Raises NotFound for an order that DigiCert does not show, Refused for what is no order id.
    """
    if not ca_order.order_id.isdecimal():
        raise Refused(f"{ca_order.order_id!r} is no order id of DigiCert.", advice="Order ids are numbers.")
    order = api.order(ca_order.order_id)
    primary = replace(reporting.reported(order, now=now), detailed=True)
    seen = {order.certificate.id}  # each once: what a reissue replaced may also be kept as a duplicate (§14.1)

    def others(read: Callable[[str], tuple[wire.Certificate, ...]], count: int | None) -> Iterator[wire.Certificate]:
        for certificate in finding.listed(read, order.id, count or 0):
            if certificate.id and certificate.id not in seen:
                seen.add(certificate.id)
                yield certificate

    duplicates = [
        reporting.sibling(order, primary, one, replaced=False, now=now)
        for one in others(api.duplicates, order.duplicates_count)
    ]
    replaced = [
        reporting.sibling(order, primary, one, replaced=True, now=now)
        for one in others(api.reissues, order.reissues_count)
    ]
    first, *before = _in_succession(primary, replaced)
    return _with_revocation(api, order, (first, *duplicates, *before))


def _in_succession(primary: ReportedOrder, replaced: Sequence[ReportedOrder]) -> Iterator[ReportedOrder]:
    """The primary and what reissues replaced, each telling which one that is that it replaced.

    Ids are numbers that grow, and the primary is the newest (§10.2). What is not issued yet has replaced nothing.
    """
    issued = [one for one in replaced if one.serial]
    oldest_first = [*sorted(issued, key=lambda one: _number(one.ca_order.certificate_id)), primary]
    before = {one.ca_order: earlier.ca_order.certificate_id for earlier, one in pairwise(oldest_first)}
    for one in (primary, *replaced):
        yield replace(one, replaces=before.get(one.ca_order, ""))


def _number(text: str) -> tuple[int, str]:
    """What numbers are sorted by."""
    return len(text), text


def _with_revocation(api: OrderAPI, order: wire.Order, found: Sequence[ReportedOrder]) -> tuple[ReportedOrder, ...]:
    """When the revoked ones were, and why in the words of whoever asked for it: DigiCert tells no reason.

    A request names no certificate. So it is told only of a whole order, or where one certificate was revoked once.
    """
    revoked = [one for one in found if one.certificate_state is CertificateState.REVOKED]
    requests = [one for one in order.requests if one.type == "revoke" and one.status == wire.APPROVED]
    is_clear = order.status == wire.REVOKED or len(revoked) == len(requests) == 1
    if not revoked or not requests or not is_clear:
        return tuple(found)
    request = max(requests, key=lambda one: _number(one.id))  # ids are numbers that grow
    full = _request(api, request)
    at, why = full.date_processed or request.date, told.word(request.comments or full.comments)
    return tuple(replace(one, revoked_at=at, revocation_reason=why) if one in revoked else one for one in found)


def _request(api: OrderAPI, request: wire.Request) -> wire.Request:
    """The request alone, which tells when it was decided; as the order lists it where it is not shown."""
    try:
        return api.request(request.id)
    except NotFound:
        return request

"""All that DigiCert tells of one order: itself, reissues and duplicates, and who had it revoked (§10.2, §14, §15)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

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
    found = (primary, *_siblings(api, order, primary, now))
    return _with_revocation(api, order, found)


def _siblings(api: OrderAPI, order: wire.Order, primary: ReportedOrder, now: datetime) -> Iterator[ReportedOrder]:
    """The other certificates, each once: what a reissue replaced may also be kept as a duplicate (§14.1)."""
    seen = {order.certificate.id}
    for read, count, replaced in (
        (api.duplicates, order.duplicates_count, False),
        (api.reissues, order.reissues_count, True),
    ):
        for certificate in finding.listed(read, order.id, count or 0):
            if certificate.id and certificate.id not in seen:
                seen.add(certificate.id)
                yield reporting.sibling(order, primary, certificate, replaced=replaced, now=now)


def _with_revocation(api: OrderAPI, order: wire.Order, found: Sequence[ReportedOrder]) -> tuple[ReportedOrder, ...]:
    """When the revoked ones were, and why in the words of whoever asked for it: DigiCert tells no reason.

    A request names no certificate. So it is told only of a whole order, or where one certificate was revoked once.
    """
    revoked = [one for one in found if one.certificate_state is CertificateState.REVOKED]
    requests = [one for one in order.requests if one.type == "revoke" and one.status == wire.APPROVED]
    is_clear = order.status == wire.REVOKED or len(revoked) == len(requests) == 1
    if not revoked or not requests or not is_clear:
        return tuple(found)
    request = max(requests, key=lambda one: (len(one.id), one.id))  # ids are numbers that grow
    full = _request(api, request)
    at, why = full.date_processed or request.date, told.word(request.comments or full.comments)
    return tuple(replace(one, revoked_at=at, revocation_reason=why) if one in revoked else one for one in found)


def _request(api: OrderAPI, request: wire.Request) -> wire.Request:
    """The request alone, which tells when it was decided; as the order lists it where it is not shown."""
    try:
        return api.request(request.id)
    except NotFound:
        return request

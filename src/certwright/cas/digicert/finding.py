"""Finding again what a call with an unclear outcome may have made (§9.4, §14)."""

from __future__ import annotations

from collections.abc import Callable, Collection

from certwright.cas.digicert import progress, wire
from certwright.cas.digicert.api import OrderAPI
from certwright.model.ca import CAOrder
from certwright.model.errors import NotFound


def by_reference(api: OrderAPI, reference: str) -> tuple[CAOrder, ...]:
    """Every order with our reference, oldest first. 404, ``{}`` and an empty list all mean none."""
    try:
        rows = list(api.alternate(reference))
    except NotFound:
        return ()
    rows.sort(key=lambda row: (len(row.order_id), row.order_id))  # ids are numbers that grow
    return tuple(CAOrder(row.order_id, row.certificate_id) for row in rows)


def marks(api: OrderAPI, order_id: str) -> frozenset[str]:
    """Everything under the order as ``certificate:ID`` and ``request:ID``: 1 call, 1 more for each list."""
    order = api.order(order_id)
    certificates = [order.certificate.id]
    certificates += [found.id for found in listed(api.reissues, order_id, order.reissues_count)]
    certificates += [found.id for found in listed(api.duplicates, order_id, order.duplicates_count)]
    return frozenset(
        [f"certificate:{found}" for found in certificates if found]
        + [f"request:{request.id}" for request in order.requests]
    )


def reissue(api: OrderAPI, order_id: str, public_key_sha256: str, known: Collection[str]) -> tuple[CAOrder, ...]:
    """The reissues with our key that were not there before, told by certificate or else by open request."""
    order = api.order(order_id)
    certificates = [order.certificate, *listed(api.reissues, order_id, order.reissues_count)]
    found = _with_key(order_id, certificates, public_key_sha256, known)
    return found or _new_requests(api, order, "reissue", public_key_sha256, known)


def duplicate(api: OrderAPI, order_id: str, public_key_sha256: str, known: Collection[str]) -> tuple[CAOrder, ...]:
    """The duplicates with our key that were not there before."""
    found = _with_key(order_id, listed(api.duplicates, order_id, None), public_key_sha256, known)
    return found or _new_requests(api, api.order(order_id), "duplicate", public_key_sha256, known)


def _with_key(
    order_id: str, certificates: Collection[wire.Certificate], public_key_sha256: str, known: Collection[str]
) -> tuple[CAOrder, ...]:
    ids = dict.fromkeys(
        found.id
        for found in certificates
        if found.id and f"certificate:{found.id}" not in known and progress.csr_has_key(found.csr, public_key_sha256)
    )
    return tuple(CAOrder(order_id, certificate_id) for certificate_id in ids)


def _new_requests(
    api: OrderAPI, order: wire.Order, kind: str, public_key_sha256: str, known: Collection[str]
) -> tuple[CAOrder, ...]:
    """New requests of that kind, unless the CSR they show is another's."""
    new = [
        request
        for request in order.requests
        if request.type == kind and f"request:{request.id}" not in known and not _is_refused(request)
    ]
    return tuple(
        CAOrder(order.id, request_id=request.id)
        for request in new
        if _may_be_ours(api, request.id, public_key_sha256, known)
    )


def _is_refused(request: wire.Request) -> bool:
    return wire.ending(request.status) is not None


def _may_be_ours(api: OrderAPI, request_id: str, public_key_sha256: str, known: Collection[str]) -> bool:
    """False only when the request shows a new certificate of another key.

    The order inside a request is a copy that may still show the certificate from before (§10.2).
    """
    try:
        copy = api.request(request_id).order
    except NotFound:
        return True
    if copy is None or f"certificate:{copy.certificate.id}" in known:
        return True
    return progress.csr_has_key(copy.certificate.csr, public_key_sha256) is not False


def listed(
    read: Callable[[str], tuple[wire.Certificate, ...]], order_id: str, count: int | None
) -> tuple[wire.Certificate, ...]:
    """A list of certificates; not asked for when the order says that it is empty."""
    if count == 0:
        return ()
    try:
        return read(order_id)
    except NotFound:
        return ()

"""Orders looked for after an unclear answer: by our tag, else by the CSR, which emSign takes once only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from certwright.cas.emsign import collecting, contract, reporting, wire
from certwright.cas.emsign.api import EmSignAPI
from certwright.cas.emsign.reporting import Row
from certwright.model.ca import CAOrder, Placement
from certwright.model.errors import NotFound

_DAY = timedelta(days=1)
_ON_HOLD = "7"


def placed(
    api: EmSignAPI, placement: Placement, name: str, since: datetime | None, *, size: int
) -> tuple[CAOrder, ...]:
    """The orders of this placement, oldest first: 1 call, and where no row shows our tag 1 more for each order."""
    found = reporting.by_name(api, name, since - _DAY if since else None, size=size)
    candidates = [row for row in found if not contract.parent_of(wire.text(row.get("orderNumber")))]
    tagged = [row for row in candidates if placement.reference in _tags(row)]
    return tuple(map(reporting.ca_order, tagged or _with_csr(api, candidates, placement.csr)))


def used_in(api: EmSignAPI, placement: Placement, name: str, *, size: int) -> CAOrder | None:
    """The order in which the placement's CSR was used, whosever it is; None when none is shown."""
    found = reporting.by_name(api, name, None, size=size)
    return next(map(reporting.ca_order, _with_csr(api, found, placement.csr)), None)


def _with_csr(api: EmSignAPI, rows: Sequence[Row], csr: bytes) -> list[Row]:
    return [row for row in rows if csr and _csr_of(api, wire.text(row.get("orderNumber"))) == csr]


def _csr_of(api: EmSignAPI, order_number: str) -> bytes:
    try:
        return collecting.track(api, order_number).csr if order_number else b""
    except NotFound:
        return b""


def _tags(row: Row) -> Sequence[str]:
    tags = row.get("tags")
    if isinstance(tags, list):
        return [wire.text(tag) or wire.text(wire.block({"tag": tag}, "tag").get("name")) for tag in tags]
    return [tag.strip() for tag in wire.text(tags).split(",")]


def submitted(api: EmSignAPI, request_number: str, *, size: int) -> CAOrder | None:
    """A draft by its request number, with the order number it has by now: 1 call or more. None when it is not shown."""
    searches: tuple[dict[str, str], ...] = ({"orderStatusId": _ON_HOLD}, {})
    for criteria in searches:
        for row in reporting.rows(api, criteria, size=size):
            if wire.text(row.get("requestNumber")) == request_number:
                return reporting.ca_order(row)
    return None

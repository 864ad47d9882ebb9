"""Orders looked for after an unclear answer: by our tag, else by the CSR, which emSign takes once only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from certwright.cas.emsign import collecting, contract, reporting, wire
from certwright.cas.emsign.api import EmSignAPI
from certwright.cas.emsign.reporting import Row
from certwright.model.ca import CAOrder, Placement
from certwright.model.errors import NotFound, Refused

_DAY = timedelta(days=1)
_ON_HOLD = "7"
_DRAFT_PAGE = 500  # the most that emSign gives
# How far back a draft that is not on hold any more is looked for, in days: most are submitted soon.
_DRAFT_DAYS = (31, 400)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought, oldest first. Where there is one with our tag, nothing else is looked at."""

    tagged: tuple[CAOrder, ...] = ()
    same_csr: tuple[CAOrder, ...] = ()
    untold: tuple[CAOrder, ...] = ()  # neither tag nor CSR tells whose it is


def search(api: EmSignAPI, placement: Placement, names: Sequence[str], since: datetime | None, *, size: int) -> Found:
    """The orders that may be this placement's, placed after ``since`` (UTC).

    1 call for each of ``names`` by which a report can show it, 1 more for each row that has our tag, or where none has
    it, for each row. A tag is anybody's to set: an order with our tag and another CSR is not ours.
    """
    listed = reporting.by_names(api, names, since - _DAY if since else None, size=size)
    rows = [row for row in listed if not contract.parent_of(wire.text(row.get("orderNumber"))) and _after(row, since)]
    if tagged := [
        row for row in rows if placement.reference in reporting.tags_of(row) and _may_have(api, row, placement.csr)
    ]:
        return Found(tagged=tuple(map(reporting.ca_order, tagged)))
    same, untold = [], []
    for row in rows:
        csr = _csr_of(api, wire.text(row.get("orderNumber")))
        if placement.csr and csr == placement.csr:
            same.append(row)
        elif not placement.csr and not csr and not reporting.tags_of(row):
            untold.append(row)
    return Found(same_csr=tuple(map(reporting.ca_order, same)), untold=tuple(map(reporting.ca_order, untold)))


def placed(
    api: EmSignAPI, placement: Placement, names: Sequence[str], since: datetime, *, size: int
) -> tuple[CAOrder, ...]:
    """The orders of this placement, oldest first.

    Raises Refused where an order without a CSR may be it or not: to order once more could be to buy twice.
    """
    found = search(api, placement, names, since, size=size)
    if found.untold and not found.tagged:
        numbers = ", ".join(map(str, found.untold))
        raise Refused(f"emSign has orders of that name with neither our tag nor a CSR: {numbers}.")
    return found.tagged or found.same_csr


def _may_have(api: EmSignAPI, row: Row, csr: bytes) -> bool:
    """Whether nothing speaks against the row's order having been placed with that CSR; a draft's is not shown."""
    shown = _csr_of(api, wire.text(row.get("orderNumber"))) if csr else b""
    return not shown or shown == csr


def _after(row: Row, since: datetime | None) -> bool:
    at = wire.moment(row.get("orderDate"))
    return since is None or at is None or at >= since


def _csr_of(api: EmSignAPI, order_number: str) -> bytes:
    try:
        return collecting.track(api, order_number).csr if order_number else b""
    except NotFound:
        return b""


def draft(api: EmSignAPI, request_number: str) -> Row | None:
    """The row of a draft by its request number, with the order number it may have by now; None when none is shown.

    1 call while it is on hold, more when it is not any more.
    """
    today = datetime.now(UTC).date()
    searches = [{"orderStatusId": _ON_HOLD}]
    searches += [{"orderDateFrom": wire.day(today - days * _DAY)} for days in _DRAFT_DAYS]
    for criteria in searches:
        for row in reporting.rows(api, criteria, size=_DRAFT_PAGE):
            if wire.text(row.get("requestNumber")) == request_number:
                return row
    return None

"""WebHostReport: what an account has ordered, by reference, by number, and page by page (§11)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from certwright.cas import told
from certwright.cas.sectigo import wire
from certwright.cas.sectigo.api import SectigoAPI
from certwright.cas.sectigo.products import Product, products
from certwright.model.ca import CAOrder, ReportedOrder, ReportPage
from certwright.model.errors import Refused
from certwright.model.words import CertificateState, OrderState

_SHOW_ALL = dict.fromkeys(
    (
        *("showCertificateID", "showExtStatus", "showStatusDetails", "showAdditionalDomains", "showOldItems"),
        "showCost",
    ),
    wire.YES,
)
_AHEAD = timedelta(days=365)
_VALIDATIONS = ("dv", "ov", "ev")
_AT_ONCE = 100  # order numbers that one call asks for

# Words that begin a status, in the order in which they are looked for.
_STATES: tuple[tuple[str, OrderState, CertificateState | None], ...] = (
    ("issued", OrderState.ISSUED, CertificateState.VALID),
    ("valid", OrderState.ISSUED, CertificateState.VALID),
    ("replaced", OrderState.ISSUED, CertificateState.REPLACED),
    ("revoked", OrderState.ISSUED, CertificateState.REVOKED),
    ("expired", OrderState.ISSUED, CertificateState.EXPIRED),
    ("rejected", OrderState.REJECTED, None),
    ("cancelled", OrderState.CANCELLED, None),
    ("failed", OrderState.FAILED, None),
    ("caacheckfailed", OrderState.FAILED, None),
    ("pre-sign failed", OrderState.FAILED, None),
    ("post-sign failed", OrderState.FAILED, None),
)


def rows(api: SectigoAPI, wanted: Mapping[str, str], *, page: int) -> list[wire.Row]:
    """Every row that fits, read page by page: 1 call a page, and 1 that finds no more of a full one."""
    found: list[wire.Row] = []
    seen: set[tuple[str, str]] = set()
    first = 1
    while True:
        asked = {**wanted, "firstResultNo": str(first), "lastResultNo": str(first + page - 1)}
        these = wire.rows_of(api.report(asked))
        new = [row for row in these if (row.get("orderNumber"), row.get("certificateID")) not in seen]
        found.extend(new)
        seen.update((row.get("orderNumber"), row.get("certificateID")) for row in new)
        orders = len({row.number for row in these})
        if orders < page or not new:  # the last page, or one that is repeated without end
            return found
        first += orders


def by_numbers(api: SectigoAPI, order_ids: Sequence[str]) -> tuple[ReportedOrder, ...]:
    """The orders of those numbers: 1 call for each hundred."""
    if wrong := [one for one in order_ids if not one.isalnum()]:
        raise Refused(f"{wrong[0]!r} is no order number of Sectigo.")
    found: list[ReportedOrder] = []
    for at in range(0, len(order_ids), _AT_ONCE):
        some = order_ids[at : at + _AT_ONCE]
        found.extend(
            reported(row) for row in rows(api, {**_SHOW_ALL, "orderNumber": ",".join(some)}, page=10 * _AT_ONCE)
        )
    return tuple(found)


def page_of(api: SectigoAPI, cursor: str, *, size: int, now: datetime) -> ReportPage:
    """One page of everything: 1 call.

    All pages ask for one window. It ends well after ``now``, for it is the CA's clock that dates an order; one placed
    meanwhile can at most show a row twice. An empty page is the last: whether the total that is told is that of all
    pages is not sure (§11).
    """
    until, first = _read_cursor(cursor) if cursor else (int((now + _AHEAD).timestamp()), 1)
    form = api.report(
        {
            **_SHOW_ALL,
            "notBefore": "1",
            "notAfter": str(until),
            "firstResultNo": str(first),
            "lastResultNo": str(first + size - 1),
        }
    )
    found = wire.rows_of(form)
    orders = len({row.number for row in found})
    following = json.dumps({"until": until, "next": first + orders}) if found else ""
    return ReportPage(tuple(map(reported, found)), following, wire.number_of(form.get("noOfResults")))


def _read_cursor(cursor: str) -> tuple[int, int]:
    try:
        tree = json.loads(cursor)
        return int(tree["until"]), int(tree["next"])
    except (ValueError, KeyError, TypeError):
        raise Refused("The place where the import stopped cannot be read.", advice="Begin anew: --again.") from None


def reported(row: wire.Row) -> ReportedOrder:
    """A row in our words."""
    status = row.get("status") or row.get("orderStatus")
    state, certificate_state = _state(status)
    not_after = wire.moment_of(row.get("notAfter"))
    names = _names(row)
    return ReportedOrder(
        CAOrder(row.get("orderNumber"), row.get("certificateID")),
        state,
        certificate_state,
        base_order_id=row.get("baseOrderNumber"),
        product=told.word(row.get("type")),
        names=names,
        common_name=names[0] if names else "",
        organization=told.word(row.get("organizationName")),
        serial=row.get("serialNumber").replace(":", "").strip().lower().lstrip("0"),
        placed_at=wire.moment_of(row.get("dateTime")),
        not_before=wire.moment_of(row.get("notBefore")),
        not_after=not_after,
        term_ends_at=wire.moment_of(row.get("productTermEndDate")),
        cost=told.word(row.get("cost")),
        why="" if state is OrderState.ISSUED else told.word(_why(status, row.get("validationStatus"))),
        validation=_validation(row.get("type")),
        # The last thing that can happen to a certificate; why it was revoked is told nowhere.
        revoked_at=wire.moment_of(row.get("lastStatusChange"))
        if certificate_state is CertificateState.REVOKED
        else None,
    )


def _validation(product: str) -> str:
    """``dv``, ``ov`` or ``ev`` of a product by the name that a report writes; "" where neither table nor name tells."""
    name = product.strip().casefold().removesuffix(" certificate")
    if (known := _by_name().get(name)) is not None:
        return known.validation
    return next((word for word in _VALIDATIONS if word in re.split(r"\W+", name)), "")


@cache
def _by_name() -> Mapping[str, Product]:
    return {product.name.casefold(): product for product in products().values()}


def _state(status: str) -> tuple[OrderState, CertificateState | None]:
    word = status.strip().lower()
    for begins, state, certificate_state in _STATES:
        if word.startswith(begins):
            return state, certificate_state
    return OrderState.PENDING, None


def is_refused_by_caa(status: str) -> bool:
    """Whether a status says that CAA records keep Sectigo from issuing, as a report or CollectSSL writes it."""
    return status.strip().lower().startswith(("pre-sign failed: caa", "caacheckfailed"))


def _why(status: str, validation: str) -> str:
    """What Sectigo says of an order without a certificate; what validation lacks says more than that it does."""
    told = (status if not status.lower().startswith("awaiting") or not validation else "", validation)
    return " · ".join(filter(None, told))


def _names(row: wire.Row) -> tuple[str, ...]:
    texts = (row.get("domain"), row.get("additionalDomain"), row.get("mdcDomainNames"))
    words = (word.strip().lower() for text in texts for word in re.split(r"[,\s]+", text))
    return tuple(dict.fromkeys(filter(None, words)))

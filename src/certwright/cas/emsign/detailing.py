"""What emSign tells of a single order: GetOrderReport's row of it, and TrackOrder for what no report shows (§6.12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from certwright.cas import told
from certwright.cas.emsign import collecting, reporting, revoking, wire
from certwright.cas.emsign.api import EmSignAPI
from certwright.cas.emsign.standing import Standing
from certwright.model.ca import CAOrder, ReportedOrder
from certwright.model.errors import NotFound
from certwright.model.words import CertificateState


def details(api: EmSignAPI, ca_order: CAOrder, validation_of: Callable[[str], str]) -> tuple[ReportedOrder, ...]:
    """The order with its requestor, its validation and its revocation: 2 calls.

    The other names that TrackOrder knows are left out: the next report would unsay them, and the certificate has them.
    ``validation_of`` tells it of a product code. Raises NotFound for a draft, and for an order that is not shown.
    """
    number = ca_order.order_id
    rows = list(reporting.by_number(api, number)) if number else []
    if not rows:
        raise NotFound(f"emSign reports no order {number or ca_order.request_id}.")
    standing = collecting.track(api, number)
    return tuple(
        replace(
            _detailed(reporting.reported(row), standing),
            validation=validation_of(wire.text(row.get("productCode"))),
        )
        for row in rows
    )


def _detailed(order: ReportedOrder, standing: Standing) -> ReportedOrder:
    is_revoked = order.certificate_state is CertificateState.REVOKED
    told_of = standing.revocation if is_revoked else {}
    reason = wire.text(told_of.get("revokeReasonId"))
    return replace(
        order,
        requester=told.person(standing.requestor_name, standing.requestor_email),
        revoked_at=wire.moment(told_of.get("revokeProcessedDate")),
        revocation_reason=told.word(revoking.REASONS.get(reason, reason)),
        detailed=True,
    )

"""What emSign tells of an order, in its report and alone: against literal answers, and at the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from certwright.model.ca import CAOrder, ReportedOrder, RevocationTarget
from certwright.model.errors import NotFound
from certwright.model.words import CertificateState, RevocationReason
from tests.client.conftest import Server
from tests.client.emsign import (
    ORDER,
    PRODUCT_LIST,
    Hub,
    client,
    endpoints,
    no,
    report,
    row,
    track,
    until_issued,
)
from tests.client.sandbox import soon, unsaid

Serve = Callable[..., Server]


def _reported(serve: Serve, **changes: Any) -> ReportedOrder:
    with client(serve(report([row(**changes)]))) as ca:
        (order,) = ca.report_page("").orders
    return order


def test_a_report_tells_the_group_and_the_custom_fields(serve: Serve) -> None:
    told = _reported(serve, tags=["team-shop", "x"], customFields=[{"fieldID": "17", "fieldValue": "R-7"}])
    assert told.group == "4000000017"
    assert told.fields == {"tags": "team-shop, x", "17": "R-7"}
    assert not told.detailed


@pytest.mark.parametrize("odd", ["x", 7, {"a": 1}, [["x"], None, {"fieldID": {}, "fieldValue": []}], None])
def test_odd_custom_fields_disturb_nothing(odd: Any, serve: Serve) -> None:
    assert _reported(serve, customFields=odd, groupNumber={"odd": 1}).fields == {}


def test_an_order_alone_tells_its_requestor_and_its_validation(serve: Serve) -> None:
    server = serve(report([row(productCode="842")]), track(), PRODUCT_LIST)
    with client(server) as ca:
        (told,) = ca.details(ORDER)
    assert told.requester == "Mara Lind <mara.lind@example.org>"
    assert (told.validation, told.detailed, told.revoked_at) == ("ov", True, None)
    assert told.organization == "Example Foods GmbH"
    assert endpoints(server) == ["GetOrderReport", "TrackOrder", "GetProductDetails"]


def test_products_are_asked_for_once_and_one_that_is_not_listed_has_no_validation(serve: Serve) -> None:
    one = report([row(productCode="999")])
    server = serve(one, track(), PRODUCT_LIST, one, track())
    with client(server) as ca:
        assert [ca.details(ORDER)[0].validation for _ in range(2)] == ["", ""]
    assert endpoints(server).count("GetProductDetails") == 1


def test_products_that_may_not_be_seen_stop_no_details(serve: Serve) -> None:
    one = report([row()])
    server = serve(one, track(), no("EMS-1269"), one, track())
    with client(server) as ca:
        assert [ca.details(ORDER)[0].validation for _ in range(2)] == ["", ""]
    assert endpoints(server).count("GetProductDetails") == 1


def test_a_revocation_is_told_with_its_time_and_reason(serve: Serve) -> None:
    revocation = {
        "revokeRequestStatusId": "2",
        "revokeRequestStatus": "Revoked",
        "revokeReasonId": "4",
        "revokeProcessedDate": "2026-11-21 10:00:00",
    }
    revoked = row(certificateStatusId="22", certificateStatus="Revoked")
    with client(serve(report([revoked]), track(certificateStatusId="22", revocationDetails=revocation))) as ca:
        ca._products._known[""] = (float("inf"), {})
        (told,) = ca.details(ORDER)
    assert told.certificate_state is CertificateState.REVOKED
    assert told.revoked_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert told.revocation_reason == "superseded"


def test_a_revocation_that_was_only_asked_for_revokes_nothing(serve: Serve) -> None:
    asked = {"revokeRequestStatusId": "1", "revokeReasonId": "4", "revokeProcessedDate": "2026-11-21 10:00:00"}
    with client(serve(report([row()]), track(revocationDetails=asked))) as ca:
        ca._products._known[""] = (float("inf"), {})
        (told,) = ca.details(ORDER)
    assert (told.revoked_at, told.revocation_reason) == (None, "")


def test_a_draft_and_an_order_that_is_not_reported_have_no_details(serve: Serve) -> None:
    server = serve(report([]))
    with client(server) as ca:
        with pytest.raises(NotFound):
            ca.details(CAOrder("", request_id="3812046759"))
        assert server.requests == []
        with pytest.raises(NotFound):
            ca.details(ORDER)


def test_a_revoked_order_at_the_sandbox_is_told_in_full_by_a_read_only_account(emsign: Callable[..., Hub]) -> None:
    one = emsign()
    ca = one.ca()
    wish = one.wish()
    placed = ca.place(wish.placement, deadline=soon()).ca_order
    for proof in ca.proofs(placed, wish.placement):
        one.publish(proof)
    ca.check_control(placed, wish.placement)
    until_issued(ca, placed, wish.key)
    ca.revoke(RevocationTarget(placed.order_id), RevocationReason.SUPERSEDED, "Moved.", deadline=soon())
    reader = one.ca(read_only=True)
    (told,) = reader.details(CAOrder(placed.order_id))
    (listed,) = reader.report_page("").orders
    assert unsaid(listed, told) == []
    assert told.certificate_state is CertificateState.REVOKED
    assert told.revocation_reason == "superseded"
    assert told.revoked_at is not None
    assert told.requester.endswith(">")
    assert told.validation == "dv"

"""emSign's client against literal answers of its description: revocation, cancelling, reports, renewals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certwright.cas.emsign import EmSign
from certwright.model.ca import CAOrder, Issued, RevocationTarget
from certwright.model.errors import NotFound, Refused, Unknown
from certwright.model.words import CertificateState, OrderState, RevocationReason, RevocationState
from tests.client.conftest import Script, Server, answer, reset
from tests.client.emsign import (
    ORDER,
    PLACEMENT,
    client,
    endpoints,
    name_entry,
    no,
    ok,
    received,
    report,
    row,
    track,
)
from tests.client.sandbox import soon
from tests.client.sectigo import self_signed

Serve = Callable[..., Server]
KEY = "00" * 32
LEAF, ISSUER, ROOT = self_signed(), self_signed(), self_signed()
TARGET = RevocationTarget("6625262451", serial=f"{LEAF.serial_number:x}")
DER = LEAF.public_bytes(Encoding.DER)
PEM = LEAF.public_bytes(Encoding.PEM).decode()
DRAFT = CAOrder("", request_id="3812046759")
UNPROVEN = {"status": "0", "shop.example.org": name_entry("0")}
NOT_YET = no("EMS-956", "Invalid Request for this API")
PROVEN_ALREADY = no("EMS-1080", "Domain is already verified")
TOKEN = ok(dcvDetails={"token": "t0ken", "fileName": None, "fileContent": None, "dcvEmails": None})


def _pem(certificate: Any) -> str:
    return str(certificate.public_bytes(Encoding.PEM).decode())


def _given(**fields: Any) -> Script:
    blank = {"endEntityCertificate": PEM, "caCertificate": "", "rootCertificate": "", "expiryDate": ""}
    return ok(certificateDetails={**blank, **fields})


def _collect(ca: EmSign) -> Any:
    return ca.collect(ORDER, public_key_sha256=KEY)


# -- revoking and cancelling


@pytest.mark.parametrize(
    ("reason", "number"),
    [
        (RevocationReason.KEY_COMPROMISE, "1"),
        (RevocationReason.AFFILIATION_CHANGED, "3"),
        (RevocationReason.SUPERSEDED, "4"),
        (RevocationReason.CESSATION_OF_OPERATION, "5"),
        (RevocationReason.PRIVILEGE_WITHDRAWN, "9"),
    ],
)
def test_45_46_a_certificate_is_revoked_for_one_of_five_reasons(
    reason: RevocationReason, number: str, serve: Serve
) -> None:
    server = serve(track(certificateStatusId="9"), _given(), ok(), track(certificateStatusId="22"))
    with client(server) as ca:
        progress = ca.revoke(TARGET, reason, "lost; found", deadline=soon())
    assert progress.state is RevocationState.REVOKED
    assert received(server)[2].block == {
        "orderNumber": "6625262451",
        "requestorEmail": "mara.lind@example.org",
        "revokeReasonId": number,
        "revokeRemarks": "lost, found",
    }


def test_45_another_reason_makes_no_call(serve: Serve) -> None:
    server = serve(ok())
    with client(server) as ca, pytest.raises(Refused, match="unspecified"):
        ca.revoke(TARGET, RevocationReason.UNSPECIFIED, "", deadline=soon())
    assert server.connections == 0


def test_45_what_is_revoked_is_not_revoked_again(serve: Serve) -> None:
    server = serve(track(certificateStatusId="22"), no("EMS-1010"))
    with client(server) as ca:
        assert ca.revoke(TARGET, RevocationReason.SUPERSEDED, "", deadline=soon()).state is RevocationState.REVOKED
    assert endpoints(server) == ["TrackOrder", "GetCertificate"]


@pytest.mark.parametrize(
    ("details", "state"),
    [
        ({"revokeRequestStatusId": "1", "revokeRequestStatus": "Initiated"}, RevocationState.PENDING),
        ({"revokeRequestStatusId": 4}, RevocationState.PENDING),
        ({"revokeRequestStatusId": "6", "revokeRequestStatus": "Rejected by LRA"}, RevocationState.REFUSED),
        (None, None),
    ],
)
def test_46_a_revocation_may_wait_or_be_refused(details: Any, state: RevocationState | None, serve: Serve) -> None:
    with client(serve(track(certificateStatusId="9", revocationDetails=details))) as ca:
        progress = ca.revocation(TARGET)
    assert (progress.state if progress else None) is state


@pytest.mark.parametrize("after", [track(certificateStatusId="9"), answer(503), no("EMS-4711")])
def test_a_revocation_that_is_accepted_and_not_shown_yet_is_pending(after: Script, serve: Serve) -> None:
    refused_before = {"revokeRequestStatusId": "3"}
    before = track(certificateStatusId="9", revocationDetails=refused_before)
    with client(serve(before, _given(), ok(), after)) as ca:
        assert ca.revoke(TARGET, RevocationReason.SUPERSEDED, "", deadline=soon()).state is RevocationState.PENDING
    with client(serve(before, _given(), ok(), before)) as ca:
        assert ca.revoke(TARGET, RevocationReason.SUPERSEDED, "", deadline=soon()).state is RevocationState.PENDING


@pytest.mark.parametrize("script", [reset, answer(502)])
def test_52_a_revocation_without_a_clear_answer_is_sent_once(script: Script, serve: Serve) -> None:
    server = serve(track(certificateStatusId="9"), _given(), script)
    with client(server) as ca, pytest.raises(Unknown):
        ca.revoke(TARGET, RevocationReason.SUPERSEDED, "", deadline=soon())
    assert endpoints(server).count("RevokeOrder") == 1


def test_an_older_certificate_of_the_order_is_not_revoked_in_the_place_of_the_one_in_use(serve: Serve) -> None:
    server = serve(track(certificateStatusId="9"), _given())
    older = RevocationTarget("6625262451", serial="a03")
    with client(server) as ca, pytest.raises(Refused, match="newer certificate"):
        ca.revoke(older, RevocationReason.SUPERSEDED, "", deadline=soon())
    assert endpoints(server) == ["TrackOrder", "GetCertificate"]


def test_a_whole_order_is_revoked_whatever_its_certificate_is(serve: Serve) -> None:
    server = serve(track(certificateStatusId="9"), ok(), track(certificateStatusId="22"))
    whole = RevocationTarget("6625262451", serial="a03", whole_order=True)
    with client(server) as ca:
        assert ca.revoke(whole, RevocationReason.SUPERSEDED, "", deadline=soon()).state is RevocationState.REVOKED


def test_47_an_unfinished_order_is_cancelled(serve: Serve) -> None:
    server = serve(track(), ok())
    with client(server) as ca:
        ca.cancel(ORDER, "")
    call = received(server)[1]
    assert (call.endpoint, call.block["orderNumber"]) == ("RejectOrder", "6625262451")
    assert call.block["rejectRemarks"]


@pytest.mark.parametrize("changes", [{"orderStatusId": "5", "certificateStatusId": "13"}, {"orderStatusId": "5"}])
def test_47_what_is_cancelled_is_not_cancelled_again(changes: dict[str, str], serve: Serve) -> None:
    server = serve(track(**changes))
    with client(server) as ca:
        ca.cancel(ORDER, "")
    assert endpoints(server) == ["TrackOrder"]


@pytest.mark.parametrize("status", ["9", "20", "22"])
def test_47_what_is_issued_is_not_cancelled(status: str, serve: Serve) -> None:
    server = serve(track(certificateStatusId=status))
    with client(server) as ca, pytest.raises(Refused) as caught:
        ca.cancel(ORDER, "")
    assert "cert revoke" in caught.value.advice
    assert endpoints(server) == ["TrackOrder"]


# -- reports


@pytest.mark.parametrize("empty", [report([], pages=0), no("", "No records found"), report([], pages=None)])
def test_42_nothing_is_an_empty_page(empty: Script, serve: Serve) -> None:
    with client(serve(empty)) as ca:
        page = ca.report_page("")
    assert (page.orders, page.cursor) == ((), "")


@pytest.mark.parametrize("counters", [(1, 2), ("1", "2")])
def test_42_a_hundred_and_one_rows_are_two_pages(counters: tuple[Any, Any], serve: Serve) -> None:
    rows = [row(orderNumber=str(number)) for number in range(101)]
    server = serve(report(rows[:100], pages=counters[1], total=101), report(rows[100:], page=2, pages=counters[1]))
    with client(server) as ca:
        first = ca.report_page("")
        second = ca.report_page(first.cursor)
    assert (len(first.orders), first.total, len(second.orders), second.cursor) == (100, 101, 1, "")
    assert [call.block["pageNumber"] for call in received(server)] == ["1", "2"]


def test_42_exactly_a_hundred_rows_are_one_page(serve: Serve) -> None:
    with client(serve(report([row(orderNumber=str(number)) for number in range(100)]))) as ca:
        assert ca.report_page("").cursor == ""


def test_42_without_a_number_of_pages_an_empty_or_failing_one_is_the_last(serve: Serve) -> None:
    for last in (report([], pages=None), no("EMS-4711", "Something.")):
        with client(serve(report([row()], pages=None), last)) as ca:
            assert ca.report_page(ca.report_page("").cursor).cursor == ""


def test_42_a_page_that_was_promised_and_fails_is_an_error(serve: Serve) -> None:
    with client(serve(report([row()], pages=2), no("EMS-4711", "Something."))) as ca:
        cursor = ca.report_page("").cursor
        with pytest.raises(Refused):
            ca.report_page(cursor)


@pytest.mark.parametrize("cursor", ["x", "[]", "{}", '{"page": "two"}', "7"])
def test_a_cursor_that_cannot_be_read_is_refused(cursor: str, serve: Serve) -> None:
    with client(serve(report([]))) as ca, pytest.raises(Refused, match="import stopped"):
        ca.report_page(cursor)


def test_44_51_a_row_is_told_in_our_words(serve: Serve) -> None:
    with client(serve(report([row(certificateSerialNumber="2563")]))) as ca:
        (order,) = ca.report_page("").orders
    assert (order.ca_order, order.state, order.certificate_state) == (ORDER, OrderState.ISSUED, CertificateState.VALID)
    assert (order.serial, order.names, order.common_name) == ("a03", ("shop.example.org",), "shop.example.org")
    assert (order.product, order.organization) == ("844", "Example Foods GmbH")
    assert order.not_after == datetime(2027, 6, 5, 7, 43, 10, tzinfo=UTC)
    assert order.placed_at == datetime(2026, 11, 20, 9, 31, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "state", "certificate"),
    [
        ({"orderStatusId": "2", "certificateStatusId": "20"}, OrderState.ISSUED, CertificateState.VALID),
        ({"certificateStatusId": "22"}, OrderState.ISSUED, CertificateState.REVOKED),
        ({"certificateStatusId": "12"}, OrderState.ISSUED, CertificateState.EXPIRED),
        ({"certificateExpiryDate": "2026-01-01 00:00:00"}, OrderState.ISSUED, CertificateState.EXPIRED),
        ({"orderStatusId": "5", "certificateStatusId": "13"}, OrderState.CANCELLED, None),
        ({"orderStatusId": "4", "certificateStatusId": "5"}, OrderState.REJECTED, None),
        ({"orderStatusId": "2", "certificateStatusId": "24"}, OrderState.PENDING, None),
        ({"orderStatusId": "2", "certificateStatusId": "26"}, OrderState.PENDING, None),
        ({"orderNumber": "", "orderStatusId": "7", "certificateStatusId": "2"}, OrderState.PENDING, None),
    ],
)
def test_43_the_state_of_a_row(
    changes: dict[str, str], state: OrderState, certificate: CertificateState | None, serve: Serve
) -> None:
    with client(serve(report([row(**changes)]))) as ca:
        (order,) = ca.report_page("").orders
    assert (order.state, order.certificate_state) == (state, certificate)
    assert bool(order.why) is (state is not OrderState.ISSUED)


def test_25_a_draft_in_a_report_is_known_by_its_request(serve: Serve) -> None:
    with client(serve(report([row(orderNumber=None)]))) as ca:
        assert ca.report_page("").orders[0].ca_order == DRAFT


def test_a_child_belongs_to_the_order_that_was_bought(serve: Serve) -> None:
    with client(serve(report([row(orderNumber="6625262451R001")]))) as ca:
        assert ca.report_page("").orders[0].base_order_id == "6625262451"


def test_orders_are_reported_by_number_and_the_unknown_left_out(serve: Serve) -> None:
    server = serve(report([row(), row(orderNumber="1")]), no("", "No records found"))
    with client(server) as ca:
        assert [one.ca_order for one in ca.report(["6625262451", "7", ""])] == [ORDER]
    assert [call.block["orderNumber"] for call in received(server)] == ["6625262451", "7"]


def test_a_certificate_is_downloaded_or_not_there(serve: Serve) -> None:
    with client(serve(track(), _given(caCertificate=_pem(ISSUER)))) as ca:
        assert len(ca.download(ORDER)) == 2
    with client(serve(track(), _given(endEntityCertificate=""))) as ca, pytest.raises(NotFound):
        ca.download(ORDER)
    with client(serve(no("EMS-943", "order not found"))) as ca, pytest.raises(NotFound):
        ca.download(ORDER)


# -- renewals by the CA


def test_55_the_newest_certificate_is_that_of_the_newest_child(serve: Serve) -> None:
    rows = [
        row(),
        row(orderNumber="6625262451R002", orderDate="2027-05-20 00:00:00", requestNumber="2"),
        row(orderNumber="6625262451R001", orderDate="2027-05-10 00:00:00", requestNumber="1"),
        row(orderNumber="7777777777R001", requestNumber="3"),
    ]
    server = serve(report(rows), track(certificateStatusId="24"), track(certificateStatusId="20"), _given())
    with client(server) as ca:
        issued = ca.newest(ORDER, PLACEMENT, public_key_sha256=KEY)
    assert isinstance(issued, Issued)
    assert issued.ca_order.order_id == "6625262451R001"
    assert received(server)[1].block["orderNumber"] == "6625262451R002"


def test_55_of_a_child_the_next_one_is_found(serve: Serve) -> None:
    rows = [row(), row(orderNumber="6625262451R001"), row(orderNumber="6625262451R002", orderDate="2027-05-20")]
    with client(serve(report(rows), track(certificateStatusId="20"), _given())) as ca:
        issued = ca.newest(CAOrder("6625262451R001"), PLACEMENT, public_key_sha256=KEY)
    assert isinstance(issued, Issued)
    assert issued.ca_order.order_id == "6625262451R002"


def test_55_without_a_child_it_is_the_order_itself(serve: Serve) -> None:
    with client(serve(report([row()]), track(certificateStatusId="9"), _given())) as ca:
        assert ca.newest(ORDER, PLACEMENT, public_key_sha256=KEY) == Issued(ORDER, (DER,))


def test_54_no_endpoint_is_called_that_the_classic_api_does_not_have() -> None:
    import inspect

    from certwright.cas.emsign import api

    source = inspect.getsource(api)
    assert [name for name in ("ReissueOrder", "CancelOrder", "RenewOrder") if name in source] == []

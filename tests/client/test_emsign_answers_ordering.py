"""emSign's client against literal answers of its description: ordering, and finding a lost order again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from certwright.model.ca import CAOrder
from certwright.model.errors import Misconfigured, Refused, Unavailable, Unknown
from certwright.model.words import WaitingFor
from tests.client.conftest import Server, answer, reset
from tests.client.emsign import (
    KEY_OF_ANOTHER,
    ORDER,
    PLACED,
    PLACEMENT,
    PRODUCT_LIST,
    QUICK,
    client,
    endpoints,
    no,
    ok,
    pending,
    placement,
    placement_csr_pem,
    received,
    report,
    row,
    track,
)
from tests.client.sandbox import soon

Serve = Callable[..., Server]
KEY = "00" * 32
SINCE = datetime(2026, 11, 20, tzinfo=UTC)
NOT_FOUND = b'{"timestamp":"2026-11-20T09:30:00","status":404,"error":"Not Found","path":"/GetOrderReport"}'
INACTIVE = "Inactive Account User."


# -- ordering


def test_an_order_is_placed_once_with_our_reference(serve: Serve) -> None:
    server = serve(PRODUCT_LIST, ok(PLACED))
    with client(server) as ca:
        progress = pending(ca.place(PLACEMENT, deadline=soon()))
    assert (progress.ca_order, progress.waiting_for) == (ORDER, WaitingFor.PROCESSING)
    call = received(server)[1]
    assert call.target == "/emSignHub-API/GenerateOrderSSL"
    assert call.block["additionalInformation"]["tags"] == ["clm-000042"]
    assert call.block["csr"].startswith("-----BEGIN CERTIFICATE REQUEST-----")


@pytest.mark.parametrize("number", ["", None, "absent"])
def test_25_a_draft_has_a_request_number_alone(number: str | None, serve: Serve) -> None:
    block = (
        {"requestNumber": "3812046759"}
        if number == "absent"
        else {"requestNumber": "3812046759", "orderNumber": number}
    )
    with client(serve(PRODUCT_LIST, ok(orderDetails=block))) as ca:
        progress = pending(ca.place(placement(options={"draft": "yes"}), deadline=soon()))
    assert progress.ca_order == CAOrder("", request_id="3812046759")
    assert progress.waiting_for is WaitingFor.SUBMISSION


@pytest.mark.parametrize("block", [{}, {"requestNumber": "3812046759", "orderNumber": ""}])
def test_an_order_that_comes_back_without_its_number_is_looked_up(block: dict[str, str], serve: Serve) -> None:
    with client(serve(PRODUCT_LIST, ok(orderDetails=block))) as ca, pytest.raises(Unknown):
        ca.place(PLACEMENT, deadline=soon())


@pytest.mark.parametrize("script", [reset, answer(502), answer(500, NOT_FOUND), no("EMS-939", "Something went Wrong")])
def test_26_52_an_order_whose_answer_is_unclear_is_never_sent_again(script: Any, serve: Serve) -> None:
    server = serve(PRODUCT_LIST, script)
    with client(server) as ca, pytest.raises(Unknown):
        ca.place(PLACEMENT, deadline=soon())
    assert endpoints(server).count("GenerateOrderSSL") == 1


@pytest.mark.parametrize("code", ["EMS-918", "EMS-1073", "EMS-1162", "EMS-1269"])
def test_15_a_refused_order_ends_in_emsigns_words(code: str, serve: Serve) -> None:
    server = serve(PRODUCT_LIST, no(code, "As emSign says."))
    with client(server) as ca, pytest.raises(Refused, match=r"As emSign says\.") as caught:
        ca.place(PLACEMENT, deadline=soon())
    assert caught.value.code == code
    assert server.connections == 2


@pytest.mark.parametrize("code", ["EMS-4711", ""])
def test_a_refusal_that_nobody_has_documented_ends_an_order_only_where_the_login_works(code: str, serve: Serve) -> None:
    with client(serve(PRODUCT_LIST, no(code, "As emSign says."), ok())) as ca, pytest.raises(Refused) as refused:
        ca.place(PLACEMENT, deadline=soon())
    assert refused.value.code == code
    refusing = serve(PRODUCT_LIST, no(code, "Who are you?"), no(code, "Who are you?"))
    with client(refusing) as ca, pytest.raises(Misconfigured, match="refused the login"):
        ca.place(PLACEMENT, deadline=soon())


def test_16_20_what_cannot_succeed_is_not_sent(serve: Serve) -> None:
    server = serve(PRODUCT_LIST)
    with client(server) as ca:
        for changes in (
            {"product": "842"},
            {"names": ("a.example", "b.example")},
            {"names": ("192.0.2.1",), "csr": b""},
        ):
            with pytest.raises(Refused):
                ca.place(placement(**changes), deadline=soon())
    assert set(endpoints(server)) == {"GetProductDetails"}


def test_a_deadline_that_is_over_sends_nothing(serve: Serve) -> None:
    server = serve(PRODUCT_LIST)
    with client(server) as ca:
        ca.check(PLACEMENT)
        with pytest.raises(Unavailable) as caught:
            ca.place(PLACEMENT, deadline=soon(-1))
    assert not isinstance(caught.value, Unknown)
    assert endpoints(server) == ["GetProductDetails"]


def test_49_too_many_orders_and_an_inactive_account_are_told_apart_by_the_login(serve: Serve) -> None:
    server = serve(PRODUCT_LIST, no("", INACTIVE), ok())
    with client(server) as ca, pytest.raises(Unavailable) as busy:
        ca.place(PLACEMENT, deadline=soon())
    assert not isinstance(busy.value, Unknown)
    assert busy.value.retry_after == 2
    assert endpoints(server) == ["GetProductDetails", "GenerateOrderSSL", "ValidateCredentials"]
    server = serve(PRODUCT_LIST, no("", INACTIVE))
    with client(server) as ca, pytest.raises(Misconfigured, match=INACTIVE):
        ca.place(PLACEMENT, deadline=soon())


def test_49_the_rest_grows_and_holds_orders_of_every_process_back(serve: Serve, tmp_path: Path) -> None:
    limits = tmp_path / "limits"
    settings = {**QUICK, "seconds_between_orders": "0.01"}
    first = serve(PRODUCT_LIST, no("", INACTIVE), ok())
    second = serve(PRODUCT_LIST, ok(PLACED))
    with client(first, limits=limits, settings=settings) as ca, pytest.raises(Unavailable) as busy:
        ca.place(PLACEMENT, deadline=soon())
    assert busy.value.retry_after is not None
    assert 5 <= busy.value.retry_after < 7
    with client(second, limits=limits, settings=settings) as ca, pytest.raises(Unavailable, match="nothing was sent"):
        ca.place(PLACEMENT, deadline=soon(2))
    assert endpoints(second) == ["GetProductDetails"]


def test_two_orders_are_kept_apart_and_other_calls_are_not(serve: Serve, tmp_path: Path) -> None:
    server = serve(PRODUCT_LIST, ok(PLACED))
    with client(server, limits=tmp_path / "limits", settings={"seconds_between_orders": "30"}) as ca:
        ca.place(PLACEMENT, deadline=soon())
        with pytest.raises(Unavailable, match="nothing was sent") as caught:
            ca.place(PLACEMENT, deadline=soon(2))
        assert caught.value.retry_after is not None
        assert 25 < caught.value.retry_after <= 30
        ca.login()
    assert endpoints(server).count("GenerateOrderSSL") == 1


# -- a CSR that was used before


def test_23_a_used_csr_in_an_order_with_our_tag_is_that_order(serve: Serve) -> None:
    found = report([row(tags=["other"], orderNumber="1"), row(tags=["clm-000042", "team"])])
    server = serve(PRODUCT_LIST, no("EMS-1099", "Duplicate CSR"), found, track())
    with client(server) as ca:
        assert pending(ca.place(PLACEMENT, deadline=soon())).ca_order == ORDER
    assert "orderDateFrom" not in received(server)[2].block


def test_23_a_used_csr_in_another_order_is_refused_with_its_number(serve: Serve) -> None:
    server = serve(PRODUCT_LIST, no("EMS-1099", "Duplicate CSR"), report([row(tags=["theirs"])]), track())
    with client(server) as ca, pytest.raises(Refused, match="6625262451") as caught:
        ca.place(PLACEMENT, deadline=soon())
    assert (caught.value.code, "new CSR" in caught.value.advice) == ("EMS-1099", True)


def test_23_a_used_csr_that_no_order_shows_is_looked_up_again(serve: Serve) -> None:
    server = serve(PRODUCT_LIST, no("EMS-1099", "Duplicate CSR"), no("", "No records found"))
    with client(server) as ca, pytest.raises(Unknown):
        ca.place(PLACEMENT, deadline=soon())


# -- finding again


def test_a_lost_order_is_found_by_its_tag(serve: Serve) -> None:
    server = serve(report([row(tags=["clm-000042"])]), track())
    with client(server) as ca:
        (found,) = ca.find_placed(PLACEMENT, SINCE)
    assert found == ORDER
    assert found.placed_at == datetime(2026, 11, 20, 9, 31, 2, tzinfo=UTC)
    call, _ = received(server)
    wanted = {"domainName": "shop.example.org", "orderDateFrom": "2026-11-19", "pageNumber": "1", "pageSize": "100"}
    assert call.block == wanted


def test_a_lost_order_without_a_tag_is_found_by_its_csr(serve: Serve) -> None:
    rows = [row(orderNumber="1"), row(orderNumber="2"), row(orderNumber="3"), row(orderNumber="4R001")]
    server = serve(report(rows), track(csr=None), no("EMS-943", "order not found"), track())
    with client(server) as ca:
        assert [one.order_id for one in ca.find_placed(PLACEMENT, SINCE)] == ["3"]
    assert endpoints(server) == ["GetOrderReport", *["TrackOrder"] * 3]


def test_an_order_with_our_tag_and_another_csr_is_not_ours(serve: Serve) -> None:
    other = placement_csr_pem(KEY_OF_ANOTHER)
    with client(serve(report([row(tags=["clm-000042"])]), track(csr=other))) as ca:
        assert ca.find_placed(PLACEMENT, SINCE) == ()


def test_a_lost_draft_is_found_by_its_tag(serve: Serve) -> None:
    with client(serve(report([row(orderNumber="", tags=["clm-000042"])]))) as ca:
        assert ca.find_placed(PLACEMENT, SINCE) == (CAOrder("", request_id="3812046759"),)


def test_what_is_older_or_of_another_name_is_not_ours(serve: Serve) -> None:
    rows = [row(orderDate="2026-11-19 23:59:59", tags=["clm-000042"]), row(domainName="b.example", tags=["clm-000042"])]
    with client(serve(report(rows))) as ca:
        assert ca.find_placed(PLACEMENT, SINCE) == ()


def test_the_oldest_comes_first(serve: Serve) -> None:
    rows = [row(orderNumber="2", orderDate="2026-11-21 00:00:00"), row(orderNumber="1")]
    with client(serve(report([{**one, "tags": ["clm-000042"]} for one in rows]), track())) as ca:
        assert [one.order_id for one in ca.find_placed(PLACEMENT, SINCE)] == ["1", "2"]


def test_a_name_with_its_www_is_looked_for_by_both(serve: Serve) -> None:
    server = serve(report([]), report([row(domainName="x.example", tags=["clm-000042"])]), track(csr=""))
    with client(server) as ca:
        found = ca.find_placed(placement(names=("www.x.example", "x.example")), SINCE)
    assert found == (ORDER,)
    assert [call.block["domainName"] for call in received(server)[:2]] == ["www.x.example", "x.example"]


def test_an_order_that_could_be_ours_or_not_is_for_a_person(serve: Serve) -> None:
    server = serve(report([row()]), track(csr=""))
    with client(server) as ca, pytest.raises(Refused, match="6625262451"):
        ca.find_placed(placement(csr=b""), SINCE)
    with client(serve(report([row()]), track())) as ca:
        assert ca.find_placed(placement(csr=b""), SINCE) == (), "an order with a CSR is not one that was placed without"


def test_a_page_that_fails_does_not_make_an_order_absent(serve: Serve) -> None:
    first = report([row(orderNumber="1")], pages=2, total=2)
    with client(serve(first, no("EMS-4711", "Not now."))) as ca, pytest.raises(Refused, match="Not now"):
        ca.find_placed(PLACEMENT, SINCE)
    with client(serve(no("EMS-4711", "You have no permission to read orders"))) as ca, pytest.raises(Refused):
        ca.find_placed(PLACEMENT, SINCE)

"""emSign's client against literal answers of its description, up to an order that is placed."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from certwright.cas.emsign import EmSign
from certwright.model.ca import CAOrder, Group, Organization
from certwright.model.errors import CertwrightError, Misconfigured, Refused, Unavailable, Unknown
from certwright.model.words import WaitingFor
from tests.client.conftest import Server, answer, reset
from tests.client.emsign import (
    ACCESS_KEY,
    ACCOUNT,
    CATALOGUE,
    ORDER,
    PLACED,
    PLACEMENT,
    PRODUCT_LIST,
    QUICK,
    body,
    client,
    endpoints,
    no,
    ok,
    pending,
    placement,
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


# -- the envelope


def test_2_every_call_is_a_signed_post_of_json(serve: Serve) -> None:
    server = serve(ok())
    with client(server) as ca:
        ca.login()
    (call,) = received(server)
    assert (call.method, call.target) == ("POST", "/emSignHub-API/ValidateCredentials")
    assert "content-type: application/json" in call.head.lower()
    assert set(call.body) == {"meta"}
    assert set(call.meta) == {"ver", "ts", "txn", "accountNumber", "authKey"}
    signed = f"{ACCESS_KEY}{call.meta['ts']}{call.meta['txn']}"
    assert call.meta["authKey"] == hashlib.sha256(signed.encode()).hexdigest()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", call.meta["ts"])
    assert call.meta["accountNumber"] == ACCOUNT


def test_3_a_repetition_is_signed_anew(serve: Serve) -> None:
    server = serve(answer(502), reset, ok())
    with client(server) as ca:
        ca.login()
    calls = received(server)
    assert len(calls) == 3
    assert len({call.meta["txn"] for call in calls}) == 3
    assert len({call.meta["authKey"] for call in calls}) == 3


@pytest.mark.parametrize("path", ["/emSignHub-API", "/emSignHub-API/"])
def test_5_the_base_url_may_end_in_a_slash(path: str, serve: Serve) -> None:
    server = serve(ok())
    with client(server, url=f"http://127.0.0.1:{server.port}{path}") as ca:
        ca.login()
    assert received(server)[0].target == "/emSignHub-API/ValidateCredentials"


@pytest.mark.parametrize("status", ["0", "2"])
@pytest.mark.parametrize("block", [{}, {"orderDetails": None}, {"orderDetails": {"orderStatusId": ""}}])
def test_6_a_failure_carries_code_words_endpoint_and_number(status: str, block: dict[str, Any], serve: Serve) -> None:
    server = serve(no("EMS-4711", "As emSign says.", status=status, block=block))
    with client(server) as ca, pytest.raises(Refused) as caught:
        ca.collect(ORDER, public_key_sha256=KEY)
    assert caught.value.code == "EMS-4711"
    txn = received(server)[0].meta["txn"]
    assert all(word in caught.value.detail for word in ("As emSign says.", "TrackOrder", "EMS-4711", txn))


@pytest.mark.parametrize("page", [NOT_FOUND, b"<html>404</html>", b""])
def test_7_a_wrong_address_is_a_misconfiguration_that_names_the_path(page: bytes, serve: Serve) -> None:
    with client(serve(answer(404, page))) as ca, pytest.raises(Misconfigured, match="GetOrderReport"):
        ca.report_page("")


@pytest.mark.parametrize("status", [401, 403])
def test_8_a_refused_login_is_a_misconfiguration(status: int, serve: Serve) -> None:
    for call in (lambda ca: ca.login(), lambda ca: ca.domains(), lambda ca: ca.cancel(ORDER, "")):
        with client(serve(answer(status, b""))) as ca, pytest.raises(Misconfigured, match=str(status)):
            call(ca)


@pytest.mark.parametrize("code", ["EMS-901", "EMS-4711", ""])
def test_6_9_any_failure_of_the_test_login_is_a_failed_login(code: str, serve: Serve) -> None:
    with client(serve(no(code, "Not you."))) as ca, pytest.raises(Misconfigured) as caught:
        ca.login()
    assert "Not you." in caught.value.detail
    assert code in caught.value.detail
    assert all(word in caught.value.advice for word in ("account number", "access key", "base URL", "clock"))


@pytest.mark.parametrize(
    "script",
    [answer(200, b""), answer(200, b"{}"), answer(200, b"<html>"), answer(200, b"[1]"), answer(400, b'{"meta": 7}')],
    ids=["empty", "no meta", "page", "list", "bad meta"],
)
def test_what_is_no_answer_tells_nothing(script: Any, serve: Serve) -> None:
    with client(serve(script)) as ca, pytest.raises(Unavailable) as read:
        ca.collect(ORDER, public_key_sha256=KEY)
    assert not isinstance(read.value, Unknown)
    with client(serve(PRODUCT_LIST, script)) as ca, pytest.raises(Unknown):
        ca.place(PLACEMENT, deadline=soon())


def test_53_unknown_keys_are_ignored(serve: Serve) -> None:
    with client(serve(ok(CATALOGUE, more={"x": [1]}, extra=None))) as ca:
        assert len(ca.products()) == 5


def test_4_neither_key_nor_hash_is_seen_anywhere(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(answer(502), answer(502), answer(502), no("EMS-1", "no"))
    seen: list[str] = []
    with capture_logs() as logs, client(server) as ca:
        seen.append(repr(ca) + repr(ca.api) + repr(ca.__dict__))
        for call in (ca.login, lambda: ca.place(PLACEMENT, deadline=soon()), ca.domains):
            with pytest.raises(CertwrightError) as caught:
                call()
            seen.append(str(caught.value) + repr(caught.value))
    hashes = [call.meta["authKey"] for call in received(server)]
    told = "".join(seen) + str(logs) + caplog.text
    assert [secret for secret in (ACCESS_KEY, *hashes) if secret in told] == []


def test_4_an_echoed_hash_is_not_told(serve: Serve) -> None:
    import json

    def echo(connection: Any) -> None:
        sent = json.loads(server.requests[-1].partition(b"\r\n\r\n")[2])["meta"]["authKey"]
        answer(body=body({}, status="0", code="EMS-1", message=f"bad {sent}"))(connection)

    server = serve(echo)
    with client(server) as ca, pytest.raises(Refused, match="bad …") as caught:
        ca.domains()
    assert received(server)[0].meta["authKey"] not in str(caught.value)


def test_a_read_only_account_changes_nothing(serve: Serve) -> None:
    server = serve(PRODUCT_LIST, track(), track(), track())
    with client(server, read_only=True) as ca:
        changes: list[Callable[[], object]] = [
            lambda: ca.place(PLACEMENT, deadline=soon()),
            lambda: ca.cancel(ORDER, ""),
            lambda: ca.agree(ORDER, PLACEMENT),
        ]
        for change in changes:
            with pytest.raises(Refused, match="read-only"):
                change()
    assert set(endpoints(server)) <= {"GetProductDetails", "TrackOrder"}


@pytest.mark.parametrize("key", ["", "  \n"])
def test_an_empty_key_is_a_misconfiguration(key: str) -> None:
    with pytest.raises(Misconfigured):
        EmSign(access_key=key, settings={"account_number": ACCOUNT})


# -- what an account has


def test_groups_are_listed_with_what_they_can_spend(serve: Serve) -> None:
    listed = [
        {
            "groupNumber": "17",
            "groupName": "Head",
            "isDefaultGroup": "1",
            "accountBalance": "1250.00",
            "groupBalance": "",
        },
        {"groupNumber": 18, "groupName": "Branch", "isDefaultGroup": "0", "groupBalance": "80.50"},
    ]
    with client(serve(ok(groupDetails=listed))) as ca:
        assert ca.groups() == (
            Group("17", "Head", default=True, balance="1250.00"),
            Group("18", "Branch", balance="80.50"),
        )


def test_the_second_endpoint_for_groups_is_asked_where_only_that_is_there(serve: Serve) -> None:
    server = serve(answer(404, NOT_FOUND), ok(groups=[{"groupNumber": "17"}]))
    with client(server) as ca:
        assert [group.ca_id for group in ca.groups()] == ["17"]
    assert endpoints(server) == ["GetGroupDetails", "GetGroupDetailsV2"]


def test_another_failure_is_not_asked_twice(serve: Serve) -> None:
    server = serve(no("EMS-4711"))
    with client(server) as ca, pytest.raises(Refused):
        ca.groups()
    assert endpoints(server) == ["GetGroupDetails"]


def test_organizations_are_active_by_their_status_alone(serve: Serve) -> None:
    listed = [
        {"organizationNumber": "1", "organizationName": "A", "organizationStatusId": "1", "isPreVettingOrg": "1"},
        {"organizationNumber": "2", "organizationName": "B", "organizationStatusId": 1, "isPreVettingOrg": "0"},
        {"organizationNumber": "3", "organizationName": "C", "organizationStatusId": "4", "isPreVettingOrg": "1"},
    ]
    with client(serve(ok(organizationDetails=listed))) as ca:
        assert ca.organizations() == (
            Organization("1", "A", status="vetted"),
            Organization("2", "B", status="not vetted"),
            Organization("3", "C", active=False, status="inactive (4)"),
        )


def test_a_domain_counts_while_it_is_validated_active_and_not_over(serve: Serve) -> None:
    base = {"dcvMethod": "DNS TXT Record", "dcvStatus": "1", "status": "1", "organizationNumber": "7"}
    listed = [
        {**base, "domainName": "Good.example", "validTill": "2999-03-18 00:00:00"},
        {**base, "domain": "over.example", "validityDate": "2026-01-01 00:00:00"},
        {**base, "domainName": "waiting.example", "dcvStatus": "0", "validTill": None},
        {**base, "domainName": "gone.example", "status": "2", "expiryDate": "2999-03-18"},
    ]
    with client(serve(ok(domains=listed))) as ca:
        found = {domain.name: domain for domain in ca.domains()}
    assert [name for name, domain in found.items() if domain.proven] == ["good.example"]
    good = found["good.example"]
    assert (good.method, good.status, good.organization) == ("dns-txt-token", "validated", "7")
    assert good.proven_until == datetime(2999, 3, 18, tzinfo=UTC)
    assert (found["gone.example"].active, found["waiting.example"].status) == (False, "pending")


def test_12_13_tls_products_are_listed_with_kind_and_years(serve: Serve) -> None:
    with client(serve(PRODUCT_LIST)) as ca:
        found = [(one.ca_id, one.validation, one.kind, one.organization_required) for one in ca.products()]
        assert found == [
            ("838", "dv", "single", False),
            ("839", "dv", "wildcard", False),
            ("840", "dv", "multi", False),
            ("841", "dv", "multi-wildcard", False),
            ("842", "ov", "single", True),
        ]
        assert {one.years for one in ca.products()} == {(1, 2)}


def test_11_an_empty_list_of_products_is_asked_for_group_by_group(serve: Serve) -> None:
    groups = ok(groupDetails=[{"groupNumber": "17"}, {"groupNumber": "18"}])
    server = serve(ok(productDetails=[]), groups, PRODUCT_LIST, PRODUCT_LIST)
    with client(server) as ca:
        assert len(ca.products()) == 5
    asked = [call.block.get("groupNumber") for call in received(server) if call.endpoint == "GetProductDetails"]
    assert asked == [None, "17", "18"]


def test_11_a_group_that_is_known_is_named(serve: Serve) -> None:
    server = serve(PRODUCT_LIST)
    with client(server, settings={"group_number": "17"}) as ca:
        ca.products()
        ca.check(PLACEMENT)
        ca.check(placement(options={"group_number": "18"}))
    assert [call.block["groupNumber"] for call in received(server)] == ["17", "18"]


def test_the_list_of_products_is_asked_for_once_for_many_orders(serve: Serve) -> None:
    server = serve(PRODUCT_LIST)
    with client(server) as ca:
        for _ in range(3):
            ca.check(PLACEMENT)
        assert server.connections == 1
        with pytest.raises(Refused, match="999"):
            ca.check(placement(product="999"))
    assert server.connections == 2, "a product that is not known may have come since"


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


@pytest.mark.parametrize("code", ["EMS-918", "EMS-1073", "EMS-1162", "EMS-1269", "EMS-4711", ""])
def test_15_a_refused_order_ends_in_emsigns_words(code: str, serve: Serve) -> None:
    server = serve(PRODUCT_LIST, no(code, "As emSign says."))
    with client(server) as ca, pytest.raises(Refused, match=r"As emSign says\.") as caught:
        ca.place(PLACEMENT, deadline=soon())
    assert caught.value.code == code
    assert server.connections == 2


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
    server = serve(PRODUCT_LIST, no("EMS-1099", "Duplicate CSR"), found)
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
    server = serve(report([row(tags=["clm-000042"])]))
    with client(server) as ca:
        (found,) = ca.find_placed(PLACEMENT, SINCE)
    assert found == ORDER
    assert found.placed_at == datetime(2026, 11, 20, 9, 31, 2, tzinfo=UTC)
    (call,) = received(server)
    wanted = {"domainName": "shop.example.org", "orderDateFrom": "2026-11-19", "pageNumber": "1", "pageSize": "100"}
    assert call.block == wanted


def test_a_lost_order_without_a_tag_is_found_by_its_csr(serve: Serve) -> None:
    rows = [row(orderNumber="1"), row(orderNumber="2"), row(orderNumber="3"), row(orderNumber="4R001")]
    server = serve(report(rows), track(csr=None), no("EMS-943", "order not found"), track())
    with client(server) as ca:
        assert [one.order_id for one in ca.find_placed(PLACEMENT, SINCE)] == ["3"]
    assert endpoints(server) == ["GetOrderReport", *["TrackOrder"] * 3]


def test_a_lost_draft_is_found_by_its_tag(serve: Serve) -> None:
    with client(serve(report([row(orderNumber="", tags=["clm-000042"])]))) as ca:
        assert ca.find_placed(PLACEMENT, SINCE) == (CAOrder("", request_id="3812046759"),)


def test_what_is_older_or_of_another_name_is_not_ours(serve: Serve) -> None:
    rows = [row(orderDate="2026-11-19 23:59:59", tags=["clm-000042"]), row(domainName="b.example", tags=["clm-000042"])]
    with client(serve(report(rows))) as ca:
        assert ca.find_placed(PLACEMENT, SINCE) == ()


def test_the_oldest_comes_first(serve: Serve) -> None:
    rows = [row(orderNumber="2", orderDate="2026-11-21 00:00:00"), row(orderNumber="1")]
    with client(serve(report([{**one, "tags": ["clm-000042"]} for one in rows]))) as ca:
        assert [one.order_id for one in ca.find_placed(PLACEMENT, SINCE)] == ["1", "2"]


def test_a_name_with_its_www_is_looked_for_by_both(serve: Serve) -> None:
    server = serve(report([]), report([row(domainName="x.example", tags=["clm-000042"])]))
    with client(server) as ca:
        found = ca.find_placed(placement(names=("www.x.example", "x.example")), SINCE)
    assert found == (ORDER,)
    assert [call.block["domainName"] for call in received(server)] == ["www.x.example", "x.example"]


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

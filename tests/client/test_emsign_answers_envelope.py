"""emSign's client against literal answers of its description: the envelope, and what an account has."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from certwright.cas.emsign import EmSign
from certwright.model.ca import Group, Organization
from certwright.model.errors import CertwrightError, Misconfigured, Refused, Unavailable, Unknown
from tests.client.conftest import Server, answer, reset
from tests.client.emsign import (
    ACCESS_KEY,
    ACCOUNT,
    CATALOGUE,
    ORDER,
    PLACEMENT,
    PRODUCT_LIST,
    body,
    client,
    endpoints,
    no,
    ok,
    placement,
    received,
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
    assert all(word in str(caught.value) for word in ("As emSign says.", "TrackOrder", "EMS-4711", txn))


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

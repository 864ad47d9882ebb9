"""The envelope: `meta`, its hash, its refusals and the answers without one (§3; contract tests 1, 2, 6-10, 54)."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta, timezone

import pytest

from tests.sandbox import wire
from tests.sandbox.emsign_tenant import NewSubscriber, Subscriber
from tests.sandbox.emsign_wire import (
    HEADERS,
    INACTIVE,
    VECTOR_ACCESS_KEY,
    VECTOR_AUTH_KEY,
    VECTOR_TS,
    VECTOR_TXN,
    Told,
    auth_key,
    fill,
    post,
)

PING = "ValidateCredentials"
UNKNOWN = ("ReissueOrder", "CancelOrder", "RenewOrder", "GetProducts", "validatecredentials", "GenerateOrder")


def _ping(tenant: Subscriber, **meta: str) -> Told:
    return post(tenant.url, PING, fill('{"meta":$meta}', meta=tenant.meta(**meta)))


def _ping_changed(tenant: Subscriber, **fields: object) -> Told:
    """Ping with fields of a good meta replaced, or taken away with None."""
    meta = {**json.loads(tenant.meta()), **fields}
    sent = {name: value for name, value in meta.items() if value is not None}
    return post(tenant.url, PING, json.dumps({"meta": sent}).encode())


def _ts(tenant: Subscriber, **shift: float) -> str:
    return (tenant.management.now() + timedelta(**shift)).isoformat(timespec="seconds")


def test_1_the_vector_of_the_reference_is_what_these_tests_send() -> None:
    assert auth_key(VECTOR_ACCESS_KEY, VECTOR_TS, VECTOR_TXN) == VECTOR_AUTH_KEY


def test_9_the_right_key_passes(subscriber: NewSubscriber) -> None:
    """§3.4: the whole of a success."""
    tenant, txn = subscriber(), secrets.token_hex(16)

    told = _ping(tenant, txn=txn)

    assert told.is_success
    assert set(told.body) == {"meta"}
    assert set(told.meta) == {"ver", "ts", "txn", "status", "errorCode", "errorMessage"}
    assert (told.meta["ver"], told.meta["txn"], told.meta["status"]) == ("1.0", txn, "1")
    assert abs(datetime.fromisoformat(told.meta["ts"]) - tenant.management.now()) < timedelta(seconds=30)


@pytest.mark.parametrize("offset", [5.5, -8, 0, 14])
def test_9_any_offset_of_ts_works(offset: float, subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    zone = timezone(timedelta(hours=offset))

    assert _ping(tenant, ts=tenant.management.now().astimezone(zone).isoformat(timespec="seconds")).is_success


@pytest.mark.parametrize("txn", ["0123456789", "7" * 50, "aZ09" * 8])
def test_a_txn_of_10_to_50_alphanumeric_characters_is_taken(txn: str, subscriber: NewSubscriber) -> None:
    assert _ping(subscriber(), txn=txn).is_success


@pytest.mark.parametrize("status", ["0", "2"])
def test_6_a_failure_is_http_200_with_the_status_of_the_switch(status: str, subscriber: NewSubscriber) -> None:
    tenant, txn = subscriber(failure_status=status), secrets.token_hex(16)

    told = _ping(tenant, access_key="AK-wrong", txn=txn)

    assert told.refuses("EMS-901", "Invalid Credentials")
    assert (told.meta["status"], told.meta["txn"], told.meta["ver"]) == (status, txn, "1.0")


@pytest.mark.parametrize("change", ["access_key", "account"])
def test_9_a_wrong_key_and_an_unknown_account_fail(change: str, subscriber: NewSubscriber) -> None:
    assert _ping(subscriber(), **{change: "9999999999"}).refuses("EMS-901")


def test_9_the_key_of_another_account_fails(subscriber: NewSubscriber) -> None:
    assert _ping(subscriber(), access_key=subscriber().access_key).refuses("EMS-901")


def test_1_one_other_character_in_ts_or_txn_makes_another_key(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    good = json.loads(tenant.meta())
    other_ts = _ts(tenant, seconds=5)

    assert _ping_changed(tenant, **{**good, "txn": secrets.token_hex(16)}).refuses("EMS-901")
    assert _ping_changed(tenant, **{**good, "ts": other_ts, "txn": good["txn"]}).refuses("EMS-901")


def test_the_hash_is_of_the_bytes_that_were_sent(subscriber: NewSubscriber) -> None:
    """§3.1: of the same instant in another spelling it is another one."""
    tenant = subscriber()
    good = json.loads(tenant.meta())
    same = datetime.fromisoformat(good["ts"]).astimezone(timezone(timedelta(hours=1))).isoformat(timespec="seconds")

    assert _ping_changed(tenant, **{**good, "ts": same}).refuses("EMS-901")


@pytest.mark.parametrize("minutes", [16, -16])
def test_9_a_ts_out_of_the_window_fails(minutes: float, subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    assert _ping(tenant, ts=_ts(tenant, minutes=minutes)).refuses("EMS-901")


@pytest.mark.parametrize("minutes", [14, -14])
def test_9_a_ts_within_15_minutes_passes(minutes: float, subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    assert _ping(tenant, ts=_ts(tenant, minutes=minutes)).is_success


def test_the_window_of_ts_is_a_switch(subscriber: NewSubscriber) -> None:
    tenant = subscriber(ts_window_seconds=60)

    assert _ping(tenant, ts=_ts(tenant, seconds=-90)).refuses("EMS-901")
    assert _ping(tenant, ts=_ts(tenant, seconds=-30)).is_success


def test_10_a_repeated_txn_is_refused_whatever_the_call(subscriber: NewSubscriber) -> None:
    tenant, txn = subscriber(), secrets.token_hex(16)
    assert _ping(tenant, txn=txn).is_success

    assert _ping(tenant, txn=txn).refuses("EMS-902")
    assert _ping(tenant, txn=txn, ts=_ts(tenant, seconds=3)).refuses("EMS-902")
    again = post(tenant.url, "GetGroupDetails", fill('{"meta":$meta}', meta=tenant.meta(txn=txn)))
    assert again.refuses("EMS-902")
    assert _ping(tenant).is_success


@pytest.mark.parametrize("field", ["ver", "ts", "txn", "accountNumber", "authKey"])
@pytest.mark.parametrize("value", [None, "", 7, "§"], ids=["absent", "empty", "number", "nonsense"])
def test_2_a_meta_without_one_of_its_five_fields_is_refused(
    field: str, value: object, subscriber: NewSubscriber
) -> None:
    told = _ping_changed(subscriber(), **{field: value})

    assert not told.is_success
    assert told.code in ("EMS-901", "EMS-903"), told


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ver", "2.0"),
        ("ts", "20.11.2026 09:30"),
        ("txn", "123456789"),
        ("txn", "7" * 51),
        ("txn", "a-b-c-d-e-f-g"),
    ],
)
def test_a_malformed_meta_is_ems_903(field: str, value: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    if field == "ver":
        assert _ping_changed(tenant, ver=value).refuses("EMS-903")
    else:
        assert _ping(tenant, **{field: value}).refuses("EMS-903")


def test_an_auth_key_in_upper_case_is_refused(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    good = json.loads(tenant.meta())

    assert _ping_changed(tenant, **{**good, "authKey": good["authKey"].upper()}).code in ("EMS-901", "EMS-903")


def test_a_body_without_meta_is_ems_903(subscriber: NewSubscriber) -> None:
    assert post(subscriber().url, PING, b"{}").refuses("EMS-903")


@pytest.mark.parametrize("body", [b"", b"[]", b"meta=1", b'{"meta":', b'"text"'])
def test_a_body_that_is_no_json_object_is_http_400(body: bytes, subscriber: NewSubscriber) -> None:
    answer = wire.send(subscriber().url, "POST", PING, body, HEADERS)

    assert answer.status == 400


def test_8_a_wrong_login_is_http_401_where_the_account_is_so(subscriber: NewSubscriber) -> None:
    tenant = subscriber(http_refusals=True)

    answer = _ping(tenant, access_key="AK-wrong").answer

    assert answer.status == 401
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(answer.body)
    assert _ping(tenant).is_success


@pytest.mark.parametrize("endpoint", UNKNOWN)
def test_54_an_unknown_endpoint_is_404_without_meta(endpoint: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    answer = tenant.send(endpoint, orderDetails={"orderNumber": "6625262451"}).answer

    assert answer.status == 404
    told = answer.json()
    assert set(told) == {"timestamp", "status", "error", "path"}
    assert (told["status"], told["error"]) == (404, "Not Found")
    assert told["path"].endswith(f"/{endpoint}")


def test_7_a_path_without_its_segment_is_404_and_names_the_path(subscriber: NewSubscriber) -> None:
    """§2, in its own words."""
    tenant = subscriber()
    root = tenant.url.removesuffix("emSignHub-API/")

    told = wire.send(root, "POST", "GetOrderReport", b"{}", HEADERS)

    assert told.status == 404
    assert {**told.json(), "timestamp": "…"} == {
        "timestamp": "…", "status": 404, "error": "Not Found", "path": "/GetOrderReport"
    }  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_2_only_post_is_served(method: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    body = fill('{"meta":$meta}', meta=tenant.meta())

    answer = wire.send(tenant.url, method, PING, body, HEADERS)

    assert 400 <= answer.status < 500


def test_an_inactive_user_is_told_so_by_every_call(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    tenant.switch(enabled=False)

    assert tenant.ask(PING).refuses("", INACTIVE)
    assert tenant.ask("GetGroupDetails").refuses("", INACTIVE)
    assert tenant.place(f"shop.{tenant.domain}").refuses("", INACTIVE)
    assert tenant.ledger() == []


@pytest.mark.parametrize(("how", "expected"), [("absent", "absent"), ("null", "null"), ("blank", "blank")])
def test_the_other_block_of_a_failure_is_as_the_switch_says(how: str, expected: str, subscriber: NewSubscriber) -> None:
    """§3.4: absent, null, or there with empty strings."""
    tenant = subscriber(failure_block=how)

    body = tenant.ask("TrackOrder", order="1111111111").body

    found = (
        "absent" if "orderDetails" not in body
        else "null" if body["orderDetails"] is None
        else "blank" if set(body["orderDetails"].values()) <= {""}
        else body["orderDetails"]
    )  # fmt: skip
    assert found == expected


@pytest.mark.parametrize("header", ["Accept", "Content-Type"])
def test_no_header_but_those_two_is_needed(header: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    body = fill('{"meta":$meta}', meta=tenant.meta())

    answer = wire.send(tenant.url, "POST", PING, body, {header: HEADERS[header], "Content-Type": wire.JSON})

    assert Told(answer).is_success


def test_a_url_of_an_account_ends_in_the_segment_of_the_reference(subscriber: NewSubscriber) -> None:
    assert subscriber().url.endswith("/emSignHub-API/")


def test_unknown_keys_of_a_request_are_overlooked(subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    assert tenant.send(PING, somethingNew={"a": 1}).is_success

"""Each fault of the sandbox does on the wire what its page says: docs/reference/sandbox.md."""

from __future__ import annotations

import gzip
import http.client
import socket
import time
from typing import Any

import pytest

from tests.sandbox import wire
from tests.sandbox.certificates import csr_pem
from tests.sandbox.tenant import ORDER, Account, NewAccount, Sandbox

ORDERS = "order/certificate/"
REFERENCE = """{"certificate":{"common_name":"$name","csr":"$csr"},"organization":{"id":$organization},
"order_validity":{"years":1},"alternative_order_id":"$reference"}"""


def _order_bytes(tenant: Account, reference: str = "raw") -> bytes:
    name = f"shop.{tenant.domain}"
    body = wire.fill(REFERENCE, name=name, csr=csr_pem(name), organization=tenant.organization, reference=reference)
    return _request(tenant, "POST", "order/certificate/ssl_basic", body)


def _request(tenant: Account, method: str, path: str, body: bytes = b"") -> bytes:
    headers = {"X-DC-DEVKEY": tenant.key, "Content-Type": wire.JSON}
    return wire.request_bytes(tenant.url, method, path, headers, body)


def _plant(tenant: Account, kind: str, **fields: object) -> int:
    return tenant.management.fault(kind, account=tenant.name, **fields)


def _get_raw(tenant: Account, path: str = "account") -> wire.RawAnswer:
    return wire.exchange(tenant.url, _request(tenant, "GET", path))


def test_latency_waits_and_then_answers_normally(account: NewAccount) -> None:
    tenant = account()
    _plant(tenant, "latency", seconds=0.4)
    start = time.monotonic()

    answer = tenant.call("GET", "account")

    assert answer.status == 200
    assert time.monotonic() - start >= 0.4


def test_status_answers_instead_and_commits_nothing(account: NewAccount) -> None:
    tenant = account()
    _plant(
        tenant, "status", path=ORDERS, status=503, body="later", content_type="text/plain",
        headers={"Retry-After": "7"},
    )  # fmt: skip

    answer = tenant.place(ORDER)

    assert (answer.status, answer.body, answer.type) == (503, b"later", "text/plain")
    assert answer.headers["retry-after"] == "7"
    assert tenant.ledger() == []


def test_drop_before_cuts_the_connection_before_anything_is_committed(
    account: NewAccount,
) -> None:
    tenant = account()
    request = _order_bytes(tenant)
    _plant(tenant, "drop_before", path=ORDERS)

    assert wire.exchange(tenant.url, request).received == b""
    assert tenant.ledger() == []


def test_drop_after_commits_and_resets_the_connection(account: NewAccount) -> None:
    tenant = account()
    request = _order_bytes(tenant)
    _plant(tenant, "drop_after", path=ORDERS)

    answer = wire.exchange(tenant.url, request)

    assert (answer.received, answer.reset) == (b"", True)
    assert [row["reference"] for row in tenant.ledger()] == ["raw"]


def test_answer_after_commits_and_answers_something_else(account: NewAccount) -> None:
    tenant = account()
    _plant(tenant, "answer_after", path=ORDERS, status=502, body="<html>", content_type="text/html")

    answer = tenant.place(ORDER)

    assert (answer.status, answer.body, answer.type) == (502, b"<html>", "text/html")
    assert len(tenant.ledger()) == 1


@pytest.mark.parametrize(("side", "bought_meanwhile"), [("before", 0), ("after", 1)])
def test_hold_keeps_a_call_on_its_side_of_the_commit_until_release(
    account: NewAccount, side: str, bought_meanwhile: int
) -> None:
    tenant = account()
    request = _order_bytes(tenant)
    rule = _plant(tenant, "hold", path=ORDERS, side=side)
    with wire.open_socket(tenant.url) as line:
        line.sendall(request)
        wire.until(lambda: _used(tenant, rule), lambda used: used == 1)
        wire.until(lambda: len(tenant.ledger()), lambda bought: bought == bought_meanwhile)
        line.settimeout(0.3)
        with pytest.raises(socket.timeout):
            line.recv(1)
        assert len(tenant.ledger()) == bought_meanwhile

        tenant.management.post("release", id=rule)

        line.settimeout(10)
        assert wire.read_to_end(line).head.startswith(b"HTTP/1.1 201 ")
    assert len(tenant.ledger()) == 1


def test_hold_before_the_commit_ends_without_a_purchase_when_the_client_goes_away(
    account: NewAccount,
) -> None:
    tenant = account()
    request = _order_bytes(tenant)
    rule = _plant(tenant, "hold", path=ORDERS, side="before")
    line = wire.open_socket(tenant.url)
    line.sendall(request)
    wire.until(lambda: _used(tenant, rule), lambda used: used == 1)

    wire.hang_up(line)
    tenant.management.call("POST", "release", {"id": rule})

    assert tenant.call("GET", "account").status == 200
    assert tenant.ledger() == []


def test_slow_recording_hides_an_order_from_look_ups_for_a_while(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    request = _order_bytes(tenant, "slow")
    _plant(tenant, "slow_recording", path=ORDERS, method="POST", seconds=60)

    cut = wire.exchange(tenant.url, request)

    assert (cut.received, cut.reset) == (b"", True)
    assert len(tenant.ledger()) == 1
    assert tenant.call("GET", "order/alternate/slow").status == 404
    assert tenant.get("order/certificate")["page"]["total"] == 0
    own_sandbox.management.advance(seconds=61)
    assert len(tenant.get("order/alternate/slow")["orders"]) == 1
    assert tenant.get("order/certificate")["page"]["total"] == 1


def test_slow_recording_can_answer_normally(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    _plant(tenant, "slow_recording", path=ORDERS, method="POST", seconds=60, answer=True)

    order = tenant.issue(REFERENCE, reference="slow")

    assert tenant.call("GET", "order/alternate/slow").status == 404
    own_sandbox.management.advance(seconds=61)
    assert tenant.get("order/alternate/slow")["orders"][0]["order_id"] == order["id"]


def test_stale_answers_a_read_as_before_the_last_change(account: NewAccount) -> None:
    tenant = account(auto_approve=False)
    order = tenant.place(ORDER).json()["id"]
    before = tenant.info(order)
    tenant.management.post("approve", ca="digicert", order_id=order)
    _plant(tenant, "stale", path=f"order/certificate/{order}")

    stale, true = tenant.info(order), tenant.info(order)

    assert before["status"] == "needs_approval"
    assert stale == before
    assert true["status"] == "issued"


def test_truncated_promises_more_than_it_sends(account: NewAccount) -> None:
    tenant = account()
    _plant(tenant, "truncated")

    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        tenant.call("GET", "account")


def test_oversized_sends_so_many_bytes(account: NewAccount) -> None:
    tenant = account()
    _plant(tenant, "oversized", bytes=3_000_000)

    assert len(_get_raw(tenant).body) >= 3_000_000


def test_oversized_can_be_a_gzip_bomb(account: NewAccount) -> None:
    tenant = account()
    _plant(tenant, "oversized", bytes=5_000_000, gzip=True)

    answer = tenant.call("GET", "account")

    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) < 100_000
    assert len(gzip.decompress(answer.body)) >= 5_000_000


def test_trickle_sends_one_byte_at_a_time(account: NewAccount) -> None:
    tenant = account()
    _plant(tenant, "trickle", seconds=0.002)
    start = time.monotonic()

    answer = _get_raw(tenant)

    assert answer.head.startswith(b"HTTP/1.1 200 ")
    assert answer.chunks > len(answer.body) / 4
    assert time.monotonic() - start >= 0.002 * len(answer.body) * 0.9


@pytest.mark.parametrize("kind", ["empty", "garbage", "html"])
def test_empty_garbage_and_html_are_200_without_an_answer(account: NewAccount, kind: str) -> None:
    tenant = account()
    _plant(tenant, kind)

    answer = tenant.call("GET", "account")

    assert answer.status == 200
    assert (answer.body == b"") is (kind == "empty")
    assert (b"<html" in answer.body.lower()) is (kind == "html")
    assert not answer.body.startswith(b"{")


def test_redirect_points_elsewhere(account: NewAccount) -> None:
    tenant = account()
    _plant(tenant, "redirect", location="http://127.0.0.1:9/elsewhere")

    answer = tenant.call("GET", "account")

    assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:9/elsewhere")


@pytest.mark.parametrize("retry_after", [None, 9])
def test_rate_limited_is_the_429_of_the_ca(account: NewAccount, retry_after: int | None) -> None:
    tenant = account()
    _plant(tenant, "rate_limited", **({} if retry_after is None else {"retry_after": retry_after}))

    answer = tenant.call("GET", "account")

    assert (answer.status, answer.codes) == (429, ["request_limit_exceeded"])
    assert answer.headers.get("retry-after") == (None if retry_after is None else str(retry_after))


def _used(tenant: Account, rule: int) -> int:
    rules: list[dict[str, Any]] = tenant.management.get("faults")["faults"]
    return int(next(row["used"] for row in rules if row["id"] == rule))


def _statuses(tenant: Account, *calls: tuple[str, str]) -> list[int]:
    return [tenant.call(method, path).status for method, path in calls]


def test_a_rule_skips_calls_and_then_applies_so_many_times(account: NewAccount) -> None:
    tenant = account()
    rule = _plant(tenant, "status", status=500, skip=2, times=3)

    assert _statuses(tenant, *[("GET", "account")] * 7) == [200, 200, 500, 500, 500, 200, 200]
    assert _used(tenant, rule) == 3


def test_a_rule_applies_to_its_method_and_path_and_account_alone(account: NewAccount) -> None:
    tenant, neighbour = account(), account()
    _plant(tenant, "status", status=500, times=None, method="GET", path=r"limit=7$|/me$")

    assert _statuses(tenant, ("GET", "user?limit=7"), ("GET", "user/me"), ("GET", "user")) == [500, 500, 200]
    assert _statuses(tenant, ("GET", "user/me"), ("PUT", "user/me"))[0] == 500
    assert tenant.call("PUT", "user/me").status != 500
    assert neighbour.call("GET", "user/me").status == 200


def test_a_deleted_rule_applies_no_more(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    _plant(tenant, "status", status=500, times=None)
    assert tenant.call("GET", "account").status == 500

    own_sandbox.management.delete("faults")

    assert tenant.call("GET", "account").status == 200


@pytest.mark.parametrize("rule", [{"fault": "no such kind"}, {"fault": "status", "path": "("}, {}])
def test_a_rule_that_makes_no_sense_is_refused(account: NewAccount, rule: dict[str, str]) -> None:
    answer = account().management.call("POST", "faults", rule)

    assert answer.status == 400
    assert answer.json()["error"]

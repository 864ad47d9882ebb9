"""The management door answers as its page says: docs/reference/sandbox.md."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

import dns.message
import dns.query
import dns.rcode
import pytest

from tests.sandbox import wire
from tests.sandbox.certificates import certificates_in, is_self_issued
from tests.sandbox.tenant import ORDER, NewAccount, NewName, Sandbox


def test_every_purchase_is_in_the_ledger_with_its_price(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()

    answer = tenant.management.get(f"ledger?ca=digicert&account={tenant.name}")

    row = answer["orders"][0]
    assert (answer["total"], answer["spent"]) == (1, row["price"])
    assert (row["ca"], row["account"], row["order_id"]) == ("digicert", tenant.name, order["id"])
    assert (row["product"], row["status"]) == ("ssl_basic", "issued")
    assert f"shop.{tenant.domain}" in row["names"]
    assert row["price"] > 0
    counts = {key: row[key] for key in ("certificates", "reissues", "duplicates", "revocations")}
    assert counts == {"certificates": 1, "reissues": 0, "duplicates": 0, "revocations": 0}
    placed = datetime.fromisoformat(row["placed_at"]).replace(microsecond=0)
    assert placed == datetime.fromisoformat(tenant.info(order["id"])["date_created"])


def test_every_call_is_listed_with_its_query_and_status(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    own_sandbox.management.delete("requests")
    tenant.call("GET", "order/certificate?limit=1")
    tenant.call("GET", "no/such")
    own_sandbox.management.fault("drop_before", account=tenant.name)
    with pytest.raises(ConnectionError):
        tenant.call("GET", "account")

    answer = own_sandbox.management.get(f"requests?ca=digicert&account={tenant.name}")

    prefix = urlsplit(tenant.url).path.rstrip("/")
    assert answer["total"] == 3
    assert [(row["method"], row["path"], row["status"]) for row in answer["requests"]] == [
        ("GET", f"{prefix}/order/certificate?limit=1", 200),
        ("GET", f"{prefix}/no/such", 404),
        ("GET", f"{prefix}/account", None),
    ]


def test_the_clock_can_be_set_and_advanced_and_keeps_running(own_sandbox: Sandbox) -> None:
    door = own_sandbox.management
    door.post("clock", now="2027-05-01T00:00:00+00:00")
    first = door.now()
    door.advance(days=1)
    second = door.now()

    assert first.isoformat().startswith("2027-05-01T00:00:")
    assert 86400 <= (second - first).total_seconds() < 86460
    assert wire.until(door.now, lambda now: now > second) > second


def test_the_three_profiles_are_there_from_the_start(own_sandbox: Sandbox) -> None:
    rows = own_sandbox.management.get("accounts")

    assert {row["profile"] for row in rows if row["ca"] == "digicert"} == {"ready", "bare", "readonly"}
    for row in rows:
        assert {"name", "ca", "profile", "url", "settings", "secrets", "organizations", "domains"} <= set(row)
        assert row["url"].startswith(own_sandbox.url)


def test_a_bare_account_has_nothing_validated(account: NewAccount) -> None:
    tenant = account(profile="bare")

    answer = tenant.place(ORDER, name="shop.not-validated.example")

    assert answer.status == 201
    assert tenant.info(answer.json()["id"])["status"] in ("needs_approval", "pending")


def test_the_staff_can_validate_an_organization_and_all_an_order_lacks(account: NewAccount, fresh: NewName) -> None:
    tenant = account()
    order = tenant.pending(fresh())["id"]

    tenant.management.post("validate", ca="digicert", order_id=order)

    assert tenant.info(order)["status"] == "issued"


def test_an_expired_organization_makes_an_order_wait(account: NewAccount) -> None:
    tenant = account()
    number = tenant.organization
    tenant.management.post("expire", ca="digicert", account=tenant.name, organization=number)
    order = tenant.place(ORDER).json()
    assert tenant.info(order["id"])["status"] == "pending"

    tenant.management.post("validate", ca="digicert", account=tenant.name, organization=number)

    assert tenant.info(order["id"])["status"] == "issued"


def test_a_bad_call_is_answered_with_an_error_sentence(account: NewAccount) -> None:
    door = account().management

    for method, path, body in (
        ("GET", "no/such", None),
        ("POST", "clock", {"now": "yesterday"}),
        ("POST", "accounts", {"ca": "nobody"}),
        ("POST", "accounts", {"ca": "digicert", "no_such_switch": True}),
        ("PATCH", "accounts/nobody", {"role": "standard"}),
        ("POST", "approve", {"ca": "digicert", "order_id": 1}),
        ("POST", "release", {"id": 999999}),
    ):
        answer = door.call(method, path, body)
        assert answer.status in (400, 404), (method, path, answer)
        assert type(answer.json()["error"]) is str


def _ask(address: str, name: str, kind: str, *, tcp: bool = False) -> dns.message.Message:
    host, _, port = address.rpartition(":")
    query = dns.message.make_query(name, kind)
    ask = dns.query.tcp if tcp else dns.query.udp
    return ask(query, host, port=int(port), timeout=5)


def test_the_dns_server_answers_its_records_over_udp_and_tcp(account: NewAccount, fresh: NewName) -> None:
    door, name = account().management, fresh()
    door.txt(name, "one value")
    door.txt(name, "x" * 300)
    address = door.get("dns")["address"]

    answers = [_ask(address, name, "TXT", tcp=tcp) for tcp in (False, True)]

    for answer in answers:
        texts = {b"".join(record.strings) for rows in answer.answer for record in rows}
        assert texts == {b"one value", b"x" * 300}
    assert _ask(address, f"other.{name}", "A").answer[0][0].address == "127.0.0.1"
    assert _ask(address, f"other.{name}", "TXT").rcode() == dns.rcode.NXDOMAIN


def test_a_deleted_record_is_gone(account: NewAccount, fresh: NewName) -> None:
    door, name = account().management, fresh()
    door.txt(name, "here")
    door.txt(name, "there")

    door.delete("dns", {"name": name, "type": "TXT", "value": "here"})

    values = [row["value"] for row in door.get("dns")["records"] if row["name"] == name]
    assert values == ["there"]


def test_the_roots_are_self_issued_certificates(account: NewAccount) -> None:
    roots = certificates_in(account().management.call("GET", "roots").body)

    assert roots
    assert all(is_self_issued(root) for root in roots)

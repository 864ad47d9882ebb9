"""Webhooks and the dated rules of public TLS: contract tests 82 to 84 of the CA's reference.

Of 82 the server's half is here; that a wrong key is refused, a repeat changes nothing and polling makes
up for a missed delivery is in tests/contract_client.
"""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.sandbox import wire
from tests.sandbox.certificates import certificates_in, lifetime_days
from tests.sandbox.listeners import WebhookReceiver
from tests.sandbox.tenant import ORDER, Account, NewAccount, NewName, Sandbox

PROFILE = """{"certificate":{"common_name":"$name","csr":"$csr","profile_option":"server_client_auth_eku"},
"organization":{"id":$organization},"order_validity":{"years":1}}"""
HOOK = """{"endpoint":"$endpoint","secret":"$secret","events":["certificate_issued","certificate_revoked"],
"webhook_settings":{$settings}}"""
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


def _hook(tenant: Account, receiver: WebhookReceiver, settings: str = "") -> int:
    body = wire.fill(HOOK, endpoint=receiver.url, secret=receiver.secret, settings=settings)
    answer = tenant.call("POST", "webhook", body)
    assert answer.status == 201, answer
    return int(answer.json()["webhook_id"])


def _activate(tenant: Account, receiver: WebhookReceiver, hook: int) -> None:
    sent = tenant.put(f"webhook/{hook}/send-challenge")
    assert sent.status in (200, 201, 204), sent
    challenge = receiver.next().json()
    assert challenge["event"] == "challenge_webhook_endpoint"
    token = str(challenge["data"]["token"]).encode()
    assert tenant.put(f"webhook/{hook}/check-challenge", b'{"token":"%s"}' % token).status in (200, 204)
    assert tenant.put(f"webhook/{hook}/activate").status == 204


def _validated(tenant: Account, name: str) -> dict[str, Any]:
    order = tenant.pending(name)
    tenant.management.post("validate", ca="digicert", order_id=order["id"])
    assert tenant.info(order["id"])["status"] == "issued"
    return order


def test_82_a_delivery_carries_the_secret_and_names_order_and_certificate(
    account: NewAccount, fresh: NewName, receiver: WebhookReceiver
) -> None:
    tenant = account()
    _activate(tenant, receiver, _hook(tenant, receiver))

    order = _validated(tenant, fresh())

    delivery = receiver.next()
    assert delivery.headers["x-webhook-key"] == receiver.secret
    assert delivery.headers["content-type"].split(";")[0] == "application/json"
    assert delivery.json() == {
        "event": "certificate_issued",
        "data": {"order_id": order["id"], "certificate_id": order["certificate_id"]},
    }


def test_82_a_delivery_can_carry_the_chain(account: NewAccount, fresh: NewName, receiver: WebhookReceiver) -> None:
    tenant = account()
    _activate(tenant, receiver, _hook(tenant, receiver, '"webhook_send_certificate_chain":"1"'))

    _validated(tenant, fresh())

    chain = receiver.next().json()["data"]["certificate_chain"]
    assert len(chain) >= 2
    assert chain[0]["pem"].endswith("-----END CERTIFICATE-----\r\n")


@pytest.mark.parametrize("asked", [False, True])
def test_82_an_instantly_issued_certificate_is_delivered_only_when_asked(
    account: NewAccount, fresh: NewName, receiver: WebhookReceiver, asked: bool
) -> None:
    tenant = account()
    settings = '"instant_issue_webhook_notification":"1"' if asked else ""
    _activate(tenant, receiver, _hook(tenant, receiver, settings))

    instant = tenant.issue()["id"]
    later = _validated(tenant, fresh())["id"]

    wanted = [instant, later] if asked else [later]
    assert [receiver.next().json()["data"]["order_id"] for _ in wanted] == wanted
    assert receiver.is_quiet()


def test_82_a_webhook_that_is_not_activated_delivers_nothing(
    account: NewAccount, fresh: NewName, receiver: WebhookReceiver
) -> None:
    tenant = account()
    hook = _hook(tenant, receiver)
    _validated(tenant, fresh())
    assert receiver.is_quiet()
    assert tenant.put(f"webhook/{hook}/send-challenge").status in (200, 201, 204)
    assert receiver.next().json()["event"] == "challenge_webhook_endpoint"

    answer = tenant.put(f"webhook/{hook}/check-challenge", b'{"token":"wrong"}')

    assert (answer.status, answer.codes) == (400, ["webhook_invalid_token"])


def test_82_deliveries_are_listed_and_can_be_repeated(own_sandbox: Sandbox, receiver: WebhookReceiver) -> None:
    tenant = own_sandbox.account()
    _activate(tenant, receiver, _hook(tenant, receiver))
    _validated(tenant, "hooked.example")
    first = receiver.next()

    def listed() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = own_sandbox.management.get("webhooks")["deliveries"]
        return [row for row in rows if row["event"] == "certificate_issued"]

    rows = wire.until(listed, lambda found: len(found) == 1 and found[0]["status"] is not None)
    assert (rows[0]["url"], rows[0]["status"]) == (receiver.url, 200)
    own_sandbox.management.post("webhooks/redeliver")
    repeated = receiver.next()
    while repeated.json()["event"] != "certificate_issued":
        repeated = receiver.next()
    assert repeated.body == first.body


@pytest.mark.parametrize(
    ("now", "least", "most"),
    [
        ("2026-02-23T10:00:00+00:00", 200, 397),
        ("2026-02-24T10:00:00+00:00", 190, 199),
        ("2027-03-16T10:00:00+00:00", 90, 100),
        ("2029-03-16T10:00:00+00:00", 40, 47),
    ],
)
def test_83_the_longest_public_certificate_depends_on_the_date(
    own_sandbox: Sandbox, now: str, least: int, most: int
) -> None:
    own_sandbox.management.post("clock", now=now)
    tenant = own_sandbox.account()

    order = tenant.issue()

    leaf = certificates_in(order["certificate_chain"][0]["pem"])[0]
    assert leaf.not_valid_before_utc <= own_sandbox.management.now() < leaf.not_valid_after_utc
    assert least <= lifetime_days(leaf) <= most


def _usages(tenant: Account, template: str) -> set[x509.ObjectIdentifier]:
    order = tenant.issue(template)
    leaf = certificates_in(order["certificate_chain"][0]["pem"])[0]
    return set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_84_public_certificates_are_for_servers_alone_unless_asked(account: NewAccount) -> None:
    tenant = account()

    assert _usages(tenant, ORDER) == {SERVER}
    assert _usages(tenant, PROFILE) == {SERVER, CLIENT}


def test_84_from_march_2027_client_use_is_gone(own_sandbox: Sandbox) -> None:
    own_sandbox.management.post("clock", now="2027-03-02T10:00:00+00:00")
    tenant = own_sandbox.account()
    assert _usages(tenant, ORDER) == {SERVER}

    answer = tenant.place(PROFILE)

    assert answer.status in (201, 400)
    if answer.status == 201:
        leaf = certificates_in(answer.json()["certificate_chain"][0]["pem"])[0]
        assert set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == {SERVER}

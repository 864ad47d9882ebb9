"""What Sectigo pushes is a hint: it says when to look, and only the look changes anything."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.cli.fixtures import NewResellerShop
from tests.cli.server import Server, serving
from tests.cli.tenant import ResellerShop

PATH = "/push/sectigo/main"


@pytest.fixture
def password() -> str:
    """The password in the URL that the CA's account manager was given."""
    return secrets.token_urlsafe(24)


@pytest.fixture
def pushed(new_reseller_shop: NewResellerShop, tmp_path: Path, password: str) -> ResellerShop:
    """An account that takes pushes and would else look once an hour, at a CA that validates nothing by itself."""
    path = tmp_path / "webhook"
    path.touch(mode=0o600)
    path.write_text(password)
    shop = new_reseller_shop("--secret", f"webhook_secret=@{path}", dcv="never")
    shop.program.run("account", "change", "main", "--set", "poll_seconds=3600").expect(0)
    return shop


def _event(order: dict[str, Any], **more: str) -> dict[str, str]:
    issued = {"status": "issued", "statusCode": "6", "statusDesc": "Valid"}
    numbers = {"orderNumber": order["ca_order_id"], "certificateID": order["ca_certificate_id"]}
    return {**numbers, "eventType": "Certificate", **issued, **more}


def _get(server: Server, event: dict[str, str], password: str) -> int:
    return server.ask("GET", f"{PATH}?{urlencode(event)}", password=password)


def _post(server: Server, event: dict[str, str], password: str) -> int:
    return server.ask("POST", PATH, urlencode(event).encode(), password=password)


def _prove(shop: ResellerShop, order: dict[str, Any]) -> None:
    """The CA is content; nobody tells us."""
    shop.tenant.management.post("validate", ca="sectigo", order_id=int(order["ca_order_id"]), what="domain_control")


def _looks(shop: ResellerShop, more_than: int) -> int:
    """How often CollectSSL was called, once that is more than so often."""
    latest = time.monotonic() + 20
    while (count := shop.tenant.calls("CollectSSL")) <= more_than:
        assert time.monotonic() < latest, shop.tenant.requests()
        time.sleep(0.05)  # the CA's log can only be asked
    return count


@pytest.mark.parametrize("send", [_get, _post], ids=["GET", "POST with the certificate"])
def test_a_push_brings_the_look_that_brings_the_certificate(
    send: Any, pushed: ResellerShop, password: str, tmp_path: Path
) -> None:
    order = pushed.pending("--reference", "hinted")
    more = {"certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"} if send is _post else {}
    with serving(pushed.program, tmp_path / "serve.log") as server:
        _prove(pushed, order)

        assert send(server, _event(order, **more), password) == 200

        done = pushed.program.run("order", "wait", "hinted", "30", "--json").expect(0).json()
        assert done["state"] == "issued"
        for _ in range(5):  # replayed
            assert send(server, _event(order), password) == 200
        early = _event(order, status="awaitingvalidation", statusCode="", statusDesc="Awaiting Validation")
        assert send(server, early, password) == 200, "reordered"
        assert pushed.order("hinted")["state"] == "issued"
        assert len(pushed.certificates()) == 1
        assert server.stop() == 0, server.log.read_text()
    assert password not in server.log.read_text()


def test_who_has_not_the_password_is_turned_away_and_wakes_nobody(
    pushed: ResellerShop, password: str, tmp_path: Path
) -> None:
    order = pushed.pending("--reference", "hinted")
    looks = pushed.tenant.calls("CollectSSL")
    with serving(pushed.program, tmp_path / "serve.log") as server:
        for send in (_get, _post):
            assert send(server, _event(order), "") == 401
            assert send(server, _event(order), "wrong-" + password) == 401
        assert server.ask("GET", f"/push/sectigo/nobody?{urlencode(_event(order))}", password=password) == 404
        assert server.ask("POST", f"/push/digicert/main?{urlencode(_event(order))}", password=password) in (401, 404)
        assert server.ask("PUT", PATH, password=password) == 405
        assert server.ask("GET", PATH, password=password) == 400, "no event"
        assert server.ask("POST", PATH, b"\xff\xfe", password=password) == 400

    assert "push refused" in server.log.read_text()
    assert pushed.tenant.calls("CollectSSL") == looks


def test_what_is_not_true_not_ours_or_not_known_changes_nothing(
    pushed: ResellerShop, password: str, tmp_path: Path
) -> None:
    order = pushed.pending("--reference", "hinted")
    with serving(pushed.program, tmp_path / "serve.log") as server:
        looks = pushed.tenant.calls("CollectSSL")
        unknown = {"ca_order_id": "799999999", "ca_certificate_id": "1"}
        assert _get(server, _event(unknown), password) == 200
        assert _get(server, {**_event(order), "eventType": "MasterAccount"}, password) == 200
        assert _get(server, _event(order), password) == 200, "a lie"

        _looks(pushed, looks)

        after = pushed.order("hinted")
        assert (after["state"], after["waiting_for"]) == ("pending", "domain_control")
        assert pushed.certificates() == []
        assert pushed.tenant.calls("CollectSSL") == looks + 1, "the other two woke nobody"
        assert _get(server, {**_event(order), "eventType": "SomethingNew"}, password) == 200
        _looks(pushed, looks + 1)


@pytest.mark.parametrize("certificates", [False, True], ids=["GET", "POST with certificates"])
def test_the_cas_own_push_finishes_an_order(
    certificates: bool, pushed: ResellerShop, password: str, tmp_path: Path
) -> None:
    order = pushed.pending("--reference", "hinted")
    other = pushed.pending("--reference", "other")
    with serving(pushed.program, tmp_path / "serve.log") as server:
        url = f"http://127.0.0.1:{server.port}{PATH}"
        pushed.tenant.account.switch(
            push_url=url, push_user="sectigo", push_password=password, push_certificates=certificates
        )

        _prove(pushed, order)

        done = pushed.program.run("order", "wait", "hinted", "30", "--json").expect(0).json()
        assert done["state"] == "issued"
        pushed.tenant.account.switch(push_password="wrong")
        _prove(pushed, other)
        latest = time.monotonic() + 20
        while "push refused" not in server.log.read_text():
            assert time.monotonic() < latest, server.log.read_text()
            time.sleep(0.05)  # a log cannot be awaited
        assert pushed.order("other")["state"] == "pending"

"""``certwright serve``: what a CA pushes is a hint; forged, replayed and unknown ones change nothing."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.cli.server import serving
from tests.cli.tenant import QUICK, Shop, Tenant
from tests.sandbox.tenant import Sandbox


@pytest.fixture
def key() -> str:
    """The secret that the CA was given for its deliveries."""
    return secrets.token_urlsafe(32)


@pytest.fixture
def pushed(sandbox: Sandbox, program: Program, tmp_path: Path, key: str) -> Shop:
    """An installation whose account has a webhook secret, at a CA that validates nothing by itself."""
    tenant = Tenant(sandbox.account(dcv="look"), tmp_path)
    words = tenant.add_words("main", *QUICK, "--secret", f"webhook_secret={tenant.file('webhook', key)}")
    program.run(*words).expect(0)
    return Shop(tenant, program)


def _prove(shop: Shop, order: dict[str, object]) -> None:
    """The CA is satisfied; nobody tells us."""
    proof = order["proofs"][0]  # type: ignore[index]
    shop.tenant.account.management.txt(proof["where"], proof["value"])
    answer = shop.tenant.account.put(f"order/certificate/{order['ca_order_id']}/check-dcv", b"")
    assert answer.status == 200, answer


def test_only_a_genuine_push_makes_us_look_and_only_the_look_changes_anything(
    pushed: Shop, key: str, tmp_path: Path
) -> None:
    order = pushed.pending("--reference", "hinted")
    other = pushed.pending("--reference", "other")
    event = {"event": "certificate_issued", "data": {"order_id": int(order["ca_order_id"]), "status": "issued"}}
    lie = {"event": "certificate_issued", "data": {"order_id": int(other["ca_order_id"]), "status": "issued",
           "certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"}}  # fmt: skip
    with serving(pushed.program, tmp_path / "serve.log") as server:
        _prove(pushed, order)
        assert server.push(event, "x" * 43) == 401, "forged"
        assert server.ask("POST", "/push/digicert/main", json.dumps(event).encode()) == 401, "without a key"
        assert server.push(event, key, account="nobody") == 404
        assert server.ask("GET", "/push/digicert/main") == 401
        assert server.ask("PUT", "/push/digicert/main") == 405
        assert server.ask("POST", "/push/digicert/main", b"<xml/>", key) == 400
        assert server.ask("POST", "/push/digicert/main", b"x" * 2_000_000, key) in (0, 413)

        for _ in range(10):  # replays are harmless
            assert server.push(event, key) == 200
        assert server.push({"event": "certificate_issued", "data": {"order_id": 1}}, key) == 200, "unknown: no effect"
        assert server.push(lie, key) == 200
        done = pushed.program.run("order", "wait", "hinted", "30", "--json").expect(0).json()

        assert done["state"] == "issued"
        assert pushed.order("other")["state"] == "pending", "what a push says is not believed"
        assert len(pushed.certificates()) == 1
        assert server.stop() == 0, server.log.read_text()
    logged = server.log.read_text()
    assert "push refused" in logged
    assert key not in logged
    assert pushed.tenant.account.key not in logged


def test_without_a_webhook_secret_there_is_no_push_endpoint(shop: Shop, tmp_path: Path) -> None:
    with serving(shop.program, tmp_path / "serve.log") as server:
        assert server.push({"event": "certificate_issued"}, "x" * 43) == 404
        placed = shop.issued()

    assert placed["state"] == "issued", "the engine is at work in it"

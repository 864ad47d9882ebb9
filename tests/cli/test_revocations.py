"""Revoked elsewhere: a CRL or a responder tells, the inventory shows it, and a place that serves it still is found."""

from __future__ import annotations

import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fixtures import NewShop
from tests.cli.program import Program
from tests.cli.tenant import Shop
from tests.sandbox.tenant import Sandbox
from tests.scan.servers import Servers, serving


@pytest.fixture
def servers() -> Iterator[Servers]:
    """TLS servers on loopback."""
    with serving() as started:
        yield started


@pytest.fixture
def shop(new_shop: NewShop) -> Shop:
    """An installation that may connect to loopback, where the sandbox publishes its CRLs."""
    opened = new_shop()
    opened.program.environment["CERTWRIGHT_SCAN_ALLOW"] = "127.0.0.0/8"
    return opened


def staff(shop: Shop, order: dict[str, Any], act: str, **more: object) -> None:
    """The CA acts by itself."""
    shop.tenant.management.post("staff", ca="digicert", order_id=int(order["ca_order_id"]), act=act, **more)


def ask(program: Program) -> Any:
    """Ask the issuers."""
    return program.run("cert", "check-revocation", "--json").expect(0).json()


def shown(program: Program, fingerprint: str) -> Any:
    """The certificate as it is known."""
    return program.run("cert", "show", fingerprint, "--json").expect(0).json()


def serve(shop: Shop, servers: Servers, fingerprint: str, folder: Path) -> int:
    """Serve a certificate of the inventory with its key; the port."""
    file = folder / "served.pem"
    shop.program.run("cert", "export", fingerprint, "--key", "--out", str(file)).expect(0)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return servers.tls(context)


def test_what_the_ca_revokes_by_itself_is_revoked_here_and_a_finding_where_it_is_served(
    shop: Shop, servers: Servers, tmp_path: Path
) -> None:
    order = shop.issued()
    place = f"127.0.0.1:{serve(shop, servers, order['certificate'], tmp_path)}"
    shop.program.run("scan", "once", place).expect(0)
    assert ask(shop.program) == {"asked": 1, "revoked": 0, "unknown": 0, "troubles": {}}
    staff(shop, order, "revoke", reason="keyCompromise")
    assert ask(shop.program)["asked"] == 0  # it was asked about a moment ago

    forget_when_asked(shop.program)
    assert ask(shop.program)["revoked"] == 1

    certificate = shown(shop.program, order["certificate"])
    assert (certificate["state"], certificate["revocation_reason"]) == ("revoked", "keyCompromise")
    assert certificate["revoked_at"] is not None
    shop.program.run("cert", "judge").expect(0)
    (line,) = shop.program.run("cert", "list", "--finding", "revoked_but_served", "--json").expect(0).lines()
    assert (line["fingerprint"], line["severity"]) == (order["certificate"], "error")


def test_where_there_is_no_crl_the_responder_tells(shop: Shop, own_sandbox_publishing: None) -> None:
    order = shop.issued()
    staff(shop, order, "revoke", reason="superseded")
    rule = shop.tenant.management.fault("status", ca="publication", path="/crl/", status=503)
    try:
        assert ask(shop.program) == {"asked": 1, "revoked": 1, "unknown": 0, "troubles": {}}
    finally:
        shop.tenant.management.delete("faults", {"id": rule})
    assert shown(shop.program, order["certificate"])["revocation_reason"] == "superseded"


def test_what_nobody_tells_is_not_taken_for_good(shop: Shop) -> None:
    order = shop.issued()
    staff(shop, order, "revoke", reason="superseded")
    rule = shop.tenant.management.fault("truncated", ca="publication", path="/crl/")
    try:
        came = ask(shop.program)
    finally:
        shop.tenant.management.delete("faults", {"id": rule})
    assert (came["asked"], came["revoked"], came["unknown"]) == (1, 0, 1)
    assert list(came["troubles"].values()) == [1]
    assert told_at(shop.program) == [None]
    assert shown(shop.program, order["certificate"])["state"] == "valid"


def test_without_permission_no_address_of_ours_is_connected_to(new_shop: NewShop) -> None:
    shop = new_shop()
    shop.issued()
    before = len(shop.tenant.management.get("requests?ca=publication")["requests"])
    came = ask(shop.program)
    assert (came["revoked"], came["unknown"]) == (0, 1)
    assert all("loopback" in why for why in came["troubles"])
    assert len(shop.tenant.management.get("requests?ca=publication")["requests"]) == before


@pytest.fixture
def own_sandbox_publishing(sandbox: Sandbox) -> Iterator[None]:
    """Certificates name a responder while the test runs."""
    sandbox.management.post("publishing", ocsp=True)
    yield
    sandbox.management.post("publishing", ocsp=False)


def forget_when_asked(program: Program) -> None:
    """As if half a day had passed."""
    with closing(sqlite3.connect(program.home / "certwright.sqlite", timeout=30)) as database:
        database.execute("UPDATE certificate SET revocation_asked_at = NULL")
        database.commit()


def told_at(program: Program) -> list[Any]:
    """When issuers told of each leaf."""
    with closing(sqlite3.connect(program.home / "certwright.sqlite", timeout=30)) as database:
        return [row[0] for row in database.execute("SELECT revocation_told_at FROM certificate WHERE is_leaf")]

"""Orders that were placed elsewhere: taken over page by page, again and again, through interruptions; and reported."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from typing import Any

from tests.cli.fixtures import NewResellerShop
from tests.cli.tenant import ResellerShop

PAGES = ("--set", "report_page=50")


def _import(shop: ResellerShop, *more: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = shop.program.run("account", "import", "main", "--json", *more).expect(code).json()
    return found


def _reported(shop: ResellerShop, *words: str) -> list[dict[str, Any]]:
    return shop.program.run("order", "report", *words, "--json").expect(0).lines()


def test_everything_is_taken_over_once_and_again_changes_nothing(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(*PAGES, orders=40)

    first = _import(shop)
    stored = _reported(shop)
    again = _import(shop)

    assert (first["new"], first["changed"], first["known"]) == (40, 0, 0)
    assert (again["new"], again["changed"], again["known"]) == (0, 0, 40)
    assert (first["missing"], again["certificates"]) == ([], 0)
    assert first["certificates"] == len(shop.certificates()) > 10
    assert _reported(shop) == stored
    assert {row["ca_order_id"] for row in stored} == {row["orderNumber"] for row in shop.tenant.account.report()}
    assert {row["state"] for row in stored} >= {"issued", "pending"}
    calls = {row["path"].rpartition("/")[2] for row in shop.tenant.requests()}
    assert calls == {"!WebHostReport", "CollectSSL"}, "nothing but looking"


def test_what_has_changed_at_the_ca_is_changed_here(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(orders=10)
    _import(shop, "--no-certificates")
    assert shop.certificates() == []
    (order,) = [row for row in _reported(shop) if row["state"] == "issued"][:1]
    told = shop.tenant.account.call("AutoRevokeSSL", orderNumber=order["ca_order_id"], revocationReason="elsewhere")
    assert told.code == 0, told
    shop.tenant.account.buy("new.meadow.example")

    again = _import(shop, "--no-certificates")

    assert (again["new"], again["changed"], again["known"]) == (1, 1, 9)


def test_an_import_that_is_killed_goes_on_where_it_was(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(*PAGES, orders=1000)
    shop.tenant.fault("latency", path="WebHostReport", seconds=0.1, times=None)
    words = ["account", "import", "main", "--no-certificates", "--json"]
    before = shop.tenant.calls("WebHostReport")
    session = shop.program.zygote.start(shop.program.home, [words])
    latest = time.monotonic() + 30
    while shop.tenant.calls("WebHostReport") < before + 8:
        assert time.monotonic() < latest
        time.sleep(0.02)  # the CA's log can only be asked
    os.kill(session.pid, signal.SIGKILL)
    assert os.WTERMSIG(session.wait()) == signal.SIGKILL
    kept = len(_reported(shop))
    assert 0 < kept < 1000
    before = shop.tenant.calls("WebHostReport")

    rest = _import(shop, "--no-certificates")

    assert kept + rest["new"] == 1000
    assert len({row["ca_order_id"] for row in _reported(shop)}) == 1000
    assert shop.tenant.calls("WebHostReport") - before < 1000 // 50, "it has not begun anew"


def test_an_import_that_the_ca_interrupts_goes_on_where_it_was(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(*PAGES, orders=300)
    shop.tenant.fault("status", path="WebHostReport", skip=3, times=10, status=503)

    broken = shop.program.run("account", "import", "main", "--no-certificates")
    assert broken.code == 3, broken
    kept = len(_reported(shop))
    assert 0 < kept < 300
    shop.tenant.management.delete("faults")
    shop.program.run("account", "enable", "main").expect(0)

    rest = _import(shop, "--no-certificates")
    anew = _import(shop, "--no-certificates", "--again")

    assert kept + rest["new"] == 300
    assert (anew["new"], anew["changed"], anew["known"]) == (0, 0, 300)


def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop("--set", "report_page=1000", orders=5200)
    words = [sys.executable, "-m", "certwright", "account", "import", "main", "--no-certificates"]

    lines = shop.program.run("account", "import", "main", "--no-certificates").expect(0)
    ours, theirs = pty.openpty()
    environment = shop.program.full_environment(TERM="xterm")
    with subprocess.Popen(words, env=environment, stderr=theirs, stdout=subprocess.DEVNULL) as process:
        os.close(theirs)
        seen = b""
        try:
            while piece := os.read(ours, 65536):
                seen += piece
        except OSError:  # the other side is closed
            pass
        os.close(ours)
    assert process.returncode == 0

    assert "orders: 5000 of 5200" in lines.err
    assert "5200 CA orders are new" in lines.out
    assert b"\r" in seen
    assert b"5200/5200" in seen


def test_an_imported_certificate_is_revoked_and_reissued_like_one_of_ours(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop()
    bought = [shop.tenant.account.buy(shop.tenant.fresh_name()) for _ in range(2)]
    assert _import(shop)["certificates"] == 2
    by_order = {entry["ca_order_id"]: entry for entry in shop.certificates()}
    revoked, reissued = (by_order[order.number] for order in bought)
    assert {entry["key"] for entry in by_order.values()} == {None}

    shop.program.run("cert", "revoke", revoked["fingerprint"], "--reason", "superseded", "--wait", "20").expect(0)
    told = shop.program.run("cert", "reissue", reissued["fingerprint"]).expect(1).told
    assert "--csr" in told
    assert "--key" in told
    words = ["cert", "reissue", reissued["fingerprint"], "--key", "software:ec-p256", "--wait", "20", "--json"]
    again = shop.program.run(*words).expect(0).json()

    assert again["state"] == "issued"
    states = {entry["fingerprint"]: entry["state"] for entry in shop.certificates()}
    assert (states[revoked["fingerprint"]], states[again["certificate"]]) == ("revoked", "valid")
    assert "PRIVATE KEY" in shop.program.run("cert", "export", again["certificate"], "--key").expect(0).out
    assert [(row["reissues"], row["revocations"]) for row in shop.tenant.ledger()] == [(0, 1), (1, 0)]


def test_orders_of_ours_are_not_taken_for_anybody_elses(reseller_shop: ResellerShop) -> None:
    ours = reseller_shop.issued()

    collected = reseller_shop.tenant.calls("CollectSSL")
    taken = _import(reseller_shop)

    assert reseller_shop.tenant.calls("CollectSSL") == collected, "its certificate is here already"
    assert (taken["new"], taken["certificates"]) == (1, 0)
    (entry,) = reseller_shop.certificates()
    assert (entry["fingerprint"], entry["order"]) == (ours["certificate"], ours["id"])


def test_a_certificate_that_was_revoked_elsewhere_is_marked_revoked_by_the_next_import(
    reseller_shop: ResellerShop,
) -> None:
    ours = reseller_shop.issued()
    _import(reseller_shop)
    told = reseller_shop.tenant.account.call(
        "AutoRevokeSSL", orderNumber=ours["ca_order_id"], revocationReason="elsewhere"
    )
    assert told.code == 0, told

    _import(reseller_shop)

    assert [entry["state"] for entry in reseller_shop.certificates()] == ["revoked"]


def test_a_report_shows_one_order_many_or_all(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(orders=12)
    numbers = [row["orderNumber"] for row in shop.tenant.account.report()]
    assert _reported(shop) == [], "nothing is imported yet"

    one = _reported(shop, numbers[3], "--account", "main")
    many = _reported(shop, *numbers[:5], "--account", "main")
    _import(shop, "--no-certificates")

    assert [row["ca_order_id"] for row in one] == [numbers[3]]
    assert sorted(row["ca_order_id"] for row in many) == sorted(numbers[:5])
    assert sorted(row["ca_order_id"] for row in _reported(shop)) == sorted(numbers)
    issued = _reported(shop, "--state", "issued")
    assert {row["state"] for row in issued} == {"issued"}
    assert numbers[0] in shop.program.run("order", "report").expect(0).told
    assert "Give --account" in shop.program.run("order", "report", numbers[0]).expect(1).err

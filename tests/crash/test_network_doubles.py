"""The network delivers the paid call twice: the second CA order is found and withdrawn, or a person is alarmed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.cli.tenant import OFTEN, QUICK, SectigoTenant, Shop, Tenant
from tests.crash.twice import TwiceProxy
from tests.sandbox.tenant import Sandbox


def _shop(proxy: TwiceProxy, sandbox: Sandbox, program: Program, folder: Path) -> Shop:
    """The account is added with the URL of the proxy."""
    tenant = Tenant(sandbox.account(rate_limit=False, dcv="never"), folder)
    tenant.account.element["url"] = proxy.url
    program.run(*tenant.add_words("main", *QUICK)).expect(0)
    return Shop(tenant, program)


def test_the_newer_of_two_pending_ca_orders_is_cancelled(sandbox: Sandbox, program: Program, tmp_path: Path) -> None:
    with TwiceProxy(sandbox.url + "/services/v2", "ssl_basic") as proxy:
        shop = _shop(proxy, sandbox, program, tmp_path)
        order = shop.pending("--reference", "twice")
        assert [row["status"] for row in shop.tenant.ledger("twice")] == ["pending", "pending"]

        checked = shop.program.run("order", "check", "twice", "--json").expect(0)

        rows = shop.tenant.ledger("twice")
        assert [row["status"] for row in rows] == ["pending", "canceled"], checked
        assert order["ca_order_id"] == checked.json()["ca_order_id"] == str(rows[0]["order_id"])
        assert "second order with this reference" in checked.err


def test_a_second_issued_ca_order_that_cannot_be_cancelled_is_an_alarm(
    sandbox: Sandbox, program: Program, tmp_path: Path
) -> None:
    with TwiceProxy(sandbox.url + "/services/v2", "ssl_basic") as proxy:
        shop = _shop(proxy, sandbox, program, tmp_path)
        order = shop.issued("--reference", "twice")
        assert len(shop.tenant.ledger("twice")) == 2

        checked = shop.program.run("order", "check", "twice", "--json").expect(0)

        assert "second order with this reference" in checked.err
        assert "ALARM" in checked.err
        journal = [line["note"] for line in shop.order("twice")["journal"]]
        assert any("ALARM" in note for note in journal), journal
        assert checked.json()["certificate"] == order["certificate"]


@pytest.mark.parametrize("latter", [False, True], ids=["first answer", "second answer"])
def test_a_reseller_order_that_arrives_twice_is_bought_once_whichever_answer_comes_back(
    latter: bool, sandbox: Sandbox, program: Program, tmp_path: Path
) -> None:
    tenant = SectigoTenant.at(sandbox, tmp_path)
    with TwiceProxy(sandbox.url, "AutoApplySSL", latter=latter) as proxy:
        tenant.account.element["url"] = proxy.url
        program.run(*tenant.add_words("main", *QUICK, *OFTEN)).expect(0)
        shop = Shop(tenant, program)

        order = shop.issued("--reference", "twice")

        assert tenant.calls("AutoApplySSL") == 2
        (bought,) = tenant.ledger()
        assert (bought["reference"], str(bought["order_id"])) == ("twice", order["ca_order_id"])
        checked = program.run("order", "check", "twice", "--json").expect(0)
        assert "second order" not in checked.err
        assert [intent["outcome"] for intent in shop.order("twice")["intents"]] == ["done"]


def test_a_replacement_that_arrives_twice_brings_one_certificate_here(
    sandbox: Sandbox, program: Program, tmp_path: Path
) -> None:
    tenant = SectigoTenant.at(sandbox, tmp_path)
    with TwiceProxy(sandbox.url, "AutoReplaceSSL") as proxy:
        tenant.account.element["url"] = proxy.url
        program.run(*tenant.add_words("main", *QUICK, *OFTEN)).expect(0)
        shop = Shop(tenant, program)
        first = shop.issued()

        words = ["cert", "reissue", first["certificate"], "--wait", "20", "--json"]
        again = program.run(*words).expect(0).json()

        assert again["state"] == "issued"
        assert len(shop.certificates()) == 2
        (bought,) = tenant.ledger()
        assert bought["price"] == 9, "a replacement costs nothing, be it asked for twice"

"""Orders at a reseller login: what they cost in calls, which names they hold, and what the CA has no word for."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509

from tests.cli.fixtures import NewResellerShop
from tests.cli.program import Running
from tests.cli.tenant import ResellerShop

MULTI, WILDCARD, MULTI_WILDCARD = "279", "289", "279"


def _names(shop: ResellerShop, order: dict[str, Any]) -> set[str]:
    pem = shop.program.run("cert", "export", order["certificate"], "--leaf-only").expect(0).out
    found = x509.load_pem_x509_certificate(pem.encode()).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return set(found.value.get_values_for_type(x509.DNSName))


def test_one_command_orders_and_waits_in_two_calls_of_the_login(reseller_shop: ResellerShop) -> None:
    before = len(reseller_shop.tenant.requests())

    order = reseller_shop.issued("--reference", "R-1")

    calls = [row["path"].rpartition("/")[2] for row in reseller_shop.tenant.requests()[before:]]
    assert calls == ["!AutoApplySSL", "CollectSSL"]
    (bought,) = reseller_shop.tenant.ledger()
    assert (bought["reference"], bought["product"], str(bought["order_id"])) == ("R-1", "287", order["ca_order_id"])
    assert reseller_shop.order("R-1")["id"] == reseller_shop.order(order["ca_order_id"])["id"]


@pytest.mark.parametrize("www_first", [False, True])
def test_a_name_and_its_www_are_one_order_and_one_record(www_first: bool, new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    shop.program.run(*shop.tenant.target_words()).expect(0)
    name = shop.tenant.fresh_name()
    ordered = f"www.{name}" if www_first else name

    order = shop.issued(name=ordered)

    assert _names(shop, order) == {name, f"www.{name}"}
    assert shop.tenant.records() == []


def test_a_wildcard_is_proven_at_its_base(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    shop.program.run(*shop.tenant.target_words()).expect(0)
    name = shop.tenant.fresh_name()

    order = shop.issued("--product", WILDCARD, name=f"*.{name}")

    assert f"*.{name}" in _names(shop, order)
    assert shop.tenant.records() == []


def test_ten_names_of_one_order_are_all_published_and_proven(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    shop.program.run(*shop.tenant.target_words()).expect(0)
    names = [f"n{number}.{shop.tenant.fresh_name()}" for number in range(10)]
    words = [word for name in names[1:] for word in ("--name", name)]

    order = shop.issued("--product", MULTI, *words, name=names[0])

    assert _names(shop, order) == set(names)
    assert shop.tenant.records() == []
    assert shop.tenant.calls("AutoUpdateDCV") <= 2, "all names are asked for together"


def test_names_that_a_reissue_adds_are_proven_by_the_target(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    shop.program.run(*shop.tenant.target_words()).expect(0)
    first, second, third = (shop.tenant.fresh_name() for _ in range(3))
    order = shop.issued("--product", MULTI, "--name", second, name=first)

    words = ["cert", "reissue", order["certificate"], "--name", first, "--name", third, "--wait", "30", "--json"]
    again = shop.program.run(*words).expect(0).json()

    assert (again["state"], _names(shop, again)) == ("issued", {first, third})
    assert shop.tenant.records() == []
    assert shop.tenant.ledger()[0]["reissues"] == 1


def test_the_same_reference_is_the_same_order(reseller_shop: ResellerShop) -> None:
    name = reseller_shop.tenant.fresh_name()
    first = reseller_shop.issued("--reference", "same", name=name)

    again = reseller_shop.place("--reference", "same", name=name).expect(0).json()

    assert again["id"] == first["id"]
    assert len(reseller_shop.tenant.ledger()) == 1


def test_a_reference_that_somebody_else_has_used_is_adopted_never_bought_again(reseller_shop: ResellerShop) -> None:
    """The CA refuses the second order of a reference: the first is found, and judged like any other."""
    name = reseller_shop.tenant.fresh_name()
    reseller_shop.tenant.account.buy(name, foreignOrderNumber="taken")

    done = reseller_shop.program.run(
        *reseller_shop.tenant.place_words(name, "--reference", "taken", "--wait", "8", "--json")
    )

    assert done.code != 0, "its key is not ours"
    assert len(reseller_shop.tenant.ledger()) == 1
    assert reseller_shop.certificates() == []


def test_a_worker_places_publishes_and_collects(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    shop.program.run(*shop.tenant.target_words()).expect(0)
    with Running(shop.program, "worker", ready="is at work") as worker:
        orders = [shop.issued("--reference", f"W-{number}") for number in range(3)]
        assert worker.stop() == 0, worker.output

    assert {order["state"] for order in orders} == {"issued"}
    assert len(shop.tenant.ledger()) == 3
    assert shop.tenant.records() == []


def test_a_duplicate_is_refused_where_the_ca_has_none(reseller_shop: ResellerShop) -> None:
    order = reseller_shop.issued()

    told = reseller_shop.program.run("cert", "duplicate", order["certificate"], "--wait", "5").expect(1).told

    assert "has no duplicate" in told
    assert reseller_shop.tenant.ledger()[0]["certificates"] == 1


def test_an_approval_is_refused_where_the_ca_has_none(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="never")
    order = shop.pending()

    assert "no approval" in shop.program.run("order", "approve", str(order["id"])).expect(1).err


def test_a_test_order_is_free_and_not_taken_for_a_trusted_one(reseller_shop: ResellerShop) -> None:
    done = reseller_shop.place("--set", "test=true").expect(1).json()

    assert done["state"] == "failed"
    assert "does not match" in done["why"], done
    assert reseller_shop.certificates() == []

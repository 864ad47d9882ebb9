"""Organizations behind a reseller's orders: what people look at, and what is missing before money is spent."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.cli.fixtures import NewResellerShop
from tests.cli.tenant import ResellerShop

OV, EV = "7", "337"
ORGANIZATION = {"organization_name": "Meadow Works Ltd", "locality_name": "Oxford", "country_name": "GB"}
PERSON = {
    "app_rep_forename": "Ada",
    "app_rep_surname": "Marsh",
    "app_rep_email_address": "ada@meadow.example",
}


def _set(fields: dict[str, str]) -> list[str]:
    """As options of the command line."""
    return [word for field, value in fields.items() for word in ("--set", f"{field}={value}")]


@pytest.fixture
def bare(new_reseller_shop: NewResellerShop) -> ResellerShop:
    """A shop whose names count as proven while people do nothing by themselves."""
    return new_reseller_shop(profile="bare", dcv="auto")


def _pending(shop: ResellerShop, product: str, fields: dict[str, str]) -> dict[str, Any]:
    """An order that people must look at."""
    name = shop.tenant.fresh_name()
    words = shop.tenant.place_words(name, *_set(fields), "--reference", "vetted", "--json", product=product)
    order: dict[str, Any] = shop.program.run(*words).expect(0).json()
    assert order["state"] == "pending", order
    return order


def _done(shop: ResellerShop, order: dict[str, Any], what: str) -> dict[str, Any]:
    """The CA's staff has done that; the order as it is found then."""
    shop.tenant.management.post("validate", ca="sectigo", order_id=int(order["ca_order_id"]), what=what)
    return _checked(shop)


def _checked(shop: ResellerShop) -> dict[str, Any]:
    checked: dict[str, Any] = shop.program.run("order", "check", "vetted", "--json").expect(0).json()
    return checked


def _missing(order: dict[str, Any]) -> set[str]:
    return {one["what"] for one in order["requirements"] if not one["done"]} - {"processing"}


def _mails(shop: ResellerShop, order: dict[str, Any], about: str) -> list[str]:
    mails = shop.tenant.management.get("mails")["mails"]
    return [mail["to"] for mail in mails if (mail["about"], mail["order_id"]) == (about, int(order["ca_order_id"]))]


def test_an_ov_order_waits_for_the_organization_then_for_the_call(bare: ResellerShop) -> None:
    order = _pending(bare, OV, ORGANIZATION)
    waiting = _checked(bare)
    assert (waiting["waiting_for"], _missing(waiting)) == ("organization", {"organization", "call_back"})
    shown = bare.program.run("order", "show", "vetted").expect(0).told
    assert "What the CA wants before it issues" in shown
    assert "organizationValidation" in shown

    looked_at = _done(bare, order, "organization")
    assert (looked_at["waiting_for"], _missing(looked_at)) == ("call_back", {"call_back"})
    issued = _done(bare, order, "call_back")

    assert issued["state"] == "issued"
    pem = bare.program.run("cert", "export", issued["certificate"], "--leaf-only").expect(0).out
    subject = x509.load_pem_x509_certificate(pem.encode()).subject
    assert [one.value for one in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["Meadow Works Ltd"]


def test_the_call_is_arranged_in_every_way_the_ca_has(bare: ResellerShop) -> None:
    order = _pending(bare, OV, ORGANIZATION)

    def arrange(*words: str) -> dict[str, Any]:
        told: dict[str, Any] = bare.program.run("order", "call-back", "vetted", *words, "--json").expect(0).json()
        return told

    assert "2099-11-24 13:05 UTC" in arrange("--at", "2099-11-24 13:05")["arranged"]
    assert "13:05" in arrange("--at", "2099-11-24 13:05", "--by-person", "--extension", "12")["arranged"]
    arrange("--phone", "+44 1865 111111")
    arrange("--email", "desk@meadow.example")
    arrange("--mail")

    assert set(_mails(bare, order, "call_back")) == {"desk@meadow.example"}
    notes = [line["note"] for line in bare.order("vetted")["journal"]]
    assert sum("arranged with the CA" in note for note in notes) == 5
    assert {call["status"] for call in bare.tenant.requests()} == {200}
    assert bare.tenant.calls("UpdateUserOvCallback") == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Give one of --at, --phone, --email and --mail"),
        (("--at", "2099-11-24 13:05", "--mail"), "Give one of"),
        (("--at", "tomorrow"), "is no time"),
        (("--at", "2020-11-24 13:05"), "is past"),
    ],
)
def test_a_call_that_cannot_be_arranged_is_refused_without_asking_the_ca(
    words: tuple[str, ...], said: str, bare: ResellerShop
) -> None:
    _pending(bare, OV, ORGANIZATION)

    told = bare.program.run("order", "call-back", "vetted", *words).expect(1)

    assert said in told.err
    assert bare.tenant.calls("UpdateUserOvCallback") == 0


def test_an_ev_order_waits_for_the_subscribers_click(bare: ResellerShop) -> None:
    order = _pending(bare, EV, {**ORGANIZATION, **PERSON})
    assert _missing(_checked(bare)) == {"organization", "call_back", "click_through"}
    for what in ("organization", "call_back"):
        waiting = _done(bare, order, what)
    assert waiting["waiting_for"] == "click_through"

    bare.program.run("order", "click-through", "vetted").expect(0)
    bare.program.run("order", "click-through", "vetted", "--email", "boss@meadow.example").expect(0)
    mails = _mails(bare, order, "click_through")
    assert mails[-1] == "boss@meadow.example"
    assert set(mails[:-1]) == {"ada@meadow.example"}

    assert _done(bare, order, "click_through")["state"] == "issued"


def test_what_the_order_has_no_use_for_is_told_as_such(bare: ResellerShop) -> None:
    _pending(bare, OV, ORGANIZATION)

    told = bare.program.run("order", "click-through", "vetted").expect(1)

    assert "no use for that now" in told.err


def test_an_order_with_a_brand_in_its_name_waits_for_the_brand(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(brand_words=["paypal"])
    words = shop.tenant.place_words(f"paypal.{shop.tenant.domain}", "--reference", "vetted", "--json")
    order = shop.program.run(*words).expect(0).json()

    waiting = _checked(shop)
    assert (waiting["state"], waiting["waiting_for"], _missing(waiting)) == ("pending", "brand", {"brand"})
    assert "Brand" in waiting["why"]

    assert _done(shop, order, "brand")["state"] == "issued"


def test_a_rejected_order_ends_as_rejected_with_the_cas_words(bare: ResellerShop) -> None:
    order = _pending(bare, OV, ORGANIZATION)
    bare.tenant.management.post(
        "reject", ca="sectigo", order_id=int(order["ca_order_id"]), comment="The organization is dissolved."
    )

    ended = bare.program.run("order", "check", "vetted", "--json").expect(1).json()

    assert ended["state"] == "rejected"
    assert "Sectigo" in ended["why"]


def test_the_accounts_settings_name_the_organization_where_an_order_does_not(
    new_reseller_shop: NewResellerShop,
) -> None:
    shop = new_reseller_shop(*_set(ORGANIZATION))

    usual = shop.issued("--product", OV)
    other = shop.issued("--product", OV, "--set", "organization_name=Harbour Works Ltd")

    assert usual["state"] == other["state"] == "issued"
    (first, second) = shop.tenant.account.report()
    assert (first["organizationName"], second["organizationName"]) == ("Meadow Works Ltd", "Harbour Works Ltd")
    assert {row["stateOrProvinceName"] for row in (first, second)} == {"Oxford"}, "the town, where there is no state"


@pytest.mark.parametrize(
    ("product", "given", "missing"),
    [
        (OV, {}, "organization_name, locality_name, country_name"),
        (OV, {"organization_name": "Meadow Works Ltd"}, "locality_name, country_name"),
        (EV, ORGANIZATION, "app_rep_forename, app_rep_surname, app_rep_email_address"),
        (OV, {**ORGANIZATION, "country_name": "England"}, "country"),
        (OV, {**ORGANIZATION, "organization_name": "x" * 65}, "64 characters"),
    ],
)
def test_a_field_that_is_missing_or_wrong_is_told_before_money_is_spent(
    product: str, given: dict[str, str], missing: str, reseller_shop: ResellerShop
) -> None:
    tenant = reseller_shop.tenant

    refused = reseller_shop.place("--product", product, *_set(given)).expect(1)

    assert missing in refused.json()["why"]
    assert tenant.calls("AutoApplySSL") == 0
    assert tenant.ledger() == []

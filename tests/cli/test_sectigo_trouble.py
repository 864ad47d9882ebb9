"""What goes wrong at a reseller login is told in the CA's words, before money is spent where that can be."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cli.fixtures import NewResellerShop
from tests.cli.program import Program
from tests.cli.tenant import OFTEN, QUICK, ResellerShop, SectigoTenant
from tests.cli.test_placing import csr_file
from tests.sandbox.tenant import Sandbox

FOUR_CAUSES = ("case-sensitive", "locked", "expired", "allow-list")


def _tried(shop: ResellerShop, *more: str) -> Any:
    """An order that is tried for a moment."""
    name = shop.tenant.fresh_name()
    return shop.program.run(*shop.tenant.place_words(name, "--reference", "tried", "--wait", "2", "--json", *more))


@pytest.mark.parametrize("switch", [{"ip_allowed": False}, {"enabled": False}, {"locked": True}])
def test_a_refused_login_names_its_four_causes_and_pauses_the_account(
    switch: dict[str, bool], reseller_shop: ResellerShop
) -> None:
    reseller_shop.tenant.account.switch(**switch)

    done = _tried(reseller_shop).expect(4).json()

    assert done["trouble"] == "misconfigured"
    assert all(cause in done["advice"] for cause in FOUR_CAUSES), done
    listed = reseller_shop.program.run("account", "list").expect(0).told
    assert "paused" in listed
    calls = len(reseller_shop.tenant.requests())
    reseller_shop.program.run("order", "wait", "tried", "3").expect(4)
    assert len(reseller_shop.tenant.requests()) <= calls + 1, "only the person's own try: the login might get locked"

    reseller_shop.tenant.account.switch(**{name: not value for name, value in switch.items()})
    reseller_shop.program.run("account", "test", "main").expect(0)
    assert reseller_shop.program.run("order", "wait", "tried", "30", "--json").expect(0).json()["state"] == "issued"
    assert len(reseller_shop.tenant.ledger()) == 1


def test_a_password_in_the_wrong_case_is_refused_when_the_account_is_added(
    reseller_shop: ResellerShop, tmp_path: Path
) -> None:
    tenant = reseller_shop.tenant
    right = str(tenant.account.login["loginPassword"])
    words = tenant.add_words("second")
    words[words.index(next(word for word in words if word.startswith("login_password=")))] = (
        "login_password=" + tenant.file("wrong", right.swapcase())
    )

    told = reseller_shop.program.run(*words)

    assert all(cause in told.told for cause in FOUR_CAUSES), told
    assert right.swapcase() not in told.told


def test_without_credit_nothing_is_ordered_and_the_advice_says_so(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(credit=5)

    poor = _tried(shop).expect(1).json()

    assert (poor["state"], "[-15]" in poor["why"]) == ("failed", True)
    assert "Add credit" in poor["advice"]
    assert shop.tenant.ledger() == []
    shop.tenant.account.switch(credit=100)
    shop.issued("--reference", "tried-again")


def test_an_order_that_is_paid_later_waits_for_the_payment(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(pays_later=True)

    waiting = _tried(shop).expect(3).json()
    assert (waiting["state"], waiting["waiting_for"]) == ("pending", "payment")
    shop.tenant.management.post("validate", ca="sectigo", order_id=int(waiting["ca_order_id"]), what="payment")

    assert shop.program.run("order", "wait", "tried", "20", "--json").expect(0).json()["state"] == "issued"
    assert len(shop.tenant.ledger()) == 1


def test_too_many_calls_are_a_pause_and_no_second_order(reseller_shop: ResellerShop) -> None:
    reseller_shop.tenant.fault("rate_limited", path="AutoApplySSL$")

    waiting = _tried(reseller_shop).expect(3).json()

    assert (waiting["trouble"], "[-42]" in waiting["why"]) == ("unavailable", True), waiting
    assert reseller_shop.tenant.ledger() == []
    assert "quiet until" in reseller_shop.program.run("account", "list").expect(0).told
    reseller_shop.program.run("account", "enable", "main").expect(0)
    reseller_shop.program.run("order", "check", "tried").expect(0)
    assert reseller_shop.program.run("order", "wait", "tried", "20", "--json").expect(0).json()["state"] == "issued"
    assert len(reseller_shop.tenant.ledger()) == 1


def test_a_paid_order_that_caa_forbids_is_taken_up_again_once_the_record_is_mended(reseller_shop: ResellerShop) -> None:
    tenant, name = reseller_shop.tenant, reseller_shop.tenant.fresh_name()
    record = {"name": name, "type": "CAA", "value": '0 issue "other-ca.example"'}
    tenant.management.post("dns", **record)

    waits = reseller_shop.program.run(*tenant.place_words(name, "--reference", "caa", "--wait", "2", "--json")).json()

    assert (waits["state"], waits["waiting_for"]) == ("pending", "caa")
    assert waits["why"] == "Sectigo: PRE-SIGN FAILED: CAA record prevents issuance"
    assert "order check" in waits["advice"]
    tenant.management.delete("dns", record)
    reseller_shop.program.run("order", "check", "caa").expect(0)
    issued = reseller_shop.program.run("order", "wait", "caa", "30", "--json").expect(0).json()
    assert issued["state"] == "issued"
    assert [row["certificates"] for row in tenant.ledger()] == [1], "paid once"


def test_a_key_that_is_known_to_be_compromised_is_refused_before_money_is_spent(
    new_reseller_shop: NewResellerShop, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    shop = new_reseller_shop(compromised_keys=[hashlib.sha256(spki).hexdigest()])
    path = csr_file(tmp_path, shop.tenant.fresh_name(), key=key)

    words = ["order", "place", "--account", "main", "--product", "287", "--csr", str(path), "--wait", "5", "--json"]
    refused = shop.program.run(*words).expect(1).json()

    assert refused["state"] == "failed"
    assert refused["advice"] == "Make a new key." or "CSR" in refused["advice"], refused
    assert shop.tenant.ledger() == []


def test_what_the_ca_says_of_a_csr_is_shown_without_ordering(reseller_shop: ResellerShop, tmp_path: Path) -> None:
    path = csr_file(tmp_path, reseller_shop.tenant.fresh_name())

    told = reseller_shop.program.run("csr", "decode", str(path), "--account", "main").expect(0).told

    assert reseller_shop.tenant.domain in told
    assert "taken by main" in told
    assert reseller_shop.tenant.calls("AutoApplySSL") == 0


def test_a_csr_that_the_ca_does_not_take_for_a_product_is_told_without_ordering(
    reseller_shop: ResellerShop, tmp_path: Path
) -> None:
    path = csr_file(tmp_path, f"*.{reseller_shop.tenant.domain}")

    told = reseller_shop.program.run("csr", "decode", str(path), "--account", "main", "--product", "287").expect(1)

    assert "does not take the CSR" in told.told


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--product", "4711"), "no product '4711'"),
        (("--lifetime", "30"), "Leave --lifetime out"),
        (("--dcv", "dns-txt-token"), "dns-cname-token"),
        (("--term", "9y"), "not sold"),
        (("--set", "colour=blue"), "colour"),
        (("--reference", "x" * 65), "cannot be a reference"),
        (("--name", "*.meadow.example"), "for one name"),
    ],
)
def test_what_the_ca_does_not_sell_is_refused_before_it_is_asked(
    more: tuple[str, str], said: str, reseller_shop: ResellerShop
) -> None:
    done = reseller_shop.place(*more).expect(1)

    assert said in done.told, done
    assert reseller_shop.tenant.calls("AutoApplySSL") == 0


def test_the_products_of_the_account_are_listed_with_their_validation(reseller_shop: ResellerShop) -> None:
    shown = reseller_shop.program.run("account", "show", "main", "--json").expect(0).json()

    kinds = {product["id"]: product["validation"] for product in shown["products"]}
    assert (kinds["287"], kinds["7"], kinds["337"]) == ("dv", "ov", "ev")
    assert shown["organizations"] == []
    assert "PositiveSSL" in reseller_shop.program.run("account", "show", "main").expect(0).told


def test_a_login_by_client_certificate_needs_no_password(resellers: Sandbox, program: Program, tmp_path: Path) -> None:
    tenant = SectigoTenant.at(resellers, tmp_path)
    element = tenant.account.element
    roots = resellers.management.call("GET", "tls-roots").body.decode()
    words = ["account", "add", "main", "--ca", "sectigo", "--url", element["tls_url"], *QUICK, *OFTEN]
    words += ["--set", f"roots={tenant.file('roots', element['settings']['roots'])}"]
    words += ["--set", f"tls_roots={tenant.file('tls-roots', roots)}"]
    for field in ("login_name", "client_certificate", "client_key"):
        words += ["--secret", f"{field}={tenant.file(field, element['secrets'][field])}"]

    told = program.run(*words).expect(0).told
    order = ResellerShop(tenant, program).issued()

    assert "The CA knows us" in told
    assert order["state"] == "issued"
    assert len(tenant.ledger()) == 1


def test_a_client_certificate_of_another_login_is_refused(resellers: Sandbox, program: Program, tmp_path: Path) -> None:
    tenant, other = SectigoTenant.at(resellers, tmp_path), SectigoTenant.at(resellers, tmp_path)
    roots = resellers.management.call("GET", "tls-roots").body.decode()
    words = ["account", "add", "main", "--ca", "sectigo", "--url", tenant.account.element["tls_url"], *QUICK]
    words += ["--set", f"tls_roots={tenant.file('tls-roots', roots)}"]
    words += ["--secret", f"login_name={tenant.file('login_name', tenant.name)}"]
    for field in ("client_certificate", "client_key"):
        words += ["--secret", f"{field}={other.file(field, other.account.element['secrets'][field])}"]

    told = program.run(*words)

    assert "its login does not work yet" in told.told, told


def test_a_server_that_nobody_vouches_for_is_not_shown_the_login(
    resellers: Sandbox, program: Program, tmp_path: Path
) -> None:
    tenant = SectigoTenant.at(resellers, tmp_path)
    words = tenant.add_words("main", *QUICK)
    words[words.index("--url") + 1] = tenant.account.element["tls_url"]

    told = program.run(*words)

    assert "its login does not work yet" in told.told, told
    assert "certificate" in told.told.lower()
    assert tenant.requests() == []


def test_a_target_that_refuses_us_does_not_end_an_order_that_is_paid(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    words = shop.tenant.target_words()
    words[-1] = f"key_secret={shop.tenant.file('wrong', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=')}"
    shop.program.run(*words).expect(0)

    held = _tried(shop).json()
    assert (held["state"], held["waiting_for"]) == ("pending", "domain_control"), held
    assert held["trouble"] in ("misconfigured", "unavailable")

    right = shop.tenant.target_words()[-1]
    shop.program.run("target", "change", "dns", "--secret", right).expect(0)
    shop.program.run("order", "check", "tried").expect(0)
    assert shop.program.run("order", "wait", "tried", "30", "--json").expect(0).json()["state"] == "issued"
    assert len(shop.tenant.ledger()) == 1
    assert shop.tenant.records() == []


def test_no_secret_of_a_login_or_target_is_said_logged_or_stored(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    shop.program.run(*shop.tenant.target_words()).expect(0)
    tenant = shop.tenant
    said = []
    for fault in ("html", "drop_after", "status"):
        more = {"status": 500, "body": str(tenant.account.login)} if fault == "status" else {}
        tenant.fault(fault, path="CollectSSL$", **more)
    words = tenant.place_words(tenant.fresh_name(), "--reference", "loud", "--wait", "20", "--json")
    for command in (words, ["order", "show", "loud"], ["account", "show", "main", "--json"], ["target", "show", "dns"]):
        done = shop.program.run(*command, CERTWRIGHT_LOG="debug")
        said.append((done.out + done.err).encode())
    tenant.account.switch(enabled=False)
    done = shop.program.run("account", "test", "main", CERTWRIGHT_LOG="debug")
    said.append((done.out + done.err).encode())

    key = tenant.management.get("dns")["update_key"]["secret"]
    hidden = [str(tenant.account.login["loginPassword"]).encode(), key.encode()]
    with sqlite3.connect(shop.program.home / "certwright.sqlite") as database:
        said.append("\n".join(database.iterdump()).encode())
    database.close()
    said += [path.read_bytes() for path in shop.program.home.rglob("*") if path.is_file()]
    assert b"ca_call" in b"".join(said), "the log was on"
    for secret in hidden:
        for spelling in (secret, secret.hex().encode(), secret[::-1]):
            assert not [place for place, text in enumerate(said) if spelling in text]

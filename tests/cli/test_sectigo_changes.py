"""A reseller's certificates afterwards: reissued, renewed, revoked; and orders that are withdrawn."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509

from tests.cli.fixtures import NewResellerShop
from tests.cli.tenant import ResellerShop

REASONS = {
    "unspecified": x509.ReasonFlags.unspecified,
    "keyCompromise": x509.ReasonFlags.key_compromise,
    "affiliationChanged": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessationOfOperation": x509.ReasonFlags.cessation_of_operation,
}


def _leaf(shop: ResellerShop, fingerprint: str) -> x509.Certificate:
    pem = shop.program.run("cert", "export", fingerprint, "--leaf-only").expect(0).out
    return x509.load_pem_x509_certificate(pem.encode())


def _reissue(shop: ResellerShop, fingerprint: str, *more: str) -> dict[str, Any]:
    words = ["cert", "reissue", fingerprint, "--wait", "20", "--json", *more]
    order: dict[str, Any] = shop.program.run(*words).expect(0).json()
    assert order["state"] == "issued", order
    return order


def _states(shop: ResellerShop) -> dict[str, str]:
    return {entry["fingerprint"]: entry["state"] for entry in shop.certificates()}


def test_a_reissue_has_a_number_and_a_key_of_its_own_and_the_old_one_stays_valid(reseller_shop: ResellerShop) -> None:
    first = reseller_shop.issued()

    again = _reissue(reseller_shop, first["certificate"])

    assert again["operation"] == "reissue"
    assert again["ca_order_id"] != first["ca_order_id"]
    old, new = _leaf(reseller_shop, first["certificate"]), _leaf(reseller_shop, again["certificate"])
    assert old.public_key() != new.public_key()
    assert old.not_valid_after_utc == new.not_valid_after_utc
    management = reseller_shop.tenant.management
    assert management.revocation_of(old) is None, "nothing is revoked until somebody asks for it"
    (bought,) = reseller_shop.tenant.ledger()
    assert (bought["reissues"], bought["certificates"], bought["revocations"]) == (1, 2, 0)

    reseller_shop.program.run("cert", "revoke", first["certificate"], "--reason", "superseded", "--wait").expect(0)

    assert management.revocation_of(old) is not None
    assert management.revocation_of(new) is None
    assert _states(reseller_shop) == {first["certificate"]: "revoked", again["certificate"]: "valid"}


def test_a_reissue_may_be_reissued_and_each_is_revoked_alone(reseller_shop: ResellerShop) -> None:
    first = reseller_shop.issued()
    second = _reissue(reseller_shop, first["certificate"])
    third = _reissue(reseller_shop, second["certificate"])

    reseller_shop.program.run("cert", "revoke", second["certificate"], "--reason", "superseded", "--wait").expect(0)

    management = reseller_shop.tenant.management
    revoked = [
        management.revocation_of(_leaf(reseller_shop, one["certificate"])) is not None for one in (first, second, third)
    ]
    assert revoked == [False, True, False]
    (bought,) = reseller_shop.tenant.ledger()
    assert (bought["reissues"], bought["certificates"]) == (2, 3)


def test_a_renewal_is_a_new_order_that_keeps_the_days_that_are_left(reseller_shop: ResellerShop) -> None:
    first = reseller_shop.issued()

    words = ["cert", "renew", first["certificate"], "--reference", "next", "--wait", "20", "--json"]
    again = reseller_shop.program.run(*words).expect(0).json()

    assert (again["state"], again["operation"]) == ("issued", "new")
    assert again["ca_order_id"] != first["ca_order_id"]
    terms = [row["1_productTermDuration"] for row in reseller_shop.tenant.account.report(showStatusDetails="Y")]
    assert terms == ["365", "455"], "at most 90 days are added"
    assert len(reseller_shop.tenant.ledger()) == 2
    assert reseller_shop.program.run(*words).expect(0).json()["id"] == again["id"]
    assert len(reseller_shop.tenant.ledger()) == 2


@pytest.mark.parametrize("reason", REASONS)
def test_a_revocation_carries_its_reason(reason: str, reseller_shop: ResellerShop) -> None:
    first = reseller_shop.issued()
    leaf = _leaf(reseller_shop, first["certificate"])
    words = ["cert", "revoke", first["certificate"], "--reason", reason, "--comment", "as decided", "--wait", "10"]

    reseller_shop.program.run(*words).expect(0)

    entry = reseller_shop.tenant.management.revocation_of(leaf)
    assert entry is not None
    told = [one.value.reason for one in entry.extensions if isinstance(one.value, x509.CRLReason)]
    assert told == ([] if reason == "unspecified" else [REASONS[reason]])
    assert "revoked already" in reseller_shop.program.run(*words).expect(1).err
    assert reseller_shop.tenant.calls("AutoRevokeSSL") == 1


def test_a_certificate_that_was_revoked_in_the_console_is_marked_revoked_here(reseller_shop: ResellerShop) -> None:
    first = reseller_shop.issued()
    told = reseller_shop.tenant.account.call("AutoRevokeSSL", orderNumber=first["ca_order_id"], revocationReason="x")
    assert told.code == 0, told

    reseller_shop.program.run("cert", "revoke", first["certificate"], "--wait", "10").expect(0)

    assert _states(reseller_shop) == {first["certificate"]: "revoked"}
    assert reseller_shop.tenant.ledger()[0]["revocations"] == 1


def test_a_pending_order_is_cancelled_here_and_rejected_at_the_ca(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="never")
    order = shop.pending("--reference", "unwanted")

    cancelled = shop.program.run("order", "cancel", "unwanted", "--comment", "no budget", "--json").expect(0).json()

    assert cancelled["state"] == "cancelled"
    assert shop.tenant.account.collect(order["ca_order_id"]).code == -20
    assert "cancelled already" in shop.program.run("order", "cancel", "unwanted").expect(1).told
    assert shop.certificates() == []


def test_an_order_that_was_issued_meanwhile_is_not_cancelled_and_nothing_is_revoked(
    new_reseller_shop: NewResellerShop,
) -> None:
    shop = new_reseller_shop(dcv="never")
    order = shop.pending("--reference", "too-late")
    shop.tenant.management.post("validate", ca="sectigo", order_id=int(order["ca_order_id"]), what="domain_control")

    told = shop.program.run("order", "cancel", "too-late").expect(3)

    assert "would not cancel" in told.told
    assert "certwright cert revoke" in told.told
    done = shop.program.run("order", "wait", "too-late", "20", "--json").expect(0).json()
    assert done["state"] == "issued"
    (bought,) = shop.tenant.ledger()
    assert (bought["status"], bought["revocations"]) == ("issued", 0)


def test_an_order_that_the_ca_has_rejected_ends_here_too(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="never")
    order = shop.pending()
    told = shop.tenant.account.call("AutoRevokeSSL", orderNumber=order["ca_order_id"], revocationReason="not wanted")
    assert told.code == 0, told

    ended = shop.program.run("order", "check", str(order["id"]), "--json").expect(1).json()

    assert (ended["state"], "rejected" in ended["why"]) == ("rejected", True), ended


def test_an_order_that_ends_at_the_ca_while_its_proof_stands_ends_here_as_it_did_there(
    new_reseller_shop: NewResellerShop,
) -> None:
    shop = new_reseller_shop(dcv="never")
    shop.program.run(*shop.tenant.target_words()).expect(0)
    words = shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "ends", "--json")
    order = shop.program.run(*words).expect(0).json()
    assert len(shop.tenant.records()) == 1
    told = shop.tenant.account.call("AutoRevokeSSL", orderNumber=order["ca_order_id"], revocationReason="not wanted")
    assert told.code == 0, told

    ended = shop.program.run("order", "wait", "ends", "20", "--json").expect(1).json()

    assert ended["state"] == "rejected", ended
    assert shop.tenant.records() == []

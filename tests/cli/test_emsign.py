"""An operator at emSign: every way an order can take, from the command line, against the sandbox process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography import x509

from tests.cli.fixtures import NewHubShop
from tests.cli.tenant import HubShop

UNPROVEN = {"dcv": "look", "prove_seconds": None}


def leaf_of(shop: HubShop, order: dict[str, Any]) -> x509.Certificate:
    """The certificate of an issued order."""
    pem = shop.program.run("cert", "export", order["certificate"], "--leaf-only").expect(0).out
    return x509.load_pem_x509_certificate(pem.encode())


def names_of(leaf: x509.Certificate) -> list[str]:
    """Its SANs."""
    return leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)


# -- Accounts and their lists.


def test_the_access_key_is_sealed_and_shown_nowhere(hub_shop: HubShop) -> None:
    key = hub_shop.tenant.account.element["secrets"]["access_key"]
    hub_shop.issued()
    shown = hub_shop.program.run("account", "show", "main").expect(0).out
    shown += hub_shop.program.run("account", "show", "main", "--json").expect(0).out
    kept = b"".join(path.read_bytes() for path in hub_shop.program.home.rglob("*") if path.is_file())
    assert key not in shown
    assert key.encode() not in kept


def test_a_wrong_access_key_is_told_with_what_to_check(hub_shop: HubShop, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("not the key")
    hub_shop.program.run("account", "change", "main", "--secret", f"access_key=@{tmp_path / 'wrong'}").expect(0)
    refused = hub_shop.program.run("account", "test", "main")
    assert refused.code == 4
    assert "Invalid Credentials" in refused.err
    assert "clock" in refused.err
    assert "not the key" not in refused.err


def test_all_five_lists_are_synced_and_what_vanished_is_marked_and_comes_back(hub_shop: HubShop) -> None:
    run, tenant = hub_shop.program.run, hub_shop.tenant
    listed = run("account", "show", "main", "--json").expect(0).json()
    assert [len(listed[name]) for name in ("groups", "organizations", "domains", "products")] == [2, 1, 1, 10]
    assert all(time["synced_at"] for time in listed["syncs"].values())
    assert len(listed["syncs"]) == 5

    tenant.management.call("PATCH", f"accounts/{tenant.name}", {"remove_domain": tenant.domain})
    synced = run("account", "sync", "main", "--only", "domains", "--json").expect(0).json()
    assert synced["synced"]["domains"] == {"listed": 0, "new": 0, "changed": 0, "vanished": 1}
    (domain,) = run("account", "show", "main", "--json").expect(0).json()["domains"]
    assert domain["vanished_at"]

    tenant.management.call("PATCH", f"accounts/{tenant.name}", {"add_domain": tenant.domain})
    run("account", "sync", "main", "--only", "domains").expect(0)
    (domain,) = run("account", "show", "main", "--json").expect(0).json()["domains"]
    assert domain["vanished_at"] is None


# -- Orders.


def test_an_order_costs_one_purchase_and_is_issued_for_exactly_its_names(hub_shop: HubShop) -> None:
    order = hub_shop.issued()
    assert names_of(leaf_of(hub_shop, order)) == order["names"]
    (bought,) = hub_shop.tenant.ledger()
    assert (bought["reference"], bought["certificates"]) == (order["reference"], 1)


def test_a_name_with_its_www_variant_is_one_product_for_one_name(hub_shop: HubShop) -> None:
    order = hub_shop.issued("--www")
    assert set(names_of(leaf_of(hub_shop, order))) == set(order["names"])
    assert len(order["names"]) == 2


def test_more_names_than_a_product_takes_are_refused_before_money_is_spent(hub_shop: HubShop) -> None:
    refused = hub_shop.place("--name", hub_shop.tenant.fresh_name())
    assert refused.code == 1
    assert "multi-domain" in str(refused.json()["advice"])
    assert hub_shop.tenant.ledger() == []


def test_a_multi_domain_order_has_every_name(hub_shop: HubShop) -> None:
    name = hub_shop.tenant.fresh_name()
    words = hub_shop.tenant.place_words(name, "--name", f"api.{name}", product=hub_shop.tenant.code("15"))
    order = hub_shop.program.run(*words, "--wait", "30", "--json").expect(0).json()
    assert names_of(leaf_of(hub_shop, order)) == [name, f"api.{name}"]


def test_an_ov_order_names_its_organization(hub_shop: HubShop) -> None:
    words = hub_shop.tenant.place_words(hub_shop.tenant.fresh_name(), product=hub_shop.tenant.code("16"))
    order = hub_shop.program.run(*words, "--organization", "Meadow Works Ltd", "--wait", "30", "--json")
    subject = leaf_of(hub_shop, order.expect(0).json()).subject
    assert [one.value for one in subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)] == ["Meadow Works Ltd"]


def test_an_order_without_the_people_that_emsign_wants_says_which_are_missing(hub_shop: HubShop) -> None:
    hub_shop.program.run("account", "change", "main", "--set", "requestor_name=", "--set", "signer_place=").expect(0)
    refused = hub_shop.place()
    assert refused.code == 1
    assert "requestor_name" in str(refused.json()["why"])
    assert "signer_place" in str(refused.json()["why"])
    given = hub_shop.place("--set", "requestor_name=Ada", "--set", "signer_place=Leeds").expect(0).json()
    assert given["state"] == "issued"


def test_a_draft_is_followed_until_somebody_submits_it_and_is_never_taken_for_a_double(
    new_hub_shop: NewHubShop,
) -> None:
    shop = new_hub_shop()
    draft = shop.place("--set", "draft=true", "--reference", "draft").json()
    assert (draft["state"], draft["waiting_for"], draft["ca_order_id"]) == ("pending", "submission", None)
    assert shop.tenant.ledger() == []

    shop.tenant.staff(draft["ca_request_id"], "submit")
    shop.program.run("order", "check", "draft").expect(0)
    order = shop.program.run("order", "wait", "draft", "30", "--json").expect(0).json()

    assert order["state"] == "issued"
    (bought,) = shop.tenant.ledger()
    assert bought["status"] == "issued"


def test_a_draft_is_withdrawn(hub_shop: HubShop) -> None:
    draft = hub_shop.place("--set", "draft=true", "--reference", "draft").json()
    hub_shop.program.run("order", "cancel", "draft").expect(0)
    outcome = hub_shop.tenant.management.call("POST", "staff", {
        "ca": "emsign", "order_id": draft["ca_request_id"], "act": "submit",
    })  # fmt: skip
    assert outcome.status == 400, "it was withdrawn there too"


def test_a_csr_that_comes_later_brings_the_certificate(hub_shop: HubShop, tmp_path: Path) -> None:
    name, run = hub_shop.tenant.fresh_name(), hub_shop.program.run
    words = hub_shop.tenant.place_words(name, "--late-csr", "--reference", "late", "--json")
    run(*words).expect(0)
    waiting = run("order", "check", "late", "--json").json()
    assert (waiting["state"], waiting["waiting_for"]) == ("pending", "csr")
    run("csr", "create", "--name", name, "--out", str(tmp_path / "late.csr")).expect(0)

    order = run("order", "submit-csr", "late", "made:1", "--wait", "30", "--json").expect(0).json()

    assert order["state"] == "issued"
    run("cert", "export", order["certificate"], "--key").expect(0)
    refused = run("order", "submit-csr", "late", "made:1")
    assert refused.code == 1


def test_a_csr_of_an_order_that_waits_for_something_else_is_not_replaced(new_hub_shop: NewHubShop) -> None:
    shop = new_hub_shop(**UNPROVEN)
    name = shop.tenant.unproven_name()
    for _ in range(2):
        shop.program.run("csr", "create", "--name", name).expect(0)
    words = [
        "order",
        "place",
        "--account",
        "main",
        "--product",
        shop.tenant.code(),
        "--csr",
        "made:1",
        "--reference",
        "o",
    ]
    shop.program.run(*words, "--csr", "made:1").expect(0)
    refused = shop.program.run("order", "submit-csr", "o", "made:2")
    assert refused.code == 1
    assert "waits for no CSR" in refused.err


def test_an_agreement_that_was_not_accepted_is_accepted_later(hub_shop: HubShop) -> None:
    placed = hub_shop.program.run(
        *hub_shop.tenant.place_words(hub_shop.tenant.fresh_name(), "--set", "accept_agreement=false"),
        *("--reference", "agree", "--json"),
    )
    placed.expect(0)
    waiting = hub_shop.program.run("order", "check", "agree", "--json").json()
    assert waiting["waiting_for"] == "agreement"
    hub_shop.program.run("order", "agree", "agree").expect(0)
    assert hub_shop.program.run("order", "wait", "agree", "30", "--json").expect(0).json()["state"] == "issued"


def test_a_question_of_emsign_is_told_with_what_to_do(new_hub_shop: NewHubShop) -> None:
    shop = new_hub_shop(**UNPROVEN)
    order = shop.pending()
    shop.tenant.staff(order["ca_order_id"], "discrepancy")
    shop.tenant.management.post("validate", ca="emsign", order_id=order["ca_order_id"], domain=order["common_name"])
    asked = shop.program.run("order", "check", str(order["id"]), "--json").json()
    assert (asked["state"], asked["waiting_for"]) == ("pending", "organization")
    assert "Under Discrepancy" in asked["why"]
    shop.tenant.staff(order["ca_order_id"], "resolve")
    assert shop.program.run("order", "wait", str(order["id"]), "30", "--json").expect(0).json()["state"] == "issued"


def test_a_status_that_nobody_has_documented_is_waited_with(new_hub_shop: NewHubShop) -> None:
    shop = new_hub_shop(**UNPROVEN)
    order = shop.pending()
    shop.tenant.staff(order["ca_order_id"], "status", status="26")
    asked = shop.program.run("order", "check", str(order["id"]), "--json").json()
    assert asked["state"] == "pending"
    assert "26" in asked["why"]


def test_a_token_is_published_at_the_names_that_are_known_to_work_and_taken_away(new_hub_shop: NewHubShop) -> None:
    shop = new_hub_shop(**UNPROVEN)
    name = f"www.{shop.tenant.name}-published.example"
    shop.program.run(*shop.tenant.target_words("dns", name)).expect(0)
    order = shop.issued(name=name)
    assert order["state"] == "issued"
    assert shop.tenant.records(name) == []


def test_proofs_by_file_and_by_mail_are_told(new_hub_shop: NewHubShop) -> None:
    shop = new_hub_shop(**UNPROVEN)
    by_file = shop.pending("--dcv", "http-token")
    (proof,) = shop.program.run("order", "check", str(by_file["id"]), "--json").json()["proofs"]
    assert f"http://{by_file['common_name']}/.well-known/pki-validation/" in proof["where"]
    name = shop.tenant.unproven_name()
    by_mail = shop.program.run(
        *shop.tenant.place_words(name, "--dcv", f"email:hostmaster@{name}", "--reference", "mail", "--json")
    )
    by_mail.expect(0)
    (proof,) = shop.program.run("order", "check", "mail", "--json").json()["proofs"]
    assert proof["where"] == f"hostmaster@{name}"


# -- The end of orders and certificates.


def test_the_older_of_two_certificates_of_one_order_is_not_revoked_in_the_place_of_the_newer(hub_shop: HubShop) -> None:
    order = hub_shop.issued()
    hub_shop.tenant.staff(order["ca_order_id"], "renew")

    unseen = hub_shop.program.run("cert", "revoke", order["certificate"], "--reason", "superseded", "--wait", "10")
    hub_shop.program.run("account", "import", "main").expect(0)
    seen = hub_shop.program.run("cert", "revoke", order["certificate"], "--reason", "superseded")

    assert (unseen.code, seen.code) == (1, 1)
    assert "newer certificate" in unseen.out
    (bought,) = hub_shop.tenant.ledger()
    assert bought["revocations"] == 0
    states = {entry["fingerprint"]: entry["state"] for entry in hub_shop.certificates()}
    assert sorted(states.values()) == ["replaced", "valid"]


def test_a_revocation_needs_one_of_the_reasons_that_emsign_takes(hub_shop: HubShop) -> None:
    order = hub_shop.issued()
    refused = hub_shop.program.run("cert", "revoke", order["certificate"])
    assert refused.code == 1
    assert "privilegeWithdrawn" in refused.err
    done = hub_shop.program.run(
        *("cert", "revoke", order["certificate"], "--reason", "privilegeWithdrawn"),
        *("--comment", "no longer; ours", "--wait", "20", "--json"),
    )
    assert done.expect(0).json()["state"] == "revoked"
    assert hub_shop.tenant.ledger()[0]["revocations"] == 1


def test_an_issued_order_is_not_cancelled(hub_shop: HubShop) -> None:
    order = hub_shop.issued()
    refused = hub_shop.program.run("order", "cancel", str(order["id"]))
    assert refused.code != 0
    assert hub_shop.tenant.ledger()[0]["status"] == "issued"


def test_an_order_with_our_tag_that_somebody_else_has_placed_is_left_alone(new_hub_shop: NewHubShop) -> None:
    shop = new_hub_shop(**UNPROVEN)
    name = shop.tenant.unproven_name()
    words = shop.tenant.place_words(name, "--json")
    shop.program.run(*words, "--reference", "shop").expect(0)
    shop.program.run(*words, "--reference", "other", "--set", "tags=shop,blue").expect(0)

    shop.program.run("order", "check", "shop")

    assert [row["status"] for row in shop.tenant.ledger()] == ["pending", "pending"]


def test_an_order_that_was_forgotten_calls_nothing_and_comes_back_with_the_next_import(hub_shop: HubShop) -> None:
    order = hub_shop.issued()
    calls = len(hub_shop.tenant.requests())
    hub_shop.program.run("order", "forget", str(order["id"])).expect(0)
    assert len(hub_shop.tenant.requests()) == calls
    assert [entry["fingerprint"] for entry in hub_shop.certificates()] == [order["certificate"]]
    assert hub_shop.program.run("account", "import", "main", "--json").expect(0).json()["new"] == 1
    assert [entry["fingerprint"] for entry in hub_shop.certificates()] == [order["certificate"]]


# -- Import.


def test_every_order_comes_in_and_the_certificates_that_are_wanted(new_hub_shop: NewHubShop) -> None:
    shop = new_hub_shop(orders=120)
    wanted = ("--leave-out", "expired", "--leave-out", "revoked", "--leave-out", "rejected")
    first = shop.program.run("account", "import", "main", *wanted, "--json").expect(0).json()
    rows = shop.program.run("order", "report", "--account", "main", "--json").expect(0).lines()
    valid = [row for row in rows if row["certificate_state"] == "valid"]
    assert (first["new"], len(rows), first["certificates"]) == (120, 120, len(valid))
    assert any(row["ca_order_id"] is None and row["ca_request_id"] for row in rows), "drafts come in"

    again = shop.program.run("account", "import", "main", *wanted, "--json").expect(0).json()
    assert (again["new"], again["changed"], again["known"], again["certificates"]) == (0, 0, 120, 0)

    rest = shop.program.run("account", "import", "main", "--json").expect(0).json()
    assert rest["certificates"] + rest["gone"] > 0
    assert rest["missing"] == []


def test_a_certificate_that_emsign_has_renewed_is_the_next_version(hub_shop: HubShop) -> None:
    order = hub_shop.issued()
    hub_shop.program.run("account", "import", "main").expect(0)
    hub_shop.tenant.staff(order["ca_order_id"], "renew")
    hub_shop.program.run("account", "import", "main").expect(0)
    issued = hub_shop.order(order["id"])["coverage"]["certificates"]
    assert [one["state"] for one in issued] == ["replaced", "valid"]
    assert issued[0]["fingerprint"] == order["certificate"]


def test_a_certificate_that_was_renewed_under_a_number_of_its_own_is_the_next_version(new_hub_shop: NewHubShop) -> None:
    shop = new_hub_shop(renewal="child")
    order = shop.issued()
    shop.tenant.staff(order["ca_order_id"], "renew")
    shop.program.run("account", "import", "main").expect(0)
    issued = shop.order(order["id"])["coverage"]["certificates"]
    assert [one["state"] for one in issued] == ["replaced", "valid"]
    assert shop.program.run("order", "check", str(order["id"])).code == 0
    assert [row["status"] for row in shop.tenant.ledger()] == ["issued"], "its child is no double"

"""A reseller's orders, name by name: by our target, by a file, by e-mail, by hand; changed and taken out meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography import x509

from tests.cli.fixtures import NewResellerShop
from tests.cli.tenant import ResellerShop
from tests.sandbox.listeners import FileServer

CNAME, FILE = "dns-cname-token", "http-token"


def _plant(shop: ResellerShop, proof: dict[str, Any]) -> None:
    """Publish a CNAME by hand."""
    shop.tenant.management.post("dns", name=proof["where"], type="CNAME", value=proof["value"])


def _validated(shop: ResellerShop, order: dict[str, Any], name: str = "") -> None:
    """Whoever got the mail has clicked its link, or the CA is content otherwise."""
    more = {"domain": name} if name else {}
    number = int(order["ca_order_id"])
    shop.tenant.management.post("validate", ca="sectigo", order_id=number, what="domain_control", **more)


def _names(shop: ResellerShop, fingerprint: str) -> list[str]:
    """The DNS names in the certificate itself."""
    pem = shop.program.run("cert", "export", fingerprint, "--leaf-only").expect(0).out
    found = x509.load_pem_x509_certificate(pem.encode()).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return found.value.get_values_for_type(x509.DNSName)


def _multi(shop: ResellerShop, *more: str, labels: str = "abc") -> tuple[dict[str, Any], list[str]]:
    """A pending order for several names, and those names."""
    names = [f"{label}.{shop.tenant.fresh_name()}" for label in labels]
    words = ["order", "place", "--account", "main", "--product", "279", "--reference", "many", "--json"]
    for name in names:
        words += ["--name", name]
    told = [part.format(*names) for part in more]
    order = shop.program.run(*words, *told).expect(0).json()
    assert (order["state"], order["waiting_for"]) == ("pending", "domain_control"), order
    return order, names


def _dcv(shop: ResellerShop, *more: str) -> dict[str, dict[str, Any]]:
    """``order dcv``, by name."""
    return {row["name"]: row for row in shop.program.run("order", "dcv", "many", "--json", *more).expect(0).lines()}


def test_a_cname_is_published_by_the_target_seen_checked_and_taken_away(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    shop.program.run(*shop.tenant.target_words()).expect(0)

    order = shop.issued("--dcv", CNAME)

    notes = " | ".join(line["note"] for line in shop.order(order["id"])["journal"])
    published, proven, away = (
        notes.index(word) for word in ("and seen there", "asked the CA to look: proven", "proofs taken away: 1")
    )
    assert published < proven < away, notes
    assert shop.tenant.records() == []
    assert shop.tenant.ledger()[0]["certificates"] == 1
    apis = [row["path"].rpartition("/")[2] for row in shop.tenant.requests()][-5:]
    assert apis == ["!AutoApplySSL", "!GetMDCDomainDetails", "!AutoUpdateDCV", "!GetMDCDomainDetails", "CollectSSL"]


def test_the_value_that_the_ca_chose_is_the_one_that_is_published(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look", unique_value="own")
    shop.program.run(*shop.tenant.target_words()).expect(0)

    assert shop.issued()["state"] == "issued"
    assert shop.tenant.records() == []


def test_a_file_is_written_below_the_webroot_looked_at_and_fetched_by_the_ca(
    new_reseller_shop: NewResellerShop, file_server: FileServer, tmp_path: Path
) -> None:
    shop = new_reseller_shop(dcv="look")
    shop.program.environment["CERTWRIGHT_SCAN_ALLOW"] = "127.0.0.1"
    webroot = tmp_path / "webroot"
    webroot.mkdir()
    name = shop.tenant.fresh_name()
    folder = webroot / ".well-known/pki-validation"
    file_server.serve(name, webroot)
    management = shop.tenant.management
    management.post("dns", name=name, type="A", value="127.0.0.1")
    words = ["target", "add", "site", "--kind", "webroot", "--domain", name, "--set", f"folder={webroot}"]
    words += ["--set", f"port={file_server.port}", "--set", f"resolver={management.get('dns')['address']}"]
    shop.program.run(*words).expect(0)

    order = shop.issued("--dcv", FILE, name=name)

    asked = [path for host, path in file_server.asked if host == name]
    assert len(asked) >= 2, "by us and by the CA"
    assert len(set(asked)) == 1
    assert asked[0].startswith("/.well-known/pki-validation/")
    assert list(folder.glob("*")) == [], "it is taken away"
    assert _names(shop, order["certificate"]) == [name], "a file at one host proves no www. beside it"


def test_an_order_by_e_mail_waits_for_whoever_reads_it(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    name = shop.tenant.fresh_name()
    early = shop.program.run(*shop.tenant.place_words(name, "--dcv", f"email:admin@{name}", "--json")).expect(1).json()
    assert "dcvEmailAddress" in early["why"], early
    assert "24 hours after it was listed" in early["advice"]
    listed = shop.program.run("account", "addresses", "main", name, "--json").expect(0).json()["addresses"]
    assert f"admin@{name}" in listed

    words = shop.tenant.place_words(name, "--dcv", f"email:admin@{name}", "--reference", "mailed", "--json")
    order = shop.program.run(*words).expect(0).json()
    assert [(proof["method"], proof["where"]) for proof in order["proofs"]] == [("email", f"admin@{name}")]
    shop.program.run("order", "dcv", "mailed", "--resend", f"admin@{name}").expect(0)
    number = int(order["ca_order_id"])
    mails = [mail for mail in shop.tenant.management.get("mails")["mails"] if mail["order_id"] == number]
    assert [mail["to"] for mail in mails if mail["about"] == "dcv"] == [f"admin@{name}"] * 2
    waiting = shop.program.run("order", "check", "mailed", "--json").expect(0).json()
    assert (waiting["state"], waiting["waiting_for"]) == ("pending", "domain_control")

    _validated(shop, order)

    assert shop.program.run("order", "check", "mailed", "--json").expect(0).json()["state"] == "issued"


def test_an_address_is_asked_for_where_a_name_is_to_be_proven_by_e_mail(reseller_shop: ResellerShop) -> None:
    words = reseller_shop.tenant.place_words(reseller_shop.tenant.fresh_name(), "--dcv", "email")

    told = reseller_shop.program.run(*words).expect(1).told

    assert "certwright account addresses" in told
    assert reseller_shop.tenant.calls("AutoApplySSL") == 0


def test_what_a_person_publishes_is_found_by_order_check(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    words = shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "by-hand", "--json")
    order = shop.program.run(*words).expect(0).json()
    (proof,) = order["proofs"]
    assert shop.program.run("order", "check", "by-hand", "--json").expect(0).json()["state"] == "pending"

    _plant(shop, proof)

    assert shop.program.run("order", "check", "by-hand", "--json").expect(0).json()["state"] == "issued"
    assert [row["name"] for row in shop.tenant.records()] == [proof["where"]], "what we did not publish stays"


def test_a_record_that_somebody_took_away_is_seen_missing_and_published_anew(
    new_reseller_shop: NewResellerShop,
) -> None:
    shop = new_reseller_shop(dcv="never")
    shop.program.run(*shop.tenant.target_words()).expect(0)
    shop.program.run(*shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "many", "--json")).expect(0)
    (record,) = shop.tenant.records()
    shop.tenant.management.delete("dns", record)

    (row,) = _dcv(shop, "--look").values()
    assert (row["published_by_us"], row["seen"]) == (True, False)
    assert "knows no such name" in row["sight"]
    shop.program.run("order", "check", "many").expect(0)

    assert shop.tenant.records() == [record]


def test_an_order_that_ends_takes_no_record_of_another_away(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="never")
    shop.program.run(*shop.tenant.target_words()).expect(0)
    name = shop.tenant.fresh_name()
    for reference in ("stays", "goes"):
        shop.program.run(*shop.tenant.place_words(name, "--reference", reference, "--json")).expect(0)
    assert len(shop.tenant.records()) == 2

    shop.program.run("order", "cancel", "goes").expect(0)

    (proof,) = shop.order("stays")["proofs"]
    assert [row["name"] for row in shop.tenant.records()] == [proof["where"]]


def test_an_order_whose_answer_was_lost_says_that_the_ca_may_want_another_value(
    new_reseller_shop: NewResellerShop,
) -> None:
    shop = new_reseller_shop(dcv="look", unique_value="own")
    shop.program.run(*shop.tenant.target_words()).expect(0)
    shop.tenant.fault("drop_after", path="AutoApplySSL$")

    words = shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "lost", "--wait", "12", "--json")
    done = shop.program.run(*words).expect(3).json()

    assert (done["state"], done["waiting_for"]) == ("pending", "domain_control")
    assert "value" in " ".join((done["why"], done["advice"] or "")), done
    assert len(shop.tenant.ledger()) == 1
    cancelled = shop.program.run("order", "cancel", "lost", "--json").expect(0).json()
    assert cancelled["state"] == "cancelled"
    assert shop.tenant.records() == []


def test_each_name_has_its_own_method_and_its_own_status(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    order, (a, b, c) = _multi(shop, "--dcv", CNAME, "--dcv", "{1}=" + FILE)
    rows = _dcv(shop)
    assert {name: row["method"] for name, row in rows.items()} == {a: CNAME, b: FILE, c: CNAME}
    assert {row["proven"] for row in rows.values()} == {False}

    _validated(shop, order, a)
    rows = _dcv(shop)

    assert {name: row["proven"] for name, row in rows.items()} == {a: True, b: False, c: False}
    assert rows[b]["status"] == "Not Validated"
    shown = shop.program.run("order", "dcv", "many").expect(0).told
    assert "yes" in shown
    assert "no: Not Validated" in shown


def test_the_method_of_one_name_is_changed_and_the_others_stay(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    order, (a, b, c) = _multi(shop, "--dcv", CNAME)

    rows = _dcv(shop, "--name", c, "--method", FILE)

    assert {name: row["method"] for name, row in rows.items()} == {a: CNAME, b: CNAME, c: FILE}
    assert rows[c]["where"].startswith(f"http://{c}/.well-known/pki-validation/")
    known = shop.tenant.account.names(order["ca_order_id"])
    assert {name: how for name, (how, _) in known.items()} == {
        a: known[a][0],
        b: known[a][0],
        c: known[c][0],
    }
    assert "http" in known[c][0].lower()
    strange = shop.program.run("order", "dcv", "many", "--name", "strange.example", "--method", FILE).expect(1)
    assert "has no name strange.example" in strange.err


def test_another_method_is_published_by_the_target_that_serves_it(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    shop.program.run(*shop.tenant.target_words()).expect(0)
    words = shop.tenant.place_words(shop.tenant.fresh_name(), "--dcv", FILE, "--reference", "many", "--json")
    assert shop.program.run(*words).expect(0).json()["state"] == "pending"

    shop.program.run("order", "dcv", "many", "--method", CNAME)
    done = shop.program.run("order", "wait", "many", "20", "--json").expect(0).json()

    assert done["state"] == "issued"
    assert shop.tenant.records() == []


def test_without_its_last_unproven_name_an_order_issues_for_the_others(new_reseller_shop: NewResellerShop) -> None:
    shop = new_reseller_shop(dcv="look")
    order, (a, b, c) = _multi(shop, "--dcv", CNAME)
    for name in (a, c):
        _validated(shop, order, name)

    strange = shop.program.run("order", "remove-name", "many", "strange.example").expect(1)
    assert "strange.example" in strange.err
    shop.program.run("order", "remove-name", "many", b, "--json").expect(0)
    done = shop.program.run("order", "wait", "many", "20", "--json").expect(0).json()

    assert done["state"] == "issued"
    assert done["names"] == [a, c]
    assert _names(shop, done["certificate"]) == [a, c]
    late = shop.program.run("order", "remove-name", "many", a).expect(1)
    assert "waits for nothing" in late.err


def test_the_common_name_may_be_taken_out_like_any_other_but_the_last_name_stays(
    new_reseller_shop: NewResellerShop,
) -> None:
    shop = new_reseller_shop(dcv="look")
    order, (a, b) = _multi(shop, labels="ab")

    after = shop.program.run("order", "remove-name", "many", a, "--json").expect(0).json()
    assert (after["names"], after["common_name"]) == ([b], b)
    last = shop.program.run("order", "remove-name", "many", b).expect(1)
    assert f"certwright order cancel {order['id']}" in last.err
    _validated(shop, order, b)

    done = shop.program.run("order", "wait", "many", "20", "--json").expect(0).json()
    assert (done["state"], _names(shop, done["certificate"])) == ("issued", [b])
    assert json.dumps(done)

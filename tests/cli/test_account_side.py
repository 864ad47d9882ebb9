"""What an operator does with lists, CSRs made here, files at order time, and the paid term."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

from tests.cli.program import Program
from tests.cli.tenant import Shop, Tenant
from tests.sandbox.tenant import Sandbox


def test_a_credential_is_tried_before_anything_is_kept(program: Program, sandbox: Sandbox, tmp_path: Path) -> None:
    tenant = Tenant.at(sandbox, tmp_path)

    tried = program.run(*tenant.add_words("main", "--only-test", "--json")).expect(0).json()

    assert tried["name"] == "main"
    assert tried["login"]["account_id"]
    assert program.run("account", "list", "--json").expect(0).lines() == []


def test_a_wrong_credential_that_is_only_tried_says_what_to_check(
    program: Program, sandbox: Sandbox, tmp_path: Path
) -> None:
    words = Tenant.at(sandbox, tmp_path).add_words("main", "--only-test")
    (tmp_path / "wrong").write_text("0123456789abcdef0123456789abcdef")
    place = words.index("--secret") + 1
    words[place] = f"api_key=@{tmp_path / 'wrong'}"

    refused = program.run(*words)

    assert refused.code == 4
    assert "API key" in refused.err


def test_one_list_is_synced_alone_and_told_with_its_time(shop: Shop) -> None:
    before = shop.program.run("account", "show", "main", "--json").expect(0).json()["syncs"]

    synced = shop.program.run("account", "sync", "main", "--only", "organizations", "--json").expect(0).json()

    after = shop.program.run("account", "show", "main", "--json").expect(0).json()["syncs"]
    assert list(synced["synced"]) == ["organizations"]
    assert synced["synced"]["organizations"]["listed"] == len(shop.tenant.account.element["organizations"])
    assert after["organizations"]["synced_at"] > before["organizations"]["synced_at"]
    assert after["products"] == before["products"]


def test_a_list_that_a_ca_has_not_is_refused_in_words(shop: Shop, program: Program) -> None:
    refused = program.run("account", "sync", "main", "--only", "nonsense")
    assert refused.code == 2


def test_a_csr_made_here_is_listed_and_ordered_with_and_its_key_is_known(shop: Shop, tmp_path: Path) -> None:
    name = shop.tenant.fresh_name()
    run = shop.program.run
    made = run("csr", "create", "--name", name, "--out", str(tmp_path / "made.csr")).expect(0)
    assert "--csr made:1" in made.err
    (listed,) = run("csr", "list", "--json").expect(0).lines()
    assert (listed["names"], listed["ordered"]) == ([name], False)
    assert listed["pem"] == (tmp_path / "made.csr").read_text()

    words = ["order", "place", "--account", "main", "--product", shop.tenant.product, "--csr", "made:1"]
    order = run(*words, "--organization", shop.tenant.organization, "--wait", "30", "--json").expect(0).json()

    assert (order["state"], order["key"]["id"]) == ("issued", listed["key"]["id"])
    assert run("csr", "list", "--json").expect(0).lines()[0]["ordered"] is True
    assert run("csr", "decode", "made:1", "--json").expect(0).json()["names"] == [name]
    run("cert", "export", order["certificate"], "--key").expect(0)


def test_a_csr_that_was_never_made_is_told_so(shop: Shop) -> None:
    refused = shop.program.run(
        "order", "place", "--account", "main", "--product", shop.tenant.product, "--csr", "made:7"
    )
    assert refused.code != 0
    assert "There is no CSR 7." in refused.err


def test_the_www_variant_is_ordered_with_each_name(shop: Shop) -> None:
    name = shop.tenant.fresh_name()
    order = shop.issued("--www", name=name)
    assert order["names"] == [name, f"www.{name}"]


def test_a_certificate_and_its_key_are_written_in_the_order_s_format_once_it_is_issued(
    shop: Shop, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("correct horse\n")
    target = tmp_path / "shop.p12"
    order = shop.issued(
        *("--export", str(target), "--format", "pkcs12", "--password-file", str(tmp_path / "password")),
    )
    key, leaf, chain = load_key_and_certificates(target.read_bytes(), b"correct horse")
    assert key is not None
    assert leaf is not None
    assert leaf.fingerprint(SHA256()).hex() == order["certificate"]
    assert len(chain) == 1
    assert target.stat().st_mode & 0o077 == 0


def test_a_keystore_without_a_password_is_refused_before_anything_is_recorded(shop: Shop, tmp_path: Path) -> None:
    refused = shop.place("--export", str(tmp_path / "shop.jks"), "--format", "jks")
    assert refused.code == 1
    assert "--password-file" in refused.err
    assert shop.program.run("order", "list", "--json").expect(0).lines() == []


def test_the_pem_of_an_order_holds_key_leaf_and_chain(shop: Shop, tmp_path: Path) -> None:
    target = tmp_path / "shop.pem"
    shop.issued("--export", str(target))
    read = subprocess.run(["openssl", "pkey", "-in", str(target), "-noout"], capture_output=True, check=False)
    assert read.returncode == 0
    assert target.read_text().count("BEGIN CERTIFICATE") == 2


def test_a_ca_that_needs_the_csr_at_once_is_not_ordered_from_without(shop: Shop) -> None:
    refused = shop.place("--late-csr")
    assert refused.code == 1
    assert "without a CSR" in refused.err
    assert shop.program.run("order", "list", "--json").expect(0).lines() == []


def test_an_order_tells_what_is_paid_until_when_and_what_was_issued_within(shop: Shop) -> None:
    first = shop.issued("--term", "2y", "--auto-renew", "covered", "--renew-days", "20")
    again = shop.program.run("cert", "reissue", first["certificate"], "--wait", "30", "--json").expect(0).json()

    shown = shop.order(again["id"])["coverage"]

    assert (shown["bought_by"], shown["auto_renew"], shown["renew_days"]) == (first["id"], "covered", 20)
    assert [one["fingerprint"] for one in shown["certificates"]] == [first["certificate"], again["certificate"]]
    assert [one["state"] for one in shown["certificates"]] == ["replaced", "valid"]
    years = int(str(shown["paid_until"])[:4]) - int(str(first["placed_at"])[:4])
    assert years == 2
    assert shop.order(first["id"])["coverage"] == shown


def test_auto_renewal_is_changed_and_ended_and_the_journal_says_so(shop: Shop) -> None:
    order = shop.issued()
    assert shop.order(order["id"])["coverage"]["next_due"] is None

    changed = shop.program.run("order", "renewal", str(order["id"]), "always", "--json").expect(0).json()
    assert (changed["auto_renew"], changed["next_due"] > order["placed_at"]) == ("always", True)

    ended = shop.program.run("order", "renewal", str(order["id"]), "off", "--json").expect(0).json()
    assert (ended["auto_renew"], ended["next_due"]) == ("off", None)
    notes = [line["note"] for line in shop.order(order["id"])["journal"]]
    assert "auto-renewal: always" in notes
    assert "auto-renewal: off" in notes


def test_a_reissue_has_no_renewal_of_its_own(shop: Shop) -> None:
    order = shop.issued()
    again = shop.program.run("cert", "reissue", order["certificate"], "--wait", "30", "--json").expect(0).json()
    refused = shop.program.run("order", "renewal", str(again["id"]), "always")
    assert refused.code == 1
    assert "inside another order" in refused.err

"""What is done with a certificate afterwards: reissued, duplicated, revoked, forgotten, exported."""

from __future__ import annotations

import io
import subprocess
import zipfile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs7, pkcs12

from tests.cli.fixtures import NewShop
from tests.cli.tenant import Shop


def _leaf(shop: Shop, fingerprint: str) -> x509.Certificate:
    pem = shop.program.run("cert", "export", fingerprint, "--leaf-only").expect(0).out
    return x509.load_pem_x509_certificate(pem.encode())


def test_a_reissue_has_a_new_key_and_replaces_its_predecessor_inside_the_same_ca_order(shop: Shop) -> None:
    first = shop.issued()
    name = first["names"][0]
    words = ["cert", "reissue", first["certificate"], "--name", name, "--name", f"www.{name}", "--wait", "30", "--json"]

    again = shop.program.run(*words).expect(0).json()

    assert (again["operation"], again["ca_order_id"]) == ("reissue", first["ca_order_id"])
    assert _leaf(shop, again["certificate"]).public_key() != _leaf(shop, first["certificate"]).public_key()
    old, new = shop.certificates()
    assert (old["replaced_by"], new["replaces"]) == (new["fingerprint"], old["fingerprint"])
    assert set(new["names"]) == {name, f"www.{name}"}
    (bought,) = shop.tenant.ledger()
    assert (bought["reissues"], bought["certificates"]) == (1, 2)


def test_a_reissue_with_a_csr_takes_its_key(shop: Shop, tmp_path: Path) -> None:
    first = shop.issued()
    csr = tmp_path / "next.csr"
    shop.program.run("csr", "create", "--name", first["names"][0], "--out", str(csr)).expect(0)
    made = x509.load_pem_x509_csr(csr.read_bytes())

    again = (
        shop.program.run("cert", "reissue", first["certificate"], "--csr", str(csr), "--wait", "--json")
        .expect(0)
        .json()
    )

    assert _leaf(shop, again["certificate"]).public_key() == made.public_key()


def test_a_duplicate_stands_beside_the_first(shop: Shop) -> None:
    first = shop.issued()

    second = shop.program.run("cert", "duplicate", first["certificate"], "--wait", "30", "--json").expect(0).json()

    assert {entry["state"] for entry in shop.certificates()} == {"valid"}
    assert second["certificate"] != first["certificate"]
    (bought,) = shop.tenant.ledger()
    assert (bought["duplicates"], bought["certificates"]) == (1, 2)
    for one, other in ((first, second), (second, first)):
        lineage = shop.program.run("cert", "lineage", one["certificate"], "--json").expect(0).lines()
        assert [each["fingerprint"] for each in lineage] == [one["certificate"]]
        told = shop.program.run("cert", "show", one["certificate"], "--json").expect(0).json()
        assert (told["replaces"], told["replaced_by"]) == (None, None)
        assert [each["fingerprint"] for each in told["siblings"]] == [other["certificate"]]


def test_a_revocation_carries_its_reason_and_comment_to_the_ca(shop: Shop) -> None:
    first = shop.issued()
    leaf = _leaf(shop, first["certificate"])
    words = ["cert", "revoke", first["certificate"], "--reason", "keyCompromise", "--comment", "lost laptop"]

    done = shop.program.run(*words, "--wait", "30", "--json")

    assert done.code == 0, done
    entry = shop.tenant.account.management.revocation_of(leaf)
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    shown = shop.program.run("cert", "show", first["certificate"], "--json").expect(0).json()
    assert (shown["state"], shown["revocation_reason"]) == ("revoked", "keyCompromise")
    assert any("lost laptop" in line["note"] for line in shop.order(first["id"])["journal"])
    twice = shop.program.run(*words).expect(1)
    assert "revoked already" in twice.err


def test_revoking_the_order_revokes_the_reissued_ones_too(shop: Shop) -> None:
    first = shop.issued()
    shop.program.run("cert", "reissue", first["certificate"], "--wait", "30").expect(0)

    shop.program.run(
        "cert", "revoke", first["certificate"], "--order", "--reason", "superseded", "--wait", "30"
    ).expect(0)

    assert {entry["state"] for entry in shop.certificates()} == {"revoked"}


def test_a_revocation_waits_for_its_approver(new_shop: NewShop) -> None:
    shop = new_shop("--set", "skip_approval=false")
    first = shop.issued("--set", "skip_approval=true")

    asked = shop.program.run("cert", "revoke", first["certificate"], "--json").expect(0).json()
    assert asked["state"] == "pending"
    assert shop.certificates()[0]["state"] == "valid"
    shop.tenant.account.management.post("approve", ca="digicert", order_id=int(first["ca_order_id"]))
    done = shop.program.run("cert", "revoke", first["certificate"], "--wait", "30", "--json").expect(0).json()

    assert (done["id"], done["state"]) == (asked["id"], "revoked")
    assert shop.certificates()[0]["state"] == "revoked"


def test_a_revocation_is_approved_with_a_credential_that_may(new_shop: NewShop) -> None:
    shop = new_shop("--set", "skip_approval=false")
    first = shop.issued("--set", "skip_approval=true")
    shop.program.run("cert", "revoke", first["certificate"], "--json").expect(0)

    shop.program.run("order", "approve", str(first["id"])).expect(0)

    assert shop.certificates()[0]["state"] == "revoked"
    assert shop.tenant.ledger()[0]["revocations"] == 1


def test_a_rejected_revocation_is_told_and_the_certificate_stays_valid(new_shop: NewShop) -> None:
    shop = new_shop("--set", "skip_approval=false")
    first = shop.issued("--set", "skip_approval=true")
    shop.program.run("cert", "revoke", first["certificate"], "--json").expect(0)
    shop.tenant.account.management.post(
        "reject", ca="digicert", order_id=int(first["ca_order_id"]), comment="still in use"
    )

    done = shop.program.run("cert", "revoke", first["certificate"], "--wait", "30", "--json").expect(1).json()

    assert done["state"] == "refused"
    assert shop.certificates()[0]["state"] == "valid"


def test_a_forgotten_order_leaves_its_certificate_and_tells_the_ca_nothing(shop: Shop) -> None:
    order = shop.issued()
    calls = len(shop.tenant.requests())

    forgotten = shop.program.run("order", "forget", str(order["id"]), "--json").expect(0).json()

    assert forgotten["certificate"] == order["certificate"]
    assert len(shop.tenant.requests()) == calls
    assert shop.program.run("order", "show", order["reference"]).code == 1
    (entry,) = shop.certificates()
    assert (entry["fingerprint"], entry["order"]) == (order["certificate"], None)
    assert "PRIVATE KEY" in shop.program.run("cert", "export", order["certificate"], "--key").expect(0).out


def test_an_order_of_unknown_outcome_is_not_forgotten(shop: Shop) -> None:
    shop.tenant.fault("drop_after", method="POST", path="ssl_basic$")
    unknown = shop.program.run(*shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "lost", "--json"))
    assert unknown.code == 3, unknown
    assert unknown.json()["state"] == "outcome_unknown"

    told = shop.program.run("order", "forget", "lost").expect(1).told

    assert "order check" in told
    shop.program.run("order", "check", "lost").expect(0)
    assert shop.order("lost")["state"] == "issued"
    shop.program.run("order", "forget", "lost").expect(0)
    assert len(shop.tenant.ledger()) == 1


def test_every_export_format_holds_the_certificate_and_its_chain(shop: Shop, tmp_path: Path) -> None:
    order = shop.issued()
    leaf = _leaf(shop, order["certificate"])
    password = tmp_path / "password"
    password.write_text("correct horse\n")

    def export(form: str, *more: str) -> bytes:
        path = tmp_path / f"out.{form}{len(more)}"
        shop.program.run("cert", "export", order["certificate"], "--format", form, "--out", str(path), *more).expect(0)
        assert path.stat().st_mode & 0o777 == 0o600
        return path.read_bytes()

    pem = x509.load_pem_x509_certificates(export("pem"))
    assert (pem[0], len(pem)) == (leaf, 2)
    assert x509.load_der_x509_certificate(export("der")) == leaf
    assert leaf in pkcs7.load_der_pkcs7_certificates(export("pkcs7"))
    with zipfile.ZipFile(io.BytesIO(export("zip"))) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) >= 2
    bag = pkcs12.load_pkcs12(export("pkcs12", "--key", "--password-file", str(password)), b"correct horse")
    assert bag.key is not None
    assert bag.cert is not None
    assert bag.cert.certificate == leaf
    assert bag.key.public_key() == leaf.public_key()
    sealed = export("pem", "--key", "--password-file", str(password))
    assert b"ENCRYPTED PRIVATE KEY" in sealed
    assert (
        load_pem_private_key(sealed[sealed.index(b"-----BEGIN ENC") :], b"correct horse").public_key()
        == leaf.public_key()
    )
    assert export("jks", "--key", "--password-file", str(password))[:4] == b"\xfe\xed\xfe\xed"


def test_openssl_verifies_the_exported_chain_to_the_sandboxs_roots(shop: Shop, tmp_path: Path) -> None:
    order = shop.issued()
    exported = tmp_path / "chain.pem"
    shop.program.run("cert", "export", order["certificate"], "--out", str(exported)).expect(0)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(shop.tenant.account.management.call("GET", "roots").body)
    name = order["names"][0]

    judged = subprocess.run(
        ["openssl", "verify", "-CAfile", roots, "-untrusted", exported, "-verify_hostname", name, exported],
        capture_output=True,
        text=True,
        check=False,
    )

    assert judged.returncode == 0, judged


@pytest.mark.parametrize("form", ["pkcs12", "jks"])
def test_a_format_that_holds_the_key_needs_a_password(form: str, shop: Shop) -> None:
    order = shop.issued()

    told = shop.program.run("cert", "export", order["certificate"], "--format", form).expect(1).told

    assert "--password-file" in told


def test_after_a_rotation_of_the_kek_everything_still_works(shop: Shop) -> None:
    before = shop.issued()

    rotated = shop.program.run("kek", "rotate").expect(0)

    assert "2 envelopes" in rotated.out, rotated
    assert "PRIVATE KEY" in shop.program.run("cert", "export", before["certificate"], "--key").expect(0).out
    assert shop.issued()["state"] == "issued"
    key = before["key"]["id"]
    csr = shop.program.run("csr", "create", "--name", before["names"][0], "--key-id", str(key)).expect(0).out
    assert x509.load_pem_x509_csr(csr.encode()).public_key() == _leaf(shop, before["certificate"]).public_key()


def test_a_replaced_secret_and_setting_of_an_account_are_used_from_then_on(shop: Shop) -> None:
    wrong = shop.tenant.file("wrong", "0" * 40)
    shop.program.run("account", "change", "main", "--secret", f"api_key={wrong}").expect(0)
    shop.program.run("account", "test", "main").expect(4)
    right = shop.tenant.file("right", shop.tenant.account.key)
    shop.program.run(
        "account", "change", "main", "--secret", f"api_key={right}", "--set", "comment=", "--url", "ftp://x"
    ).expect(4)
    shop.program.run("account", "change", "main", "--secret", f"api_key={right}", "--set", "format=xml").expect(0)
    shop.program.run("account", "test", "main").expect(0)
    assert shop.program.run("account", "show", "main", "--json").expect(0).json()["settings"]["format"] == "xml"
    shop.issued()


def test_former_key_encryption_keys_can_be_listed_and_forgotten(shop: Shop) -> None:
    order = shop.issued()
    (first,) = shop.program.run("kek", "list", "--json").expect(0).lines()
    shop.program.run("kek", "rotate").expect(0)
    newest, former = shop.program.run("kek", "list", "--json").expect(0).lines()
    assert (newest["newest"], former["id"]) == (True, first["id"])

    shop.program.run("kek", "forget", former["id"]).expect(0)
    shop.program.run("kek", "forget", newest["id"]).expect(1)

    assert "PRIVATE KEY" in shop.program.run("cert", "export", order["certificate"], "--key").expect(0).out
    shop.issued()


def test_a_certificate_whose_order_was_forgotten_can_still_be_reissued_and_revoked(shop: Shop) -> None:
    order = shop.issued()
    shop.program.run("order", "forget", str(order["id"])).expect(0)

    again = shop.program.run("cert", "reissue", order["certificate"], "--wait", "20", "--json").expect(0).json()
    shop.program.run("cert", "revoke", order["certificate"]).expect(0)

    assert again["state"] == "issued"
    assert {row["fingerprint"]: row["state"] for row in shop.certificates()} == {
        order["certificate"]: "revoked",
        again["certificate"]: "valid",
    }
    (row,) = shop.tenant.ledger()
    assert (row["reissues"], row["revocations"]) == (1, 1)

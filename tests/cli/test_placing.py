"""Ordering, in every form that scripts rely on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests.cli.program import Program
from tests.cli.tenant import Shop

ORDER_KEYS = {
    "id", "reference", "account", "operation", "product", "names", "common_name", "organization", "term", "state",
    "step", "waiting_for", "why", "advice", "trouble", "ca_order_id", "ca_certificate_id", "ca_request_id",
    "certificate", "key", "proofs", "requirements", "created_at", "placed_at", "next_action_at",
    "replaces", "auto_renew", "renew_days", "renewal_due_at",
}  # fmt: skip


Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def csr_file(folder: Path, *names: str, key: Key | None = None, der: bool = False) -> Path:
    """A CSR made by pyca/cryptography alone."""
    made = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    ).add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    form = serialization.Encoding.DER if der else serialization.Encoding.PEM
    path = folder / "wanted.csr"
    path.write_bytes(builder.sign(made, hashes.SHA256()).public_bytes(form))
    return path


def test_one_command_orders_waits_and_prints_one_json_object(shop: Shop) -> None:
    name = shop.tenant.fresh_name()
    words = shop.tenant.place_words(
        name, "--key", "software:rsa-2048", "--term", "1y", "--reference", "R-1", "--wait", "60", "--json"
    )

    order = shop.program.typed(*words).expect(0).json()

    assert set(order) == ORDER_KEYS
    assert (order["state"], order["names"], order["reference"]) == ("issued", [name], "R-1")
    (bought,) = shop.tenant.ledger()
    assert (bought["reference"], bought["names"], bought["product"]) == ("R-1", [name], "ssl_basic")
    assert order["term"] == "1y"
    assert {call["method"] for call in shop.tenant.requests()[-1:]} == {"POST"}, "one CA call for a prevalidated order"


@pytest.mark.parametrize("spec", ["rsa-2048", "rsa-3072", "rsa-4096", "ec-p256", "ec-p384"])
def test_a_software_key_is_of_the_kind_that_was_asked_for(spec: str, shop: Shop) -> None:
    order = shop.issued("--key", f"software:{spec}")

    pem = shop.program.run("cert", "export", order["certificate"], "--key").expect(0).out

    kind, size = spec.split("-")
    key = serialization.load_pem_private_key(pem[pem.index("-----BEGIN PRIVATE") :].encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey if kind == "rsa" else ec.EllipticCurvePrivateKey)
    assert key.key_size == int(size.strip("p"))
    leaf = x509.load_pem_x509_certificate(pem.encode())
    assert leaf.public_key() == key.public_key()


@pytest.mark.parametrize("more", [("--wait",), ("--wait", "30"), ("--wait=30",)])
def test_wait_stands_with_and_without_a_number_and_before_other_options(more: tuple[str, ...], shop: Shop) -> None:
    words = shop.tenant.place_words(shop.tenant.fresh_name(), *more, "--reference", "waited", "--json")

    assert shop.program.run(*words).expect(0).json()["state"] == "issued"


def test_waiting_for_what_does_not_come_ends_with_unavailable_and_the_order_goes_on(shop: Shop) -> None:
    words = shop.tenant.place_words(shop.tenant.unproven_name(), "--wait", "1", "--json")

    waited = shop.program.run(*words)

    assert waited.code == 3, waited
    assert (waited.json()["state"], waited.json()["waiting_for"]) == ("pending", "domain_control")


def test_an_order_without_wait_tells_where_it_stands(shop: Shop) -> None:
    order = shop.pending()

    assert order["waiting_for"] == "domain_control"
    assert [proof["name"] for proof in order["proofs"]] == order["names"]


@pytest.mark.parametrize("der", [False, True], ids=["pem", "der"])
def test_a_csr_from_a_file_is_ordered_with_its_own_key(der: bool, shop: Shop, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    names = [shop.tenant.fresh_name(), shop.tenant.fresh_name()]
    csr = csr_file(tmp_path, *names, key=key, der=der)
    words = ["order", "place", "--account", "main", "--product", "ssl_basic", "--csr", str(csr)]

    order = (
        shop.program.run(*words, "--organization", shop.tenant.organization, "--wait", "30", "--json").expect(0).json()
    )

    assert sorted(order["names"]) == sorted(names)
    assert order["key"]["kind"] == "external"
    pem = shop.program.run("cert", "export", order["certificate"]).expect(0).out
    assert x509.load_pem_x509_certificate(pem.encode()).public_key() == key.public_key()
    told = shop.program.run("cert", "export", order["certificate"], "--key").expect(1).told
    assert "PRIVATE KEY" not in told


def test_a_csr_is_read_from_standard_input(shop: Shop, tmp_path: Path) -> None:
    name = shop.tenant.fresh_name()
    csr = csr_file(tmp_path, name)
    words = shop.tenant.place_words(name, "--csr", "-", "--wait", "30", "--json")

    assert shop.program.run(*words, stdin=csr).expect(0).json()["state"] == "issued"


def test_an_organization_goes_by_its_name_or_its_id(shop: Shop) -> None:
    shown = shop.program.run("account", "show", "main", "--json").expect(0).json()
    known = next(item for item in shown["organizations"] if item["name"] == shop.tenant.organization)
    for wanted in (known["name"], known["name"].upper(), known["id"]):
        words = ["order", "place", "--account", "main", "--product", "ssl_basic", "--name", shop.tenant.fresh_name()]
        order = shop.program.run(*words, "--organization", wanted, "--wait", "30", "--json").expect(0).json()
        assert order["organization"] == known["id"]


def test_the_same_reference_is_the_same_order_and_another_request_under_it_is_refused(shop: Shop) -> None:
    name = shop.tenant.fresh_name()
    first = shop.issued("--reference", "same", name=name)

    again = shop.place("--reference", "same", name=name).expect(0)
    other = shop.place("--reference", "same", name=shop.tenant.fresh_name()).expect(1)

    assert again.json()["id"] == first["id"]
    assert "already" in again.err
    assert "asks for something else" in other.err
    assert len(shop.tenant.ledger()) == 1


def test_two_submissions_at_the_same_moment_are_one_order(shop: Shop) -> None:
    words = shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "both", "--wait", "30", "--json")
    started = [shop.program.zygote.start(shop.program.home, [words]) for _ in range(4)]

    assert [session.wait() for session in started] == [0] * 4

    orders = {session.results[0].expect(0).json()["certificate"] for session in started}
    assert len(orders) == 1
    assert len(shop.tenant.ledger("both")) == 1


def test_options_of_the_ca_reach_it(shop: Shop) -> None:
    order = shop.issued(
        "--set", "signature_hash=sha384", "--set", "comments=for the shop", "--set", "server_platform=45"
    )

    pem = shop.program.run("cert", "export", order["certificate"], "--leaf-only").expect(0).out

    algorithm = x509.load_pem_x509_certificate(pem.encode()).signature_hash_algorithm
    assert isinstance(algorithm, hashes.SHA384)


def test_wildcards_and_several_names_are_in_the_certificate(shop: Shop) -> None:
    base = shop.tenant.fresh_name()
    order = shop.issued("--name", f"a.{base}", "--name", f"*.{base}", "--product", "ssl_multi_domain", name=base)

    shown = shop.program.run("cert", "show", order["certificate"], "--json").expect(0).json()

    assert set(shown["names"]) >= {base, f"a.{base}", f"*.{base}"}


def test_a_csr_we_make_is_decoded_ordered_and_its_key_found_again(shop: Shop, tmp_path: Path) -> None:
    name = shop.tenant.fresh_name()
    path = tmp_path / "ours.csr"
    shop.program.run("csr", "create", "--name", name, "--key", "software:ec-p384", "--out", str(path)).expect(0)
    decoded = shop.program.run("csr", "decode", str(path), "--json").expect(0).json()
    assert (decoded["names"], decoded["weakness"]) == ([name], None)
    judged = subprocess.run(
        ["openssl", "req", "-in", path, "-verify", "-noout"], capture_output=True, text=True, check=True
    )
    assert "verify OK" in judged.stdout + judged.stderr

    words = ["order", "place", "--account", "main", "--product", "ssl_basic", "--csr", str(path)]
    order = (
        shop.program.run(*words, "--organization", shop.tenant.organization, "--wait", "30", "--json").expect(0).json()
    )

    assert "PRIVATE KEY" in shop.program.run("cert", "export", order["certificate"], "--key").expect(0).out
    keys = shop.program.run("key", "list", "--json").expect(0).lines()
    assert [key["public_key_sha256"] for key in keys] == [decoded["public_key_sha256"]]


def test_lists_are_one_json_object_a_line_and_filter(shop: Shop) -> None:
    issued, pending = shop.issued(), shop.pending()

    everything = shop.program.run("order", "list", "--json").expect(0).lines()
    only = shop.program.run("order", "list", "--state", "pending", "--json").expect(0).lines()

    assert [order["id"] for order in everything] == [issued["id"], pending["id"]]
    assert [order["id"] for order in only] == [pending["id"]]
    assert all(set(order) == ORDER_KEYS for order in everything)
    shown = shop.order(issued["reference"])
    assert set(shown) == ORDER_KEYS | {"coverage", "journal", "intents"}
    assert json.dumps(shown)


def test_an_order_is_found_by_our_number_our_reference_and_the_cas_number(shop: Shop) -> None:
    order = shop.issued("--reference", "three-ways")

    found = {shop.order(which)["reference"] for which in (order["id"], "three-ways", order["ca_order_id"])}

    assert found == {"three-ways"}
    assert shop.program.run("order", "show", "nobody").expect(1).out == ""


def test_usage_errors_have_exit_code_two(program: Program) -> None:
    assert program.run("order", "place").code == 2
    assert program.run("order", "place", "--account").code == 2
    assert program.run("nonsense").code == 2
    assert program.run("cert", "revoke", "x", "--reason", "certificateHold").code == 2
    assert program.typed("--version").expect(0).out.startswith("certwright ")

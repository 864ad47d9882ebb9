"""Certificates that a scan or an import found first, and the CA orders they turn out to be of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.cli.integrated import NAME, Integration, Reader
from tests.cli.program import Program
from tests.sandbox.tenant import Sandbox

NewIntegration = Callable[..., Integration]
DOWNLOADS = "/download/"


@pytest.fixture
def integration(sandbox: Sandbox, program: Program, tmp_path: Path) -> Integration:
    """A CA account with orders in force, and a read-only key to it that nobody has added yet."""
    return Integration(program, Reader.at(sandbox, tmp_path, orders=12))


def test_what_a_folder_held_is_matched_by_serial_and_issuer_without_a_download(
    integration: Integration, tmp_path: Path
) -> None:
    order = integration.in_force[0]
    chain = _download(integration, order)
    _find(integration, tmp_path, *chain)
    (found,) = integration.certificates()
    assert (found["account"], found["ca"]) == (None, None)

    added = integration.add().expect(0)

    matched = integration.told(order)
    assert matched["fingerprint"] == found["fingerprint"] == chain[0].fingerprint(hashes.SHA256()).hex()
    assert (matched["ca"], matched["account"], matched["recorded_at"]) == ("digicert", NAME, found["recorded_at"])
    assert [sight["source"] for sight in matched["sightings"]] == ["found"]
    assert integration.reader.calls(f"certificate/{matched['ca_certificate_id']}{DOWNLOADS}") == []
    assert len(integration.reader.calls(DOWNLOADS)) == len(integration.certificates()) - 1
    assert "certificates found" in added.told


def test_what_was_found_without_its_chain_is_fetched_once_and_matched_by_its_fingerprint(
    integration: Integration, tmp_path: Path
) -> None:
    order = integration.in_force[0]
    leaf, *_ = _download(integration, order)
    _find(integration, tmp_path, leaf)
    (found,) = integration.certificates()

    integration.add().expect(0)

    matched = integration.told(order)
    assert (matched["id"], matched["account"]) == (found["id"], NAME)
    assert len(integration.reader.calls(f"certificate/{matched['ca_certificate_id']}{DOWNLOADS}")) == 1


def test_a_certificate_of_another_ca_with_the_same_serial_and_names_is_not_matched(
    integration: Integration, tmp_path: Path
) -> None:
    order = integration.in_force[0]
    leaf, *_ = _download(integration, order)
    stranger = _issued_by("Meadow Works Internal CA", leaf)
    _find(integration, tmp_path, *stranger)

    integration.add().expect(0)

    _assert_left_alone(integration, stranger[0], leaf, order)


def test_a_forged_certificate_with_the_same_serial_and_issuer_s_name_is_not_matched(
    integration: Integration, tmp_path: Path
) -> None:
    order = integration.in_force[0]
    leaf, *_ = _download(integration, order)
    (common_name,) = leaf.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    forged = _issued_by(str(common_name.value), leaf, name=leaf.issuer)
    _find(integration, tmp_path, *forged)

    integration.add().expect(0)

    _assert_left_alone(integration, forged[0], leaf, order)


def test_what_is_found_after_the_orders_came_in_is_matched_by_the_next_run(
    integration: Integration, tmp_path: Path
) -> None:
    integration.add("--no-certificates").expect(0)
    assert (integration.certificates(), integration.reader.calls(DOWNLOADS)) == ([], [])
    order = integration.in_force[0]
    _find(integration, tmp_path, *_download(integration, order))
    integration.reader.forget()

    run = integration.run()

    assert (run["found"], run["new"]) == (1, 0)
    assert integration.told(order)["account"] == NAME
    assert integration.reader.calls(DOWNLOADS) == []


def test_expired_certificates_are_left_out_where_the_operator_says_so(integration: Integration) -> None:
    integration.add("--leave-out", "expired", "--leave-out", "revoked").expect(0)

    states = {one["state"] for one in integration.certificates()}

    assert "expired" not in states
    assert "revoked" not in states
    rows = integration.program.run("order", "report", "--account", NAME, "--json").expect(0).lines()
    assert len({row["ca_order_id"] for row in rows}) == 12, "the orders come in all the same"


def _download(integration: Integration, order: str) -> list[x509.Certificate]:
    """The CA order's certificate and its chain, fetched by somebody else with another key."""
    owner = integration.reader.owner
    answer = owner.call("GET", f"certificate/{owner.info(order)['certificate']['id']}/download/format/pem_all")
    return x509.load_pem_x509_certificates(answer.body)


def _find(integration: Integration, folder: Path, *certificates: x509.Certificate) -> None:
    """Have them found in a folder."""
    place = folder / "found"
    place.mkdir()
    (place / "found.pem").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    integration.program.run("source", "add-folder", "found", str(place)).expect(0)


def _assert_left_alone(
    integration: Integration, stranger: x509.Certificate, leaf: x509.Certificate, order: str
) -> None:
    """The stranger has no CA account, and the CA order has its own certificate."""
    rows = {one["fingerprint"]: one for one in integration.certificates()}
    left = rows[stranger.fingerprint(hashes.SHA256()).hex()]
    assert (left["account"], left["ca_order_id"]) == (None, None)
    assert integration.told(order)["fingerprint"] == leaf.fingerprint(hashes.SHA256()).hex()
    known = integration.known([left["fingerprint"]])[0]
    assert known["ca_orders"] == []


def _issued_by(common_name: str, like: x509.Certificate, name: Any = None) -> tuple[x509.Certificate, x509.Certificate]:
    """A certificate with the serial, the names and the dates of another, and the private CA that signed it."""
    issuer = name or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    key = ec.generate_private_key(ec.SECP256R1())
    begin, end = like.not_valid_before_utc, like.not_valid_after_utc

    def builder(subject: x509.Name, serial: int, public_key: Any) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder(issuer, subject, public_key, serial)
            .not_valid_before(begin - timedelta(days=1))
            .not_valid_after(end)
        )

    root = builder(issuer, x509.random_serial_number(), key.public_key())
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    leaf = builder(like.subject, like.serial_number, like.public_key())
    names = like.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    leaf = leaf.add_extension(names, critical=False)
    return leaf.sign(key, hashes.SHA256()), root.sign(key, hashes.SHA256())

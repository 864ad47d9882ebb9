"""Downloads: contract tests 77 to 80 of the CA's reference.

81 (chains of two and of four certificates) is the client's alone: tests/contract_client.
"""

from __future__ import annotations

import io
import zipfile

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from tests.sandbox.certificates import (
    certificates_in,
    certificates_in_zip,
    csr_pem,
    has_key,
    is_self_issued,
    new_key,
)
from tests.sandbox.tenant import ORDER, Account, NewAccount, NewName
from tests.sandbox.wire import Answer


def _download(tenant: Account, certificate_id: int, what: str) -> Answer:
    answer = tenant.call("GET", f"certificate/{certificate_id}/download/{what}", accept="*/*")
    assert answer.status == 200, answer
    return answer


def _media(answer: Answer) -> str:
    return answer.type.split(";")[0]


def test_77_the_platform_download_is_a_zip_with_leaf_and_issuers(account: NewAccount) -> None:
    """The flow of seed 000: place, wait, read the certificate id, download, unpack, import each."""
    tenant, key = account(auto_approve=False), new_key()
    name = f"shop.{tenant.domain}"
    order = tenant.place(ORDER, name=name, csr=csr_pem(name, key)).json()
    tenant.management.post("approve", ca="digicert", order_id=order["id"])
    certificate_id = tenant.info(order["id"])["certificate"]["id"]

    answer = _download(tenant, certificate_id, "platform")

    found = certificates_in_zip(answer.body)
    leaves = [certificate for certificate in found if has_key(certificate, key)]
    assert _media(answer) == "application/zip"
    assert len(leaves) == 1
    issuers = {certificate.subject for certificate in found if certificate not in leaves}
    assert leaves[0].issuer in issuers
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert not [n for n in archive.namelist() if n.startswith("/") or ".." in n.split("/")]


def test_77_platform_29_is_one_pem_file(account: NewAccount) -> None:
    tenant = account()
    certificate_id = tenant.issue()["certificate_id"]

    answer = _download(tenant, certificate_id, "platform/29")

    assert answer.body == _download(tenant, certificate_id, "format/pem_all").body


def test_78_the_pem_formats_differ_by_what_follows_the_leaf(account: NewAccount) -> None:
    tenant, key = account(), new_key()
    name = f"shop.{tenant.domain}"
    certificate_id = tenant.issue(name=name, csr=csr_pem(name, key))["certificate_id"]

    answers = {
        kind: _download(tenant, certificate_id, f"format/{kind}")
        for kind in ("pem_all", "pem_noroot", "pem_nointermediate")
    }

    found = {kind: certificates_in(answer.body) for kind, answer in answers.items()}
    assert {_media(answer) for answer in answers.values()} == {"application/x-pem-file"}
    assert has_key(found["pem_all"][0], key)
    assert is_self_issued(found["pem_all"][-1])
    assert len(found["pem_all"]) >= 3
    assert found["pem_noroot"] == found["pem_all"][:-1]
    assert found["pem_nointermediate"] == found["pem_all"][:1]


@pytest.mark.parametrize("kind", ["p7b", "cer"])
def test_78_p7b_and_cer_are_one_pkcs7_bundle(account: NewAccount, kind: str) -> None:
    tenant = account()
    certificate_id = tenant.issue()["certificate_id"]

    answer = _download(tenant, certificate_id, f"format/{kind}")

    whole = certificates_in(_download(tenant, certificate_id, "format/pem_all").body)
    assert _media(answer) == "application/x-pkcs7-certificates"
    assert answer.body.startswith(b"-----BEGIN PKCS7-----")
    assert set(pkcs7.load_pem_pkcs7_certificates(answer.body)) == set(whole)


@pytest.mark.parametrize(("kind", "with_root"), [("apache", False), ("default", True), ("default_pem", True)])
def test_78_the_zip_formats_have_the_leaf_and_the_intermediate(account: NewAccount, kind: str, with_root: bool) -> None:
    tenant = account()
    certificate_id = tenant.issue()["certificate_id"]

    answer = _download(tenant, certificate_id, f"format/{kind}")

    whole = certificates_in(_download(tenant, certificate_id, "format/pem_all").body)
    found: set[x509.Certificate] = set(certificates_in_zip(answer.body))
    assert _media(answer) == "application/zip"
    assert found >= set(whole[:-1])
    assert any(is_self_issued(certificate) for certificate in found) is with_root or kind == "default_pem"


def test_79_the_chain_endpoint_has_the_leaf_first(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()

    chain = tenant.get(f"certificate/{order['certificate_id']}/chain")

    pems = [entry["pem"] for entry in chain["intermediates"]]
    leaf = certificates_in(order["certificate_chain"][0]["pem"])
    assert certificates_in(pems[0]) == leaf
    assert len(pems) >= 2
    assert all(entry["subject_common_name"] for entry in chain["intermediates"])


def test_80_the_download_by_order_equals_the_download_by_certificate(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()

    by_order = tenant.call("GET", f"certificate/download/order/{order['id']}/format/pem_all")

    assert by_order.status == 200
    assert by_order.body == _download(tenant, order["certificate_id"], "format/pem_all").body


def test_80_what_is_not_issued_cannot_be_downloaded(account: NewAccount, fresh: NewName) -> None:
    tenant = account()
    order = tenant.pending(fresh())
    number = order["certificate_id"]

    for path in (
        f"certificate/{number}/download/platform",
        f"certificate/{number}/download/format/pem_all",
        f"certificate/{number}/chain",
        f"certificate/download/order/{order['id']}/format/pem_all",
    ):
        assert tenant.call("GET", path).status == 404, path


def test_80_a_certificate_of_another_account_cannot_be_downloaded(account: NewAccount) -> None:
    theirs = account().issue()["certificate_id"]

    assert account().call("GET", f"certificate/{theirs}/download/format/pem_all").status == 404


def test_80_a_revoked_certificate_can_be_downloaded(account: NewAccount) -> None:
    tenant = account()
    number = tenant.issue()["certificate_id"]
    assert tenant.put(f"certificate/{number}/revoke", b'{"skip_approval":true}').status == 204

    assert _download(tenant, number, "format/pem_all").status == 200

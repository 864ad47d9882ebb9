"""Placing orders: contract tests 24 to 42 of the CA's reference.

Of 34 and 37 the server's half is here; that the client copies SANs out of the CSR, and repeats a refused
renewal once as a plain order, is in tests/contract_client.
"""

from __future__ import annotations

import http.client
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import NameOID

from tests.sandbox.certificates import (
    certificates_in,
    csr_pem,
    has_key,
    lifetime_days,
    names_of,
    new_key,
    openssl,
    rsa_key,
    write_pem,
)
from tests.sandbox.tenant import ORDER, NewAccount, NewName, Sandbox

SEED_004 = """{
  "certificate": {
    "common_name": "$name",
    "csr": "$csr",
    "organization_units": ["Wire tests"],
    "server_platform": {"id": 45},
    "signature_hash": "sha256"
  },
  "organization": {"id": $organization},
  "validity_years": 2,
  "comments": "as in the seed",
  "disable_renewal_notifications": false,
  "payment_method": "balance"
}"""
REFERENCE = """{"certificate":{"common_name":"$name","csr":"$csr"},"organization":{"id":$organization},
"order_validity":{"years":1},"alternative_order_id":"$reference"}"""
RENEWAL = """{"certificate":{"common_name":"$name","csr":"$csr"},"organization":{"id":$organization},
"order_validity":{"years":1},"renewal_of_order_id":$predecessor}"""
SKIP = """{"certificate":{"common_name":"$name","csr":"$csr"},"organization":{"id":$organization},
"order_validity":{"years":1},"skip_approval":true}"""
TERM = """{"certificate":{"common_name":"$name","csr":"$csr"$inner},"organization":{"id":$organization},
$outer}"""


def test_24_the_order_of_seed_004_lives_at_most_199_days_without_ou(account: NewAccount) -> None:
    tenant = account()

    order = tenant.issue(SEED_004, product="ssl_plus")

    leaf = certificates_in(order["certificate_chain"][0]["pem"])[0]
    info = tenant.info(order["id"])
    plan = date.fromisoformat(info["order_valid_till"]) - tenant.management.now().date()
    assert leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME) == []
    assert 190 < lifetime_days(leaf) <= 199
    assert 729 <= plan.days <= 731
    assert info["certificate"]["server_platform"]["id"] == 45


def test_25_validated_names_and_auto_approval_issue_in_the_same_answer(account: NewAccount) -> None:
    tenant = account()
    key, name = rsa_key(2048), f"shop.{tenant.domain}"

    answer = tenant.place(ORDER, name=name, csr=csr_pem(name, key))

    order = answer.json()
    pems = [entry["pem"] for entry in order["certificate_chain"]]
    leaf = certificates_in(pems[0])[0]
    assert answer.status == 201
    assert [request["status"] for request in order["requests"]] == ["approved"]
    assert type(order["certificate_id"]) is int
    assert len(pems) >= 2
    assert order["certificate_chain"][0]["subject_common_name"] == name
    assert has_key(leaf, key)
    assert name in names_of(leaf)
    assert all(pem.endswith("-----END CERTIFICATE-----\r\n") for pem in pems)
    assert all("\n" not in pem.replace("\r\n", "") for pem in pems)
    assert tenant.info(order["id"])["status"] == "issued"


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_25_openssl_verifies_the_chain_to_the_roots_of_the_management_door(
    account: NewAccount, tmp_path: Path, kind: str
) -> None:
    tenant = account()
    name = f"shop.{tenant.domain}"
    key = rsa_key(2048) if kind == "rsa" else new_key()
    order = tenant.issue(name=name, csr=csr_pem(name, key))
    chain = [certificates_in(entry["pem"])[0] for entry in order["certificate_chain"]]
    roots = tenant.management.call("GET", "roots")
    assert roots.type.split(";")[0] == "application/x-pem-file"
    trusted = write_pem(tmp_path / "roots.pem", certificates_in(roots.body))
    between = write_pem(tmp_path / "between.pem", chain[1:-1])
    leaf = write_pem(tmp_path / "leaf.pem", chain[:1])

    verdict = openssl(
        "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", name,
        "-CAfile", trusted, "-untrusted", between, leaf,
    )  # fmt: skip

    assert verdict.stdout.strip() == f"{leaf}: OK", verdict.stderr


def test_26_without_auto_approval_an_order_waits_for_a_person(account: NewAccount) -> None:
    tenant = account(auto_approve=False)

    answer = tenant.place(ORDER)

    order = answer.json()
    assert answer.status == 201
    assert set(order) == {"id", "requests"}
    assert order["requests"] == [{"id": order["requests"][0]["id"], "status": "pending"}]
    assert tenant.info(order["id"])["status"] == "needs_approval"


def test_27_an_unvalidated_name_is_answered_with_the_dcv_material(account: NewAccount, fresh: NewName) -> None:
    tenant = account(auto_approve=False)
    name = f"new.{fresh()}"

    order = tenant.pending(name)

    assert [request["status"] for request in order["requests"]] == ["approved"]
    assert type(order["certificate_id"]) is int
    assert len(order["dcv_random_value"]) >= 20
    assert {domain["dcv_token"]["token"] for domain in order["domains"]} == {order["dcv_random_value"]}
    assert {domain["dcv_token"]["status"] for domain in order["domains"]} == {"pending"}
    assert all(domain["name"] == domain["dns_name"] for domain in order["domains"])
    assert tenant.info(order["id"])["status"] == "pending"


def test_28_an_unknown_product_is_404(account: NewAccount) -> None:
    answer = account().place(ORDER, product="ssl_of_nobody")

    assert (answer.status, answer.codes) == (404, ["not_found|product"])


@pytest.mark.parametrize(
    "csr", ["garbage", "", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"]
)
def test_29_a_csr_that_does_not_parse_is_refused(account: NewAccount, csr: str) -> None:
    tenant = account()

    answer = tenant.place(ORDER, csr=csr)

    assert answer.status == 400
    assert csr == "" or answer.codes == ["csr_invalid_cannot_parse"]
    assert tenant.ledger() == []


@pytest.mark.parametrize("form", ["pem", "one line", "bare base64"])
def test_29_a_csr_is_taken_as_pem_as_one_line_and_as_bare_base64(account: NewAccount, form: str) -> None:
    tenant = account()
    key, name = new_key(), f"shop.{tenant.domain}"
    pem = csr_pem(name, key)
    one_line = pem.replace("\n", "")
    sent = {"pem": pem, "one line": one_line, "bare base64": one_line.split("-----")[2]}[form]

    order = tenant.issue(name=name, csr=sent)

    assert has_key(certificates_in(order["certificate_chain"][0]["pem"])[0], key)


def test_29_an_rsa_key_below_2048_bits_is_refused(account: NewAccount) -> None:
    """† §19: the code is not known."""
    tenant = account()
    name = f"shop.{tenant.domain}"

    answer = tenant.place(ORDER, name=name, csr=csr_pem(name, rsa_key(1024)))

    assert answer.status == 400
    assert tenant.ledger() == []


@pytest.mark.parametrize(
    ("outer", "field"),
    [
        ('"order_validity":{"years":4}', "validity_years"),
        ('"validity_years":4', "validity_years"),
        ('"order_validity":{"days":1500}', "validity_days"),
        ('"order_validity":{"custom_expiration_date":"2031-01-01"}', "custom_expiration_date"),
        ('"order_validity":{"custom_expiration_date":"2020-01-01"}', "custom_expiration_date"),
    ],
)
def test_30_an_order_over_three_years_is_refused(account: NewAccount, outer: str, field: str) -> None:
    tenant = account()

    answer = tenant.place(TERM, inner="", outer=outer)

    assert answer.status == 400
    assert answer.json() == {
        "errors": [{"code": f"invalid_value:{field}", "message": f"{field} contains an invalid value."}]
    }
    assert tenant.ledger() == []


def test_31_a_certificate_may_not_outlive_its_order(account: NewAccount) -> None:
    answer = account().place(TERM, inner=',"cert_validity":{"days":400}', outer='"order_validity":{"years":1}')

    assert (answer.status, answer.codes) == (400, ["cert_validity_exceeds_order_validity"])


def test_32_certificate_and_order_have_validities_of_their_own(account: NewAccount) -> None:
    tenant = account()
    today = tenant.management.now().date()

    order = tenant.issue(TERM, inner=',"cert_validity":{"days":90}', outer='"order_validity":{"years":1}')

    info = tenant.info(order["id"])
    leaf = certificates_in(order["certificate_chain"][0]["pem"])[0]
    assert 89 <= (date.fromisoformat(info["certificate"]["valid_till"]) - today).days <= 90
    assert 364 <= (date.fromisoformat(info["order_valid_till"]) - today).days <= 366
    assert leaf.not_valid_after_utc.date() == date.fromisoformat(info["certificate"]["valid_till"])
    assert lifetime_days(leaf) <= 91


def test_33_a_custom_expiration_date_wins_over_years(account: NewAccount) -> None:
    tenant = account()
    day = tenant.management.now().date() + timedelta(days=60)

    order = tenant.issue(TERM, inner="", outer=f'"validity_years":1,"custom_expiration_date":"{day}"')

    info = tenant.info(order["id"])
    leaf = certificates_in(order["certificate_chain"][0]["pem"])[0]
    assert info["certificate"]["valid_till"] == day.isoformat()
    assert leaf.not_valid_after_utc.date() == day


def test_34_sans_that_are_only_in_the_csr_are_not_in_the_certificate(account: NewAccount) -> None:
    tenant = account()
    name, lost = f"shop.{tenant.domain}", f"lost.{tenant.domain}"

    order = tenant.issue(name=name, csr=csr_pem(name, names=[name, lost]))

    found = names_of(certificates_in(order["certificate_chain"][0]["pem"])[0])
    assert name in found
    assert lost not in found


@pytest.mark.parametrize("certificate", ['"csr":"$csr"', '"common_name":"","csr":"$csr"'])
def test_35_an_order_without_a_common_name_is_refused(account: NewAccount, certificate: str) -> None:
    tenant = account()
    template = '{"certificate":{' + certificate + '},"organization":{"id":$organization},"validity_years":1}'

    answer = tenant.place(template)

    assert answer.status == 400
    assert tenant.ledger() == []


def test_36_a_standard_user_cannot_skip_the_approval(account: NewAccount) -> None:
    tenant = account(auto_approve=False, role="standard")

    answer = tenant.place(SKIP)

    order = answer.json()
    assert answer.status == 201
    assert [request["status"] for request in order["requests"]] == ["pending"]
    assert "certificate_id" not in order
    assert tenant.info(order["id"])["status"] == "needs_approval"


def test_36_an_administrator_can_skip_the_approval(account: NewAccount) -> None:
    order = account(auto_approve=False, role="administrator").issue(SKIP)

    assert [request["status"] for request in order["requests"]] == ["approved"]


def test_37_an_order_that_expired_too_long_ago_cannot_be_renewed(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    old = tenant.issue()["id"]
    own_sandbox.management.advance(days=730)

    answer = tenant.place(RENEWAL, predecessor=old)

    assert (answer.status, answer.codes) == (400, ["order_not_eligible_for_renewal"])
    assert len(tenant.ledger()) == 1


def test_37_an_order_cannot_be_renewed_twice(account: NewAccount) -> None:
    tenant = account()
    old = tenant.issue()["id"]
    tenant.issue(RENEWAL, predecessor=old)

    answer = tenant.place(RENEWAL, predecessor=old)

    assert (answer.status, answer.codes) == (400, ["order_renewed_already"])
    assert len(tenant.ledger()) == 2


def test_38_a_renewal_and_its_predecessor_name_each_other(account: NewAccount) -> None:
    tenant = account()
    old = tenant.issue()["id"]
    assert tenant.info(old)["is_renewed"] is False

    new = tenant.issue(RENEWAL, predecessor=old)["id"]

    before, after = tenant.info(old), tenant.info(new)
    assert (before["is_renewed"], before["renewed_order_id"]) == (True, new)
    assert (after["is_renewal"], after["renewal_of_order_id"]) == (True, old)


def test_39_unknown_fields_zeros_and_ids_as_strings_are_accepted(account: NewAccount) -> None:
    tenant = account()

    order = tenant.issue(
        """{"id":0,"renewal_of_order_id":0,"nobody_knows":{"this":[1,null]},
        "certificate":{"common_name":"$name","csr":"$csr","unknown":1,"server_platform":{"id":-1}},
        "organization":{"id":"$organization"},"validity_years":1}"""
    )

    assert order["id"] > 0
    assert tenant.info(order["id"])["is_renewal"] is False


def test_40_an_order_whose_answer_was_cut_is_found_by_its_reference(account: NewAccount) -> None:
    tenant = account()
    reference = "0f3c6c0e-6a3e-4a52-9a1f-7b8c9d0e1f20"
    tenant.management.fault("drop_after", account=tenant.name, method="POST", path="order/certificate/")

    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        tenant.place(REFERENCE, reference=reference)

    found = tenant.get(f"order/alternate/{reference}")
    assert found["page"] == {"total": 1, "limit": 1000, "offset": 0}
    assert [set(row) for row in found["orders"]] == [{"order_id", "certificate_id", "status"}]
    assert found["orders"][0]["status"] == "issued"
    assert [row["order_id"] for row in tenant.ledger()] == [found["orders"][0]["order_id"]]
    assert tenant.ledger()[0]["reference"] == reference
    assert tenant.info(found["orders"][0]["order_id"])["alternative_order_id"] == reference


def test_41_two_orders_with_one_reference_are_both_listed(account: NewAccount) -> None:
    tenant = account()
    placed = {tenant.issue(REFERENCE, reference="twice over")["id"] for _ in range(2)}

    found = tenant.get("order/alternate/twice%20over")

    assert {row["order_id"] for row in found["orders"]} == placed
    assert len(placed) == 2
    assert found["page"]["total"] == 2


def test_42_a_reference_never_used_is_404(account: NewAccount) -> None:
    answer = account().call("GET", "order/alternate/never-used")

    assert (answer.status, answer.codes) == (404, ["not_found|order"])


def test_42_a_reference_of_another_account_is_404(account: NewAccount) -> None:
    account().issue(REFERENCE, reference="of-somebody-else")

    assert account().call("GET", "order/alternate/of-somebody-else").status == 404

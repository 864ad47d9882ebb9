"""Reissues, duplicates and revocations: contract tests 69 to 76 of the CA's reference.

Of 71 and 75 the server's half is here; that the client refuses a sibling's PEM, and takes "already
revoked" for success, is in tests/contract_client.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.sandbox import wire
from tests.sandbox.certificates import (
    certificates_in,
    csr_pem,
    has_key,
    lifetime_days,
    names_of,
    new_key,
    openssl,
    serial_text,
    write_pem,
)
from tests.sandbox.tenant import Account, NewAccount, NewName, Sandbox

AGAIN = """{"certificate":{"common_name":"$name","csr":"$csr","signature_hash":"sha256"},
"skip_approval":true}"""
AGAIN_NAMES = """{"certificate":{"common_name":"$name","dns_names":["$name","$other"],"csr":"$csr"},
"skip_approval":true,"dcv_method":"dns-txt-token"}"""
SKIP = b'{"skip_approval":true,"revocation_reason":"superseded"}'


def _again(
    tenant: Account, order: dict[str, Any], verb: str, key: ec.EllipticCurvePrivateKey, **extra: str
) -> wire.Answer:
    name = extra.pop("name", "") or tenant.info(order["id"])["certificate"]["common_name"]
    template = AGAIN_NAMES if "other" in extra else AGAIN
    body = wire.fill(template, name=name, csr=csr_pem(name, key), **extra)
    return tenant.call("POST", f"order/certificate/{order['id']}/{verb}", body)


def _issued(tenant: Account, order: dict[str, Any]) -> Any:
    return wire.until(lambda: tenant.info(order["id"]), lambda info: info["status"] == "issued")


def _leaf(tenant: Account, certificate_id: int) -> x509.Certificate:
    answer = tenant.call("GET", f"certificate/{certificate_id}/download/format/pem_all")
    assert answer.status == 200, answer
    return certificates_in(answer.body)[0]


def test_69_a_reissue_keeps_the_order_and_makes_a_new_certificate(account: NewAccount) -> None:
    tenant, key = account(), new_key()
    order = tenant.issue()
    old_leaf = certificates_in(order["certificate_chain"][0]["pem"])[0]

    answer = _again(tenant, order, "reissue", key)

    info = _issued(tenant, order)
    reissues = tenant.get(f"order/certificate/{order['id']}/reissue")["certificates"]
    assert answer.status == 201
    assert answer.json()["id"] == order["id"]
    assert answer.json()["certificate_id"] != order["certificate_id"]
    assert info["certificate"]["id"] == answer.json()["certificate_id"]
    assert has_key(_leaf(tenant, info["certificate"]["id"]), key)
    assert order["certificate_id"] in [row["id"] for row in reissues]
    assert _leaf(tenant, order["certificate_id"]) == old_leaf
    assert tenant.management.revocation_of(old_leaf) is None
    assert len(tenant.ledger()) == 1
    assert tenant.ledger()[0]["reissues"] == 1


def test_69_a_reissue_that_needs_dcv_is_pending_until_it_is_done(account: NewAccount, fresh: NewName) -> None:
    tenant, key, other = account(dcv="look"), new_key(), fresh()
    order = tenant.issue()

    answer = _again(tenant, order, "reissue", key, other=other)

    new = answer.json()
    assert (answer.status, new["id"]) == (201, order["id"])
    assert new["certificate_id"] != order["certificate_id"]
    assert "certificate_chain" not in new
    assert tenant.info(order["id"])["status"] == "reissue_pending"
    assert tenant.call("GET", f"certificate/{new['certificate_id']}/chain").status == 404
    tenant.management.txt(other, new["dcv_random_value"])
    assert tenant.put(f"order/certificate/{order['id']}/check-dcv").json()["dcv_status"] == "valid"
    info = _issued(tenant, order)
    assert info["certificate"]["id"] == new["certificate_id"]
    assert other in names_of(_leaf(tenant, new["certificate_id"]))


def test_69_a_second_reissue_while_one_is_pending_is_refused(account: NewAccount, fresh: NewName) -> None:
    """† §14.1: the sandbox refuses."""
    tenant = account()
    order = tenant.issue()
    assert _again(tenant, order, "reissue", new_key(), other=fresh()).status == 201

    answer = _again(tenant, order, "reissue", new_key())

    assert answer.status == 400
    assert tenant.ledger()[0]["reissues"] == 1


def test_70_a_reissue_near_the_end_of_the_order_ends_with_it(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    order = tenant.issue()
    end = date.fromisoformat(tenant.info(order["id"])["order_valid_till"])
    own_sandbox.management.advance(days=300)
    for target in ({"domain": tenant.domain}, {"organization": tenant.organization}):
        own_sandbox.management.post("validate", ca="digicert", account=tenant.name, **target)

    answer = _again(tenant, order, "reissue", new_key())

    assert answer.status == 201
    leaf = _leaf(tenant, _issued(tenant, order)["certificate"]["id"])
    assert 0 <= (end - leaf.not_valid_after_utc.date()).days <= 1
    assert lifetime_days(leaf) < 70


def test_71_a_download_can_be_made_to_give_the_certificate_of_a_sibling_once(
    account: NewAccount,
) -> None:
    tenant, key = account(), new_key()
    tenant.issue()
    order = tenant.issue()
    new = _again(tenant, order, "reissue", key).json()
    tenant.management.fault("wrong_certificate", account=tenant.name, path="download/format/pem_all", kind="sibling")

    wrong, right = _leaf(tenant, new["certificate_id"]), _leaf(tenant, new["certificate_id"])

    assert not has_key(wrong, key)
    assert has_key(right, key)


def test_72_a_duplicate_for_other_names_is_refused(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()

    answer = _again(tenant, order, "duplicate", new_key(), name=f"else.{tenant.domain}")

    assert answer.status == 400
    assert tenant.get(f"order/certificate/{order['id']}/duplicate")["certificates"] == []


def test_72_a_duplicate_for_the_same_names_is_listed_with_its_sub_id(account: NewAccount) -> None:
    tenant, key = account(), new_key()
    order = tenant.issue()

    answer = _again(tenant, order, "duplicate", key)

    rows = tenant.get(f"order/certificate/{order['id']}/duplicate")["certificates"]
    assert (answer.status, answer.json()["id"]) == (201, order["id"])
    assert [row["sub_id"] for row in rows] == ["001"]
    assert rows[0]["id"] != order["certificate_id"]
    leaf = _leaf(tenant, rows[0]["id"])
    assert has_key(leaf, key)
    assert rows[0]["serial_number"] == serial_text(leaf)
    assert tenant.info(order["id"])["certificate"]["id"] == order["certificate_id"]
    assert tenant.ledger()[0]["duplicates"] == 1


def test_73_a_revocation_waits_for_its_approval(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()
    leaf = certificates_in(order["certificate_chain"][0]["pem"])[0]

    answer = tenant.put(f"certificate/{order['certificate_id']}/revoke", b'{"comments":"retired"}')

    request = answer.json()
    assert answer.status == 201
    assert (request["type"], request["status"], request["comments"]) == ("revoke", "pending", "retired")
    assert {"id", "date", "requester"} <= set(request)
    assert tenant.management.revocation_of(leaf) is None
    assert tenant.put(f"request/{request['id']}/status", b'{"status":"approved"}').status == 204
    assert tenant.management.revocation_of(leaf) is not None


def test_73_a_rejected_revocation_leaves_the_certificate_good(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()
    leaf = certificates_in(order["certificate_chain"][0]["pem"])[0]
    request = tenant.put(f"certificate/{order['certificate_id']}/revoke", b"{}").json()["id"]

    assert tenant.put(f"request/{request}/status", b'{"status":"rejected"}').status == 204

    assert tenant.management.revocation_of(leaf) is None
    assert tenant.info(order["id"])["status"] == "issued"


@pytest.mark.parametrize(
    ("word", "flag"),
    [
        ("keyCompromise", x509.ReasonFlags.key_compromise),
        ("affiliationChanged", x509.ReasonFlags.affiliation_changed),
        ("superseded", x509.ReasonFlags.superseded),
        ("cessationOfOperation", x509.ReasonFlags.cessation_of_operation),
    ],
)
def test_74_an_administrator_revokes_at_once_by_serial_with_the_reason_in_the_crl(
    account: NewAccount, word: str, flag: x509.ReasonFlags
) -> None:
    tenant = account()
    order = tenant.issue()
    leaf = certificates_in(order["certificate_chain"][0]["pem"])[0]
    body = b'{"skip_approval":true,"revocation_reason":"%s","comments":"x"}' % word.encode()

    answer = tenant.put(f"certificate/{serial_text(leaf)}/revoke", body)

    entry = tenant.management.revocation_of(leaf)
    assert (answer.status, answer.body) == (204, b"")
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is flag


def test_74_openssl_finds_the_revocation_in_the_crl(account: NewAccount, tmp_path: Path) -> None:
    tenant = account()
    order = tenant.issue()
    chain = [certificates_in(entry["pem"])[0] for entry in order["certificate_chain"]]
    issuer, good = tenant.management.issuer_of(chain[0])
    files = {
        "roots": write_pem(tmp_path / "roots.pem", certificates_in(tenant.management.call("GET", "roots").body)),
        "issuer": write_pem(tmp_path / "issuer.pem", [issuer]),
        "leaf": write_pem(tmp_path / "leaf.pem", chain[:1]),
    }
    crl = tmp_path / "issuer.crl"

    def judge(content: bytes) -> str:
        crl.write_bytes(content)
        signed = openssl("crl", "-inform", "DER", "-in", str(crl), "-CAfile", files["issuer"], "-noout")
        assert "verify OK" in signed.stderr
        pem = openssl("crl", "-inform", "DER", "-in", str(crl)).stdout
        (tmp_path / "crl.pem").write_text(pem)
        verdict = openssl(
            "verify", "-crl_check", "-CAfile", files["roots"], "-untrusted", files["issuer"],
            "-CRLfile", str(tmp_path / "crl.pem"), files["leaf"],
        )  # fmt: skip
        return verdict.stdout + verdict.stderr

    assert judge(good).strip().endswith("leaf.pem: OK")
    assert tenant.put(f"certificate/{order['certificate_id']}/revoke", SKIP).status == 204
    assert "certificate revoked" in judge(tenant.management.issuer_of(chain[0])[1])


def test_74_a_standard_user_cannot_skip_the_approval_of_a_revocation(account: NewAccount) -> None:
    """† §15."""
    tenant = account()
    order = tenant.issue()
    tenant.switch(role="standard")

    answer = tenant.put(f"certificate/{order['certificate_id']}/revoke", SKIP)

    assert answer.status == 403
    assert tenant.management.revocation_of(certificates_in(order["certificate_chain"][0]["pem"])[0]) is None


def test_74_an_unknown_name_for_the_reason_is_ignored(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()
    body = b'{"skip_approval":true,"reason":"keyCompromise"}'

    assert tenant.put(f"certificate/{order['certificate_id']}/revoke", body).status == 204

    entry = tenant.management.revocation_of(certificates_in(order["certificate_chain"][0]["pem"])[0])
    assert entry is not None
    reasons = [e.value.reason for e in entry.extensions if isinstance(e.value, x509.CRLReason)]
    assert reasons in ([], [x509.ReasonFlags.unspecified])


def test_75_a_certificate_with_a_pending_reissue_cannot_be_revoked(account: NewAccount, fresh: NewName) -> None:
    tenant = account()
    order = tenant.issue()
    assert _again(tenant, order, "reissue", new_key(), other=fresh()).status == 201

    answer = tenant.put(f"certificate/{order['certificate_id']}/revoke", SKIP)

    assert answer.status == 400
    assert tenant.ledger()[0]["revocations"] == 0


def test_75_revoking_twice_is_refused_the_second_time(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()
    path = f"certificate/{order['certificate_id']}/revoke"

    assert [tenant.put(path, SKIP).status for _ in range(2)] == [204, 400]


def test_75_a_certificate_that_does_not_exist_cannot_be_revoked(account: NewAccount) -> None:
    tenant, theirs = account(), account().issue()

    assert tenant.put("certificate/1/revoke", SKIP).status == 404
    assert tenant.put(f"certificate/{theirs['certificate_id']}/revoke", SKIP).status == 404


def test_76_revoking_an_order_revokes_all_its_certificates(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()
    reissued = _again(tenant, order, "reissue", new_key()).json()["certificate_id"]
    _issued(tenant, order)
    assert _again(tenant, order, "duplicate", new_key()).status == 201
    duplicate = tenant.get(f"order/certificate/{order['id']}/duplicate")["certificates"][0]["id"]
    leaves = [_leaf(tenant, number) for number in (order["certificate_id"], reissued, duplicate)]

    answer = tenant.put(f"order/certificate/{order['id']}/revoke", SKIP)

    assert (answer.status, answer.body) == (204, b"")
    assert tenant.info(order["id"])["status"] == "revoked"
    assert len({leaf.serial_number for leaf in leaves}) == 3
    assert all(tenant.management.revocation_of(leaf) is not None for leaf in leaves)


@pytest.mark.parametrize(("ends", "status"), [(True, "revoked"), (False, "issued")])
def test_76_revoking_the_only_certificate_ends_the_order_by_preference(
    account: NewAccount, ends: bool, status: str
) -> None:
    """§15: the order becomes revoked only if the account's preference says so."""
    tenant = account(revoke_ends_order=ends)
    order = tenant.issue()

    assert tenant.put(f"certificate/{order['certificate_id']}/revoke", SKIP).status == 204

    assert tenant.info(order["id"])["status"] == status

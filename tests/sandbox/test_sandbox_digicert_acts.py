"""What changes at the CA while nobody of ours looks: `POST /staff` and `POST /expire` (docs/reference/sandbox.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from tests.sandbox.certificates import certificates_in, csr_pem, has_key, new_key
from tests.sandbox.tenant import Account, NewAccount, NewName, Sandbox

CHANGES = "order/certificate/status-changes?minutes=10"


def _act(tenant: Account, order_id: object, act: str, **more: object) -> Any:
    return tenant.management.post("staff", ca="digicert", order_id=order_id, act=act, **more)


def _refused(tenant: Account, order_id: object, act: object, **more: object) -> str:
    wish = {"ca": "digicert", "order_id": order_id, "act": act, **more}
    answer = tenant.management.call("POST", "staff", wish)
    assert answer.status in (400, 404), answer
    return str(answer.json()["error"])


def test_an_order_revoked_by_the_ca_is_revoked_everywhere_with_the_cas_own_reason(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()
    leaf = certificates_in(order["certificate_chain"][0]["pem"])[0]

    told = _act(tenant, order["id"], "revoke", reason="privilegeWithdrawn")

    assert told == {"order_id": order["id"], "order_status": "revoked", "certificate_id": order["certificate_id"]}
    info = tenant.info(order["id"])
    assert (info["status"], info["certificate"]["status"]) == ("revoked", "revoked")
    assert {row["type"] for row in info["requests"]} == {"new_request"}  # no subscriber asked for it
    entry = tenant.management.revocation_of(leaf)
    assert entry is not None
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.privilege_withdrawn
    assert {row["status"] for row in tenant.get(CHANGES)["orders"]} == {"revoked"}
    assert "no such certificate to revoke" in _refused(tenant, order["id"], "revoke")


def test_one_certificate_revoked_by_the_ca_leaves_its_order_alone(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()
    _act(tenant, order["id"], "duplicate")
    (duplicate,) = tenant.get(f"order/certificate/{order['id']}/duplicate")["certificates"]

    _act(tenant, order["id"], "revoke", certificate_id=duplicate["id"], reason="keyCompromise")

    (after,) = tenant.get(f"order/certificate/{order['id']}/duplicate")["certificates"]
    info = tenant.info(order["id"])
    assert (after["status"], info["status"], info["certificate"]["status"]) == ("revoked", "issued", "issued")


def test_notes_are_written_edited_and_taken_away_in_the_console(account: NewAccount) -> None:
    tenant = account()
    number = tenant.issue()["id"]

    _act(tenant, number, "note", text="first")
    _act(tenant, number, "note", text="second")
    first, second = tenant.info(number)["notes"]
    _act(tenant, number, "note", note_id=first["id"], text="first, amended")
    _act(tenant, number, "note", note_id=second["id"], text="")

    assert tenant.info(number)["notes"] == [{"id": first["id"], "text": "first, amended"}]
    assert "has no note" in _refused(tenant, number, "note", note_id=99, text="x")


def test_a_custom_field_is_edited_in_the_console_and_no_status_changes(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    number = tenant.issue()["id"]
    tenant.management.advance(seconds=700)

    _act(tenant, number, "custom_field", label="Cost centre", value="R-9")
    edited = tenant.info(number)["custom_fields"]
    (listed,) = tenant.get("order/certificate")["orders"]
    _act(tenant, number, "custom_field", label="Cost centre", value=None)

    assert [(row["label"], row["value"]) for row in edited] == [("Cost centre", "R-9")]
    assert listed["custom_fields"] == edited
    assert "custom_fields" not in tenant.info(number)
    assert tenant.get(CHANGES) == {}
    assert "no custom field" in _refused(tenant, number, "custom_field", label="Colour", value="blue")


def test_an_order_reissued_in_the_console_has_another_certificate_that_is_somebody_elses_key(
    account: NewAccount,
) -> None:
    tenant, key = account(), new_key()
    order = tenant.issue()
    before = tenant.info(order["id"])["certificate"]

    told = _act(tenant, order["id"], "reissue", csr=csr_pem(before["common_name"], key))

    after = tenant.info(order["id"])["certificate"]
    assert told["certificate_id"] == after["id"] != before["id"]
    chain = tenant.get(f"certificate/{after['id']}/chain")["intermediates"]
    assert has_key(certificates_in(chain[0]["pem"])[0], key)
    assert after["dns_names"] == before["dns_names"]
    assert [row["id"] for row in tenant.get(f"order/certificate/{order['id']}/reissue")["certificates"]] == [
        after["id"],
        before["id"],
    ]
    assert [row["certificate_id"] for row in tenant.get(CHANGES)["orders"]] == [after["id"]]


def test_an_order_renewed_in_the_console_names_its_successor_and_is_billed(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()["id"]

    told = _act(tenant, order, "renew")

    before, after = tenant.info(order), tenant.info(told["order_id"])
    assert (before["is_renewed"], before["renewed_order_id"]) == (True, told["order_id"])
    assert (after["is_renewal"], after["renewal_of_order_id"], after["status"]) == (True, order, "issued")
    assert "alternative_order_id" not in after
    assert after["certificate"]["serial_number"] != before["certificate"]["serial_number"]
    assert [entry["order_id"] for entry in tenant.ledger()] == [order, told["order_id"]]
    assert "cannot be renewed" in _refused(tenant, order, "renew")


def test_an_order_moved_to_another_division_disappears_for_a_user_of_the_first(account: NewAccount) -> None:
    tenant = account()
    number = tenant.issue()["id"]
    _act(tenant, number, "move", division="Retail")
    tenant.switch(division="Retail")
    assert [row["id"] for row in tenant.get("order/certificate")["orders"]] == [number]

    _act(tenant, number, "move", division="Research")

    assert tenant.get("order/certificate")["orders"] == []
    assert tenant.call("GET", f"order/certificate/{number}").status == 404
    assert tenant.get(CHANGES) == {}


def test_a_validation_can_be_made_to_end_soon(account: NewAccount) -> None:
    tenant = account()
    at = (tenant.management.now() + timedelta(days=5)).replace(microsecond=0).isoformat()

    tenant.management.post("expire", ca="digicert", account=tenant.name, organization=tenant.organization, at=at)
    tenant.management.post("expire", ca="digicert", account=tenant.name, domain=tenant.domain, at=at)

    validations = tenant.get(f"organization/{tenant.organization}/validation")["validations"]
    assert {(row["status"], row["validated_until"]) for row in validations} == {("active", at)}
    soon = tenant.get("domain?include_dcv=true&filters[validation]=ov_expiring_within_7_days")["domains"]
    assert [(row["name"], row["dcv_expiration_datetime"]) for row in soon] == [(tenant.domain, at)]


def test_a_validation_that_has_ended_says_expired(account: NewAccount) -> None:
    tenant = account()

    tenant.management.post("expire", ca="digicert", account=tenant.name, organization=tenant.organization)
    tenant.management.post("expire", ca="digicert", account=tenant.name, domain=tenant.domain)

    validations = tenant.get(f"organization/{tenant.organization}/validation")["validations"]
    assert {row["status"] for row in validations} == {"expired"}
    (row,) = [row for row in tenant.get("domain?include_validation=true")["domains"] if row["name"] == tenant.domain]
    assert {(one["status"], one["dcv_status"]) for one in row["validations"]} == {("expired", "pending")}


@pytest.mark.parametrize(
    ("act", "more"),
    [
        ("paint", {}),
        (None, {}),
        ("revoke", {"reason": "boredom"}),
        ("revoke", {"certificate_id": 1}),
        ("reissue", {"csr": "no csr"}),
        ("reissue", {"names": "a.example"}),
        ("move", {}),
        ("move", {"division": 1}),
    ],
)
def test_an_act_that_cannot_be_done_changes_nothing(account: NewAccount, act: object, more: dict[str, Any]) -> None:
    tenant = account()
    number = tenant.issue()["id"]
    before = tenant.info(number)

    _refused(tenant, number, act, **more)

    assert tenant.info(number) == before


def test_acts_on_an_order_that_waits_say_what_it_waits_for(account: NewAccount, fresh: NewName) -> None:
    tenant = account()
    number = tenant.pending(fresh())["id"]

    assert "is pending" in _refused(tenant, number, "reissue")
    assert "is pending" in _refused(tenant, number, "renew")
    assert "there is no order" in _refused(tenant, 1, "renew")

"""What an order tells in full: every field of digicert.md §10.2 and §14.4, from an order placed with literal bytes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.certificates import certificates_in, csr_pem, new_key
from tests.sandbox.tenant import Account, NewAccount, NewName
from tests.sandbox.wire import fill

FIELD = b'{"label":"Application","data_type":"text","is_required":false}'
FULL = """{"certificate":{"common_name":"$name","dns_names":["$name"],"csr":"$csr","signature_hash":"sha384",
"server_platform":{"id":45},"cert_validity":{"days":90}},
"organization":{"id":$organization,"contacts":[
{"contact_type":"organization_contact","first_name":"Ada","last_name":"Birch","email":"ada@meadow.example",
"job_title":"Head of IT","telephone":"+441110000001"},
{"contact_type":"technical_contact","user_id":$user}]},
"order_validity":{"years":2},"dcv_method":"dns-txt-token","container":{"id":$container},
"custom_fields":[{"metadata_id":$cost_centre,"value":"R-7"},{"metadata_id":$application,"value":"Überwachung <7>"}],
"additional_emails":["web@meadow.example","noc@meadow.example"],"comments":"for the web shop",
"disable_renewal_notifications":true,"disable_ct":0,"auto_renew":1,"auto_reissue":0,
"payment_method":"profile","alternative_order_id":"$reference"}"""
REISSUE = """{"certificate":{"common_name":"$name","csr":"$csr"},"skip_approval":true}"""
# digicert.md §10.2, without what only appears at other times or for other products
TOP = {
    "id",
    "certificate",
    "status",
    "is_renewal",
    "is_renewed",
    "date_created",
    "order_valid_from",
    "order_valid_till",
    "order_validity",
    "validity_years",
    "is_multi_year_plan",
    "organization",
    "container",
    "product",
    "product_name_id",
    "organization_contact",
    "technical_contact",
    "user",
    "approver",
    "requests",
    "notes",
    "custom_fields",
    "additional_emails",
    "dcv_method",
    "alternative_order_id",
    "price",
    "currency",
    "payment_method",
    "receipt_id",
    "auto_renew",
    "auto_reissue",
    "disable_renewal_notifications",
    "disable_ct",
    "disable_issuance_email",
    "allow_duplicates",
    "duplicates_count",
    "reissues_count",
    "has_pending_request",
    "order_approval_complete",
    "is_out_of_contract",
    "server_licenses",
    "api_key",
    "send_minus_90",
    "send_plus_7",
}
CERTIFICATE = {
    "id",
    "thumbprint",
    "serial_number",
    "common_name",
    "cert_validity",
    "dns_names",
    "date_created",
    "date_issued",
    "valid_from",
    "valid_till",
    "days_remaining",
    "csr",
    "organization",
    "server_platform",
    "signature_hash",
    "key_size",
    "ca_cert",
    "status",
}
SIBLING = {
    "id",
    "thumbprint",
    "serial_number",
    "common_name",
    "dns_names",
    "status",
    "date_created",
    "valid_from",
    "valid_till",
    "csr",
    "server_platform",
    "signature_hash",
    "key_size",
    "ca_cert_id",
}
Info = dict[str, Any]


@pytest.fixture(scope="module")
def full(sandbox: Any) -> tuple[Account, Info]:
    """An account, and one of its orders that says all that an order can say."""
    tenant: Account = sandbox.account()
    fields = {row["label"]: row["id"] for row in tenant.get("account/metadata")["metadata"]}
    fields["Application"] = tenant.call("POST", "account/metadata", FIELD).json()["id"]
    root = tenant.get("container")["containers"][0]["id"]
    division = tenant.call("POST", f"container/{root}/children", b'{"name":"Retail"}').json()["id"]
    order = tenant.issue(
        FULL,
        container=division,
        user=tenant.get("user/me")["id"],
        cost_centre=fields["Cost centre"],
        application=fields["Application"],
        reference="our-own-1",
    )
    note = tenant.call("POST", f"order/certificate/{order['id']}/note", b'{"text":"Ask Ada first"}')
    assert note.status == 201, note
    return tenant, tenant.info(order["id"])


def test_every_documented_field_is_there_and_no_other(full: tuple[Account, Info]) -> None:
    info = full[1]

    assert TOP - set(info) == set()
    assert {name for name in set(info) - TOP if not name.startswith("send_")} == set()
    assert set(info["certificate"]) == CERTIFICATE


def test_the_fields_hold_what_the_order_said_in_the_types_of_the_document(full: tuple[Account, Info]) -> None:
    tenant, info = full
    me = tenant.get("user/me")

    assert [(row["label"], row["value"]) for row in info["custom_fields"]] == [
        ("Cost centre", "R-7"),
        ("Application", "Überwachung <7>"),
    ]
    assert [row["text"] for row in info["notes"]] == ["Ask Ada first"]
    assert isinstance(info["notes"][0]["id"], int)
    assert info["additional_emails"] == ["web@meadow.example", "noc@meadow.example"]
    assert (info["price"], info["currency"], info["payment_method"]) == (476, "USD", "profile")
    assert (info["auto_renew"], info["auto_reissue"], info["is_multi_year_plan"]) == (1, 0, "1")
    assert (info["disable_renewal_notifications"], info["send_minus_30"]) == (True, False)
    assert info["order_validity"] == {"years": 2}
    assert info["certificate"]["cert_validity"] == {"days": 90}
    assert info["alternative_order_id"] == "our-own-1"
    assert info["container"]["name"] == "Retail"
    assert info["user"] == {name: me[name] for name in ("id", "first_name", "last_name", "email")}
    (request,) = info["requests"]
    assert (request["type"], request["status"], request["comments"]) == ("new_request", "approved", "for the web shop")


def test_the_product_tells_its_level_of_validation_and_the_certificate_its_ca(full: tuple[Account, Info]) -> None:
    info = full[1]

    assert info["product"] == {
        "name_id": "ssl_basic",
        "name": "Basic OV",
        "type": "ssl_certificate",
        "validation_type": "ov",
        "validation_name": "OV",
        "validation_description": "Normal Organization Validation",
    }
    assert set(info["certificate"]["ca_cert"]) == {"id", "name"}
    assert info["certificate"]["signature_hash"] == "sha384"
    assert info["certificate"]["server_platform"]["id"] == 45


def test_contacts_are_the_orders_own_and_one_named_by_a_user_has_his_name(full: tuple[Account, Info]) -> None:
    tenant, info = full
    me = tenant.get("user/me")

    assert info["organization_contact"] == {
        "first_name": "Ada",
        "last_name": "Birch",
        "email": "ada@meadow.example",
        "job_title": "Head of IT",
        "telephone": "+441110000001",
    }
    technical = info["technical_contact"]
    assert (technical["id"], technical["email"], technical["last_name"]) == (me["id"], me["email"], me["last_name"])


def test_an_order_without_contacts_shows_the_organizations_as_both(account: NewAccount) -> None:
    tenant = account()
    info = tenant.info(tenant.issue()["id"])
    organization = tenant.get(f"organization/{tenant.organization}")

    assert info["organization_contact"] == organization["organization_contact"]
    assert info["technical_contact"] == organization["organization_contact"]
    assert {"notes", "custom_fields", "additional_emails", "verified_contacts", "user_assignments"} & set(info) == set()


def test_before_issuance_the_dates_the_serial_and_the_thumbprint_are_absent(
    account: NewAccount, fresh: NewName
) -> None:
    tenant = account()
    info = tenant.info(tenant.pending(fresh())["id"])

    missing = {"thumbprint", "serial_number", "date_issued", "valid_from", "valid_till", "days_remaining", "status"}
    assert missing & set(info["certificate"]) == set()
    assert {"order_valid_from", "order_valid_till"} & set(info) == set()


def test_the_list_tells_the_custom_fields_and_the_counts_that_the_order_tells(full: tuple[Account, Info]) -> None:
    tenant, info = full
    (row,) = tenant.get("order/certificate")["orders"]

    for name in ("custom_fields", "price", "status", "reissues_count", "duplicates_count", "is_multi_year_plan"):
        assert row[name] == info[name], name
    assert row["product"] == {name: info["product"][name] for name in ("name_id", "name", "type")}
    assert row["container"] == {**info["container"], "is_active": True}
    assert "notes" not in row


def test_reissues_and_duplicates_are_listed_with_their_documented_fields(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()
    name = tenant.info(order["id"])["certificate"]["common_name"]
    for kind in ("reissue", "duplicate"):
        body = fill(REISSUE, name=name, csr=csr_pem(name, new_key()))
        assert tenant.call("POST", f"order/certificate/{order['id']}/{kind}", body).status == 201

    newest, first = tenant.get(f"order/certificate/{order['id']}/reissue")["certificates"]
    (duplicate,) = tenant.get(f"order/certificate/{order['id']}/duplicate")["certificates"]

    for row in (newest, first, duplicate):
        assert SIBLING - set(row) == set()
    assert (duplicate["sub_id"], newest["id"]) == ("001", tenant.info(order["id"])["certificate"]["id"])
    assert first["id"] == order["certificate_id"]
    (listed,) = tenant.get("order/certificate")["orders"]
    counts = ("has_reissues", "reissues_count", "has_duplicates", "duplicates_count")
    assert [listed[count] for count in counts] == [True, 1, True, 1]


def test_a_certificate_revoked_inside_its_order_says_so_and_the_order_lives_on(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()
    name = tenant.info(order["id"])["certificate"]["common_name"]
    body = fill(REISSUE, name=name, csr=csr_pem(name, new_key()))
    assert tenant.call("POST", f"order/certificate/{order['id']}/reissue", body).status == 201

    revoke = b'{"revocation_reason":"keyCompromise","skip_approval":true}'
    assert tenant.put(f"certificate/{order['certificate_id']}/revoke", revoke).status == 204

    newest, first = tenant.get(f"order/certificate/{order['id']}/reissue")["certificates"]
    assert (first["status"], newest["status"]) == ("revoked", "approved")
    info = tenant.info(order["id"])
    assert (info["status"], info["certificate"]["status"]) == ("issued", "issued")
    leaf = certificates_in(order["certificate_chain"][0]["pem"])[0]
    assert tenant.management.revocation_of(leaf) is not None


def test_organizations_tell_until_when_they_are_validated_where_that_is_asked_for(account: NewAccount) -> None:
    tenant = account()
    listed = tenant.get("organization?include_validation=true")["organizations"]
    one = tenant.get(f"organization/{tenant.organization}?include_validation=True")

    assert "validations" not in tenant.get("organization")["organizations"][0]
    assert one["validations"] == listed[0]["validations"]
    assert {row["type"] for row in one["validations"]} == {"ov", "ev"}
    for row in one["validations"]:
        assert row["status"] == "active"
        assert row["validated_until"][:10] > tenant.management.now().date().isoformat()


def test_domains_tell_until_when_their_control_is_proven_where_that_is_asked_for(account: NewAccount) -> None:
    tenant = account()
    query = "include_dcv=true&include_validation=true&filters[include_validation_reuse_status]=true"
    row = tenant.get(f"domain?{query}")["domains"][0]

    until = tenant.management.now() + timedelta(days=198)
    assert row["dcv_expiration_datetime"][:10] >= until.date().isoformat()
    assert set(row["dcv_expiration"]) >= {"ov", "ev", "ov_status", "ev_status", "ov_shortened", "dcv_approval_date"}
    assert {one["type"]: one["dcv_status"] for one in row["validations"]} == {"ov": "complete", "ev": "complete"}
    assert "dcv_expiration" not in tenant.get("domain")["domains"][0]


def test_the_order_that_is_sent_is_plain_json() -> None:
    """The template above is a JSON document once its blanks are filled."""
    numbers = dict.fromkeys(("organization", "user", "container", "cost_centre", "application"), 1)

    assert json.loads(fill(FULL, name="a.example", csr="x", reference="r", **numbers))["auto_renew"] == 1

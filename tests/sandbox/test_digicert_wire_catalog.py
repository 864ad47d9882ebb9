"""What an account may order, for whom, and what it may keep beside an order (§4, §5, §7, §8, §13)."""

from __future__ import annotations

import pytest

from tests.sandbox.tenant import ORDER, NewAccount, NewName, Sandbox
from tests.sandbox.wire import fill

ORGANIZATION = """{"name":"Heath Works Ltd","address":"2 Field Lane","city":"Leeds","state":"West Yorkshire",
"zip":"AB1 2CD","country":"gb","telephone":"+441110000001",
"organization_contact":{"first_name":"Ada","last_name":"Heath","email":"ada@heath.example"}}"""


def test_the_product_list_has_what_an_order_form_needs(account: NewAccount) -> None:
    products = {row["name_id"]: row for row in account().get("product")["products"]}

    assert {"ssl_plus", "ssl_basic", "ssl_ev_basic", "ssl_dv_rapidssl", "private_ssl_plus"} <= set(products)
    fields = {"group_name", "name", "type", "signature_hash_types", "csr_required", "allowed_validity_years"}
    assert all(fields <= set(row) for row in products.values())
    assert products["ssl_plus"]["replacement_product_name_id"] == "ssl_basic"


def test_a_product_tells_more_when_asked_alone(account: NewAccount) -> None:
    product = account().get("product/ssl_basic")

    assert product["name_id"] == "ssl_basic"
    assert product["validation_type"] == "ov"
    assert product["signature_hash_types"]["default_hash_type_id"] == "sha256"
    assert {"duplicates_allowed", "server_platforms", "custom_expiration_date_allowed"} <= set(product)


def test_an_unknown_product_is_404(account: NewAccount) -> None:
    answer = account().call("GET", "product/ssl_of_nobody")

    assert (answer.status, answer.codes) == (404, ["not_found|product"])


def test_an_organization_and_its_container_are_listed(account: NewAccount) -> None:
    tenant = account()
    listed = tenant.get("organization")

    row = listed["organizations"][0]
    containers = [container["id"] for container in tenant.get("container")["containers"]]
    assert listed["page"]["total"] == len(listed["organizations"])
    assert row["container"]["id"] in containers
    assert tenant.get(f"organization/{row['id']}")["name"] == row["name"]
    assert "validations" not in row
    assert tenant.get("organization?include_validation=True")["organizations"][0]["validations"]


@pytest.mark.parametrize("path", ["organization/1", "domain/1", "request/1", "container/1"])
def test_what_does_not_exist_is_404(account: NewAccount, path: str) -> None:
    answer = account().call("GET", path)

    assert answer.status == 404
    assert answer.codes[0].startswith("not_found")


def test_a_new_organization_is_validated_by_the_staff_of_the_ca(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account(organization_seconds=3600)
    new = tenant.call("POST", "organization", ORGANIZATION.encode())
    number = new.json()["id"]
    submitted = tenant.call("POST", f"organization/{number}/validation", b'{"validations":[{"type":"ov"}]}')
    order = tenant.place(ORDER, organization=number).json()

    waiting = tenant.get(f"organization/{number}/validation")["validations"]
    status = tenant.info(order["id"])["status"]
    own_sandbox.management.advance(seconds=3601)
    done = tenant.get(f"organization/{number}/validation")["validations"]

    assert (new.status, submitted.status) == (201, 204)
    assert [(row["type"], row["status"]) for row in waiting] == [("ov", "pending")]
    assert "validated_until" not in waiting[0]
    assert status == "pending"
    assert ("ov", "active") in [(row["type"], row["status"]) for row in done]
    assert tenant.info(order["id"])["status"] == "issued"


def test_an_order_for_an_organization_of_another_account_is_refused(account: NewAccount) -> None:
    theirs = account().organization
    tenant = account()

    answer = tenant.place(ORDER, organization=theirs)

    assert answer.status in (400, 404)
    assert tenant.ledger() == []


def test_a_note_on_an_order_can_be_read_back(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()["id"]

    answer = tenant.call("POST", f"order/certificate/{order}/note", b'{"text":"for the shop"}')

    assert answer.status == 201
    assert [note["text"] for note in tenant.info(order)["notes"]] == ["for the shop"]


def test_auto_renew_is_off_and_can_be_switched(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()["id"]
    assert tenant.info(order)["auto_renew"] == 0

    answer = tenant.put(f"order/certificate/{order}/auto-renew", b'{"auto_renew":1}')

    assert (answer.status, tenant.info(order)["auto_renew"]) == (204, 1)


def test_a_key_for_orders_alone_may_not_touch_domains(account: NewAccount, fresh: NewName) -> None:
    tenant = account()
    body = fill(
        """{"name":"$name","organization":{"id":$organization},"validations":[{"type":"ov"}]}""",
        name=fresh(),
        organization=tenant.organization,
    )
    tenant.switch(key_role="orders")

    answer = tenant.call("POST", "domain", body)

    assert answer.status == 403
    assert answer.codes[0].startswith("access_denied|")
    assert tenant.call("GET", "order/certificate").status == 200

"""Divisions, and the list of domains: filters, pages, what is shown on request only (digicert.md §5, §6.1 to §6.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox import wire
from tests.sandbox.tenant import Account, NewAccount, NewName, Sandbox

CONTAINER = {"id", "public_id", "name", "parent_id", "template_id", "ekey", "has_logo", "is_active"}
DOMAIN = """{"name":"$name","organization":{"id":$organization},"validations":[{"type":"$type"}],
"dcv_method":"$method","container":{"id":$container}}"""
ORGANIZATION = """{"name":"Third Ltd","address":"1 Lane","city":"Leeds","state":"West Yorkshire",
"zip":"AB1 2CD","country":"gb","telephone":"+441110000000","container":{"id":$container},
"organization_contact":{"first_name":"A","last_name":"B","email":"a@third.example"}}"""
ORDER = """{"certificate":{"common_name":"$name","csr":"$csr"},"organization":{"id":$organization},
"order_validity":{"years":1},"container":{"id":$container}}"""
# Days to the end of a proof, and the filter that speaks of them.
WINDOWS = {
    75: "expiring_from_61_to_90_days",
    45: "expiring_from_31_to_60_days",
    20: "expiring_within_30_days",
    5: "expiring_within_7_days",
    -5: "expired_in_last_7_days",
}


def _root(tenant: Account) -> int:
    return int(tenant.get("container")["containers"][0]["id"])


def _child(tenant: Account, body: bytes) -> int:
    answer = tenant.call("POST", f"container/{_root(tenant)}/children", body)
    assert answer.status == 201, answer
    assert set(answer.json()) == {"id"}
    return int(answer.json()["id"])


def _add(tenant: Account, name: str, **values: object) -> wire.Answer:
    defaults = {"organization": tenant.organization, "type": "ov", "method": "dns-txt-token", "container": 0}
    return tenant.call("POST", "domain", wire.fill(DOMAIN, name=name, **{**defaults, **values}))


def _names(tenant: Account, query: str) -> list[str]:
    return [row["name"] for row in tenant.get(f"domain?{query}")["domains"]]


def _foreign(account: NewAccount) -> int:
    """A division that exists, in somebody else's account."""
    return _root(account())


def test_an_account_has_a_root_division_that_its_children_name_as_their_parent(account: NewAccount) -> None:
    tenant = account()
    child = _child(tenant, b'{"name":"Web","description":"The web team","allowed_domain_names":["meadow.example"]}')

    root, web = tenant.get("container")["containers"]

    assert (set(root), root["parent_id"]) == (CONTAINER, 0)
    assert set(web) == {*CONTAINER, "description", "allowed_domain_names"}
    assert (web["id"], web["parent_id"], web["allowed_domain_names"]) == (child, root["id"], ["meadow.example"])
    assert tenant.get(f"container/{child}") == web
    assert tenant.get(f"container/{child}/template")["container_templates"]


def test_a_division_without_a_name_is_refused(account: NewAccount) -> None:
    tenant = account()

    answer = tenant.call("POST", f"container/{_root(tenant)}/children", b'{"description":"nameless"}')

    assert (answer.status, answer.codes) == (400, ["missing_value:name"])


@pytest.mark.parametrize("path", ["container/{}", "container/{}/template"])
def test_a_division_of_somebody_else_is_not_found(account: NewAccount, path: str) -> None:
    answer = account().call("GET", path.format(_foreign(account)))

    assert (answer.status, answer.codes) == (404, ["not_found|container"])


@pytest.mark.parametrize("path", ["domain", "organization", "order/certificate/ssl_basic"])
def test_nothing_can_be_put_into_a_division_of_somebody_else(account: NewAccount, fresh: NewName, path: str) -> None:
    tenant, container = account(), _foreign(account)
    lists = ("domain", "organization", "order/certificate")
    before = [tenant.get(name)["page"]["total"] for name in lists]

    if path == "domain":
        answer = _add(tenant, fresh(), container=container)
    elif path == "organization":
        answer = tenant.call("POST", path, wire.fill(ORGANIZATION, container=container))
    else:
        answer = tenant.place(ORDER, container=container)

    assert (answer.status, answer.codes) == (404, ["not_found|container"])
    assert [tenant.get(name)["page"]["total"] for name in lists] == before


def test_a_division_takes_orders_for_its_allowed_names_only(account: NewAccount) -> None:
    tenant = account()
    child = _child(tenant, b'{"name":"Web","allowed_domain_names":["meadow.example"]}')

    assert tenant.place(ORDER, name="shop.meadow.example", container=child).status == 201
    assert tenant.place(ORDER, name="shop.harbour.example", container=child).status == 400


def test_the_domain_list_filters_by_division_method_and_name(account: NewAccount, fresh: NewName) -> None:
    tenant, name = account(), fresh()
    child = _child(tenant, b'{"name":"Web"}')
    assert _add(tenant, name, method="dns-cname-token", container=child).status == 201

    assert _names(tenant, f"container_id={child}") == [name]
    assert _names(tenant, "filters[dcv_method]=dns-cname-token") == [name]
    assert _names(tenant, f"filters[name]={name}") == [name]
    assert name not in _names(tenant, "filters[dcv_method]=dns-txt-token")
    assert _names(tenant, "sort=-name") == sorted(_names(tenant, ""), reverse=True)


def test_the_domain_list_has_pages(account: NewAccount) -> None:
    tenant = account()
    every = _names(tenant, "")

    answer = tenant.get("domain?limit=2&offset=3")

    assert answer["page"] == {"total": len(every), "limit": 2, "offset": 3}
    assert [row["name"] for row in answer["domains"]] == every[3:5]
    assert tenant.get("domain?offset=900") == {
        "domains": [],
        "page": {"total": len(every), "limit": 1000, "offset": 900},
    }


def test_proof_and_validations_of_a_domain_are_shown_on_request_only(account: NewAccount) -> None:
    tenant = account()
    number = tenant.get("domain")["domains"][0]["id"]

    plain = tenant.get(f"domain/{number}")
    full = tenant.get(f"domain/{number}?include_dcv=true&include_validation=true")

    assert not {"validations", "dcv_expiration", "dcv_approval_datetime", "dcv_expiration_datetime"} & set(plain)
    assert [row["type"] for row in full["validations"]] == ["ov", "ev"]
    assert set(full["dcv_expiration"]) == {"ov", "ev"}
    assert {"dcv_approval_datetime", "dcv_expiration_datetime"} <= set(full)
    assert full["organization"]["is_active"] == "1"


@pytest.mark.parametrize(
    "query", ["filters[include_validation_reuse_status]=true", "include_validation_reuse_status=1"]
)
def test_the_reuse_status_tells_until_when_a_proof_may_be_used_again(account: NewAccount, query: str) -> None:
    expiration: dict[str, Any] = account().get(f"domain?{query}&limit=1")["domains"][0]["dcv_expiration"]

    assert set(expiration) == {"ov", "ev", "ov_status", "ev_status", "ov_shortened", "dcv_approval_date"}
    assert (expiration["ov_status"], expiration["ov_shortened"]) == ("active", expiration["ov"])


def test_a_validation_filter_leaves_the_domains_whose_proof_ends_then(own_sandbox: Sandbox) -> None:
    tenant, left = own_sandbox.account(), 199  # days that a proof may be used again since 2026-02-24

    for days, window in WINDOWS.items():
        own_sandbox.management.advance(days=left - days)
        left = days
        found = {other for other in WINDOWS.values() if _names(tenant, f"filters[validation]=ov_{other}")}
        assert found == {window, *(["expiring_within_30_days"] if days == 5 else [])}
        assert "meadow.example" in _names(tenant, f"filters[validation]=ev_{window}")

"""Groups, organizations, domains, products and fields (§5, §6.2-6.6; contract tests 11-13)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.sandbox.emsign_tenant import NewSubscriber, Subscriber
from tests.sandbox.tenant import NewName, Sandbox

# §5: the first ten codes of "standard" production and what they are.
STANDARD = {
    "838": "13", "839": "14", "840": "15", "841": "21", "842": "16",
    "843": "17", "844": "18", "845": "22", "846": "19", "847": "20",
}  # fmt: skip
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def _categories(tenant: Subscriber, **block: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tenant.send("GetProductDetails", productDetails=block)["productDetails"]
    return rows


def _ssl(tenant: Subscriber) -> list[dict[str, Any]]:
    (category,) = [row for row in _categories(tenant, groupNumber=tenant.group) if row["categoryID"] == "3"]
    products: list[dict[str, Any]] = category["products"]
    return products


def test_groups_have_the_shape_of_the_reference(subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    groups = tenant.ask("GetGroupDetails")["groupDetails"]

    default = groups[0]
    assert len(groups) == 2
    assert set(default) == {
        "groupNumber", "groupName", "isDefaultGroup", "finance", "accountBalance", "groupBalance", "organizationDetails"
    }  # fmt: skip
    assert [row["groupNumber"] for row in groups if row["isDefaultGroup"] == "1"] == [tenant.group]
    assert {row["isDefaultGroup"] for row in groups} == {"0", "1"}
    assert {row["finance"] for row in groups} <= {"0", "1"}
    assert set(default["organizationDetails"][0]) == {"organizationNumber", "organizationName", "validationFor"}
    assert all(isinstance(value, str) for value in default["organizationDetails"][0].values())


def test_the_default_group_has_the_organization(subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    groups = tenant.ask("GetGroupDetails")["groupDetails"]

    owned = {row["groupNumber"]: [o["organizationNumber"] for o in row["organizationDetails"]] for row in groups}
    assert owned.pop(tenant.group) == [tenant.organization]
    assert list(owned.values()) == [[]]


@pytest.mark.parametrize(("switch", "there"), [("v1", "GetGroupDetails"), ("v2", "GetGroupDetailsV2")])
def test_of_the_two_calls_for_groups_one_may_be_missing(switch: str, there: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber(group_details=switch)

    told = {name: tenant.ask(name).answer.status for name in ("GetGroupDetails", "GetGroupDetailsV2")}

    assert told[there] == 200
    assert len(tenant.ask(there)["groupDetails"]) == 2
    if switch == "v2":
        assert told["GetGroupDetails"] == 404


@pytest.mark.parametrize(("profile", "vetted"), [("ready", "1"), ("bare", "0")])
def test_an_organization_tells_whether_it_is_vetted(profile: str, vetted: str, subscriber: NewSubscriber) -> None:
    (row,) = subscriber(profile).ask("GetOrganizationDetails")["organizationDetails"]

    assert set(row) == {
        "organizationNumber", "organizationName", "organizationStatusId", "isPreVettingOrg",
        "organizationCountryCode", "organizationLocality", "organizationPostalCode",
    }  # fmt: skip
    assert row["isPreVettingOrg"] == vetted
    assert row["organizationStatusId"] == "1" or profile == "bare"
    assert len(row["organizationCountryCode"]) == 2


def test_a_prevalidated_domain_has_the_shape_of_the_reference(subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    (row,) = tenant.ask("GetDomainDetails")["domainDetails"]

    assert set(row) == {
        "domainName", "organizationNumber", "organizationName", "groupNumber", "dcvMethod", "dcvStatus", "status",
        "verifiedDate", "validTill",
    }  # fmt: skip
    assert (row["domainName"], row["dcvStatus"], row["status"]) == (tenant.domain, "1", "1")
    assert (row["organizationNumber"], row["groupNumber"]) == (tenant.organization, tenant.group)
    assert MOMENT.fullmatch(row["verifiedDate"])
    assert MOMENT.fullmatch(row["validTill"])


def test_a_bare_account_has_no_domains(subscriber: NewSubscriber) -> None:
    assert subscriber("bare").ask("GetDomainDetails")["domainDetails"] == []


def test_a_domain_whose_prevalidation_ended_is_expired(subscriber: NewSubscriber) -> None:
    """§6.4: status 3."""
    tenant = subscriber()

    tenant.management.post("expire", ca="emsign", account=tenant.name, domain=tenant.domain)

    (row,) = tenant.ask("GetDomainDetails")["domainDetails"]
    assert (row["domainName"], row["status"]) == (tenant.domain, "3")


def test_a_validated_name_joins_the_domains_of_the_account(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§10.4."""
    tenant, name = subscriber(prove_seconds=None), fresh()
    order = tenant.buy(name)
    assert tenant.verify(order, name).is_success

    rows = {row["domainName"]: row for row in tenant.ask("GetDomainDetails")["domainDetails"]}

    assert set(rows) == {tenant.domain, name}
    assert (rows[name]["dcvStatus"], rows[name]["status"]) == ("1", "1")


def test_what_is_taken_away_is_no_longer_listed(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, added = subscriber(), fresh()
    groups = [row["groupNumber"] for row in tenant.ask("GetGroupDetails")["groupDetails"]]
    (other,) = set(groups) - {tenant.group}

    tenant.switch(add_domain=added)
    tenant.switch(remove_domain=tenant.domain)
    tenant.switch(remove_group=other)
    tenant.switch(remove_organization=tenant.organization)

    assert [row["domainName"] for row in tenant.ask("GetDomainDetails")["domainDetails"]] == [added]
    assert [row["groupNumber"] for row in tenant.ask("GetGroupDetails")["groupDetails"]] == [tenant.group]
    assert tenant.ask("GetOrganizationDetails")["organizationDetails"] == []


def test_an_added_domain_is_prevalidated(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, added = subscriber("bare", approve_seconds=None), fresh()
    tenant.switch(add_domain=added)

    order = tenant.buy(f"shop.{added}")

    tenant.becomes(order, "20")


def test_12_the_products_have_the_types_of_the_reference(subscriber: NewSubscriber) -> None:
    products = _ssl(subscriber())

    assert {row["productCode"]: row["productTypeID"] for row in products} == STANDARD


def test_12_the_codes_differ_by_account(subscriber: NewSubscriber) -> None:
    """§5: one sandbox account shifts all ten by 4."""
    shifted = {str(int(code) + 4): kind for code, kind in STANDARD.items()}

    assert {row["productCode"]: row["productTypeID"] for row in _ssl(subscriber("bare"))} == shifted
    assert {row["productCode"] for row in _ssl(subscriber(first_product_code=5000))} == {
        str(code) for code in range(5000, 5010)
    }


def test_12_categories_enclose_the_products_and_not_all_are_ssl(subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    categories = _categories(tenant, groupNumber=tenant.group)

    assert [row["categoryID"] for row in categories if row["categoryName"] == "SSL/TLS Certificates"] == ["3"]
    assert {row["categoryID"] for row in categories} > {"3"}
    for row in categories:
        assert set(row) == {"categoryName", "categoryID", "currencyType", "products"}


def test_13_prices_are_told_by_subscription_year(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    offered = {row["code"]: row["years"] for row in tenant.element["products"]}

    for row in _ssl(tenant):
        prices = row["subscriptionPrice"]
        assert [int(label.split()[0]) for label in prices] == offered[row["productCode"]]
        assert set(prices) <= {"1 Year", "2 Years", "3 Years"}
        assert all(re.fullmatch(r"\d+\.\d+", price["cost"]) for price in prices.values())


def test_a_product_without_subscription_has_one_price(subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    others = [
        product
        for category in _categories(tenant, groupNumber=tenant.group)
        if category["categoryID"] != "3"
        for product in category["products"]
    ]

    assert others
    assert all("price" in row and "subscriptionPrice" not in row for row in others)


def test_11_some_accounts_list_nothing_without_a_group(subscriber: NewSubscriber) -> None:
    picky, easy = subscriber(groups_needed=True), subscriber(groups_needed=False)

    assert _categories(picky) == []
    assert picky.send("GetProductDetails")["productDetails"] == []
    assert _categories(picky, groupNumber=picky.group) != []
    assert _categories(easy) == _categories(easy, groupNumber=easy.group)


def test_a_product_belongs_to_both_groups(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    groups = [row["groupNumber"] for row in tenant.ask("GetGroupDetails")["groupDetails"]]

    listed = [_categories(tenant, groupNumber=group) for group in groups]

    assert listed[0] == listed[1]


def test_15_the_fields_of_an_unmapped_product_are_ems_1269(subscriber: NewSubscriber) -> None:
    """§6.6."""
    tenant = subscriber()

    assert tenant.ask("GetFieldDetails", product=tenant.products["13"]).is_success
    assert tenant.ask("GetFieldDetails", product="111").refuses("EMS-1269")
    assert tenant.ask("GetFieldDetails", product=tenant.products["13"], group="1").refuses("EMS-1269")


@pytest.mark.parametrize("profile", ["ready", "bare"])
def test_ready_made_accounts_are_there(profile: str, sandbox: Sandbox) -> None:
    (row,) = [row for row in sandbox.management.get("accounts") if row["name"] == f"emsign-{profile}"]

    tenant = Subscriber(sandbox.management, row)

    assert (row["ca"], row["profile"]) == ("emsign", profile)
    assert re.fullmatch(r"\d{10}", tenant.number)
    assert tenant.ask("ValidateCredentials").is_success
    assert "BEGIN CERTIFICATE" in row["settings"]["roots"]
    assert "BEGIN CERTIFICATE" in row["settings"]["intermediates"]
    assert row["settings"]["account_number"] == tenant.number

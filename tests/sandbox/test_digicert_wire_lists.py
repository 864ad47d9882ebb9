"""Pages, filters and sorts of the order list: contract tests 15 to 22 of the CA's reference.

23 (a client stops at an empty page) is the client's alone: tests/contract_client.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.certificates import csr_pem, new_key
from tests.sandbox.tenant import Account, NewAccount, NewName, Sandbox

DAYS = """{"certificate":{"common_name":"$name","csr":"$csr","cert_validity":{"days":$days}},
"organization":{"id":$organization},"order_validity":{"years":1}}"""


def _ids(tenant: Account, query: str) -> list[int]:
    return [row["id"] for row in tenant.get(f"order/certificate?{query}")["orders"]]


@pytest.fixture(scope="module")
def shelf(sandbox: Sandbox) -> Account:
    """An account with 80 issued orders, half of them ssl_plus and half ssl_basic."""
    tenant = sandbox.account(rate_limit=False)
    key = new_key()
    for number in range(80):
        name = f"n{number}.{tenant.domain}"
        product = "ssl_plus" if number % 2 else "ssl_basic"
        tenant.issue(name=name, product=product, csr=csr_pem(name, key))
    return tenant


def test_15_without_a_limit_a_page_holds_1000(shelf: Account) -> None:
    answer = shelf.get("order/certificate")

    assert answer["page"] == {"total": 80, "limit": 1000, "offset": 0}
    assert len(answer["orders"]) == 80


def test_15_limit_and_offset_count_items(shelf: Account) -> None:
    every = _ids(shelf, "sort=order_id")

    answer = shelf.get("order/certificate?limit=25&offset=50&sort=order_id")

    assert answer["page"] == {"total": 80, "limit": 25, "offset": 50}
    assert [row["id"] for row in answer["orders"]] == every[50:75]


def test_16_a_limit_over_1000_is_taken_as_1000(shelf: Account) -> None:
    assert shelf.get("order/certificate?limit=5000")["page"]["limit"] == 1000


def test_16_an_offset_past_the_end_gives_an_empty_array_and_the_page(shelf: Account) -> None:
    assert shelf.get("order/certificate?limit=10&offset=500") == {
        "orders": [],
        "page": {"total": 80, "limit": 10, "offset": 500},
    }


def test_17_a_status_filter_gives_only_that_status_with_raw_and_encoded_brackets(
    account: NewAccount, fresh: NewName
) -> None:
    tenant = account()
    issued = tenant.issue()["id"]
    waiting = tenant.pending(fresh())["id"]

    assert _ids(tenant, "filters[status]=issued") == [issued]
    assert _ids(tenant, "filters%5Bstatus%5D=issued") == [issued]
    assert _ids(tenant, "filters%5bstatus%5d=pending") == [waiting]
    assert tenant.get("order/certificate?filters[status]=issued")["page"]["total"] == 1


def test_18_several_values_of_one_filter_give_the_union(shelf: Account) -> None:
    both = "filters[product_name_id][0]=ssl_plus&filters[product_name_id][1]=ssl_basic"
    one = "filters[product_name_id][0]=ssl_plus&filters[product_name_id][1]=ssl_wildcard"

    assert len(_ids(shelf, both)) == 80
    assert len(_ids(shelf, one)) == 40
    assert {row["product"]["name_id"] for row in shelf.get(f"order/certificate?{one}")["orders"]} == {"ssl_plus"}


def test_19_valid_till_filters_are_strict_and_can_be_ranges(account: NewAccount) -> None:
    tenant = account()
    by_days = {days: tenant.issue(DAYS, days=days)["id"] for days in (30, 60, 90)}
    till = {d: tenant.info(order)["certificate"]["valid_till"] for d, order in by_days.items()}
    middle = tenant.management.now().date() + timedelta(days=45)
    late = middle + timedelta(days=30)

    assert _ids(tenant, f"filters[valid_till]=%3E{till[60]}") == [by_days[90]]
    assert _ids(tenant, f"filters[valid_till]=>{till[60]}") == [by_days[90]]
    assert _ids(tenant, f"filters[valid_till]=%3C{till[60]}") == [by_days[30]]
    assert _ids(tenant, f"filters[valid_till]={middle}...{late}") == [by_days[60]]


def test_20_a_common_name_filter_with_a_percent_sign_finds_names_that_contain_it(
    account: NewAccount,
) -> None:
    tenant = account()
    found = tenant.issue(name=f"xmeadowx.{tenant.domain}")["id"]
    tenant.issue(name=f"other.{tenant.domain}")

    assert _ids(tenant, "filters[common_name]=%25xmeadow") == [found]
    assert _ids(tenant, f"filters[common_name]=xmeadowx.{tenant.domain}") == [found]
    assert _ids(tenant, "filters[common_name]=xmeadow") == []


def test_21_a_list_can_be_sorted_by_date_newest_first(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    placed = []
    for _ in range(3):
        placed.append(tenant.issue()["id"])
        own_sandbox.management.advance(seconds=60)

    assert _ids(tenant, "sort=-date_created") == placed[::-1]
    assert _ids(tenant, "sort=date_created") == placed
    assert _ids(tenant, "sort=%2Bdate_created") == placed


def test_21_a_sort_by_two_keys_honours_both(account: NewAccount, fresh: NewName) -> None:
    tenant = account()
    issued = [tenant.issue()["id"] for _ in range(2)]
    pending = [tenant.pending(fresh())["id"] for _ in range(2)]

    assert _ids(tenant, "sort=status,-order_id") == issued[::-1] + pending[::-1]
    assert _ids(tenant, "sort=-status,order_id") == pending + issued


def _item(tenant: Account, order_id: int) -> dict[str, Any]:
    rows = tenant.get("order/certificate")["orders"]
    return next(row for row in rows if row["id"] == order_id)


def test_22_a_pending_order_has_a_certificate_id_and_no_dates_or_serial(account: NewAccount, fresh: NewName) -> None:
    tenant = account()
    order = tenant.pending(fresh())

    item = _item(tenant, order["id"])

    assert item["status"] == "pending"
    assert item["certificate"]["id"] == order["certificate_id"]
    assert not {"valid_from", "valid_till", "serial_number", "days_remaining"} & set(item["certificate"])
    assert "order_valid_till" not in item


def test_22_an_issued_order_has_them(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()

    item = _item(tenant, order["id"])

    assert item["status"] == "issued"
    assert {"valid_from", "valid_till", "serial_number", "days_remaining"} <= set(item["certificate"])
    assert "order_valid_till" in item
    assert (item["product"]["name_id"], item["product_name_id"]) == ("ssl_basic", "ssl_basic")


def test_a_list_leaves_out_the_orders_of_other_accounts(account: NewAccount, shelf: Account) -> None:
    assert account().get("order/certificate") == {
        "orders": [],
        "page": {"total": 0, "limit": 1000, "offset": 0},
    }

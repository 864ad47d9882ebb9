"""Every filter and sort of the order list, over many orders at once (digicert.md §1.7, §10.1).

What a filter must leave is reckoned here, from the whole list.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from tests.sandbox.tenant import Account, Sandbox

COUNT = 600
Row = dict[str, Any]
ITEM = {
    "id",
    "certificate",
    "status",
    "is_renewed",
    "date_created",
    "organization",
    "validity_years",
    "order_validity",
    "order_valid_till",
    "disable_renewal_notifications",
    "container",
    "product",
    "duplicates_count",
    "has_duplicates",
    "reissues_count",
    "has_reissues",
    "price",
    "product_name_id",
    "number_of_sans",
    "is_multi_year_plan",
    "custom_fields",
}
LEAF = {
    "id",
    "serial_number",
    "common_name",
    "dns_names",
    "valid_from",
    "valid_till",
    "days_remaining",
    "cert_validity",
    "signature_hash",
}
BEFORE_ISSUE = {"serial_number", "valid_from", "valid_till", "days_remaining"}


@pytest.fixture(scope="module")
def shelf(sandbox: Sandbox) -> Account:
    """An account with orders in every state, of several products."""
    return sandbox.account(orders=COUNT, rate_limit=False)


@pytest.fixture(scope="module")
def every(shelf: Account) -> list[Row]:
    """All its orders, the oldest first."""
    rows: list[Row] = shelf.get("order/certificate")["orders"]
    assert len(rows) == COUNT
    return rows


def _till(row: Row) -> str:
    return str(row["certificate"].get("valid_till", ""))


def _finds(shelf: Account, query: str, every: list[Row], wanted: Callable[[Row], bool]) -> None:
    """The query must leave the wanted orders, some but not all, and count them."""
    expected = [row["id"] for row in every if wanted(row)]
    assert 0 < len(expected) < COUNT, "the filter would prove nothing"
    answer = shelf.get(f"order/certificate?{query}")
    assert [row["id"] for row in answer["orders"]] == expected
    assert answer["page"] == {"total": len(expected), "limit": 1000, "offset": 0}


@pytest.mark.parametrize("status", ["issued", "expired", "revoked", "rejected", "canceled", "pending"])
def test_a_status_filter_leaves_every_order_of_that_status(shelf: Account, every: list[Row], status: str) -> None:
    _finds(shelf, f"filters[status]={status}", every, lambda row: bool(row["status"] == status))
    _finds(shelf, f"status={status}", every, lambda row: bool(row["status"] == status))


def test_two_statuses_leave_the_orders_of_both(shelf: Account, every: list[Row]) -> None:
    both = "filters[status][0]=expired&filters[status][1]=revoked"

    _finds(shelf, both, every, lambda row: row["status"] in ("expired", "revoked"))


def test_filters_of_two_kinds_leave_what_fits_both(shelf: Account, every: list[Row]) -> None:
    _finds(
        shelf,
        "filters[status]=issued&filters[product_name_id]=ssl_basic",
        every,
        lambda row: (row["status"], row["product"]["name_id"]) == ("issued", "ssl_basic"),
    )


def test_a_product_filter_leaves_the_orders_of_that_product(shelf: Account, every: list[Row]) -> None:
    _finds(shelf, "filters[product_name_id]=ssl_wildcard", every, lambda row: row["product_name_id"] == "ssl_wildcard")


def test_a_common_name_filter_is_whole_or_contains(shelf: Account, every: list[Row]) -> None:
    name = every[17]["certificate"]["common_name"]

    _finds(shelf, f"filters[common_name]={name}", every, lambda row: row["certificate"]["common_name"] == name)
    _finds(shelf, f"filters[common_name]={name.upper()}", every, lambda row: row["certificate"]["common_name"] == name)
    _finds(shelf, "filters[common_name]=%25host1", every, lambda row: "host1" in row["certificate"]["common_name"])


def test_a_search_finds_an_order_by_its_id_or_a_part_of_any_name(shelf: Account, every: list[Row]) -> None:
    number = every[5]["id"]

    _finds(shelf, f"filters[search]={number}", every, lambda row: bool(row["id"] == number))
    _finds(
        shelf,
        "filters[search]=%25api.host",
        every,
        lambda row: any("api.host" in name for name in row["certificate"]["dns_names"]),
    )


def test_an_organization_filter_leaves_the_orders_that_name_it(shelf: Account, every: list[Row]) -> None:
    number = shelf.organization

    _finds(
        shelf,
        f"filters[organization_id]={number}",
        every,
        lambda row: bool(row.get("organization", {}).get("id") == number),
    )
    assert shelf.get(f"order/certificate?filters[organization_id]={number + 9999}")["orders"] == []


def test_a_user_filter_leaves_the_orders_of_that_user(sandbox: Sandbox) -> None:
    tenant = sandbox.account(orders=40)
    other = Account(
        sandbox.management, sandbox.management.post("accounts", ca="digicert", profile="ready", of=tenant.name)
    )
    bought = other.issue()["id"]
    mine, others = tenant.get("user/me")["id"], other.get("user/me")["id"]

    assert [row["id"] for row in tenant.get(f"order/certificate?filters[user_id]={others}")["orders"]] == [bought]
    own = [row["id"] for row in tenant.get(f"order/certificate?filters[user_id]={mine}")["orders"]]
    assert 0 < len(own) < 40
    assert {tenant.info(number)["user"]["id"] for number in own} == {mine}


def test_a_container_filter_leaves_the_orders_of_that_division(sandbox: Sandbox) -> None:
    tenant = sandbox.account(orders=40)
    root = tenant.get("container")["containers"][0]["id"]
    child = tenant.call("POST", f"container/{root}/children", b'{"name":"Division"}').json()["id"]
    template = """{"certificate":{"common_name":"$name","csr":"$csr"},"organization":{"id":$organization},
"order_validity":{"years":1},"container":{"id":$container}}"""
    bought = tenant.issue(template, container=child)["id"]

    for query in (f"filters[container_id]={child}", f"container_id={child}"):
        rows = tenant.get(f"order/certificate?{query}")["orders"]
        assert [row["id"] for row in rows] == [bought]
        assert rows[0]["container"] == {"id": child, "name": "Division", "is_active": True}
    at_root = tenant.get(f"order/certificate?filters[container_id]={root}")["orders"]
    assert 0 < len(at_root) < 40
    assert {row["container"]["id"] for row in at_root} == {root}


def test_date_created_filters_are_strict_and_ranges_hold_both_ends(shelf: Account, every: list[Row]) -> None:
    day, later = every[200]["date_created"][:10], every[400]["date_created"][:10]
    assert day < later

    _finds(shelf, f"filters[date_created]=<{day}", every, lambda row: bool(row["date_created"][:10] < day))
    _finds(shelf, f"filters[date_created]=%3E{day}", every, lambda row: bool(row["date_created"][:10] > day))
    _finds(
        shelf,
        f"filters[date_created]={day}...{later}",
        every,
        lambda row: bool(day <= row["date_created"][:10] <= later),
    )


@pytest.mark.parametrize("form", ["{day}T{hours}", "{day}+{hours}", "{day}%20{hours}", "{day}T{hours}+00:00"])
def test_a_time_of_day_in_a_filter_counts_however_it_is_joined(shelf: Account, every: list[Row], form: str) -> None:
    at = every[300]["date_created"]
    bound = form.format(day=at[:10], hours=at[11:19])

    _finds(shelf, f"filters[date_created]=>{bound}", every, lambda row: bool(row["date_created"] > at))


def test_valid_till_filters_leave_out_what_was_never_issued(shelf: Account, every: list[Row]) -> None:
    today = shelf.management.now().date()
    soon = today + timedelta(days=30)

    _finds(shelf, f"filters[valid_till]=<{today}", every, lambda row: "" < _till(row) < today.isoformat())
    _finds(shelf, f"filters[valid_till]=>{today}", every, lambda row: _till(row) > today.isoformat())
    _finds(
        shelf,
        f"filters[valid_till]={today}...{soon}",
        every,
        lambda row: today.isoformat() <= _till(row) <= soon.isoformat(),
    )


def test_a_filter_that_nobody_knows_leaves_everything(shelf: Account) -> None:
    assert shelf.get("order/certificate?filters[colour]=blue&limit=1")["page"]["total"] == COUNT


SORTS: dict[str, Callable[[Row], Any]] = {
    "order_id": lambda row: row["id"],
    "date_created": lambda row: row["date_created"],
    "common_name": lambda row: row["certificate"]["common_name"],
    "status": lambda row: row["status"],
    "validity_years": lambda row: row["validity_years"],
    "product_name": lambda row: row["product"]["name"],
    "valid_till": _till,
}


@pytest.mark.parametrize("name", SORTS)
def test_a_list_is_sorted_by_each_documented_field_both_ways(shelf: Account, every: list[Row], name: str) -> None:
    value = SORTS[name]
    rising = shelf.get(f"order/certificate?sort={name}")["orders"]
    falling = shelf.get(f"order/certificate?sort=-{name}")["orders"]

    assert [value(row) for row in rising] == sorted(map(value, every))
    assert [value(row) for row in falling] == sorted(map(value, every), reverse=True)
    assert {row["id"] for row in rising} == {row["id"] for row in falling} == {row["id"] for row in every}


def test_pages_of_a_filtered_and_sorted_list_are_slices_of_the_whole(shelf: Account) -> None:
    query = "filters[status]=issued&sort=-valid_till,order_id"
    whole = shelf.get(f"order/certificate?{query}")["orders"]
    paged = []
    for offset in range(0, len(whole) + 70, 70):
        answer = shelf.get(f"order/certificate?{query}&limit=70&offset={offset}")
        assert answer["page"] == {"total": len(whole), "limit": 70, "offset": offset}
        paged += answer["orders"]

    assert paged == whole


@pytest.mark.parametrize("query", ["limit=-1", "limit=many", "offset=-1", "offset=x"])
def test_a_limit_or_offset_that_is_no_number_is_an_invalid_value(shelf: Account, query: str) -> None:
    answer = shelf.call("GET", f"order/certificate?{query}")

    assert answer.status == 400
    assert answer.codes == [f"invalid_value:{query.partition('=')[0]}"]


def test_an_item_has_the_documented_fields_and_no_others(every: list[Row]) -> None:
    for row in every:
        is_private, is_dv = row["product_name_id"].startswith("private"), "dv" in row["product_name_id"]
        has_dates = row["status"] in ("issued", "expired", "revoked")
        absent = {"is_multi_year_plan", "custom_fields"} & set(ITEM - row.keys())
        missing = ({"organization"} if is_dv else set()) | (set() if has_dates else {"order_valid_till"})

        assert set(row) | absent == ITEM - missing, row
        assert set(row["certificate"]) == LEAF - (set() if has_dates else BEFORE_ISSUE), row
        assert "is_multi_year_plan" not in row or (row["is_multi_year_plan"] == "1" and not is_private)
        assert row["number_of_sans"] == len(row["certificate"]["dns_names"])


def test_a_year_long_order_of_today_is_a_plan_and_one_from_before_the_199_days_is_not(
    shelf: Account, every: list[Row]
) -> None:
    today = shelf.management.now().date()
    for row in every:
        if (row["product_name_id"], row["validity_years"]) == ("ssl_basic", 1) and "order_valid_till" in row:
            is_today = row["date_created"] >= "2026-02-24"
            assert row.get("is_multi_year_plan") == ("1" if is_today else None), row
            assert row["certificate"]["days_remaining"] == (date.fromisoformat(_till(row)) - today).days

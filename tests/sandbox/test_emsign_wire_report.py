"""GetOrderReport: its rows, its filters and its pages (§6.14; contract tests 25, 42, 51)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.emsign_tenant import DV_UCC, OV, PATIENT, NewSubscriber, Subscriber, certificate_of
from tests.sandbox.tenant import NewName, Sandbox

MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
ROW = {
    "orderNumber", "requestNumber", "orderStatusId", "orderStatus", "certificateStatusId", "certificateStatus",
    "domainName", "organizationName", "groupNumber", "productCode", "certificateSerialNumber",
    "certificateExpiryDate", "issuerCA", "certificateTrustType", "orderDate", "expiresWithin", "tags",
    "customFields", "countryName",
}  # fmt: skip
DAY = len("2026-11-20")


def _pages(tenant: Subscriber, **criteria: str) -> list[dict[str, Any]]:
    """Every page, as §6.14 says where to stop."""
    pages = [tenant.page(pageNumber="1", **criteria)]
    while int(pages[-1]["currentPage"]) < int(pages[-1]["noOfPages"]):
        pages.append(tenant.page(pageNumber=str(len(pages) + 1), **criteria))
    return pages


def _rows(pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for page in pages for row in page["ordersArray"]]


def _numbers(rows: list[dict[str, Any]]) -> list[str]:
    return [row["requestNumber"] for row in rows]


def test_a_row_has_the_shape_of_the_reference(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}", OV)

    row = tenant.row(order)

    assert set(row) == ROW
    assert (row["orderNumber"], row["requestNumber"]) == (order.number, order.request)
    assert (row["domainName"], row["groupNumber"]) == (f"shop.{tenant.domain}", tenant.group)
    assert (row["productCode"], row["certificateTrustType"]) == (tenant.products[OV], "1")
    assert row["organizationName"] == tenant.element["organizations"][0]
    assert row["tags"] == ["team-shop"]
    assert row["customFields"] == []
    assert MOMENT.fullmatch(row["orderDate"])


def test_a_row_tells_neither_names_nor_requestor(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}", DV_UCC, extra=[f"api.{tenant.domain}"])

    text = str(tenant.row(order))

    assert "api." not in text
    assert tenant.email not in text
    assert "BEGIN" not in text


def test_a_pending_row_lacks_what_is_not_there(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT, blanks="blank")

    row = tenant.row(tenant.buy(fresh()))

    assert set(row) == ROW
    assert (row["certificateSerialNumber"], row["certificateExpiryDate"]) == ("", "")


def test_42_counters_are_numbers_and_the_page_is_a_string(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§3.5."""
    tenant = subscriber()
    tenant.buy(fresh())

    page = tenant.page()

    counters = {field: page[field] for field in page if field != "ordersArray"}
    assert counters == {"noOfPages": 1, "totalNoOfResults": 1, "pageSize": 100, "currentPage": "1"}
    assert not any(isinstance(value, bool | float) for value in counters.values())


def test_a_search_without_any_match_is_a_failure(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    tenant.buy(fresh())

    told = tenant.send("GetOrderReport", searchCriteria={"domainName": "nobody.example"})

    assert not told.is_success
    assert "No records found" in told.text


def test_42_an_account_without_orders_has_no_rows(subscriber: NewSubscriber) -> None:
    assert subscriber().report() == []


@pytest.mark.parametrize(("stock", "pages"), [(1, 1), (100, 1), (101, 2), (250, 3)])
def test_42_every_order_is_on_exactly_one_page(stock: int, pages: int, subscriber: NewSubscriber) -> None:
    tenant = subscriber(orders=stock)

    found = _pages(tenant)

    assert [page["currentPage"] for page in found] == [str(number + 1) for number in range(pages)]
    assert {(page["noOfPages"], page["totalNoOfResults"], page["pageSize"]) for page in found} == {(pages, stock, 100)}
    assert len(set(_numbers(_rows(found)))) == len(_rows(found)) == stock
    assert all(len(page["ordersArray"]) == 100 for page in found[:-1])


@pytest.mark.parametrize(("size", "pages"), [("1", 7), ("3", 3), ("7", 1), ("500", 1)])
def test_42_the_size_of_a_page_is_chosen(size: str, pages: int, subscriber: NewSubscriber) -> None:
    tenant = subscriber(orders=7)

    found = _pages(tenant, pageSize=size)

    assert len(found) == pages
    assert {(page["noOfPages"], page["pageSize"]) for page in found} == {(pages, int(size))}
    assert len(set(_numbers(_rows(found)))) == 7


def test_a_page_is_never_larger_than_500(subscriber: NewSubscriber) -> None:
    """§6.14."""
    tenant = subscriber(orders=501)

    page = tenant.page(pageSize="10000")

    assert (page["pageSize"], len(page["ordersArray"]), page["noOfPages"]) == (500, 500, 2)


def test_a_page_past_the_last_is_an_empty_success(subscriber: NewSubscriber) -> None:
    tenant = subscriber(orders=3)

    page = tenant.page(pageNumber="2")

    assert page["ordersArray"] == []
    assert page["totalNoOfResults"] == 3


def test_rows_are_oldest_first(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(orders=120)
    newest = tenant.buy(fresh())

    rows = _rows(_pages(tenant, pageSize="50"))

    dates = [row["orderDate"] for row in rows]
    assert dates == sorted(dates)
    assert rows[-1]["orderNumber"] == newest.number


@pytest.mark.parametrize("field", ["productCode", "groupNumber", "domainName", "orderNumber", "orderStatusId"])
def test_a_filter_leaves_exactly_what_is_equal(field: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber(orders=150)
    rows = _rows(_pages(tenant))

    for value in sorted({row[field] for row in rows if row[field]})[:6]:
        expected = [number for number, row in zip(_numbers(rows), rows, strict=True) if row[field] == value]
        assert _numbers(_rows(_pages(tenant, **{field: value}))) == expected, value


def test_a_filter_by_group_finds_the_orders_of_that_group(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    groups = [row["groupNumber"] for row in tenant.ask("GetGroupDetails")["groupDetails"]]
    orders = {group: tenant.buy(fresh(), groupNumber=group) for group in groups}

    for group, order in orders.items():
        assert _numbers(tenant.report(groupNumber=group)) == [order.request]


def test_filters_are_all_to_be_met(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    name, other = fresh(), fresh()
    order = tenant.buy(name)
    tenant.buy(other)

    assert _numbers(tenant.report(domainName=name, productCode=tenant.products["13"])) == [order.request]
    assert tenant.report(domainName=name, productCode=tenant.products["16"]) == []


def test_a_domain_is_compared_without_regard_to_case_and_exactly(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.buy(f"shop.{tenant.domain}")
    tenant.buy(f"a.shop.{tenant.domain}")

    assert _numbers(tenant.report(domainName=f"SHOP.{tenant.domain}".upper())) == [order.request]


def test_a_filter_by_requestor(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    order = tenant.buy(fresh())

    assert _numbers(tenant.report(requestorEmailId=tenant.email)) == [order.request]
    assert tenant.report(requestorEmailId="nobody@other.example") == []


def test_a_filter_by_trust(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    order = tenant.buy(fresh())

    assert _numbers(tenant.report(certificateTrustType="1")) == [order.request]
    assert tenant.report(certificateTrustType="2") == []
    assert _numbers(tenant.report(certificateChain="1")) == [order.request]


def test_51_the_dates_of_orders_are_inclusive_days_of_utc(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox)
    placed = {}
    for moment in ("2026-11-21T23:59:30", "2026-11-22T00:00:30", "2026-11-23T12:00:00"):
        tenant.management.post("clock", now=f"{moment}+00:00")
        placed[moment[:DAY]] = tenant.buy(fresh()).request
    first, second, third = placed.values()

    assert _numbers(tenant.report(orderDateFrom="2026-11-22")) == [second, third]
    assert _numbers(tenant.report(orderDateTill="2026-11-22")) == [first, second]
    assert _numbers(tenant.report(orderDateFrom="2026-11-22", orderDateTill="2026-11-22")) == [second]
    assert tenant.report(orderDateFrom="2026-11-24") == []
    assert [row["orderDate"][:DAY] for row in tenant.report()] == list(placed)


def test_51_a_moment_may_be_given_as_iso(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox)
    tenant.management.post("clock", now="2026-11-22T09:00:00+00:00")
    tenant.buy(fresh())
    tenant.management.post("clock", now="2026-11-23T09:00:00+00:00")
    order = tenant.buy(fresh())

    assert _numbers(tenant.report(orderDateFrom="2026-11-23T00:00:00+00:00")) == [order.request]
    assert _numbers(tenant.report(orderDateFrom="2026-11-23T08:00:00Z")) == [order.request]


def test_the_dates_of_expiry_are_a_filter(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    order = tenant.issue(fresh())
    ends = certificate_of(tenant.certificate(order)["certificateDetails"]["endEntityCertificate"]).not_valid_after_utc
    day, before, after = (f"{ends + timedelta(days=shift):%Y-%m-%d}" for shift in (0, -1, 1))

    assert _numbers(tenant.report(certExpiryDateFrom=day, certExpiryDateTill=day)) == [order.request]
    assert tenant.report(certExpiryDateFrom=after) == []
    assert tenant.report(certExpiryDateTill=before) == []


def test_a_stock_of_orders_is_of_every_kind(subscriber: NewSubscriber) -> None:
    tenant = subscriber(orders=250)

    rows = _rows(_pages(tenant))

    assert {row["certificateStatusId"] for row in rows} >= {"9", "12", "22", "13"}
    assert [row for row in rows if not row["orderNumber"] and row["orderStatus"] == "On Hold"]
    assert len([row for row in rows if row["certificateStatusId"] in ("9", "20")]) > len(rows) / 2
    span = max(row["orderDate"] for row in rows)[:4], min(row["orderDate"] for row in rows)[:4]
    assert span[0] != span[1]


def test_the_certificates_of_a_stock_are_the_same_whenever_they_are_downloaded(subscriber: NewSubscriber) -> None:
    tenant = subscriber(orders=60)
    rows = [row for row in _rows(_pages(tenant)) if row["certificateStatusId"] in ("9", "12", "22")]

    for row in (rows[0], rows[len(rows) // 2], rows[-1]):
        leaf = tenant.leaf(row["orderNumber"])
        assert leaf == tenant.leaf(row["orderNumber"])
        assert row["certificateSerialNumber"] == str(leaf.serial_number)
        assert row["certificateExpiryDate"] == leaf.not_valid_after_utc.strftime("%Y-%m-%d %H:%M:%S")
        assert row["orderDate"][:DAY] <= leaf.not_valid_before_utc.strftime("%Y-%m-%d")


def test_a_stock_can_be_tracked(subscriber: NewSubscriber) -> None:
    tenant = subscriber(orders=60)

    for row in _rows(_pages(tenant)):
        if row["orderNumber"]:
            assert tenant.standing(row["orderNumber"]) == (row["orderStatusId"], row["certificateStatusId"])


def test_a_report_without_criteria_is_of_everything(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    order = tenant.buy(fresh())

    nothing: list[dict[str, object]] = [
        {},
        {"searchCriteria": {}},
        {"searchCriteria": {"domainName": "", "orderStatusId": ""}},
    ]

    for blocks in nothing:
        rows = tenant.send("GetOrderReport", **blocks)["orderDetails"]["ordersArray"]
        assert _numbers(rows) == [order.request], blocks

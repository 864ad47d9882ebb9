"""WebHostReport: contract tests 67 to 69 of the CA's reference, and its section 11."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from cryptography import x509

from tests.sandbox import wire
from tests.sandbox.certificates import csr_pem, new_key, serial_text
from tests.sandbox.sectigo_tenant import ORGANIZATION, OV, NewReseller, Reseller
from tests.sandbox.sectigo_wire import FORM, Told
from tests.sandbox.tenant import NewName, Sandbox

STOCK = 250
EVERYTHING = dict.fromkeys(
    ["showCertificateID", "showExtStatus", "showStatusDetails", "showAdditionalDomains", "showOldItems", "showCost"],
    "Y",
)
HOUR = 3600


@pytest.fixture(scope="module")
def stocked(reseller: NewReseller) -> Reseller:
    """An account with orders of the past."""
    return reseller(orders=STOCK)


def _page(tenant: Reseller, first: int, last: int, **fields: object) -> Told:
    told = tenant.call("WebHostReport", firstResultNo=first, lastResultNo=last, **fields)
    assert told.code == 0, told
    return told


def _row_numbers(told: Told) -> list[int]:
    """The numbers of the rows in their order."""
    return list(dict.fromkeys(int(key.partition("_")[0]) for key in told.keys if key[0].isdigit()))


def _orders(told: Told) -> list[str]:
    return [value for key, value in told.fields if re.fullmatch(r"[0-9]+_orderNumber", key)]


def _numbers(rows: list[dict[str, str]]) -> list[str]:
    return [row["orderNumber"] for row in rows]


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


@pytest.mark.parametrize(("report_rows", "second_starts_at"), [("index", 101), ("page", 1)])
def test_67_pages_of_100_hold_every_order_once(report_rows: str, second_starts_at: int, reseller: NewReseller) -> None:
    tenant = reseller(orders=STOCK, report_rows=report_rows)

    pages = [_page(tenant, first, first + 99) for first in (1, 101, 201, 301)]

    found = [number for page in pages for number in _orders(page)]
    assert [len(_orders(page)) for page in pages] == [100, 100, 50, 0]
    assert len(set(found)) == STOCK
    assert _row_numbers(pages[0]) == list(range(1, 101))
    assert _row_numbers(pages[1]) == list(range(second_starts_at, second_starts_at + 100))
    assert {page["noOfResults"] for page in pages} == {str(STOCK)}


def test_67_a_report_without_a_page_holds_everything_or_says_how_much_there_is(stocked: Reseller) -> None:
    told = stocked.call("WebHostReport")

    assert told.media == FORM
    assert told["noOfResults"] == str(STOCK)


def test_67_the_same_page_twice_is_the_same(stocked: Reseller) -> None:
    assert _page(stocked, 51, 60).text == _page(stocked, 51, 60).text


def test_67_every_order_of_the_stock_can_be_read_with_all_flags(stocked: Reseller) -> None:
    rows = stocked.report(firstResultNo=1, lastResultNo=STOCK, **EVERYTHING)

    assert len(rows) == STOCK
    assert all(row["orderNumber"].isdigit() and row["dateTime"].isdigit() for row in rows)
    words = {row["1_status"].lower() for row in rows}
    assert len(words) >= 4, words
    assert "issued" in words


def test_67_the_stock_was_placed_over_two_years(stocked: Reseller) -> None:
    now = _epoch(stocked.management.now())

    placed = [int(row["dateTime"]) for row in stocked.report(firstResultNo=1, lastResultNo=STOCK)]

    assert max(placed) <= now
    assert now - min(placed) > 365 * 86400
    assert now - min(placed) <= 2 * 366 * 86400


def test_67_issued_orders_of_the_stock_can_be_collected(stocked: Reseller) -> None:
    rows = stocked.report(certificateStatusDesc="issued", firstResultNo=1, lastResultNo=3, **EVERYTHING)
    assert len(rows) == 3

    for row in rows:
        leaf = stocked.leaf(row["orderNumber"])
        assert str(_epoch(leaf.not_valid_after_utc)) == row["1_notAfter"]
        assert serial_text(leaf).lstrip("0") == row["1_serialNumber"].upper().lstrip("0")
        by_id = stocked.call("CollectSSL", certificateID=row["1_certificateID"], queryType=2)
        assert x509.load_pem_x509_certificate(by_id.text.removeprefix("2\n").encode()) == leaf


def test_68_names_are_matched_with_wildcards(reseller: NewReseller, fresh: NewName) -> None:
    tenant, base = reseller(), fresh()
    a, b, other = tenant.buy(f"a.{base}"), tenant.buy(f"bb.{base}"), tenant.buy(fresh())
    assert other.number

    assert set(_numbers(tenant.report(fqdn=f"%.{base}"))) == {a.number, b.number}
    assert _numbers(tenant.report(fqdn=f"_.{base}")) == [a.number]
    assert _numbers(tenant.report(fqdn=f"bb.{base}")) == [b.number]
    assert tenant.report(fqdn=base) == []


def test_68_organizations_are_matched_with_wildcards(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    wanted = tenant.buy(fresh(), **{**ORGANIZATION, "product": OV, "organizationName": "Meadow Works Ltd"})
    tenant.buy(fresh(), **{**ORGANIZATION, "product": OV, "organizationName": "Other Works Ltd"})

    for pattern in ("Meadow%", "%eadow W_rks%", "Meadow Works Ltd"):
        assert _numbers(tenant.report(organizationName=pattern)) == [wanted.number], pattern
    assert tenant.report(organizationName="Meadow") == []


def test_68_order_numbers_are_a_list_without_wildcards(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    orders = [tenant.buy(fresh()).number for _ in range(3)]

    assert tenant.call("WebHostReport", orderNumber="70%").refuses(-4, "orderNumber")
    assert set(_numbers(tenant.report(orderNumber=f"{orders[0]},{orders[2]}"))) == {orders[0], orders[2]}
    assert set(_numbers(tenant.report(orderNumber=orders[:2]))) == set(orders[:2])
    assert tenant.report(orderNumber="999999999") == []


def test_68_references_and_certificate_ids_are_lists_too(reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(), [fresh(), fresh(), fresh()]
    orders = [tenant.buy(name, foreignOrderNumber=f"ref-{name}") for name in names]

    by_reference = tenant.report(foreignOrderNumber=f"ref-{names[0]},ref-{names[1]}")
    by_id = tenant.report(certificateID=f"{orders[1].certificate_id},{orders[2].certificate_id}")

    assert set(_numbers(by_reference)) == {orders[0].number, orders[1].number}
    assert set(_numbers(by_id)) == {orders[1].number, orders[2].number}
    assert tenant.report(foreignOrderNumber="ref-%") == []


def test_68_statuses_are_told_by_number_and_by_word(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    issued, revoked = tenant.buy(fresh()), tenant.buy(fresh())
    tenant.leaf(issued)
    tenant.leaf(revoked)
    tenant.call("AutoRevokeSSL", orderNumber=revoked.number, revocationReason="retired")
    tenant.switch(dcv="never")
    pending, rejected = tenant.buy(fresh()), tenant.buy(fresh())
    tenant.management.post("reject", ca="sectigo", order_id=int(rejected.number))

    assert _numbers(tenant.report(certificateStatusCode="8")) == [revoked.number]
    assert set(_numbers(tenant.report(certificateStatusCode="7,8"))) == {revoked.number, rejected.number}
    assert _numbers(tenant.report(certificateStatusDesc="revoked")) == [revoked.number]
    assert set(_numbers(tenant.report(certificateStatusDesc="revoked,rejected"))) == {revoked.number, rejected.number}
    assert issued.number in _numbers(tenant.report(certificateStatusDesc="issued"))
    assert pending.number not in _numbers(tenant.report(certificateStatusDesc="issued,revoked,rejected"))


def test_68_an_issued_certificate_is_9_until_it_is_collected_and_6_from_then_on(
    reseller: NewReseller, fresh: NewName
) -> None:
    """§3: 9 issued but not yet collected, 6 valid."""
    tenant = reseller()
    order = tenant.buy(fresh())
    tenant.becomes(order, 1)

    before = _numbers(tenant.report(certificateStatusCode="9")), _numbers(tenant.report(certificateStatusCode="6"))
    tenant.leaf(order)
    after = _numbers(tenant.report(certificateStatusCode="9")), _numbers(tenant.report(certificateStatusCode="6"))

    assert before == ([order.number], [])
    assert after == ([], [order.number])


def test_69_only_orders_placed_inside_the_window_are_told(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Reseller.at(own_sandbox)
    orders, moments = [], [_epoch(tenant.management.now())]
    for _ in range(3):
        orders.append(tenant.buy(fresh()).number)
        tenant.management.advance(hours=2)
        moments.append(_epoch(tenant.management.now()))

    def between(low: int, high: int) -> list[str]:
        return _numbers(tenant.report(notBefore=low - HOUR, notAfter=high - HOUR))

    assert between(moments[1], moments[2]) == [orders[1]]
    assert set(between(moments[0], moments[3])) == set(orders)
    assert between(moments[3], moments[3] + HOUR) == []
    assert set(_numbers(tenant.report(notBefore=moments[1] - HOUR))) == set(orders[1:])
    assert _numbers(tenant.report(notAfter=moments[1] - HOUR)) == orders[:1]


def test_69_certificates_are_told_by_the_window_of_their_expiry(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    short, long = tenant.buy(fresh(), days=30), tenant.buy(fresh(), days=90)
    limit = _epoch(tenant.leaf(short).not_valid_after_utc) + 86400
    assert tenant.leaf(long)

    assert _numbers(tenant.report(expireNotAfter=limit)) == [short.number]
    assert _numbers(tenant.report(expireNotBefore=limit)) == [long.number]
    assert _numbers(tenant.report(expireNotBefore=limit - 2 * 86400, expireNotAfter=limit)) == [short.number]


def test_67_filters_and_pages_go_together(stocked: Reseller) -> None:
    told = _page(stocked, 1, 2, certificateStatusDesc="issued")
    rest = _page(stocked, 3, STOCK, certificateStatusDesc="issued")

    assert told["noOfResults"] == rest["noOfResults"]
    assert len(_orders(told)) == 2
    assert len(_orders(told) + _orders(rest)) == int(told["noOfResults"])
    assert not set(_orders(told)) & set(_orders(rest))


@pytest.mark.parametrize(
    ("flag", "keys"),
    [
        ("showCertificateID", {"1_certificateID"}),
        ("showCost", {"cost"}),
        ("showSignatureAlgorithm", {"1_signatureAlgorithm"}),
        ("showStatusDetails", {"1_csrStatus", "1_dcvStatus", "1_ovCallBackStatus", "1_organizationValidationStatus"}),
        ("showExtStatus", {"validationStatus"}),
    ],
)
def test_a_flag_adds_its_keys_and_none_is_there_without_it(
    flag: str, keys: set[str], reseller: NewReseller, fresh: NewName
) -> None:
    tenant = reseller()
    tenant.leaf(tenant.buy(fresh()))

    (plain,), (shown,) = tenant.report(), tenant.report(**{flag: "Y"})

    assert keys - set(shown) == set()
    assert keys & set(plain) == set()


def test_a_row_tells_the_certificate_in_unix_seconds(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name, key = reseller(), fresh(), new_key()
    before = _epoch(tenant.management.now())
    order = tenant.buy(name, key)
    leaf = tenant.leaf(order)

    (row,) = tenant.report(showCertificateID="Y", showCost="Y")

    assert row["orderNumber"] == order.number
    assert before <= int(row["dateTime"]) <= before + 60
    assert (row["1_domain"], row["1_status"]) == (name, "issued")
    assert row["1_notBefore"] == str(_epoch(leaf.not_valid_before_utc))
    assert row["1_notAfter"] == str(_epoch(leaf.not_valid_after_utc))
    assert row["1_serialNumber"].upper().lstrip("0") == serial_text(leaf).lstrip("0")
    assert row["1_certificateID"] == order.certificate_id
    assert row["cost"] == order.cost
    assert row["1_type"]


def test_the_organization_of_an_order_is_told(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    tenant.buy(fresh(), **{**ORGANIZATION, "product": OV, "organizationName": "Wiesengrün & Söhne"})

    (row,) = tenant.report()

    assert row["organizationName"] == "Wiesengrün & Söhne"
    assert (row["localityName"], row["countryName"]) == ("Oxford", "GB")


def test_additional_names_are_told_when_they_are_asked_for(reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(), [fresh(), fresh(), fresh()]
    tenant.buy_multi(names)

    (row,) = tenant.report(showAdditionalDomains="Y")

    told = " ".join(value for key, value in row.items() if "omain" in key)
    assert [name for name in names if name not in told] == []


def test_replaced_certificates_are_told_when_they_are_asked_for(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)
    tenant.leaf(order)
    told = tenant.replace(order.number, csr_pem(name))
    tenant.becomes(told["orderNumber"], 1)

    rows = tenant.report(showOldItems="Y", showCertificateID="Y")

    found = {value for row in rows for key, value in row.items() if key.endswith("_certificateID")}
    assert found == {order.certificate_id, told["certificateID"]}


def test_associated_orders_are_told_when_they_are_asked_for(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)
    tenant.leaf(order)
    tenant.buy(fresh())
    told = tenant.replace(order.number, csr_pem(name))

    for number in (order.number, told["orderNumber"]):
        rows = tenant.report(orderNumber=number, showAssociatedOrders="Y")
        assert set(_numbers(rows)) == {order.number, told["orderNumber"]}


def test_an_account_sees_its_own_orders_alone(reseller: NewReseller, fresh: NewName) -> None:
    tenant, other = reseller(), reseller()
    order = tenant.buy(fresh())

    assert other.report() == []
    assert other.report(orderNumber=order.number) == []


def test_an_empty_report_has_no_rows(reseller: NewReseller) -> None:
    told = reseller().call("WebHostReport")

    assert (told.code, told["noOfResults"]) == (0, "0")
    assert _row_numbers(told) == []


def test_a_pending_order_has_a_row_and_no_dates(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(dcv="never")
    order = tenant.buy(fresh())

    (row,) = tenant.report(showCertificateID="Y")

    assert row["orderNumber"] == order.number
    assert row["1_status"] not in ("issued", "")
    assert not row.get("1_notAfter")


def test_a_reference_finds_an_order_whose_answer_was_lost(reseller: NewReseller, fresh: NewName) -> None:
    """§5.7: the order is there though nobody was told."""
    tenant, name = reseller(), fresh()
    tenant.management.fault("drop_after", ca="sectigo", account=tenant.name, path="AutoApplySSL")
    given = {"foreignOrderNumber": f"ref-{name}", "checkFONIsUnique": "Y"}

    with pytest.raises(ConnectionError):
        tenant.apply(name, **given)

    (row,) = tenant.report(foreignOrderNumber=f"ref-{name}")
    assert [str(bought["order_id"]) for bought in tenant.ledger()] == [row["orderNumber"]]
    assert tenant.apply(name, **given).refuses(-4, "foreignOrderNumber")


def test_an_order_that_is_recorded_slowly_is_found_later(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    rule = {"ca": "sectigo", "account": tenant.name, "path": "AutoApplySSL", "seconds": 0.5}
    tenant.management.fault("slow_recording", **rule)

    with pytest.raises(ConnectionError):
        tenant.apply(name, foreignOrderNumber=f"ref-{name}")

    assert tenant.report(foreignOrderNumber=f"ref-{name}") == []
    wire.until(lambda: tenant.report(foreignOrderNumber=f"ref-{name}"), lambda rows: len(rows) == 1)


def test_a_wrong_certificate_can_be_had(reseller: NewReseller, fresh: NewName) -> None:
    """The fault `wrong_certificate` concerns CollectSSL."""
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)
    fields = {"ca": "sectigo", "account": tenant.name, "path": "CollectSSL", "kind": "expired"}
    tenant.management.fault("wrong_certificate", **fields)

    wrong = tenant.leaf(order)

    assert wrong.not_valid_after_utc < tenant.management.now()


def test_a_report_of_a_thousand_orders_comes_in_one_page(reseller: NewReseller) -> None:
    tenant = reseller(orders=1000)

    assert len(tenant.report(firstResultNo=1, lastResultNo=1000, **EVERYTHING)) == 1000


def test_a_report_tells_the_unit_of_the_subject_and_the_size_of_the_key(reseller: NewReseller) -> None:
    """The key's size is shown with the signature's algorithm; the unit got into the report, never into the leaf."""
    tenant = reseller()
    order = tenant.buy("unit.meadow.example", **{**ORGANIZATION, "product": OV, "organizationalUnitName": "Web shop"})

    (row,) = tenant.report(orderNumber=order.number, showSignatureAlgorithm="Y")
    (plain,) = tenant.report(orderNumber=order.number)

    assert (row["organizationalUnitName"], row["1_keySize"]) == ("Web shop", "256")
    assert "1_keySize" not in plain
    assert not tenant.leaf(order).subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)

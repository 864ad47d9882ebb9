"""Placing an order: what is answered and what is refused (§6.7, §10.1; contract tests 14, 15, 17)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.sandbox import wire
from tests.sandbox.certificates import csr_pem
from tests.sandbox.emsign_tenant import (
    DV,
    DV_UCC,
    EV,
    OV,
    PATIENT,
    UNVETTED,
    NewSubscriber,
    Subscriber,
    is_missing,
)
from tests.sandbox.emsign_wire import ABSENT, ORDER, fill, post
from tests.sandbox.tenant import NewName

REQUESTOR = "requestorInformation"


def _other_group(tenant: Subscriber) -> str:
    rows = tenant.ask("GetGroupDetails")["groupDetails"]
    return next(str(row["groupNumber"]) for row in rows if row["groupNumber"] != tenant.group)


def test_the_example_of_the_reference_is_taken_in_its_own_bytes(subscriber: NewSubscriber) -> None:
    """§6.7, with the numbers and names of the account."""
    tenant = subscriber()
    name = f"shop.{tenant.domain}"
    extra = f'["api.{tenant.domain}","pay.{tenant.domain}"]'

    told = post(tenant.url, "GenerateOrderSSL", fill(
        ORDER, meta=tenant.meta(), product=tenant.products["18"], group=tenant.group, email=tenant.email,
        organization=tenant.organization, name=name, extra=extra, csr=csr_pem(name),
    ))  # fmt: skip

    details = told["orderDetails"]
    assert set(details) == {"requestNumber", "orderNumber", "trackingURL"}
    assert re.fullmatch(r"\d{10}", details["orderNumber"])
    assert re.fullmatch(r"\d{10}", details["requestNumber"])
    assert details["orderNumber"] != details["requestNumber"]
    assert "://" in details["trackingURL"]
    assert set(tenant.names(details["orderNumber"])) == {name, f"api.{tenant.domain}", f"pay.{tenant.domain}"}


def test_numbers_are_never_given_twice(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()

    orders = [tenant.buy(fresh()) for _ in range(5)]

    assert len({number for order in orders for number in (order.number, order.request)}) == 10


def test_a_tracked_order_has_the_shape_of_the_reference(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§6.12. Note `trackingURL` where it is placed and `trackingUrl` here."""
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)

    details = tenant.track(order)

    assert set(details) == {
        "trackingUrl", "orderStatusId", "orderStatus", "certificateStatusId", "certificateStatus",
        "certificateExpiryDate", "requestorInformation", "domainVerification", "subscriberAgreement",
        "revocationDetails", "csr",
    }  # fmt: skip
    assert (details["orderStatusId"], details["orderStatus"]) == ("2", "Order Accepted")
    assert (details["certificateStatusId"], details["certificateStatus"]) == ("24", "Pending for Approver")
    assert details["certificateExpiryDate"] is None
    assert details["requestorInformation"]["requestorName"] == "Mara Lind"
    assert details["requestorInformation"]["requestorEmail"] == tenant.email
    assert details["subscriberAgreement"]["status"] == "1"
    assert details["revocationDetails"] is None
    assert details["csr"].strip() == order.csr.strip()


@pytest.mark.parametrize(
    ("switch", "missing"),
    [
        ("null", lambda block, field: block[field] is None),
        ("blank", lambda block, field: block[field] == ""),
        ("absent", lambda block, field: field not in block),
    ],
    ids=["null", "blank", "absent"],
)
def test_missing_values_are_null_blank_or_absent(
    switch: str, missing: Callable[[dict[str, object], str], bool], subscriber: NewSubscriber, fresh: NewName
) -> None:
    """§3.5."""
    tenant = subscriber(**PATIENT, blanks=switch)

    details = tenant.track(tenant.buy(fresh(), csr=ABSENT))

    assert missing(details, "revocationDetails")
    assert missing(details, "certificateExpiryDate")
    assert is_missing(details, "csr")


def test_verification_is_null_until_the_slot_is_there(subscriber: NewSubscriber, fresh: NewName) -> None:
    """Contract test 27."""
    tenant, name = subscriber(**PATIENT, dcv_slot_seconds=2), fresh()
    order = tenant.buy(name)

    at_first = tenant.track(order)["domainVerification"]

    assert at_first is None
    wire.until(lambda: set(tenant.names(order)), lambda found: found == {name})
    block = tenant.track(order)["domainVerification"]
    assert block["status"] == "0"
    assert set(block[name]) == {"dcvMethod", "dcvStatus", "status", "verifiedDate", "caaStatus"}
    assert (block[name]["dcvStatus"], block[name]["status"]) == ("0", "1")


def test_14_remarks_are_needed(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    ways: list[dict[str, object]] = [
        {"additionalInformation": ABSENT},
        {"additionalInformation": {}},
        {"additionalInformation.remarks": ABSENT},
        {"additionalInformation.remarks": ""},
        {"additionalInformation.remarks": None},
    ]

    for changes in ways:
        assert tenant.place(fresh(), **changes).refuses("EMS-918", "Additional Information cannot be empty"), changes
    assert tenant.ledger() == []
    assert tenant.report() == []


def test_15_an_unknown_product_is_ems_1162(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()

    for code in ("111", "", ABSENT):
        assert tenant.place(fresh(), productCode=code).refuses("EMS-1162"), code
    assert tenant.place(fresh(), productCode="111", additionalInformation=ABSENT).refuses("EMS-1162")


def test_15_a_product_code_of_another_account_is_ems_1162(subscriber: NewSubscriber, fresh: NewName) -> None:
    assert subscriber(first_product_code=838).place(fresh(), productCode="851").refuses("EMS-1162")


def test_15_a_group_of_another_account_is_ems_1269(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()

    assert tenant.place(fresh(), groupNumber=subscriber().group).refuses("EMS-1269")


@pytest.mark.parametrize("kind", [OV, EV])
def test_15_an_organization_must_be_named_and_known(kind: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    number = "organizationDetails.organizationNumber"

    assert tenant.place(fresh(), kind, organizationDetails=ABSENT).refuses(
        "EMS-1180", "Organization Name cannot be empty"
    )
    assert tenant.place(fresh(), kind, **{number: "1"}).refuses("EMS-1073", "Invalid Organization Number")
    assert tenant.place(fresh(), kind, **{number: subscriber().organization}).refuses("EMS-1073")


def test_15_an_organization_that_is_not_vetted_is_no_vetted_one(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§8: unknown or unapproved."""
    assert subscriber("bare").place(fresh(), OV).refuses("EMS-1073")


def test_an_organization_may_be_given_for_dv(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    given = {"preVetting": "1", "organizationNumber": tenant.organization}

    order = tenant.issue(f"shop.{tenant.domain}", organizationDetails=given)

    assert tenant.standing(order) == ("2", "20")


@pytest.mark.parametrize("field", ["requestorName", "requestorEmail", "requestorIsdCode", "requestorMobileNumber"])
def test_the_requestor_is_needed_in_full(field: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()

    for missing in (ABSENT, ""):
        assert tenant.place(fresh(), **{f"{REQUESTOR}.{field}": missing}).refuses("EMS-1090")


def test_the_requestor_must_be_known_to_the_account(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()

    assert tenant.place(fresh(), **{REQUESTOR: ABSENT}).refuses("EMS-1090")
    assert tenant.place(fresh(), **{f"{REQUESTOR}.requestorEmail": "who@other.example"}).refuses("EMS-1090")


@pytest.mark.parametrize(("field", "value"), [("requestorIsdCode", "+1"), ("requestorDesignation", ABSENT)])
def test_what_the_requestor_may_leave_open(
    field: str, value: object, subscriber: NewSubscriber, fresh: NewName
) -> None:
    tenant = subscriber()

    assert tenant.place(fresh(), **{f"{REQUESTOR}.{field}": value}).is_success


def test_the_smallest_order_is_taken(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§6.7: what the table calls required, and nothing else."""
    tenant, name = subscriber(), fresh()
    optional = (
        "accountingModel", "saveAndHold", "emailNotifications", "groupNumber", "autoSecureWWW", "subscriptionDetails",
        "csr", "agreementDetails", "technicalPointOfContact", "additionalInformation.tags",
        "requestorInformation.requestorDesignation",
    )  # fmt: skip

    order = tenant.buy(name, **dict.fromkeys(optional, ABSENT))

    assert tenant.row(order)["groupNumber"] == tenant.group
    assert tenant.standing(order) == ("2", "24")
    assert set(tenant.names(order)) == {name, f"www.{name}"}


@pytest.mark.parametrize("field", ["pocFirstName", "pocEmail"])
def test_a_technical_contact_needs_a_name_and_an_address(field: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    """§6.7, once the block is sent."""
    tenant = subscriber()
    block = f"technicalPointOfContact.{field}"

    assert not tenant.place(fresh(), **{block: ABSENT}).is_success
    assert not tenant.place(fresh(), **{block: ""}).is_success
    assert tenant.place(fresh(), technicalPointOfContact=ABSENT).is_success


def test_17_an_order_is_placed_in_the_group_it_names(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    other = _other_group(tenant)

    placed = tenant.buy(fresh(), groupNumber=other)
    default = tenant.buy(fresh(), groupNumber=ABSENT)

    assert tenant.row(placed)["groupNumber"] == other
    assert tenant.row(default)["groupNumber"] == tenant.group


def test_17_a_nested_group_and_www_are_overlooked(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§6.7 (verified live)."""
    tenant, name = subscriber(), fresh()
    nested = {
        "groupNumber": ABSENT, "delegationInformation.groupNumber": _other_group(tenant),
        "autoSecureWWW": ABSENT, "certificateInformation.autoSecureWWW": "0",
        "technicalPointOfContact": ABSENT, "additionalInformation.technicalPointOfContact": {"pocName": "Ops"},
    }  # fmt: skip

    order = tenant.buy(name, **nested)

    assert tenant.row(order)["groupNumber"] == tenant.group
    assert set(tenant.names(order)) == {name, f"www.{name}"}


def test_17_an_older_account_reads_the_nested_ones_only(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(field_placement="nested"), fresh()
    other = _other_group(tenant)

    order = tenant.buy(
        name,
        groupNumber="1",
        autoSecureWWW="1",
        **{"delegationInformation.groupNumber": other, "certificateInformation.autoSecureWWW": "0"},
    )
    direct = tenant.buy(fresh(), groupNumber=other, autoSecureWWW="0")

    assert tenant.row(order)["groupNumber"] == other
    assert set(tenant.names(order)) == {name}
    assert tenant.row(direct)["groupNumber"] == tenant.group
    assert len(tenant.names(direct)) == 2
    assert tenant.place(fresh(), **{"delegationInformation.groupNumber": "1"}).refuses("EMS-1269")


@pytest.mark.parametrize(
    ("field", "value"),
    [("validity", "0"), ("validity", "4"), ("validity", "two"), ("renewCriteria", "45")],
)
def test_a_subscription_of_another_kind_is_refused(
    field: str, value: str, subscriber: NewSubscriber, fresh: NewName
) -> None:
    assert subscriber().place(fresh(), **{f"subscriptionDetails.{field}": value}).refuses("EMS-1094")


def test_13_years_that_a_product_does_not_offer_are_refused(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()

    assert tenant.place(fresh(), EV, **{"subscriptionDetails.validity": "3"}).refuses("EMS-1094")
    assert tenant.place(fresh(), DV, **{"subscriptionDetails.validity": "3"}).is_success


@pytest.mark.parametrize(
    ("profile", "kind", "changes", "expected"),
    [
        ("ready", DV, {}, "24"),
        ("ready", OV, {}, "24"),
        ("ready", OV, UNVETTED, "2"),
        ("ready", EV, UNVETTED, "2"),
        ("bare", OV, UNVETTED, "2"),
    ],
)
def test_where_a_new_order_stands(
    profile: str, kind: str, changes: dict[str, str], expected: str, subscriber: NewSubscriber, fresh: NewName
) -> None:
    """§10.2."""
    tenant = subscriber(profile, **PATIENT)

    assert tenant.standing(tenant.buy(fresh(), kind, **changes)) == ("2", expected)


def test_the_ledger_tells_what_was_bought(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    name, more = f"shop.{tenant.domain}", f"api.{tenant.domain}"

    order = tenant.issue(name, DV_UCC, extra=[more])

    (entry,) = tenant.ledger()
    assert (entry["ca"], entry["account"], str(entry["order_id"])) == ("emsign", tenant.name, order.number)
    assert (entry["reference"], str(entry["product"])) == ("team-shop", tenant.products[DV_UCC])
    assert set(entry["names"]) == {name, more}
    assert (entry["certificates"], entry["reissues"], entry["duplicates"], entry["revocations"]) == (1, 0, 0, 0)


@pytest.mark.parametrize("years", ["1", "2", "3"])
def test_the_price_is_the_cost_of_the_years(years: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    categories = tenant.ask("GetProductDetails")["productDetails"]
    prices = next(row for row in categories[0]["products"] if row["productCode"] == tenant.products[DV])
    cost = next(v["cost"] for k, v in prices["subscriptionPrice"].items() if k.startswith(years))

    tenant.buy(fresh(), **{"subscriptionDetails.validity": years})

    assert [entry["price"] for entry in tenant.ledger()] == [float(cost)]


def test_a_refused_order_costs_nothing_and_is_not_listed(subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    assert not tenant.place("shop..example").is_success
    assert tenant.place(f"a.{tenant.domain}", csr="-----BEGIN NONSENSE-----").refuses("EMS-1098")

    assert (tenant.ledger(), tenant.report()) == ([], [])


def test_a_tracked_order_of_another_account_is_not_found(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, other = subscriber(), subscriber()
    order = other.buy(fresh())

    assert tenant.ask("TrackOrder", order=order.number).refuses("EMS-943")
    assert not tenant.certificate(order.number).is_success
    assert not tenant.reject(order).is_success
    assert not tenant.revoke(order).is_success
    assert tenant.report(orderNumber=order.number) == []


def test_an_order_block_that_is_no_object_is_refused_by_the_api(subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    odd: list[object] = [None, [], "text", {}, {"certificateInformation": "x"}]

    for block in odd:
        assert not tenant.send("GenerateOrderSSL", orderDetails=block).is_success, block
    assert not tenant.send("GenerateOrderSSL").is_success

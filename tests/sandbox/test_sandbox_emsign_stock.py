"""emSign orders of the past: many of them, soon there, reported by pages, their certificates signed on demand."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.sandbox.certificates import certificates_in, openssl, write_pem
from tests.sandbox.emsign_tenant import NewSubscriber, Subscriber, certificate_of
from tests.sandbox.tenant import Sandbox

MANY = 100_000


@pytest.fixture(scope="module")
def stocked(subscriber: NewSubscriber) -> Subscriber:
    """An account with 1,000 orders of the past."""
    return subscriber(orders=1000, chain_depth=3)


def test_the_stock_holds_orders_in_every_state(stocked: Subscriber) -> None:
    rows = stocked.report(pageSize="500") + stocked.report(pageSize="500", pageNumber="2")
    states = Counter((row["orderStatusId"], row["certificateStatusId"]) for row in rows)

    assert states["6", "9"] > 500
    assert {("6", "9"), ("6", "12"), ("6", "22"), ("5", "13"), ("4", "5"), ("7", "24"), ("2", "24")} <= set(states)


def test_a_certificate_of_the_stock_verifies_with_the_intermediates_of_its_account(
    stocked: Subscriber, tmp_path: Path
) -> None:
    row = next(row for row in reversed(stocked.report(pageSize="500")) if row["certificateStatusId"] == "9")

    leaf = stocked.leaf(row["orderNumber"])

    assert str(leaf.serial_number) == row["certificateSerialNumber"]
    assert f"{leaf.not_valid_after_utc:%Y-%m-%d %H:%M:%S}" == row["certificateExpiryDate"]
    settings = stocked.element["settings"]
    roots = write_pem(tmp_path / "roots", certificates_in(settings["roots"]))
    between = write_pem(tmp_path / "between", certificates_in(settings["intermediates"]))
    at = str(int(leaf.not_valid_before_utc.timestamp()) + 60)
    end = write_pem(tmp_path / "leaf", [leaf])
    judged = openssl("verify", "-x509_strict", "-attime", at, "-CAfile", roots, "-untrusted", between, end)
    assert judged.returncode == 0, judged


def test_an_order_of_the_stock_can_be_revoked_cancelled_and_submitted(stocked: Subscriber) -> None:
    rows = stocked.report(pageSize="500", pageNumber="2")
    issued, waiting, draft = (
        next(row for row in rows if row["certificateStatusId"] == status and (row["orderStatusId"] == order))
        for order, status in (("6", "9"), ("2", "24"), ("7", "24"))
    )

    assert stocked.revoke(issued["orderNumber"]).is_success
    assert stocked.reject(waiting["orderNumber"]).is_success
    assert stocked.staff(draft["requestNumber"], "submit")["order_id"]

    assert stocked.management.revocation_of(stocked.leaf(issued["orderNumber"])) is not None


def test_a_hundred_thousand_orders_are_there_in_seconds_and_reported_at_once(own_sandbox: Sandbox) -> None:
    start = time.monotonic()
    tenant = Subscriber.at(own_sandbox, orders=MANY)
    made = time.monotonic() - start

    start = time.monotonic()
    pages = [tenant.page(pageNumber=page, pageSize="500") for page in ("1", "100", "200")]
    one_page = (time.monotonic() - start) / 3

    assert [len(page["ordersArray"]) for page in pages] == [500, 500, 500]
    assert {(page["totalNoOfResults"], page["noOfPages"]) for page in pages} == {(MANY, 200)}
    assert made < 60, made  # about 6 seconds on an idle machine
    assert one_page < 0.5, one_page  # about 16 ms
    start = time.monotonic()
    number = pages[2]["ordersArray"][-1]["orderNumber"]
    by_number, by_name = (
        tenant.report(orderNumber=number),
        tenant.report(domainName=f"host{MANY - 1}.{tenant.name}.example"),
    )
    assert [row["orderNumber"] for row in (*by_number, *by_name)] == [number, number]
    assert time.monotonic() - start < 0.5  # about 4 ms
    leaf = certificate_of(tenant.certificate(number)["certificateDetails"]["endEntityCertificate"])
    assert str(leaf.serial_number) == by_number[0]["certificateSerialNumber"]


def test_the_stock_has_several_requestors_both_groups_custom_fields_and_tags(stocked: Subscriber) -> None:
    rows = [row for row in stocked.report(pageSize="500") if row["orderNumber"]]

    assert len({row["groupNumber"] for row in rows}) == 2
    assert 0.5 < sum(bool(row["customFields"]) for row in rows) / len(rows) < 0.8
    assert {len(row["tags"]) for row in rows} == {1, 2}
    tracks = [stocked.track(row["orderNumber"]) for row in rows[:30]]
    assert len({track["requestorInformation"]["requestorName"] for track in tracks}) == 3
    assert {track["requestorInformation"]["requestorEmail"] for track in tracks} == {stocked.email}

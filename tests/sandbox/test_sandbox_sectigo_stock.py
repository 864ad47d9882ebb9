"""Orders of the past: many of them, soon there, reported by pages, their certificates signed on demand."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.sandbox.certificates import certificates_in, openssl, serial_text, write_pem
from tests.sandbox.sectigo_tenant import NewReseller, Reseller
from tests.sandbox.sectigo_wire import form, post
from tests.sandbox.tenant import Sandbox

MANY = 50_000
SHOWN = "showCertificateID showExtStatus showStatusDetails showAdditionalDomains showOldItems showCost"
EVERYTHING = dict.fromkeys(SHOWN.split(), "Y")


@pytest.fixture(scope="module")
def stocked(reseller: NewReseller) -> Reseller:
    """A login with 1,000 orders of the past."""
    return reseller(orders=1000)


def _rows(tenant: Reseller) -> list[dict[str, str]]:
    return tenant.report(firstResultNo=1, lastResultNo=1000, **EVERYTHING)


def test_the_stock_holds_orders_in_every_state(stocked: Reseller) -> None:
    states = Counter(row["1_status"] for row in _rows(stocked))

    assert states["issued"] > 500
    assert {"issued", "expired", "revoked", "replaced", "rejected", "awaitingvalidation"} <= set(states)


def test_the_pages_hold_every_order_once_and_the_oldest_first(stocked: Reseller) -> None:
    pages = [stocked.report(firstResultNo=first, lastResultNo=first + 299) for first in range(1, 1000, 300)]
    rows = [row for page in pages for row in page]
    times = [int(row["dateTime"]) for row in rows]

    assert len({row["orderNumber"] for row in rows}) == len(rows) == 1000
    assert times == sorted(times)
    assert time.time() - times[0] > 700 * 86400


def test_a_certificate_of_the_stock_is_the_same_every_time_and_verifies(stocked: Reseller, tmp_path: Path) -> None:
    row = next(row for row in _rows(stocked) if row["1_status"] == "issued")

    told = [stocked.call("CollectSSL", certificateID=row["1_certificateID"], queryType=1) for _ in range(2)]
    root, *between, leaf = certificates_in(told[0].answer.body)

    assert told[0].answer.body == told[1].answer.body
    assert serial_text(leaf) == row["1_serialNumber"]
    assert int(leaf.not_valid_after_utc.timestamp()) == int(row["1_notAfter"])
    files = [write_pem(tmp_path / name, rows) for name, rows in (("root", [root]), ("rest", between), ("leaf", [leaf]))]
    judged = openssl("verify", "-x509_strict", "-CAfile", files[0], "-untrusted", files[1], files[2])
    assert judged.returncode == 0, judged


def test_a_replaced_order_of_the_stock_has_its_replacement(stocked: Reseller) -> None:
    replaced = next(row for row in _rows(stocked) if row["1_status"] == "replaced")

    family = stocked.report(orderNumber=replaced["orderNumber"], showAssociatedOrders="Y")

    assert family[0]["1_status"] == "replaced"
    assert len(family) == 2


def test_an_order_of_the_stock_can_be_revoked_and_replaced(stocked: Reseller) -> None:
    issued = [row for row in _rows(stocked) if row["1_status"] == "issued" and row["1_dcvStatus"] == "1"]
    number, other = issued[-1]["orderNumber"], issued[-2]["orderNumber"]

    assert stocked.call("AutoRevokeSSL", orderNumber=number, revocationReason="gone", codeReason=5).lines == ["0"]
    assert stocked.collect(number).code == -21
    assert stocked.call("AutoReplaceSSL", orderNumber=other, responseFormat=1).code == 0


def test_fifty_thousand_orders_are_there_in_seconds_and_reported_at_once(own_sandbox: Sandbox) -> None:
    start = time.monotonic()
    tenant = Reseller.at(own_sandbox, orders=MANY)
    made = time.monotonic() - start
    start = time.monotonic()
    for first in (1, MANY // 2, MANY - 499):
        told = post(
            tenant.url, "WebHostReport", form({**tenant.login, "firstResultNo": first, "lastResultNo": first + 499})
        )
        assert told["noOfResults"] == str(MANY)
    one_page = (time.monotonic() - start) / 3

    assert made < 30, made  # about 3 seconds on an idle machine
    assert one_page < 0.5, one_page  # about 8 ms
    assert tenant.report(foreignOrderNumber=f"{tenant.name}-49999")[0]["orderNumber"].isdigit()

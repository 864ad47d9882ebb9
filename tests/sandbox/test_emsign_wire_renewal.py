"""CA-side auto-renewal (§6.17, §10.7, docs/reference/sandbox.md; contract test 55)."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sandbox.certificates import has_key, names_of, new_key
from tests.sandbox.emsign_tenant import OV, Subscriber
from tests.sandbox.emsign_wire import ABSENT
from tests.sandbox.listeners import FileServer
from tests.sandbox.tenant import NewName, Sandbox

WELCOME = timedelta(days=7)  # what must be left of the subscription beyond the certificate's end
AGREED = [(datetime(2029, 3, 15, tzinfo=UTC), 46), (datetime(2027, 3, 15, tzinfo=UTC), 99)]


def _subscription(years: int, criteria: int = 30, renew: str = "1") -> dict[str, object]:
    return {"subscriptionDetails": {"validity": str(years), "autoRenew": renew, "renewCriteria": str(criteria)}}


def _ends(placed: datetime, years: int, criteria: int) -> list[datetime]:
    """When each certificate of a subscription ends, by the text of the reference page."""
    last, at, ends = placed + timedelta(days=365 * years), placed, list[datetime]()
    while not ends or last - ends[-1] > WELCOME:
        at = ends[-1] - timedelta(days=criteria) if ends else placed
        cap = next((days for since, days in AGREED if at >= since), 199)
        ends.append(min(at + timedelta(days=cap), last))
    return ends


def _certificates(tenant: Subscriber) -> int:
    (entry,) = tenant.ledger()
    return int(entry["certificates"])


@pytest.mark.parametrize("criteria", [30, 60])
def test_55_a_renewal_gives_a_new_serial_under_the_same_order(
    criteria: int, own_sandbox: Sandbox, fresh: NewName
) -> None:
    tenant, name, key = Subscriber.at(own_sandbox), fresh(), new_key()
    order = tenant.issue(name, OV, key, **_subscription(2, criteria))
    first = tenant.leaf(order)

    tenant.management.advance(days=199 - criteria - 1)
    assert tenant.leaf(order) == first
    tenant.management.advance(days=1.1)
    second = tenant.leaf(order)

    assert second.serial_number != first.serial_number
    assert has_key(second, key)
    assert names_of(second) == names_of(first) == {name}
    assert second.subject == first.subject
    assert second.not_valid_after_utc > first.not_valid_after_utc
    assert tenant.row(order)["certificateSerialNumber"] == str(second.serial_number)
    assert len(tenant.report()) == 1
    assert tenant.management.revocation_of(first) is None


def test_a_renewed_order_can_be_downloaded_and_says_so(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox)
    order = tenant.issue(fresh(), **_subscription(2))
    tenant.leaf(order)

    tenant.management.advance(days=171)

    assert tenant.standing(order)[1] in ("20", "9")
    ends = tenant.leaf(order).not_valid_after_utc
    assert tenant.standing(order) == ("6", "9")
    assert tenant.track(order)["certificateExpiryDate"] == ends.strftime("%Y-%m-%d %H:%M:%S")


def test_a_renewal_costs_nothing(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox)
    tenant.issue(fresh(), **_subscription(2))
    before = tenant.management.get("ledger")["spent"]

    tenant.management.advance(days=171)

    (entry,) = tenant.ledger()
    assert (entry["certificates"], entry["reissues"]) == (2, 1)
    assert tenant.management.get("ledger")["spent"] == before


@pytest.mark.parametrize(("years", "criteria"), [(1, 30), (2, 30), (2, 60)])
def test_a_long_move_of_the_clock_renews_as_often_as_is_due(
    years: int, criteria: int, own_sandbox: Sandbox, fresh: NewName
) -> None:
    tenant = Subscriber.at(own_sandbox, dcv="look")
    order = tenant.issue(fresh(), **_subscription(years, criteria))
    ends = _ends(tenant.management.now(), years, criteria)

    tenant.management.advance(days=365 * years - 8)

    assert _certificates(tenant) == len(ends)
    assert abs(tenant.leaf(order).not_valid_after_utc - ends[-1]) < timedelta(minutes=5)


def test_the_same_in_small_steps(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox)
    order = tenant.issue(fresh(), **_subscription(1))
    ends = _ends(tenant.management.now(), 1, 30)

    serials = set()
    for _ in range(51):
        serials.add(tenant.leaf(order).serial_number)
        tenant.management.advance(days=7)

    assert len(serials) == len(ends)


def test_renewing_ends_with_the_subscription(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox)
    order = tenant.issue(fresh(), **_subscription(1))
    paid_until = tenant.management.now() + timedelta(days=365)

    tenant.management.advance(days=700)

    ends = tenant.leaf(order).not_valid_after_utc
    assert timedelta(0) <= paid_until - ends <= timedelta(days=7, minutes=5)
    assert len(tenant.ledger()) == 1


def test_a_renewal_may_be_an_order_of_its_own(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant, name, key = Subscriber.at(own_sandbox, renewal="child"), fresh(), new_key()
    order = tenant.issue(name, OV, key, **_subscription(2))
    first = tenant.leaf(order)

    tenant.management.advance(days=171)

    child = f"{order.number}R001"
    rows = {row["orderNumber"]: row for row in tenant.report()}
    second = tenant.leaf(child)
    assert set(rows) == {order.number, child}
    assert tenant.leaf(order) == first
    assert second.serial_number != first.serial_number
    assert has_key(second, key)
    assert (names_of(second), second.subject) == ({name}, first.subject)
    assert rows[child]["productCode"] == rows[order.number]["productCode"]
    assert rows[child]["tags"] == rows[order.number]["tags"]
    assert tenant.report(orderNumber=child)[0]["domainName"] == name


def test_children_are_numbered_one_after_the_other(own_sandbox: Sandbox, fresh: NewName) -> None:
    """The first one's number with R001, R002 and so on; one bought order in the ledger."""
    tenant = Subscriber.at(own_sandbox, renewal="child")
    order = tenant.issue(fresh(), **_subscription(1))
    ends = _ends(tenant.management.now(), 1, 30)

    tenant.management.advance(days=357)

    children = [f"{order.number}R{number:03d}" for number in range(1, len(ends))]
    assert [row["orderNumber"] for row in tenant.report()] == [order.number, *children]
    assert len({tenant.leaf(number).serial_number for number in [order.number, *children]}) == len(ends)
    assert [str(entry["order_id"]) for entry in tenant.ledger()] == [order.number]
    assert _certificates(tenant) == len(ends)


@pytest.mark.parametrize(("switch", "sent"), [("never", "1"), ("same", "0")])
def test_a_renewal_that_is_not_wanted_does_not_happen(
    switch: str, sent: str, own_sandbox: Sandbox, fresh: NewName
) -> None:
    tenant = Subscriber.at(own_sandbox, renewal=switch)
    order = tenant.issue(fresh(), **_subscription(2, renew=sent))
    first = tenant.leaf(order)

    tenant.management.advance(days=190)

    assert tenant.leaf(order) == first
    assert len(tenant.report()) == 1
    assert _certificates(tenant) == 1


def test_auto_renewal_is_on_where_nothing_is_said(own_sandbox: Sandbox, fresh: NewName) -> None:
    """§6.7: the default when `subscriptionDetails` is omitted; 30 days."""
    tenant = Subscriber.at(own_sandbox)
    order = tenant.issue(fresh(), subscriptionDetails=ABSENT)
    first = tenant.leaf(order)

    tenant.management.advance(days=168)
    assert tenant.leaf(order) == first
    tenant.management.advance(days=2)

    assert tenant.leaf(order).serial_number != first.serial_number


def test_a_revoked_certificate_is_not_renewed(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox)
    order = tenant.issue(fresh(), **_subscription(2))
    first = tenant.leaf(order)
    assert tenant.revoke(order).is_success

    tenant.management.advance(days=171)

    assert tenant.leaf(order) == first
    assert _certificates(tenant) == 1


def test_a_renewal_needs_no_new_proof(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant, name = Subscriber.at(own_sandbox, dcv="look", prove_seconds=None), fresh()
    order = tenant.buy(name, **_subscription(2))
    record = {"name": name, "type": "TXT", "value": tenant.token(order, name)}
    tenant.management.post("dns", **record)
    assert tenant.verify(order, name).is_success
    first = tenant.leaf(order)
    tenant.management.delete("dns", record)

    tenant.management.advance(days=300)

    assert tenant.leaf(order).serial_number != first.serial_number


@pytest.mark.parametrize("renewal", ["same", "child"])
def test_the_staff_renews_at_once(renewal: str, own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox, renewal=renewal)
    order = tenant.issue(fresh(), **_subscription(2))
    first = tenant.leaf(order)

    tenant.staff(order, "renew")

    renewed = order.number if renewal == "same" else f"{order.number}R001"
    assert tenant.leaf(renewed).serial_number != first.serial_number
    assert _certificates(tenant) == 2


def test_a_criterion_longer_than_a_lifetime_does_not_renew_without_end(
    file_server: FileServer, fresh: NewName, tmp_path: Path
) -> None:
    """60 days before the end of a certificate of 46 days lies before its beginning."""
    process = Sandbox("--http-port", str(file_server.port), log=tmp_path / "stderr.log")
    try:
        tenant = Subscriber.at(process)
        tenant.management.post("clock", now="2029-04-02T12:00:00+00:00")
        order = tenant.issue(fresh(), **_subscription(1, 60))

        tenant.management.advance(days=100)

        assert tenant.leaf(order).not_valid_after_utc > tenant.management.now()
        assert _certificates(tenant) <= 1 + 100
    finally:
        process.stop(signal.SIGKILL)  # one that renews without end heeds no other

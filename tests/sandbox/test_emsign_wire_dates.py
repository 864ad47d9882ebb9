"""What time changes: lifetimes, subscriptions, prevalidation, and a restart (§10.3, §10.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sandbox.certificates import lifetime_days
from tests.sandbox.emsign_tenant import PATIENT, Subscriber
from tests.sandbox.emsign_wire import ABSENT
from tests.sandbox.tenant import NewName, Sandbox

CAPS = [
    ("2026-11-22", 199), ("2027-03-14", 199), ("2027-03-15", 99), ("2029-03-14", 99), ("2029-03-15", 46),
]  # fmt: skip
ONCE = {"subscriptionDetails.autoRenew": "0"}


def test_a_lifetime_is_what_cas_may_give_that_day(own_sandbox: Sandbox, fresh: NewName) -> None:
    """docs/reference/sandbox.md."""
    tenant = Subscriber.at(own_sandbox)

    for day, cap in CAPS:
        tenant.management.post("clock", now=f"{day}T12:00:00+00:00")
        leaf = tenant.leaf(tenant.issue(fresh()))
        assert cap - 1 < lifetime_days(leaf) <= cap, day


@pytest.mark.parametrize("years", [1, 2])
def test_a_certificate_never_outlives_its_subscription(years: int, own_sandbox: Sandbox, fresh: NewName) -> None:
    """The subscription begins when the order is placed and has 365 days a year."""
    tenant = Subscriber.at(own_sandbox)
    order = tenant.buy(fresh(), agreementDetails=ABSENT, **{**ONCE, "subscriptionDetails.validity": str(years)})
    ends = tenant.management.now() + timedelta(days=365 * years)

    tenant.management.advance(days=365 * years - 20)
    assert tenant.agree(order).is_success

    tenant.becomes(order, "20")
    left = ends - tenant.leaf(order).not_valid_after_utc
    assert timedelta(seconds=-5) <= left <= timedelta(minutes=2)


def test_an_order_without_a_subscription_has_one_year(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox)
    order = tenant.buy(fresh(), agreementDetails=ABSENT, subscriptionDetails=ABSENT)
    ends = tenant.management.now() + timedelta(days=365)

    tenant.management.advance(days=350)
    assert tenant.agree(order).is_success

    tenant.becomes(order, "20")
    left = ends - tenant.leaf(order).not_valid_after_utc
    assert timedelta(seconds=-5) <= left <= timedelta(minutes=2)


def test_a_certificate_whose_time_is_over_is_expired(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox)
    order, untouched = tenant.issue(fresh(), **ONCE), tenant.issue(fresh(), **ONCE)
    leaf = tenant.leaf(order)

    tenant.management.advance(days=198)
    assert [tenant.standing(found)[1] for found in (order, untouched)] == ["9", "20"]
    tenant.management.advance(days=2)

    assert [tenant.standing(found)[1] for found in (order, untouched)] == ["12", "12"]
    assert tenant.row(order)["certificateStatusId"] == "12"
    assert tenant.leaf(order) == leaf
    assert tenant.standing(order)[1] == "12"


def test_35_a_prevalidation_ends_when_it_says(own_sandbox: Sandbox) -> None:
    tenant = Subscriber.at(own_sandbox, **PATIENT)
    (row,) = tenant.ask("GetDomainDetails")["domainDetails"]
    day, _, moment = row["validTill"].partition(" ")

    tenant.management.post("clock", now=f"{day}T{moment}+00:00")
    tenant.management.advance(seconds=-3600)
    tenant.becomes(tenant.buy(f"early.{tenant.domain}"), "20")
    tenant.management.advance(seconds=7200)

    assert tenant.standing(tenant.buy(f"late.{tenant.domain}")) == ("2", "24")
    (row,) = [r for r in tenant.ask("GetDomainDetails")["domainDetails"] if r["domainName"] == tenant.domain]
    assert row["status"] == "3"


def test_orders_survive_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("memory")
    options = ("--state", str(folder / "state"))
    before = Sandbox(*options, log=folder / "stderr.log")
    tenant = Subscriber.at(before)
    order = tenant.issue(f"kept.{tenant.domain}")
    draft = tenant.buy(f"draft.{tenant.domain}", saveAndHold="1")
    leaf = tenant.leaf(order)
    before.stop()

    after = Sandbox(*options, log=folder / "stderr.log")
    try:
        again = Subscriber(
            after.management, next(row for row in after.management.get("accounts") if row["name"] == tenant.name)
        )
        assert (again.number, again.access_key) == (tenant.number, tenant.access_key)
        assert again.leaf(order) == leaf
        assert {row["requestNumber"] for row in again.report()} == {order.request, draft.request}
        assert again.place(f"kept.{tenant.domain}", csr=order.csr).refuses("EMS-1099")
    finally:
        after.stop()

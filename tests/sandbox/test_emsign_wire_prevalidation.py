"""Prevalidated domains and what they cover (§6.4, §10.3; contract test 35)."""

from __future__ import annotations

import pytest

from tests.sandbox.emsign_tenant import DV_WILDCARD, PATIENT, NewSubscriber
from tests.sandbox.emsign_wire import ABSENT
from tests.sandbox.tenant import NewName


@pytest.mark.parametrize("below", ["{}", "shop.{}", "a.b.{}"])
def test_35_a_name_at_or_below_a_prevalidated_domain_needs_no_proof(below: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber(**PATIENT)

    order = tenant.buy(below.format(tenant.domain))

    tenant.becomes(order, "20")
    assert [row["dcvStatus"] for row in tenant.names(order).values()] == ["1"]


@pytest.mark.parametrize("beside", ["not{}", "{}.example"])
def test_35_a_name_that_only_looks_alike_needs_its_own(beside: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber(**PATIENT)

    order = tenant.buy(beside.format(tenant.domain))

    assert tenant.standing(order) == ("2", "24")


def test_35_a_wildcard_of_a_prevalidated_domain_needs_no_proof(subscriber: NewSubscriber) -> None:
    tenant = subscriber(**PATIENT)

    tenant.becomes(tenant.buy(f"*.{tenant.domain}", DV_WILDCARD), "20")


def test_35_a_twin_of_a_prevalidated_domain_needs_no_proof(subscriber: NewSubscriber) -> None:
    tenant = subscriber(**PATIENT)

    tenant.becomes(tenant.buy(tenant.domain, autoSecureWWW=ABSENT), "20")


def test_35_an_ended_prevalidation_covers_nothing(subscriber: NewSubscriber) -> None:
    tenant = subscriber(**PATIENT)
    tenant.management.post("expire", ca="emsign", account=tenant.name, domain=tenant.domain)

    for name in (tenant.domain, f"shop.{tenant.domain}"):
        assert tenant.standing(tenant.buy(name)) == ("2", "24"), name


def test_35_a_removed_domain_covers_nothing(subscriber: NewSubscriber) -> None:
    tenant = subscriber(**PATIENT)
    tenant.switch(remove_domain=tenant.domain)

    assert tenant.standing(tenant.buy(f"shop.{tenant.domain}")) == ("2", "24")


def test_35_a_name_that_an_order_proved_covers_later_orders(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)
    tenant.management.txt(name, tenant.token(order, name))
    assert tenant.verify(order, name).is_success

    for later in (name, f"shop.{name}"):
        tenant.becomes(tenant.buy(later), "20")


def test_35_a_domain_of_another_account_covers_nothing(subscriber: NewSubscriber) -> None:
    tenant, other = subscriber(**PATIENT), subscriber()

    assert tenant.standing(tenant.buy(f"shop.{other.domain}")) == ("2", "24")

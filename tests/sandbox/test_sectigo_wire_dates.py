"""What time changes: contract tests 60 and 61 of the CA's reference, and its section 18."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sandbox.certificates import csr_pem, lifetime_days
from tests.sandbox.sectigo_tenant import Reseller
from tests.sandbox.tenant import NewName, Sandbox

CAPS = [("2026-11-20", 199), ("2027-04-01", 99), ("2029-04-01", 46)]


def _lifetime(tenant: Reseller, certificate_id: str) -> float:
    return lifetime_days(tenant.leaf_of(certificate_id))


def test_61_a_lifetime_is_capped_by_the_date_and_by_the_term(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Reseller.at(own_sandbox)
    for day, cap in CAPS:
        tenant.management.post("clock", now=f"{day}T09:00:00+00:00")
        order = tenant.buy(fresh(), days=365)

        assert cap - 1 < _lifetime(tenant, order.certificate_id) <= cap, day


def test_61_a_replacement_near_the_end_of_the_term_lives_to_the_end_of_the_term(
    own_sandbox: Sandbox, fresh: NewName
) -> None:
    tenant, name = Reseller.at(own_sandbox), fresh()
    tenant.management.post("clock", now="2026-11-20T09:00:00+00:00")
    order = tenant.buy(name, days=365)
    ends = tenant.management.now() + timedelta(days=365)
    tenant.leaf(order)

    tenant.management.advance(days=180)
    early = tenant.replace(order, csr_pem(name))
    early_days = _lifetime(tenant, early["certificateID"])
    tenant.management.advance(days=95)
    late = tenant.replace(early["orderNumber"], csr_pem(name))
    left = (ends - tenant.management.now()).total_seconds() / 86400

    assert 98 < early_days <= 99
    assert late.code == 0
    assert left - 1.1 < _lifetime(tenant, late["certificateID"]) <= left + 0.1


def test_60_an_expired_certificate_is_not_replaced(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant, name = Reseller.at(own_sandbox), fresh()
    order = tenant.buy(name, days=30)
    tenant.leaf(order)
    tenant.management.advance(days=31)

    assert tenant.replace(order, csr_pem(name)).refuses(-36)


def test_a_proof_is_good_for_198_days(own_sandbox: Sandbox, fresh: NewName) -> None:
    """§12 and §18: the same CSR goes straight to issuing while its proof is good, and is proven anew after that."""
    tenant, names = Reseller.at(own_sandbox, dcv="look"), [fresh(), fresh()]
    tenant.management.post("clock", now="2026-05-01T00:30:00+00:00")
    orders = [tenant.buy(name) for name in names]
    for order in orders:
        tenant.validate(order)
        tenant.becomes(order, 1)

    tenant.management.advance(days=197)
    within = tenant.call("AutoReplaceSSL", orderNumber=orders[0].number, csr=orders[0].csr, responseFormat=1)
    tenant.management.advance(days=1, hours=12)
    after = tenant.call(
        "AutoReplaceSSL", orderNumber=orders[1].number, csr=orders[1].csr, responseFormat=1,
        dcvMethod="CNAME_CSR_HASH", uniqueValue="Aa11Bb22Cc",
    )  # fmt: skip

    tenant.becomes(within["orderNumber"], 1)
    assert after.code == 0
    assert tenant.collect(after["orderNumber"]).code == 0


def test_the_ca_looks_again_by_itself(own_sandbox: Sandbox, fresh: NewName) -> None:
    """docs/reference/sandbox.md: when ordered, then 5 seconds later, then ever more seldom."""
    tenant, name = Reseller.at(own_sandbox, dcv="look"), fresh()
    order = tenant.buy(name)
    assert tenant.collect(order).code == 0
    tenant.plant(order, name)

    tenant.management.advance(seconds=6)

    tenant.becomes(order, 1)


@pytest.mark.parametrize("profile", ["ready", "bare"])
def test_ready_made_accounts_are_there(profile: str, own_sandbox: Sandbox) -> None:
    rows = [row for row in own_sandbox.management.get("accounts") if row["name"] == f"sectigo-{profile}"]

    tenant = Reseller(own_sandbox.management, rows[0])

    assert len(rows) == 1
    assert (rows[0]["ca"], rows[0]["profile"]) == ("sectigo", profile)
    assert tenant.report() == []
    assert "BEGIN CERTIFICATE" in rows[0]["settings"]["roots"]


def test_a_bare_account_waits_for_its_proof(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Reseller.at(own_sandbox, "bare")

    assert tenant.collect(tenant.buy(fresh())).code == 0


def test_orders_survive_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("memory")
    options = ("--state", str(folder / "state"))
    before = Sandbox(*options, log=folder / "stderr.log")
    tenant = Reseller.at(before)
    order = tenant.buy("kept.meadow.example")
    leaf = tenant.leaf(order)
    before.stop()

    after = Sandbox(*options, log=folder / "stderr.log")
    try:
        again = Reseller(
            after.management, next(row for row in after.management.get("accounts") if row["name"] == tenant.name)
        )
        assert again.login == tenant.login
        assert again.leaf(order) == leaf
        assert [row["orderNumber"] for row in again.report()] == [order.number]
    finally:
        after.stop()

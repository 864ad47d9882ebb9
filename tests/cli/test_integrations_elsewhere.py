"""The same story, shorter, with a Sectigo login and an emSign account that may only read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import Program
from tests.cli.tenant import OFTEN, EmSignTenant, SectigoTenant
from tests.sandbox.tenant import Sandbox

# The last part of the path of every call that only reads, as the CAs' documentation has them.
READS = {
    "sectigo": {"WebHostReport", "CollectSSL", "GetMDCDomainDetails"},
    "emsign": {
        *("ValidateCredentials", "GetGroupDetails", "GetGroupDetailsV2", "GetOrganizationDetails", "GetDomainDetails"),
        *("GetProductDetails", "TrackOrder", "GetCertificate", "GetOrderReport"),
    },
}
Tenants = Callable[[str], SectigoTenant]


@pytest.fixture
def tenant_of(sandbox: Sandbox, tmp_path: Path) -> Tenants:
    """A tenant with orders of the past at that CA."""
    kinds = {"sectigo": SectigoTenant, "emsign": EmSignTenant}
    return lambda ca: kinds[ca].at(sandbox, tmp_path, orders=10)


@pytest.mark.parametrize("ca", READS)
def test_an_integration_tells_what_the_ca_knows_and_sends_nothing_but_reading_calls(
    ca: str, tenant_of: Tenants, program: Program
) -> None:
    tenant = tenant_of(ca)
    _, _, *words = tenant.add_words("others", *OFTEN)
    added = program.run("integration", "add", *words, "--reference", "R-1").expect(0)
    assert "others: 10 looked at" in added.told, added

    rows = program.run("cert", "list", "--json").expect(0).lines()
    assert rows
    assert {(row["ca"], row["account"]) for row in rows} == {(ca, "others")}
    for row in rows[:3]:
        (told,) = program.run("cert", "show", row["fingerprint"], "--json").expect(0).json()["ca_orders"]
        assert (told["ca_order_id"], told["reference"]) == (row["ca_order_id"], "R-1")
        for fact in ("product", "serial", "placed_at", "not_after", "seen_at"):
            assert told[fact], (fact, told)
    calls = len(tenant.requests())

    again = program.run("integration", "run", "others", "--json").expect(0).json()

    assert (again["outcome"], again["new"], again["changed"]) == ("done", 0, 0)
    assert len(tenant.requests()) - calls <= 8
    apis = {_api(row) for row in tenant.requests()}
    assert apis <= READS[ca], apis - READS[ca]


@pytest.mark.parametrize("ca", READS)
def test_what_such_an_account_may_not_do_is_refused_before_a_byte_is_sent(
    ca: str, tenant_of: Tenants, program: Program
) -> None:
    tenant = tenant_of(ca)
    _, _, *words = tenant.add_words("main", *OFTEN)
    program.run("integration", "add", *words, "--disabled").expect(0)
    calls = len(tenant.requests())

    refused = program.run(*tenant.place_words(tenant.fresh_name(), "--wait", "5"))

    assert refused.code != 0
    assert "read-only" in refused.told
    assert len(tenant.requests()) == calls
    assert {row["account"] for row in tenant.ledger()} <= {tenant.name}


def _api(row: dict[str, Any]) -> str:
    return str(row["path"]).partition("?")[0].rpartition("/")[2].removeprefix("!")

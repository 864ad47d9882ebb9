"""What an integration tells of CA orders from run to run: reissues in succession; new, changed and vanished orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.integrated import NAME, Integration, Reader
from tests.cli.program import Program
from tests.sandbox.tenant import Sandbox

LIST = r"order/certificate\?"


@pytest.fixture
def integration(sandbox: Sandbox, program: Program, tmp_path: Path) -> Integration:
    """A CA account with orders in force, and a read-only key to it that nobody has added yet."""
    return Integration(program, Reader.at(sandbox, tmp_path, orders=10))


@pytest.fixture
def added(integration: Integration) -> Integration:
    """The same, added and run once."""
    integration.add().expect(0)
    return integration


def _lineage(integration: Integration, fingerprint: str) -> list[dict[str, Any]]:
    return integration.program.run("cert", "lineage", fingerprint, "--json").expect(0).lines()


def _changes(integration: Integration, *more: str) -> dict[tuple[str, str], str]:
    """``integration changes``: by CA order and its certificate what became of it."""
    rows = integration.program.run("integration", "changes", NAME, "--json", *more).expect(0).lines()
    return {(row["ca_order_id"], row["ca_certificate_id"]): row["change"] for row in rows}


def _ids(integration: Integration, order: str) -> list[str]:
    """The CA's ids of the certificates of an order that we know, oldest first."""
    rows = [row for row in integration.certificates() if row["ca_order_id"] == order]
    return sorted((row["ca_certificate_id"] for row in rows), key=int)


def test_reissues_of_an_order_are_one_lineage_and_its_duplicate_stays_beside_them(integration: Integration) -> None:
    order = str(integration.reader.owner.issue()["id"])
    for act in ("reissue", "duplicate", "reissue"):
        integration.reader.staff(order, act)

    integration.add().expect(0)

    first, second, duplicate, third = _ids(integration, order)
    newest = integration.told(order, third)
    found = {row["fingerprint"]: row for row in integration.certificates() if row["ca_order_id"] == order}
    came = [(found[one["fingerprint"]]["ca_certificate_id"], one["state"]) for one in newest["lineage"]]
    assert came == [(first, "replaced"), (second, "replaced"), (third, "valid")]
    assert [one["replaces"] for one in newest["lineage"]][1:] == [one["fingerprint"] for one in newest["lineage"]][:2]
    beside = integration.told(order, duplicate)
    assert (beside["state"], len(beside["lineage"])) == ("valid", 1)
    assert len(beside["siblings"]) == 3
    assert "Lineage" in integration.program.run("cert", "lineage", newest["fingerprint"]).expect(0).out


def test_a_reissue_after_the_first_run_joins_the_lineage_at_the_next(added: Integration) -> None:
    order = added.in_force[0]
    before = added.told(order)["fingerprint"]
    for length in (2, 3):
        added.reader.staff(order, "reissue")
        added.run()
        newest = added.told(order)["fingerprint"]
        found = _lineage(added, before)
        assert (len(found), found[0]["fingerprint"], found[-1]["fingerprint"]) == (length, before, newest)


def test_changes_are_told_of_the_last_run_or_since_a_time(added: Integration) -> None:
    ids = {order: str(added.reader.owner.info(order)["certificate"]["id"]) for order in added.in_force[:3]}
    (moved, one), (reissued, two), (quiet, three) = ids.items()
    assert _changes(added)[moved, one] == "new"
    added.reader.staff(moved, "move", division="Elsewhere")
    added.reader.staff(reissued, "reissue")
    added.run()
    newest = str(added.reader.owner.info(reissued)["certificate"]["id"])

    assert _changes(added) == {(moved, one): "changed", (reissued, newest): "new", (reissued, two): "changed"}
    assert _changes(added, "--since", "1h")[quiet, three] == "new"
    assert _changes(added, "--since", "2097-01-01") == {}
    shown = added.program.run("integration", "changes", NAME).expect(0).out
    assert moved in shown
    assert quiet not in shown
    added.run()
    assert _changes(added) == {}


def test_an_order_that_is_no_longer_in_the_list_is_told_as_vanished_until_it_is_back(added: Integration) -> None:
    order, other, *_ = added.in_force
    fingerprint = added.told(order)["fingerprint"]
    added.reader.switch(division="Research")
    added.reader.staff(order, "move", division="Retail")  # where it may be, or not
    added.reader.staff(other, "move", division="Research")

    run = added.run()

    gone = _changes(added)
    assert run["vanished"] == list(gone.values()).count("vanished") > 0
    assert gone[order, added.told(order)["ca_certificate_id"]] == "vanished"
    assert added.told(order)["ca_order"]["vanished_at"]
    assert added.told(other)["ca_order"]["vanished_at"] is None
    assert "no longer in the CA's list since" in added.program.run("cert", "show", fingerprint).expect(0).out
    assert added.run()["vanished"] == 0, "it is told once"

    added.reader.staff(order, "move", division="Research")
    added.run()

    assert added.told(order)["ca_order"]["vanished_at"] is None
    assert _changes(added)[order, added.told(order)["ca_certificate_id"]] == "changed"


def test_a_list_that_cannot_be_read_makes_nothing_vanish(added: Integration) -> None:
    order = added.in_force[0]
    added.reader.switch(division="Research")
    added.reader.staff(order, "move", division="Retail")
    added.reader.fault("status", path=LIST, times=None, status=503)
    assert added.program.run("integration", "run", NAME).code == 3
    assert added.told(order)["ca_order"]["vanished_at"] is None
    assert _changes(added) == {}
    added.reader.management.delete("faults")

    assert added.run()["vanished"] > 0
    assert added.told(order)["ca_order"]["vanished_at"]


def test_an_integration_that_has_never_run_has_no_changes_to_tell_and_a_time_must_be_one(
    integration: Integration,
) -> None:
    integration.add("--disabled").expect(0)
    never = integration.program.run("integration", "changes", NAME)
    assert (never.code, "has never been looked at" in never.told) == (1, True)
    odd = integration.program.run("integration", "changes", NAME, "--since", "yesterday")
    assert (odd.code, "'yesterday' is no time." in odd.told) == (1, True)

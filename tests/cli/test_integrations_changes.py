"""What changes at the CA between two runs of an integration, and runs that are interrupted or meet trouble."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.integrated import NAME, PATIENCE, Integration, Reader
from tests.cli.program import Program, Session
from tests.sandbox.tenant import Sandbox

# A call of each stage of a run.
STAGES = {
    "lists": "organization\\?",
    "orders": r"order/certificate\?",
    "certificates": "/download/",
    "details": r"order/certificate/\d+$",
}
LISTS_AND_ONE_PAGE = 7  # calls of a run that finds nothing new


@pytest.fixture
def integration(sandbox: Sandbox, program: Program, tmp_path: Path) -> Integration:
    """A CA account with orders in force, and a read-only key to it that nobody has added yet."""
    return Integration(program, Reader.at(sandbox, tmp_path, orders=10))


@pytest.fixture
def added(integration: Integration) -> Integration:
    """The same, added and run once."""
    integration.add().expect(0)
    integration.reader.forget()
    return integration


def test_a_run_without_changes_changes_nothing_and_costs_its_lists_alone(added: Integration) -> None:
    before = _facts(added)

    run = added.run()

    assert (run["looked"], run["found"], run["new"], run["changed"]) == (10, 0, 0, 0)
    assert _facts(added) == before
    assert len(added.reader.calls()) <= LISTS_AND_ONE_PAGE
    assert [added.reader.calls(STAGES[stage]) for stage in ("certificates", "details")] == [[], []]


def test_what_changed_at_the_ca_shows_after_the_next_run_with_when(added: Integration) -> None:
    moved, labelled, reissued, duplicated, *_ = added.in_force
    reader, began = added.reader, added.shown()["last_run"]["ended_at"]
    reader.staff(moved, "move", division="Elsewhere")
    reader.staff(labelled, "custom_field", label="Owner", value="new@meadow.example")
    before = added.told(reissued)
    reader.staff(reissued, "reissue")
    reader.staff(duplicated, "duplicate")

    run = added.run()

    assert (run["outcome"], run["new"], run["changed"]) == ("done", 2, 3)
    assert added.told(moved)["ca_order"]["group"] == "Elsewhere"
    assert added.told(labelled)["ca_order"]["fields"]["Owner"] == "new@meadow.example"
    after = added.told(reissued)
    assert after["fingerprint"] != before["fingerprint"]
    assert (after["state"], after["ca_order"]["reissues"]) == ("valid", 1)
    (old,) = added.known([before["fingerprint"]])
    assert old["state"] == "replaced"
    assert added.told(duplicated)["ca_order"]["duplicates"] == 1
    for order in (moved, labelled, reissued, duplicated):
        told = added.told(order)["ca_order"]
        assert told["seen_at"] > began
        assert told["detailed_at"] > began


def test_after_changes_the_next_run_is_quiet_again(added: Integration) -> None:
    moved, reissued, *_ = added.in_force
    added.reader.staff(moved, "move", division="Elsewhere")
    added.reader.staff(reissued, "reissue")
    added.run()
    added.reader.forget()

    run = added.run()

    assert (run["new"], run["changed"]) == (0, 0)
    assert len(added.reader.calls()) <= LISTS_AND_ONE_PAGE


def test_a_certificate_that_the_ca_revoked_is_revoked_here_after_the_next_run(added: Integration) -> None:
    order, lives_on, *_ = added.in_force
    added.reader.staff(order, "revoke", reason="privilegeWithdrawn")
    certificate = added.told(lives_on)["ca_certificate_id"]
    added.reader.staff(lives_on, "duplicate")
    added.reader.staff(lives_on, "revoke", reason="superseded", certificate_id=int(certificate))

    added.run()

    assert added.told(order)["state"] == "revoked"
    (one,) = [row for row in added.certificates() if row["ca_certificate_id"] == certificate]
    assert one["state"] == "revoked"
    states = {row["state"] for row in added.certificates() if row["ca_order_id"] == lives_on}
    assert states == {"revoked", "valid"}, "the order goes on with its duplicate"


def test_a_note_is_told_when_single_orders_are_asked_for_again(added: Integration) -> None:
    order = added.in_force[0]
    added.reader.staff(order, "note", text="Ask the web team first.")
    notes = added.told(order)["ca_order"]["notes"]
    assert added.run()["changed"] == 0
    assert added.told(order)["ca_order"]["notes"] == notes, "no list tells of notes"

    added.run("--again")

    assert added.told(order)["ca_order"]["notes"] == [*notes, "Ask the web team first."]


def test_details_that_are_old_are_asked_for_by_themselves(added: Integration) -> None:
    order = added.in_force[0]
    added.reader.staff(order, "note", text="Ask the web team first.")
    added.sql("UPDATE ca_order SET detailed_at = ? WHERE ca_order_id = ?", "2026-10-01 00:00:00", order)

    added.run()

    assert "Ask the web team first." in added.told(order)["ca_order"]["notes"]
    assert len(added.reader.calls(STAGES["details"])) == 1


def test_an_order_that_vanishes_from_the_list_stays_and_ages(added: Integration) -> None:
    order, other, *_ = added.in_force
    before = added.told(order)["ca_order"]["seen_at"]
    added.reader.switch(division="Research")
    kept = len(added.certificates())
    added.reader.staff(order, "move", division="Retail")
    added.reader.staff(other, "move", division="Research")

    added.run()

    gone, seen = added.told(order)["ca_order"], added.told(other)["ca_order"]
    assert gone["seen_at"] == before
    assert seen["seen_at"] > before
    assert gone["state"] == "issued"
    assert len(added.certificates()) == kept


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_that_is_killed_is_gone_on_with(integration: Integration, stage: str) -> None:
    integration.add("--disabled").expect(0)
    integration.reader.forget()
    session = _held(integration, STAGES[stage], skip=3 if stage in ("certificates", "details") else 0)
    os.kill(session.pid, signal.SIGKILL)
    assert session.wait() == signal.SIGKILL
    begun = integration.shown()["last_run"]
    assert begun["outcome"] == "running"

    run = integration.run()

    assert (run["id"], run["outcome"], len(integration.shown()["runs"])) == (begun["id"], "done", 1)
    downloads = integration.reader.calls(STAGES["certificates"])
    assert len(downloads) - len(set(downloads)) == (1 if stage == "certificates" else 0), "what was in, is kept"
    details = integration.reader.calls(STAGES["details"])
    assert len(details) - len(set(details)) == (1 if stage == "details" else 0)
    assert _missing(integration) == 0
    integration.reader.forget()
    assert integration.run()["changed"] == 0
    assert len(integration.reader.calls()) <= LISTS_AND_ONE_PAGE


def test_a_second_process_refuses_politely_while_one_reads(integration: Integration) -> None:
    integration.add("--disabled").expect(0)
    session = _held(integration, STAGES["orders"])

    second = integration.program.run("integration", "run", NAME)

    assert second.code == 1
    assert "is being looked at already, by another process" in second.told
    integration.reader.management.post("release", id=integration.held)
    assert session.wait() == 0
    assert session.results[0].code == 0
    assert [run["outcome"] for run in integration.shown()["runs"]] == ["done"]


def test_a_ca_that_wants_to_be_left_alone_is_waited_for(integration: Integration) -> None:
    integration.add("--disabled").expect(0)
    for path in (STAGES["orders"], STAGES["certificates"], STAGES["details"]):
        integration.reader.fault("rate_limited", path=path, times=1, retry_after=1)

    run = integration.run()

    assert run["looked"] == 10
    assert integration.run()["outcome"] == "done"
    assert _missing(integration) == 0


def test_a_ca_that_is_down_fails_the_run_and_the_next_one_makes_up_for_it(integration: Integration) -> None:
    integration.add("--disabled").expect(0)
    integration.program.run("integration", "enable", NAME).expect(0)
    integration.reader.fault("status", path=STAGES["orders"], times=None, status=503)

    failed = integration.program.run("integration", "run", NAME)

    assert failed.code == 3
    shown = integration.shown()
    assert (shown["last_run"]["outcome"], shown["paused_because"]) == ("failed", None)
    ended, again = (datetime.fromisoformat(text) for text in (shown["last_run"]["ended_at"], shown["next_run_at"]))
    assert again - ended < timedelta(minutes=1), "sooner than its schedule says"
    integration.reader.management.delete("faults")
    assert integration.run()["outcome"] == "done"


def test_details_that_cannot_be_had_now_are_left_for_the_next_run(integration: Integration) -> None:
    integration.add("--disabled", "--no-certificates").expect(0)
    integration.reader.fault("rate_limited", path=STAGES["details"], times=None, skip=2, retry_after=600)

    run = integration.run()

    assert (run["outcome"], run["looked"]) == ("partly", 10)
    assert "Details of 8 orders are left for the next run" in run["trouble"]
    assert integration.sql("SELECT count(DISTINCT ca_order_id) FROM ca_order WHERE detailed_at IS NULL") == [(8,)]


def _facts(integration: Integration) -> list[dict[str, Any]]:
    """What is told of every CA order, but when."""
    return integration.program.run("order", "report", "--account", NAME, "--json").expect(0).lines()


def _missing(integration: Integration) -> int:
    """CA orders that have a certificate which is not here."""
    statement = "SELECT count(*) FROM ca_order WHERE certificate_id IS NULL AND serial != ''"
    return int(integration.sql(statement)[0][0])


def _held(integration: Integration, path: str, *, skip: int = 0) -> Session:
    """``integration run`` in a process of its own, held at the CA at a call of that path."""
    integration.held = integration.reader.fault("hold", side="before", path=path, skip=skip)
    program = integration.program
    session = program.zygote.start(program.home, [["integration", "run", NAME]], environment=program.environment)
    latest = time.monotonic() + PATIENCE
    while len(integration.reader.calls(path)) <= skip:
        assert time.monotonic() < latest, session.results
        time.sleep(0.02)
    return session

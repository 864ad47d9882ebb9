"""A read-only key that the CA turns away with 403: what is told, what rests, how it is mended and goes on."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.integrated import NAME, UNHURRIED, Integration, Reader, succeeded
from tests.cli.program import Program, Running
from tests.docs.programs import needs
from tests.sandbox.tenant import Sandbox

NewIntegration = Callable[..., Integration]
# What happens to the key, and DigiCert's own code for it.
AWAY = {
    "revoked": ({"revoked": True}, "access_denied|access_denied_invalid_key"),
    "address": ({"ip_allowed": False}, "access_denied|access_denied_invalid_ip"),
}
CAUSES = ("the API key is wrong", "its user's role", "the key itself is restricted", "IP allow-list")


@pytest.fixture
def new_integration(sandbox: Sandbox, program: Program, tmp_path: Path) -> NewIntegration:
    """Add an integration of a CA account with a few orders, which has run once."""

    def new(*more: str, orders: int = 3) -> Integration:
        integration = Integration(program, Reader.at(sandbox, tmp_path, orders=orders))
        integration.add(*more).expect(0)
        integration.reader.forget()
        return integration

    return new


@pytest.mark.parametrize("how", AWAY)
def test_a_test_shows_the_ca_s_own_code_the_causes_and_one_command(new_integration: NewIntegration, how: str) -> None:
    integration = new_integration()
    switches, code = AWAY[how]
    integration.reader.switch(**switches)

    refused = integration.program.run("integration", "test", NAME)

    assert refused.code == 4
    assert f"[{code}]" in refused.told
    assert [cause for cause in CAUSES if cause not in refused.told] == []
    assert "-H @- " in refused.told, "the key is in no list of processes"
    assert integration.reader.account.key not in refused.told
    assert integration.reader.calls() == ["GET user/me"]


def test_what_paused_an_account_is_shown_once_and_its_changes_tell_that_the_run_failed(
    new_integration: NewIntegration,
) -> None:
    integration = new_integration()
    integration.reader.switch(revoked=True)
    integration.program.run("integration", "run", NAME).expect(4)

    shown = integration.program.run("integration", "show", NAME).expect(0).told
    changes = integration.program.run("integration", "changes", NAME).expect(0)

    assert [shown.count(cause) for cause in CAUSES] == [1, 1, 1, 1]
    assert f"the last run of {NAME} did not come to its end" in changes.told


def test_a_wrong_key_is_kept_and_told_and_nothing_is_asked_with_it(
    sandbox: Sandbox, program: Program, tmp_path: Path
) -> None:
    integration = Integration(program, Reader.at(sandbox, tmp_path, orders=1))
    words = integration.add_words()
    words[words.index("--secret") + 1] = f"api_key={integration.reader.file('wrong', 'A' * 64)}"

    with Running(program, "worker", ready="is at work"):
        added = program.run(*words).expect(0)
        shown = integration.shown()

    assert "it is kept, but its login does not work yet" in added.told
    assert "access_denied|access_denied_invalid_key" in added.told
    assert (shown["enabled"], shown["last_run"]) == (True, None)
    assert "access_denied_invalid_key" in shown["paused_because"]
    assert "paused" in program.run("integration", "list").expect(0).out
    assert integration.reader.calls() == []


def test_a_key_without_the_right_to_orders_logs_in_and_its_run_says_what_is_missing(
    new_integration: NewIntegration,
) -> None:
    integration = new_integration()
    integration.reader.switch(key_role="user_management")

    integration.program.run("integration", "test", NAME).expect(0)
    refused = integration.program.run("integration", "run", NAME)

    assert refused.code == 4
    assert "[access_denied|missing_permission]" in refused.told
    assert [cause for cause in CAUSES if cause not in refused.told] == []
    assert "missing_permission" in integration.shown()["paused_because"]


def test_a_key_that_sees_orders_alone_brings_them_and_says_what_it_did_not_see(
    new_integration: NewIntegration,
) -> None:
    integration = new_integration()
    integration.reader.switch(key_role="orders")

    run = integration.run()

    assert (run["outcome"], run["looked"]) == ("partly", 3)
    assert "The list of domains could not be read" in run["trouble"]
    assert integration.shown()["paused_because"] is None


def test_the_one_command_tells_the_causes_apart(new_integration: NewIntegration, tmp_path: Path) -> None:
    needs("curl", "curl")
    integration = new_integration()
    reader = integration.reader
    key = Path(reader.file("key", reader.account.key + "\n").removeprefix("@"))
    reader.switch(ip_allowed=False)
    advice = integration.program.run("integration", "test", NAME).told
    command = re.search(r"sed -n .*? http\S+", advice)
    assert command is not None, advice
    words = command.group().replace("KEY_FILE", str(key))

    def ask() -> str:
        done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=True, timeout=30)
        return done.stdout

    assert "access_denied_invalid_ip" in ask()
    reader.switch(ip_allowed=True, revoked=True)
    assert "access_denied_invalid_key" in ask()
    reader.switch(revoked=False)
    answered = ask()
    assert answered.startswith("HTTP/1.1 200")
    assert "Administrator" in answered, "it shows the role"


def test_a_key_that_is_turned_away_is_asked_with_once_and_then_rests_while_others_go_on(
    new_integration: NewIntegration, sandbox: Sandbox, tmp_path: Path
) -> None:
    integration = new_integration("--every", "1s")
    _, _, *words = Reader.at(sandbox, tmp_path, orders=1).add_words("second")
    program = integration.program
    program.run("integration", "add", *words, *UNHURRIED, "--every", "1s").expect(0)
    integration.reader.switch(revoked=True)

    with Running(program, "worker", ready="is at work"):
        shown = integration.until(lambda shown: shown["paused_because"] is not None)
        went = _runs_of(program, "second")
        integration.until(lambda _: _runs_of(program, "second") > went + 1)  # the worker's turns go on

    failed = [run for run in integration.shown()["runs"] if run["outcome"] == "failed"]
    assert len(failed) == 1
    assert "access_denied_invalid_key" in shown["paused_because"]
    assert "Four things cause this" in failed[0]["advice"]
    assert len([row for row in integration.reader.requests() if row["status"] == 403]) == 1, "no retry storm"


def test_while_it_rests_what_it_told_ages_visibly(new_integration: NewIntegration) -> None:
    integration = new_integration()
    integration.reader.switch(revoked=True)
    assert integration.program.run("integration", "run", NAME).code == 4
    assert integration.shown()["silent_since"] is None, "a day is no silence yet"
    integration.sql("UPDATE run SET ended_at = ?", "2026-11-01 06:00:00")

    shown = integration.shown()

    assert shown["silent_since"] == shown["succeeded_at"] == "2026-11-01T06:00:00+00:00"
    assert "silent since 2026-11-01" in integration.program.run("integration", "list").expect(0).told
    assert "silent since 2026-11-01" in integration.program.run("inventory", "sources").expect(0).told
    certificate = integration.certificates()[0]["fingerprint"]
    assert "silent since 2026-11-01" in integration.program.run("cert", "show", certificate).expect(0).told
    (told,) = integration.known([certificate])[0]["ca_orders"]
    assert told["silent_since"] == shown["silent_since"]


def test_a_new_key_mends_it_and_it_goes_on_by_itself(new_integration: NewIntegration) -> None:
    integration = new_integration()
    reader = integration.reader
    reader.switch(revoked=True)
    assert integration.program.run("integration", "run", NAME).code == 4
    element = reader.management.post(
        "accounts", ca="digicert", of=reader.owner.name, key_role="view_only", rate_limit=False
    )
    new_key = reader.file("new-key", element["secrets"]["api_key"])

    with Running(integration.program, "worker", ready="is at work"):
        integration.program.run("account", "change", NAME, "--secret", f"api_key={new_key}").expect(0)
        integration.program.run("integration", "test", NAME).expect(0)
        shown = integration.until(succeeded)

    assert (shown["paused_because"], len(shown["runs"])) == (None, 3)


def test_an_address_that_is_allowed_again_needs_no_more_than_a_test(new_integration: NewIntegration) -> None:
    integration = new_integration()
    integration.reader.switch(ip_allowed=False)
    with Running(integration.program, "worker", ready="is at work"):
        integration.sql("UPDATE source SET next_run_at = ?", "2026-01-01 00:00:00")
        integration.until(lambda shown: shown["paused_because"] is not None)
        integration.reader.switch(ip_allowed=True)

        integration.program.run("integration", "test", NAME).expect(0)

        assert integration.until(succeeded)["paused_because"] is None


def _runs_of(program: Program, name: str) -> int:
    """How often an integration has run."""
    return len(program.run("integration", "show", name, "--json").expect(0).json()["runs"])

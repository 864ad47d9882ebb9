"""The integration story: a DigiCert read-only key, from adding it to an inventory that knows what the CA knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.integrated import NAME, UNHURRIED, Integration, Reader, succeeded
from tests.cli.program import Program, Running
from tests.sandbox.tenant import Sandbox

NewIntegration = Callable[..., Integration]


@pytest.fixture
def new_integration(sandbox: Sandbox, program: Program, tmp_path: Path) -> NewIntegration:
    """Make a CA account with so many orders of the past, and a read-only key to it that nobody has added yet."""
    return lambda orders=12, **switches: Integration(program, Reader.at(sandbox, tmp_path, orders=orders, **switches))


def test_a_new_integration_is_tested_and_runs_at_once(new_integration: NewIntegration) -> None:
    integration = new_integration()

    added = integration.add().expect(0)

    assert "The CA knows us: account" in added.told
    assert f"{NAME}: 12 looked at" in added.told
    shown = integration.shown()
    facts = ("name", "kind", "account", "ca", "reference", "read_only", "enabled", "every_seconds")
    assert [shown[fact] for fact in facts] == [NAME, "ca", NAME, "digicert", "1204455", True, True, 86400]
    run = shown["last_run"]
    assert (run["outcome"], run["looked"], run["trouble"]) == ("done", 12, None)
    assert run["new"] == run["found"] == len(integration.certificates()) == shown["places"] - _without(integration)
    assert _moment(shown["next_run_at"]) - _moment(run["ended_at"]) == timedelta(days=1)
    assert (shown["succeeded_at"], shown["silent_since"], shown["paused_because"]) == (run["ended_at"], None, None)


def test_a_worker_runs_a_new_integration_within_seconds(new_integration: NewIntegration) -> None:
    integration = new_integration(orders=4)
    with Running(integration.program, "worker", ready="is at work") as worker:
        assert "The worker looks at it within seconds" in integration.add().expect(0).told
        shown = integration.until(succeeded)
        assert worker.stop() == 0, worker.output

    assert shown["last_run"]["looked"] == 4
    assert _moment(shown["last_run"]["started_at"]) - _moment(shown["created_at"]) < timedelta(seconds=30)


def test_a_worker_runs_it_again_when_its_time_has_come(new_integration: NewIntegration) -> None:
    integration = new_integration(orders=4)
    integration.add().expect(0)
    integration.sql("UPDATE source SET next_run_at = ?", "2026-01-01 00:00:00")
    with Running(integration.program, "worker", ready="is at work"):
        shown = integration.until(lambda shown: len(shown["runs"]) == 2 and succeeded(shown))

    assert shown["last_run"]["new"] == 0
    assert _moment(shown["next_run_at"]) > _moment(shown["last_run"]["ended_at"])


def test_a_disabled_integration_is_kept_and_runs_once_it_is_enabled(new_integration: NewIntegration) -> None:
    integration = new_integration(orders=4)
    integration.add("--disabled").expect(0)
    kept = integration.shown()
    assert (kept["enabled"], kept["last_run"], kept["next_run_at"]) == (False, None, None)
    assert integration.reader.calls() == ["GET user/me"], "it was tested, and no more"

    enabled = integration.program.run("integration", "enable", NAME).expect(0)

    assert "4 looked at" in enabled.told
    assert succeeded(integration.shown())


def test_it_is_run_disabled_scheduled_and_removed_as_an_operator_says(new_integration: NewIntegration) -> None:
    integration = new_integration(orders=4)
    integration.add("--every", "never").expect(0)
    run = integration.program.run
    assert "on demand" in run("integration", "list").expect(0).out
    assert integration.run()["outcome"] == "done"
    run("integration", "schedule", NAME, "--every", "6h").expect(0)
    assert integration.shown()["every_seconds"] == 6 * 3600
    run("integration", "disable", NAME).expect(0)
    assert "disabled" in run("integration", "list").expect(0).out
    known = len(integration.certificates())

    run("integration", "remove", NAME).expect(0)

    assert run("integration", "list", "--json").expect(0).lines() == []
    assert run("account", "list", "--json").expect(0).lines() == []
    assert len(integration.certificates()) == known > 0, "what it told of stays"


def test_an_account_that_is_there_is_read_too_and_outlives_its_integration(new_integration: NewIntegration) -> None:
    integration = new_integration(orders=4)
    integration.program.run(*integration.reader.add_words("main", *UNHURRIED)).expect(0)
    integration.program.run("integration", "add", "nightly", "--account", "main").expect(0)
    assert len(integration.certificates("--account", "main")) > 0

    integration.program.run("integration", "remove", "nightly").expect(0)

    assert [one["name"] for one in integration.program.run("account", "list", "--json").lines()] == ["main"]


def test_a_name_that_is_taken_is_refused_and_leaves_nothing_behind(new_integration: NewIntegration) -> None:
    integration = new_integration(orders=1)
    integration.program.run(*integration.reader.add_words("main", *UNHURRIED)).expect(0)
    integration.program.run("integration", "add", "nightly", "--account", "main", "--disabled").expect(0)

    taken = integration.add(name="nightly")
    read_already = integration.program.run("integration", "add", "hourly", "--account", "main")

    assert (taken.code, read_already.code) == (1, 1)
    assert "There is a source 'nightly' already." in taken.told
    assert "The CA account 'main' is read by 'nightly' already." in read_already.told
    assert [one["name"] for one in integration.program.run("account", "list", "--json").lines()] == ["main"]


def test_every_certificate_gains_what_the_ca_knows_of_its_order(new_integration: NewIntegration) -> None:
    integration = new_integration(orders=12)
    owner, staff = integration.reader.owner, integration.reader.staff
    reissued, duplicated, noted, revoked, *_ = integration.in_force
    staff(reissued, "reissue")
    staff(duplicated, "duplicate")
    staff(noted, "note", text="Ask the web team first.")
    staff(noted, "custom_field", label="Owner", value="ana@meadow.example")
    assert owner.put(f"order/certificate/{revoked}/revoke", b'{"comments":"The laptop was stolen"}').status == 201
    integration.reader.management.post("approve", ca="digicert", order_id=int(revoked))

    integration.add().expect(0)

    listed = {one["fingerprint"]: one for one in integration.certificates()}
    known = integration.known(listed)
    for one in known:
        (told,) = one["ca_orders"]
        info = owner.info(told["ca_order_id"])
        listing = listed[one["fingerprint"]]
        assert (listing["ca"], listing["account"], told["reference"]) == ("digicert", NAME, "1204455")
        assert listing["product"] == told["product"] == info["product"]["name_id"]
        assert {name: told[name] for name in _of_the_order(info)} == _of_the_order(info)
        if told["ca_certificate_id"] == str(info["certificate"]["id"]):
            assert {name: told[name] for name in _of_the_certificate(info)} == _of_the_certificate(info)
        assert told["seen_at"]
        assert told["detailed_at"]
    assert any(one["ca_orders"][0]["notes"] for one in known)
    states = [one["state"] for one in known if one["ca_order_id"] == reissued]
    assert sorted(states) == ["replaced", "valid"]
    assert [one["state"] for one in known if one["ca_order_id"] == duplicated] == ["valid", "valid"]
    for order in (reissued, duplicated):
        first, second = (one for one in known if one["ca_order_id"] == order)
        assert [one["fingerprint"] for one in first["siblings"]] == [second["fingerprint"]]
    (gone,) = [one for one in known if one["ca_order_id"] == revoked]
    assert (gone["state"], gone["revocation_reason"]) == ("revoked", "The laptop was stolen")
    assert gone["revoked_at"]


def _of_the_order(info: dict[str, Any]) -> dict[str, Any]:
    """What the CA says of an order, as we say it of each of its certificates."""
    return {
        "ca_order_id": str(info["id"]),
        "validation": info["product"]["validation_type"],
        "organization": info.get("organization", {}).get("name") or None,
        "group": info["container"]["name"],
        "requester": f"{info['user']['first_name']} {info['user']['last_name']} <{info['user']['email']}>",
        "placed_at": info["date_created"],
        "fields": {one["label"]: one["value"] for one in info.get("custom_fields", ())},
        "notes": [one["text"] for one in info.get("notes", ())],
        "duplicates": info["duplicates_count"],
        "reissues": info["reissues_count"],
    }


def _of_the_certificate(info: dict[str, Any]) -> dict[str, Any]:
    """What it says of the order with its newest certificate."""
    certificate = info["certificate"]
    return {
        "serial": certificate["serial_number"].lower().lstrip("0"),
        "names": certificate["dns_names"],
        "issuer": certificate["ca_cert"]["name"],
        "cost": str(info["price"]),
        "currency": info["currency"],
        "not_after": f"{certificate['valid_till']}T23:59:59+00:00",
        "term_ends_at": f"{info['order_valid_till']}T23:59:59+00:00",
    }


def test_automatic_renewal_and_contacts_are_told_as_the_ca_has_them(new_integration: NewIntegration) -> None:
    integration = new_integration(orders=30)
    integration.add("--no-certificates").expect(0)

    rows = integration.program.run("order", "report", "--account", NAME, "--json").expect(0).lines()

    infos = {row["ca_order_id"]: integration.reader.owner.info(row["ca_order_id"]) for row in rows}
    assert len(infos) == 30
    for row in rows:
        info = infos[row["ca_order_id"]]
        switched_on = info["auto_renew"] or info["auto_reissue"]
        assert row["auto_renew"].startswith("auto_re" if switched_on else "off"), (row, info)
        assert set(info.get("additional_emails", ())) <= set(row["contacts"])
        technical = info.get("technical_contact", {}).get("email", "")
        assert technical in " ".join([*row["contacts"], row["requester"]])


def test_control_of_each_name_is_told_with_its_end(new_integration: NewIntegration) -> None:
    integration = new_integration(orders=6)
    domains = integration.reader.owner.get("domain?include_dcv=true&include_validation=true")["domains"]
    ends = {one["name"]: one.get("dcv_expiration_datetime") for one in domains}

    integration.add().expect(0)

    controls = [one for known in integration.known(_fingerprints(integration)) for one in known["control"]]
    assert {one["account"] for one in controls} == {NAME}
    assert all(one["proven"] for one in controls)
    assert {(one["domain"], one["proven_until"]) for one in controls} <= set(ends.items())
    assert all(one["seen_at"] and one["name"].endswith(one["domain"]) for one in controls)


def test_nothing_but_get_is_ever_sent(new_integration: NewIntegration) -> None:
    integration = new_integration(orders=8)
    integration.add().expect(0)
    (first, *_) = integration.in_force
    integration.reader.forget()
    run = integration.program.run
    integration.run("--again")
    run("integration", "test", NAME).expect(0)
    certificate = integration.told(first)["fingerprint"]
    read = len(integration.reader.calls())

    for words in (
        ("cert", "revoke", certificate, "--yes"),
        ("cert", "reissue", certificate, "--key", "software:ec-p256"),
        ("order", "place", "--account", NAME, "--product", "ssl_basic", "--name", integration.reader.fresh_name()),
    ):
        assert run(*words).code != 0, words

    assert len(integration.reader.calls()) == read, "what a read-only account may not do is refused here"
    assert integration.reader.calls("^(?!GET )") == []
    assert len(integration.reader.calls("^GET ")) == read > 8


def _without(integration: Integration) -> int:
    """How many CA orders never got a certificate."""
    return int(integration.sql("SELECT count(*) FROM ca_order WHERE certificate_id IS NULL")[0][0])


def _fingerprints(integration: Integration) -> list[str]:
    return [one["fingerprint"] for one in integration.certificates()]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

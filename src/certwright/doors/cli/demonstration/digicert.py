"""DigiCert: one-call issuance, an order that waits, a reissue, a revocation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from certwright.doors.cli.demonstration.stage import Stage
from certwright.doors.cli.terminal import say


def play(stage: Stage) -> None:
    """Tell the first chapter: two CA accounts at a DigiCert that runs on this machine."""
    stage.chapter("1. DigiCert")
    ready, bare = stage.account("digicert-ready"), stage.account("digicert-bare")
    stage.add_account("ready", ready)
    stage.add_account("careful", bare, "--set", "skip_approval=false")
    _at_once(stage, ready["domains"][0])
    _waiting(stage, bare)
    _reissue(stage, ready["domains"][0])
    _revoke(stage, ready["domains"][0])


def _at_once(stage: Stage, domain: str) -> None:
    stage.title("1.1 An order issued in one CA call")
    stage.run(
        *("order", "place", "--account", "ready", "--product", "ssl_basic", "--name", f"shop.{domain}"),
        *("--organization", _organization(stage, "ready"), "--reference", "demo-at-once", "--wait", "60"),
    )
    calls = [call for call in stage.sandbox.ask("get", "/requests")["requests"] if call["method"] == "POST"]
    say(f"\nThe CA counted {len(calls)} call that changes something.")


def _waiting(stage: Stage, account: Mapping[str, Any]) -> None:
    name = f"api.{account['domains'][0]}"
    stage.title("1.2 An order that waits: first for approval, then for domain control")
    stage.run(
        *("order", "place", "--account", "careful", "--product", "ssl_basic", "--name", name),
        *("--organization", _organization(stage, "careful"), "--reference", "demo-waits"),
    )
    say("\n… an approver at the company says yes, and the CA looks into the organization:")
    order = stage.json("order", "show", "demo-waits")
    ask = stage.sandbox.ask
    ask("post", "/approve", {"ca": "digicert", "order_id": int(order["ca_order_id"])})
    organization = {"ca": "digicert", "account": account["name"], "organization": int(order["organization"])}
    ask("post", "/validate", organization)
    stage.run("order", "check", "demo-waits")
    say("\n… the proof is published by hand, here in the sandbox's own DNS:")
    for proof in stage.json("order", "show", "demo-waits")["proofs"]:
        ask("post", "/dns", {"name": proof["where"], "type": "TXT", "value": proof["value"]})
    stage.run("order", "check", "demo-waits")
    stage.run("order", "show", "demo-waits")


def _reissue(stage: Stage, domain: str) -> None:
    stage.title("1.3 A reissue: a new key, the same CA order, nothing to pay")
    stage.run(
        *("cert", "reissue", f"shop.{domain}", "--name", f"shop.{domain}", "--name", f"www.shop.{domain}"),
        *("--reference", "demo-reissue", "--wait", "60"),
    )


def _revoke(stage: Stage, domain: str) -> None:
    stage.title("1.4 A revocation")
    old = next(
        entry
        for entry in stage.json_lines("cert", "list")
        if entry["common_name"] == f"shop.{domain}" and entry["replaced_by"]
    )
    stage.run("cert", "revoke", old["fingerprint"][:16], "--reason", "superseded", "--wait", "60")
    stage.run("cert", "list")


def _organization(stage: Stage, account: str) -> str:
    found = stage.json("account", "show", account)["organizations"]
    return str(next(item["id"] for item in found if item["active"]))

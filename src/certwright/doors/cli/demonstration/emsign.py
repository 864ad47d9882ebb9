"""emSign: lists synced, a two-year DV order that the CA renews by itself, and a draft that waits for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from certwright.doors.cli.demonstration.stage import Stage
from certwright.doors.cli.terminal import say

_PEOPLE = (
    *("--set", "requestor_name=Mara Lind", "--set", "requestor_isd_code=49"),
    *("--set", "requestor_mobile_number=4215550100", "--set", "requestor_designation=Platform engineer"),
    *("--set", "signer_name=Mara Lind", "--set", "signer_place=Bremen", "--set", "signer_ip=203.0.113.9"),
)
# So that nobody has to wait: the sandbox may be asked as often as one likes.
_QUICK = ("--set", "poll_seconds=1,1,2", "--set", "seconds_between_orders=0")


def play(stage: Stage) -> None:
    """Tell the third chapter."""
    stage.chapter("3. emSign")
    account = stage.account("emsign-bare")
    stage.add_account("hub", account, *_PEOPLE, "--set", f"requestor_email={account['requestor_email']}", *_QUICK)
    _synced(stage)
    _two_years(stage, account)
    _renewed_there(stage)
    _draft(stage, account)


def _product(account: Mapping[str, Any], kind: str) -> str:
    return str(next(product["code"] for product in account["products"] if product["type"] == kind))


def _synced(stage: Stage) -> None:
    stage.title("3.1 What the account has, read from the CA")
    stage.run("account", "sync", "hub")
    stage.run("account", "show", "hub")


def _two_years(stage: Stage, account: Mapping[str, Any]) -> None:
    stage.title("3.2 Two years are bought; the first certificate lives shorter")
    stage.run("target", "add", "dns-orchard", "--kind", "rfc2136", "--domain", "orchard.example", *stage.dns_words())
    stage.run(
        *("order", "place", "--account", "hub", "--product", _product(account, "13"), "--name", "orchard.example"),
        *("--term", "2y", "--auto-renew", "covered", "--reference", "demo-two-years", "--wait", "60"),
    )
    stage.run("order", "renewal", "demo-two-years")


def _renewed_there(stage: Stage) -> None:
    stage.title("3.3 The CA renews by itself: the new serial is the next version of the same certificate")
    order = stage.json("order", "show", "demo-two-years")
    stage.run("account", "import", "hub")
    say("\n… at the CA, auto-renewal does its work:")
    stage.sandbox.ask("post", "/staff", {"ca": "emsign", "order_id": order["ca_order_id"], "act": "renew"})
    stage.run("account", "import", "hub")
    stage.run("order", "renewal", "demo-two-years")


def _draft(stage: Stage, account: Mapping[str, Any]) -> None:
    stage.title("3.4 A draft of an OV order: submitted in the CA's portal, approved by its staff")
    organization = stage.json("account", "show", "hub")["organizations"][0]["id"]
    stage.run(
        *("order", "place", "--account", "hub", "--product", _product(account, "16"), "--name", "pay.orchard.example"),
        *("--organization", str(organization), "--set", "draft=true", "--set", "pre_vetting=false"),
        *("--reference", "demo-draft"),
    )
    request_id = stage.json("order", "show", "demo-draft")["ca_request_id"]
    say("\n… a colleague submits it in the portal, and the CA's staff approves it:")
    stage.sandbox.ask("post", "/staff", {"ca": "emsign", "order_id": request_id, "act": "submit"})
    stage.run("order", "check", "demo-draft")
    order_id = stage.json("order", "show", "demo-draft")["ca_order_id"]
    stage.sandbox.ask("post", "/staff", {"ca": "emsign", "order_id": order_id, "act": "approve"})
    stage.run("order", "wait", "demo-draft", "60")

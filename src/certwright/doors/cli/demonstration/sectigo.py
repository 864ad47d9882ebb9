"""Sectigo: a DV order whose proof we publish in DNS ourselves, and an OV order with a telephone call-back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from certwright.doors.cli.demonstration.stage import Stage
from certwright.doors.cli.terminal import say

# So that nobody has to wait: the sandbox may be asked as often as one likes, Sectigo may not.
_SETTINGS = ("--set", "poll_seconds=1,1,2")
_ORGANIZATION = (
    *("--set", "organization_name=Harbour Works Ltd", "--set", "locality_name=Bristol"),
    *("--set", "country_name=GB", "--set", "postal_code=BS1 4ST", "--set", "street_address_1=1 Quay Street"),
)


def play(stage: Stage) -> None:
    """Tell the second chapter: a reseller account, and a DNS server we may write to."""
    stage.chapter("2. Sectigo")
    stage.add_account("reseller", stage.account("sectigo-bare"), *_SETTINGS)
    stage.run("target", "add", "dns", "--kind", "rfc2136", "--domain", "harbour.example", *stage.dns_words())
    _domain_validated(stage)
    _called_back(stage)


def _domain_validated(stage: Stage) -> None:
    stage.title("2.1 A DV order: the proof is published in DNS, seen, checked by the CA, and taken away again")
    stage.run(
        *("order", "place", "--account", "reseller", "--product", "287", "--name", "www.harbour.example"),
        *("--dcv", "dns-cname-token", "--reference", "demo-dv", "--wait", "60"),
    )
    stage.run("order", "show", "demo-dv")
    left = stage.sandbox.ask("get", "/dns")["records"]
    say(f"\nRecords of harbour.example left in the DNS: {sum('harbour' in record['name'] for record in left)}.")


def _called_back(stage: Stage) -> None:
    stage.title("2.2 An OV order: the CA looks into the organization, and calls it")
    stage.run(
        *("order", "place", "--account", "reseller", "--product", "7", "--name", "pay.harbour.example"),
        *_ORGANIZATION,
        *("--dcv", "dns-cname-token", "--reference", "demo-ov", "--wait", "3"),
        allowed=(0, 3),
    )
    order_id = int(stage.json("order", "show", "demo-ov")["ca_order_id"])
    say("\n… the CA's staff finds the organization in the register:")
    stage.sandbox.ask("post", "/validate", {"ca": "sectigo", "order_id": order_id, "what": "organization"})
    stage.run("order", "check", "demo-ov")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    stage.run("order", "call-back", "demo-ov", "--at", f"{tomorrow:%Y-%m-%d} 10:30")
    say("\n… they answer the call:")
    stage.sandbox.ask("post", "/validate", {"ca": "sectigo", "order_id": order_id, "what": "call_back"})
    stage.run("order", "wait", "demo-ov", "60")

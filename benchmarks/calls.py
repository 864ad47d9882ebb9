"""How many calls a certificate costs, counted by the sandbox."""

from __future__ import annotations

import argparse
import json
from typing import Any

from benchmarks import play


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--orders", type=int, default=50, help="how many orders (default 50)")


def run(orders: int) -> dict[str, Any]:
    """Orders with everything prevalidated, then such as wait for domain control; calls of each, all kinds counted."""
    with play.sandbox() as sandbox, play.home() as folder:
        tenant = play.add_account(sandbox, folder)
        domain = tenant["domains"][0]
        play.progress(f"{orders} prevalidated orders")
        sandbox.ask("DELETE", "/requests")
        for number in range(orders):
            _place(f"n{number}.{domain}")
        calls = sandbox.ask("GET", f"/requests?account={tenant['name']}")["total"]
        waiting = _waiting(sandbox, tenant, domain)
        ledger = sandbox.ask("GET", f"/ledger?account={tenant['name']}")
    if ledger["total"] != orders + 1:
        raise RuntimeError(f"{ledger['total']} orders were bought instead of {orders + 1}")
    return {
        "orders": orders,
        "calls_per_certificate": round(calls / orders, 2),
        "calls_per_waiting_certificate": waiting,
    }


def _waiting(sandbox: play.Sandbox, tenant: dict[str, Any], domain: str) -> int:
    """One order that waits for domain control, is proven by DNS and collected at the next look; calls it cost."""
    play.progress("one order that waits for domain control")
    name = f"waits.{domain}"
    sandbox.ask("POST", "/expire", {"ca": "digicert", "account": tenant["name"], "domain": domain})
    sandbox.ask("DELETE", "/requests")
    _place(name, "--reference", "waits")
    for proof in json.loads(play.certwright("order", "show", "waits", "--json"))["proofs"]:
        sandbox.ask("POST", "/dns", {"name": proof["where"], "type": "TXT", "value": proof["value"]})
    state = json.loads(play.certwright("order", "check", "waits", "--json"))["state"]
    if state != "issued":
        raise RuntimeError(f"the waiting order is {state}")
    return int(sandbox.ask("GET", f"/requests?account={tenant['name']}")["total"])


def _place(name: str, *more: str) -> None:
    play.certwright("order", "place", "--account", "bench", "--product", "ssl_basic", "--name", name, *more)

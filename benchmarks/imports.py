"""Import of a CA account's orders, beside the bare reading of the same report pages in the same run."""

from __future__ import annotations

import argparse
import json
import time
import urllib.request
from typing import Any
from urllib.parse import urlencode

from benchmarks import play

PAGE = 500
LATENCY = 0.2  # seconds that a page of a CA far away may take
SHOWN = ("showCertificateID", "showExtStatus", "showStatusDetails", "showAdditionalDomains", "showOldItems", "showCost")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--orders", type=int, default=50_000, help="orders that the account has (default 50000)")


def run(orders: int) -> dict[str, Any]:
    """A first import and a second one that changes nothing, beside the pages alone; then with pages that take time."""
    with play.sandbox() as sandbox, play.home() as folder:
        play.progress(f"a Sectigo account with {orders} orders")
        tenant = play.add_account(sandbox, folder, f"report_page={PAGE}", ca="sectigo", orders=orders)
        before = _pages(tenant)
        play.progress("first import")
        first, first_seconds = _import()
        play.progress("second import")
        second, second_seconds = _import()
        after = _pages(tenant)
        play.progress(f"the same with pages that take {LATENCY} s")
        sandbox.ask(
            "POST",
            "/faults",
            {"ca": "sectigo", "path": "WebHostReport", "fault": "latency", "seconds": LATENCY, "times": None},
        )
        slow_pages = _pages(tenant)
        _, slow_seconds = _import()
    if (first["new"], second["new"], second["changed"], second["known"]) != (orders, 0, 0, orders):
        raise RuntimeError(f"not every order came once: {first} {second}")
    bare = (before + after) / 2
    return {
        "orders": orders,
        "pages_alone_seconds": round(bare, 2),
        "import_seconds": round(first_seconds, 2),
        "import_again_seconds": round(second_seconds, 2),
        "orders_per_second": round(orders / first_seconds),
        "ratio_to_pages_alone": round(first_seconds / bare, 2),
        "slow_pages_alone_seconds": round(slow_pages, 2),
        "import_from_slow_pages_seconds": round(slow_seconds, 2),
        "ratio_to_slow_pages_alone": round(slow_seconds / slow_pages, 2),
    }


def _import() -> tuple[dict[str, Any], float]:
    started = time.perf_counter()
    told = json.loads(play.certwright("account", "import", "bench", "--no-certificates", "--json"))
    return told, time.perf_counter() - started


def _pages(tenant: dict[str, Any]) -> float:
    """Read every page as bytes, in one connection after the other; seconds."""
    play.progress("the pages alone")
    started, first = time.perf_counter(), 1
    login = {"loginName": tenant["secrets"]["login_name"], "loginPassword": tenant["secrets"]["login_password"]}
    while True:
        rows = {"notBefore": 1, "firstResultNo": first, "lastResultNo": first + PAGE - 1, **dict.fromkeys(SHOWN, "Y")}
        body = urlencode({**login, **rows}).encode()
        request = urllib.request.Request(f"{tenant['url']}/products/!WebHostReport", body)
        with urllib.request.urlopen(request) as answer:
            if b"_orderNumber=" not in answer.read():
                return time.perf_counter() - started
        first += PAGE

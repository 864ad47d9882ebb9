"""Import of very many orders: does its memory stay as it is when there are ten times as many?"""

from __future__ import annotations

import argparse
import json
from typing import Any

from benchmarks import play

PAGE = 500


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--orders", type=int, default=100_000, help="orders that the larger account has")


def run(orders: int) -> dict[str, Any]:
    """Import an emSign account with a tenth of the orders, and one with all of them, each in a process of its own."""
    few, few_seconds, few_peak = _import(orders // 10)
    many, many_seconds, many_peak = _import(orders)
    if (few["new"], many["new"]) != (orders // 10, orders):
        raise RuntimeError(f"not every order came once: {few} {many}")
    return {
        "orders": orders,
        "import_seconds": round(many_seconds, 1),
        "import_of_a_tenth_seconds": round(few_seconds, 1),
        "peak_mib": round(many_peak, 1),
        "peak_of_a_tenth_mib": round(few_peak, 1),
        "ratio_of_peaks": round(many_peak / few_peak, 2),
    }


def _import(orders: int) -> tuple[dict[str, Any], float, float]:
    with play.sandbox() as sandbox, play.home() as folder:
        play.progress(f"an emSign account with {orders} orders")
        play.add_account(sandbox, folder, f"report_page={PAGE}", ca="emsign", orders=orders)
        play.progress("its import")
        told, seconds, memory = play.peak("account", "import", "bench", "--no-certificates", "--json")
    return json.loads(told), seconds, memory

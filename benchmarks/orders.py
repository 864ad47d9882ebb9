"""Orders per second from request to recorded certificate, on SQLite with synchronous=FULL, the sandbox beside it."""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import play


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--orders", type=int, default=300, help="how many orders at a time (default 300)")
    parser.add_argument("--stored", type=int, default=1_000_000, help="certificates stored for the second figure")
    parser.add_argument("--rounds", type=int, default=3, help="counted rounds of each (default 3)")


def run(orders: int, stored: int, rounds: int) -> dict[str, Any]:
    """The rate of one worker process with an empty and with a full inventory, and where the time of one order goes."""
    os.environ["CERTWRIGHT_LOG"] = "error"
    with play.sandbox() as sandbox, play.home() as folder:
        tenant = play.add_account(sandbox, folder)
        from benchmarks import stock  # the installation is opened here, once it has its folder

        shop = stock.Shop(tenant["domains"][0])
        empty = _rates(shop, orders, rounds, "an empty inventory")
        parts = _parts(shop, min(orders, 200))
        play.progress(f"storing {stored} certificates")
        begin = time.monotonic()
        shop.stock(stored, play.progress)
        play.progress(f"stored in {time.monotonic() - begin:.0f} s")
        full = _rates(shop, orders, rounds, f"{stored} certificates stored")
        size = (folder / "certwright.sqlite").stat().st_size
        ledger = sandbox.ask("GET", f"/ledger?account={tenant['name']}")["total"]
        if ledger != shop.placed:
            raise RuntimeError(f"{ledger} orders bought, {shop.placed} placed")
    return {
        "orders_per_second": round(statistics.median(empty), 1),
        "orders_per_second_at_million": round(statistics.median(full), 1),
        "ratio_at_million": round(statistics.median(full) / statistics.median(empty), 3),
        "stored": stored,
        "rounds": {"empty": [round(rate, 1) for rate in empty], "stored": [round(rate, 1) for rate in full]},
        "orders_per_round": orders,
        "one_order_ms": parts,
        "fsync_ms": _fsync(folder.parent),
        "database_mb": round(size / 1e6),
    }


def _rates(shop: Any, orders: int, rounds: int, what: str) -> list[float]:
    rates = []
    with play.worker():
        _round(shop, 20)  # connections, caches
        for number in range(rounds):
            rates.append(orders / _round(shop, orders))
            play.progress(f"{what}: round {number + 1}: {rates[-1]:.1f} orders/s")
    return rates


def _round(shop: Any, orders: int) -> float:
    """Seconds from the first request to the last recorded certificate."""
    begin = time.monotonic()
    shop.place(orders)
    play.until("every order is issued", lambda: shop.open_orders() == 0, seconds=600)
    return time.monotonic() - begin


def _parts(shop: Any, orders: int) -> dict[str, float]:
    """Where the time of one order goes, in ms, measured in this process without a worker; the rest is Python."""
    spent: dict[str, float] = defaultdict(float)
    play.progress(f"{orders} orders one after the other, looking where the time goes")
    with shop.measured(_stopwatch(spent)):
        begin = time.perf_counter()
        shop.place_and_run(orders)
        total = time.perf_counter() - begin
    parts = {name: round(seconds / orders * 1000, 2) for name, seconds in sorted(spent.items())}
    parts["everything_else"] = round((total - sum(spent.values())) / orders * 1000, 2)
    return {"total": round(total / orders * 1000, 2), **parts}


def _stopwatch(spent: dict[str, float]) -> Callable[[str, Callable[..., Any]], Callable[..., Any]]:
    def watch(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*words: Any, **more: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*words, **more)
            finally:
                spent[name] += time.perf_counter() - begin

        return timed

    return watch


def _fsync(folder: Path) -> float:
    """What one commit of an otherwise empty SQLite database with the same settings costs on this disk, in ms."""
    folder.mkdir(exist_ok=True)
    connection = sqlite3.connect(folder / "fsync.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (x)")
    times = []
    for number in range(200):
        begin = time.perf_counter()
        connection.execute("INSERT INTO t VALUES (?)", (number,))
        times.append(time.perf_counter() - begin)
    connection.close()
    return round(statistics.median(times) * 1000, 2)

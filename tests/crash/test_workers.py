"""Workers that die, and what they leave to others."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from tests.cli.fixtures import NewShop
from tests.cli.program import Running
from tests.cli.tenant import Shop
from tests.crash.flows import PLACE, Stage

READY = "is at work"


def _orders(shop: Shop) -> list[dict[str, Any]]:
    return shop.program.run("order", "list", "--json").expect(0).lines()


def _until_issued(shop: Shop, wanted: int, seconds: float) -> list[dict[str, Any]]:
    """The orders when so many of them are issued."""
    latest = time.monotonic() + seconds
    while True:
        orders = _orders(shop)
        if sum(order["state"] == "issued" for order in orders) >= wanted:
            return orders
        assert time.monotonic() < latest, [(order["id"], order["state"], order["why"]) for order in orders]


def _assert_bought_once(shop: Shop, orders: list[dict[str, Any]]) -> None:
    bought = shop.tenant.ledger()
    assert sorted(row["reference"] for row in bought) == sorted(order["reference"] for order in orders)
    assert {row["certificates"] for row in bought} == {1}
    fingerprints = {entry["fingerprint"] for entry in shop.certificates()}
    assert fingerprints == {order["certificate"] for order in orders}


def test_two_workers_of_which_one_is_killed_lose_and_double_none_of_thirty_orders(new_shop: NewShop) -> None:
    shop = new_shop(rate_limit=False)
    shop.tenant.fault("latency", method="POST", path="certificate/ssl_basic$", seconds=0.5, times=None)
    with Running(shop.program, "worker", ready=READY) as lasting:
        mortal = Running(shop.program, "worker", ready=READY)
        place = [shop.tenant.place_words(shop.tenant.fresh_name(), "--json") for _ in range(30)]
        placed = shop.program.session(place)
        assert {result.expect(0).json()["state"] for result in placed} <= {"draft", "placing", "pending", "issued"}
        _until_issued(shop, 4, 30)

        assert mortal.stop(signal.SIGKILL) == -signal.SIGKILL

        orders = _until_issued(shop, 30, 60)
        _assert_bought_once(shop, orders)
        assert lasting.stop() == 0, lasting.output


def test_a_worker_finishes_what_killed_commands_have_left(new_shop: NewShop, tmp_path: Path) -> None:
    shop = new_shop(rate_limit=False)
    trace = Stage(PLACE, shop, tmp_path).rehearse()
    for fatal in range(3, len(trace) + 1):  # the order is recorded from the second boundary on
        words = shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", f"left-{fatal}", "--wait", "40")
        victim = {"fatal": fatal, "trace": str(tmp_path / "trace")}
        status = shop.program.zygote.start(shop.program.home, [words], victim=victim).wait()
        assert os.WIFSIGNALED(status), (fatal, status)
    left = {order["reference"] for order in _orders(shop)}
    assert left == {f"left-{fatal}" for fatal in range(3, len(trace) + 1)}

    with Running(shop.program, "worker", ready=READY):
        orders = _until_issued(shop, len(left), 60)

    mine = [row for row in shop.tenant.ledger() if row["reference"].startswith("left-")]
    assert sorted(row["reference"] for row in mine) == sorted(order["reference"] for order in orders)

"""The worker asks a CA once which orders changed; what it hears makes them due, long before their own next look."""

from __future__ import annotations

import subprocess
import sys

from tests.cli.fixtures import NewShop
from tests.cli.program import Running
from tests.cli.tenant import Shop

TURN = """
from certwright.engine.watch import Watch
from certwright.wiring import Certwright
certwright = Certwright()
Watch(certwright.orders, certwright.ports).turn()
certwright.close()
"""


def _turn(shop: Shop) -> None:
    subprocess.run([sys.executable, "-c", TURN], check=True, env=shop.program.full_environment())


def _wait_long(shop: Shop) -> dict[str, object]:
    """An order that waits for an approver, looked at so often that its next look is far away."""
    words = shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "far", "--json")
    shop.program.run(*words).expect(0)
    for _ in range(3):
        shop.program.run("order", "check", "far").expect(0)
    return shop.order("far")


def test_a_change_at_the_ca_makes_the_order_due_with_one_call(new_shop: NewShop) -> None:
    shop = new_shop("--set", "skip_approval=false", auto_approve=False)
    order = _wait_long(shop)
    shop.tenant.account.management.post("approve", ca="digicert", order_id=int(str(order["ca_order_id"])))
    before = len(shop.tenant.requests())

    _turn(shop)

    woken = shop.order("far")
    assert str(woken["next_action_at"]) < str(order["next_action_at"])
    assert len(shop.tenant.requests()) == before + 1
    assert shop.program.run("order", "wait", "far", "20", "--json").expect(0).json()["state"] == "issued"


def test_without_an_order_that_waits_long_the_feed_is_not_asked(shop: Shop) -> None:
    shop.issued()
    before = len(shop.tenant.requests())

    _turn(shop)

    assert len(shop.tenant.requests()) == before


def test_a_running_worker_uses_the_key_that_an_account_was_changed_to(shop: Shop) -> None:
    key = shop.tenant.account.key
    wrong = shop.tenant.file("wrong", "0" * 40)
    right = shop.tenant.file("right", key)
    with Running(shop.program, "worker", ready="is at work"):
        shop.issued()
        shop.program.run("account", "change", "main", "--secret", f"api_key={wrong}").expect(0)
        paused = shop.program.run(
            *shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "k", "--wait", "20")
        )
        assert paused.code == 4, paused
        shop.program.run("account", "change", "main", "--secret", f"api_key={right}").expect(0)
        shop.program.run("account", "test", "main").expect(0)
        assert shop.program.run("order", "wait", "k", "30", "--json").expect(0).json()["state"] == "issued"

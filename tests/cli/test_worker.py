"""With a worker running, a command records and the worker does the work."""

from __future__ import annotations

import signal
import time

from tests.cli.program import Running
from tests.cli.tenant import Shop

READY = "is at work"


def test_with_a_worker_the_command_only_records_and_waits(shop: Shop) -> None:
    with Running(shop.program, "worker", ready=READY) as worker:
        recorded = shop.program.run(
            *shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "recorded", "--json")
        )
        assert recorded.expect(0).json()["state"] in ("draft", "placing", "pending", "issued")
        done = shop.program.run("order", "wait", "recorded", "30", "--json").expect(0).json()
        waited = shop.issued()
        revoked = shop.program.run("cert", "revoke", waited["certificate"], "--wait", "30", "--json").expect(0).json()

        assert (done["state"], revoked["state"]) == ("issued", "revoked")
        assert worker.stop() == 0, worker.output

    calls = "".join(worker.output)
    assert calls.count("path=order/certificate/ssl_basic") == 2, "the worker placed both"
    assert len(shop.tenant.ledger()) == 2


def test_a_stopped_worker_leaves_the_work_to_the_commands(shop: Shop) -> None:
    with Running(shop.program, "worker", ready=READY) as worker:
        assert worker.stop() == 0

    assert shop.issued()["state"] == "issued"


def test_after_a_kill_of_the_only_worker_the_next_command_does_the_work_itself(shop: Shop) -> None:
    worker = Running(shop.program, "worker", ready=READY)
    shop.tenant.fault("hold", side="before", method="POST", path="ssl_basic$")
    shop.program.run(*shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "left", "--json")).expect(0)
    latest = time.monotonic() + 20
    while not shop.tenant.requests("POST"):
        assert time.monotonic() < latest

    assert worker.stop(signal.SIGKILL) == -signal.SIGKILL

    order = shop.program.run("order", "wait", "left", "60", "--json").expect(0).json()
    assert order["state"] == "issued"
    assert len(shop.tenant.ledger()) == 1

"""Workers are processes: two want one order, one is killed, one is stopped for longer than its lease."""

from __future__ import annotations

import signal
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connections

from certwright.engine.identity import Identity
from certwright.model.order import Outcome
from certwright.model.words import OrderState
from certwright.store import models
from tests.database.processes import eventually, program
from tests.database.program import SystemClock
from tests.database.shared_ca import bought
from tests.database.stock import Stock


def test_of_two_workers_one_gets_the_order(database: Path) -> None:
    """Row 58."""
    stock = Stock(SystemClock())
    order = stock.order()
    ledger = database.parent / f"ledger-{order.reference}"
    arguments = ("--order", str(order.id), "--ledger", str(ledger))
    with program(database.parent, "advance", *arguments, "--ask") as first:
        first.until("calling")
        with program(database.parent, "advance", *arguments) as second:
            second.until("worker")
            assert second.line() == "not ours"
        first.go_on()
        assert first.line() == "pending 1"
    assert bought(ledger) == [order.reference]


def test_a_worker_stopped_beyond_its_lease_cannot_write(database: Path) -> None:
    """Row 58, with SIGSTOP and SIGCONT: another one has found its order at the CA and gone on."""
    stock = Stock(SystemClock())
    order = stock.order()
    ledger = database.parent / f"ledger-{order.reference}"
    arguments = ("--order", str(order.id), "--ledger", str(ledger))
    with program(database.parent, "advance", *arguments, "--ask", "--lease", "0.5") as stopped:
        stopped.until("calling")
        stopped.signal(signal.SIGSTOP)
        eventually(lambda: stock.row(order).lease_until < datetime.now(UTC))
        with program(database.parent, "advance", *arguments) as other:
            other.until("worker")
            assert other.line() == "pending 2"
        kept = stock.row(order)
        stopped.signal(signal.SIGCONT)
        stopped.go_on()
        assert stopped.line() == "not ours"
    after = stock.row(order)
    assert (after.state, after.fence, after.next_action_at) == (kept.state, kept.fence, kept.next_action_at)
    assert bought(ledger) == [order.reference]
    assert models.PurchaseIntent.objects.get(order=order.id).outcome == Outcome.DONE


def test_a_killed_workers_order_is_free_at_once(database: Path) -> None:
    """SIGKILL: the kernel lets its lock go, long before the lease has run out."""
    stock = Stock(SystemClock())
    order = stock.order()
    ledger = database.parent / f"ledger-{order.reference}"
    with program(database.parent, "advance", "--order", str(order.id), "--ledger", str(ledger), "--ask") as killed:
        name = killed.until("worker")
        killed.until("calling")
        me = Identity(database.parent / "processes", "test")
        journal = stock.journal(me.name, me.alive)
        assert me.alive(name)
        assert journal.free_dead_leases() == 0
        killed.signal(signal.SIGKILL)
        killed.wait()
    assert not me.alive(name)
    assert stock.row(order).lease_until > datetime.now(UTC) + timedelta(minutes=4)
    assert journal.free_dead_leases() == 1
    assert journal.due(10) == [(order.id, 1)]
    me.close()
    assert stock.row(order).state == OrderState.PLACING
    assert [intent["outcome"] for intent in stock.orders.intents(order.id)] == ["open"]


def test_the_same_reference_in_many_threads_is_one_order(database: Path) -> None:
    """Row 59: the double click."""
    stock = Stock(SystemClock())
    together = threading.Barrier(8)
    made: list[int] = []

    def submit() -> None:
        together.wait()
        made.append(stock.order(reference="once").id)
        connections.close_all()

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    assert (models.Order.objects.count(), models.Key.objects.count()) == (1, 1)
    assert len(stock.orders.events(made[0])) == 1


def test_the_same_reference_in_many_processes_is_one_order(database: Path) -> None:
    """Row 59: the script that was started twice."""
    Stock(SystemClock())
    arguments = ("create", "--reference", "once")
    with (
        program(database.parent, *arguments) as first,
        program(database.parent, *arguments) as second,
        program(database.parent, *arguments) as third,
    ):
        processes = (first, second, third)
        for process in processes:
            process.until("ready")
        for process in processes:
            process.go_on()
        assert len({process.line() for process in processes}) == 1
    assert models.Order.objects.count() == 1


def test_a_database_locked_by_another_process_is_waited_for(database: Path) -> None:
    """Row 25: nothing is sent meanwhile, and then everything goes on."""
    stock = Stock(SystemClock())
    order = stock.order()
    ledger = database.parent / f"ledger-{order.reference}"
    with (
        closing(sqlite3.connect(database, isolation_level=None)) as other,
        program(database.parent, "advance", "--order", str(order.id), "--ledger", str(ledger)) as worker,
    ):
        other.execute("BEGIN IMMEDIATE")
        worker.until("worker")
        threading.Event().wait(0.7)  # the worker runs into the lock
        assert worker.started.poll() is None
        assert bought(ledger) == []
        other.execute("ROLLBACK")
        assert worker.line() == "pending 1"
    assert bought(ledger) == [order.reference]

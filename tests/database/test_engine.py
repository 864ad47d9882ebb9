"""The durable engine in processes of its own: what is due runs once, whoever is killed, stopped or stumbles."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from django.db import connection

from certwright.model.order import Outcome
from certwright.model.words import OrderState
from certwright.store import models
from tests.database.processes import eventually, program
from tests.database.program import SystemClock
from tests.database.shared_ca import bought
from tests.database.stock import Stock

ORDERS = 12


@pytest.fixture
def ledger(database: Path, tmp_path: Path) -> Path:
    """Where the CA writes; the engine's own file is made anew."""
    for left in database.parent.glob("engine.sqlite*"):
        left.unlink()
    return tmp_path / "ledger"


@pytest.fixture
def references(database: Path) -> list[str]:
    """The references of a dozen due orders."""
    stock = Stock(SystemClock())
    return sorted(stock.order().reference for _ in range(ORDERS))


def all_pending() -> bool:
    """Whether every order has been placed and is nobody's."""
    return models.Order.objects.filter(state=OrderState.PENDING, lease_owner="").count() == ORDERS


def test_what_is_due_runs_once_and_a_stop_ends_in_order(database: Path, ledger: Path, references: list[str]) -> None:
    with program(database.parent, "engine", "--ledger", str(ledger)) as worker:
        worker.until("beat")
        eventually(all_pending)
        worker.signal(signal.SIGTERM)
        worker.until("stopped")
        assert worker.wait() == 0
    assert sorted(bought(ledger)) == references


def test_two_engines_share_the_work_and_double_none(database: Path, ledger: Path, references: list[str]) -> None:
    arguments = ("engine", "--ledger", str(ledger), "--slow", "0.05")
    with (
        program(database.parent, *arguments) as first,
        program(database.parent, *arguments) as second,
    ):
        first.until("worker")
        second.until("worker")
        eventually(all_pending)
    assert sorted(bought(ledger)) == references
    assert models.PurchaseIntent.objects.filter(outcome=Outcome.DONE).count() == ORDERS


def test_a_killed_engine_loses_nothing_and_its_successor_goes_on_at_once(
    database: Path, ledger: Path, references: list[str]
) -> None:
    """P12; the calls that were on their way are looked up, not made again."""
    arguments = ("engine", "--ledger", str(ledger))
    with program(database.parent, *arguments, "--slow", "0.3") as killed:
        eventually(lambda: len(bought(ledger)) >= ORDERS // 2)
        killed.signal(signal.SIGKILL)
        killed.wait()
    assert models.PurchaseIntent.objects.filter(outcome=Outcome.OPEN).exists()
    with program(database.parent, *arguments) as successor:
        successor.until("beat")
        eventually(all_pending)
    assert sorted(bought(ledger)) == references


def test_a_stop_lets_the_call_on_its_way_finish(database: Path, ledger: Path) -> None:
    order = Stock(SystemClock()).order()
    with program(database.parent, "engine", "--ledger", str(ledger), "--ask") as worker:
        worker.until("calling")
        worker.signal(signal.SIGTERM)
        worker.go_on()
        worker.until("stopped")
        assert worker.wait() == 0
    row = models.Order.objects.get(pk=order.id)
    assert (row.state, row.lease_owner) == (OrderState.PENDING, "")
    assert models.PurchaseIntent.objects.get().outcome == Outcome.DONE


def test_work_that_could_not_begin_is_not_forgotten(database: Path, ledger: Path, references: list[str]) -> None:
    """A run that fails before the order is claimed leaves it due, and the engine finds it again."""
    arguments = ("engine", "--ledger", str(ledger), "--stumble", "5", "--stuck", "1")
    with program(database.parent, *arguments) as worker:
        worker.until("beat")
        eventually(all_pending)
    assert sorted(bought(ledger)) == references


def test_an_engine_outlives_a_database_that_cannot_be_asked(
    database: Path, ledger: Path, references: list[str]
) -> None:
    """Row 25: the table of orders is away for a while, as in a restore."""
    with connection.cursor() as cursor:
        cursor.execute('ALTER TABLE "order" RENAME TO "elsewhere"')
    try:
        with program(database.parent, "engine", "--ledger", str(ledger)) as worker:
            worker.until("beat")
            assert worker.started.poll() is None
            with connection.cursor() as cursor:
                cursor.execute('ALTER TABLE "elsewhere" RENAME TO "order"')
            eventually(all_pending)
    finally:
        with connection.cursor() as cursor:
            if "elsewhere" in connection.introspection.table_names(cursor):
                cursor.execute('ALTER TABLE "elsewhere" RENAME TO "order"')
    assert sorted(bought(ledger)) == references

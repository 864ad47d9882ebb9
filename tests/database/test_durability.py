"""The file: its settings are the ones that a power cut needs, its schema is that of the models."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction

from certwright.model.errors import Misconfigured
from certwright.model.words import OrderState
from certwright.store import models, setup
from tests.database.processes import copy
from tests.database.stock import Stock


def pragma(name: str) -> object:
    """What the connection says of a setting."""
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 30_000)],
)
def test_the_connection_is_set_for_money(database: Path, name: str, value: object) -> None:
    assert pragma(name) == value


def test_transactions_take_the_write_lock_at_once(database: Path) -> None:
    """BEGIN IMMEDIATE: otherwise two readers that both want to write get "locked" with no waiting at all."""
    with closing(sqlite3.connect(database, timeout=0)) as other:
        with transaction.atomic(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN IMMEDIATE")


def test_every_change_of_the_models_has_its_migration(database: Path) -> None:
    call_command("makemigrations", "store", check=True, dry_run=True, verbosity=0)


def test_migrating_a_current_file_changes_nothing(database: Path) -> None:
    before = pragma("schema_version")
    setup.migrate()
    assert pragma("schema_version") == before


def test_a_process_keeps_to_its_one_database(database: Path, tmp_path: Path) -> None:
    setup.use(database)
    with pytest.raises(Misconfigured, match="another database open"):
        setup.use(tmp_path / "other.sqlite")


@pytest.mark.parametrize("url", ["mysql://root@127.0.0.1/x", "file.sqlite"])
def test_a_database_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="scheme"):
        setup.use(url)


def test_what_was_acknowledged_survives_a_power_cut(stock: Stock, database: Path, tmp_path: Path) -> None:
    """P2: the files as they are at that moment, and in the middle of the next transaction."""
    pragma("wal_checkpoint(TRUNCATE)")
    order = stock.order()
    journal = stock.journal()
    held = journal.claim(order.id)
    assert held is not None
    _, intent = journal.open_intent(
        replace(held, state=OrderState.PLACING), [], deadline=stock.clock.now() + timedelta(minutes=1), marks=()
    )
    acknowledged = tmp_path / "acknowledged"
    copy(database, acknowledged)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("PRAGMA cache_size=1")  # so that unfinished work reaches the file
        models.OrderEvent.objects.bulk_create(
            models.OrderEvent(order_id=order.id, at=stock.clock.now(), kind="step", note=f"{number}" * 500)
            for number in range(500)
        )
        in_the_middle = tmp_path / "in-the-middle"
        copy(database, in_the_middle)
        cursor.execute("PRAGMA cache_size=-65536")
    sizes = [(folder / "certwright.sqlite-wal").stat().st_size for folder in (acknowledged, in_the_middle)]
    assert sizes[0] < sizes[1]  # it did reach the file
    for folder in (acknowledged, in_the_middle):
        assert contents(folder) == [("placing", intent.attempt, "open", 1)], folder


def test_a_torn_end_of_the_log_costs_nothing_that_was_acknowledged(
    stock: Stock, database: Path, tmp_path: Path
) -> None:
    pragma("wal_checkpoint(TRUNCATE)")
    order = stock.order()
    held = stock.journal().claim(order.id)
    assert held is not None
    stock.journal().open_intent(replace(held, state=OrderState.PLACING), [], deadline=stock.clock.now(), marks=())
    copy(database, tmp_path / "whole")
    size = (tmp_path / "whole" / "certwright.sqlite-wal").stat().st_size
    stock.orders.note(order, "the last words " * 1000)
    for kept in range(0, 9000, 1500):
        torn = tmp_path / f"torn-{kept}"
        copy(database, torn)
        with (torn / "certwright.sqlite-wal").open("r+b") as file:
            file.truncate(size + kept)
        assert contents(torn) == [("placing", 1, "open", 1)]


def contents(folder: Path) -> list[tuple[object, ...]]:
    """Orders with their intents and the number of journal lines."""
    with closing(sqlite3.connect(folder / "certwright.sqlite")) as found:
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return found.execute(
            'SELECT o.state, i.attempt, i.outcome, (SELECT count(*) FROM order_event) FROM "order" o'
            " JOIN purchase_intent i ON i.order_id = o.id"
        ).fetchall()


def test_a_lock_that_is_not_given_up_is_an_error_and_no_half_transition(stock: Stock, database: Path) -> None:
    """Row 25: bounded, and all or nothing."""
    order = stock.order()
    journal = stock.journal()
    held = journal.claim(order.id)
    assert held is not None
    pragma("busy_timeout=200")
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            journal.open_intent(replace(held, step="place"), [], deadline=stock.clock.now(), marks=())
        other.execute("ROLLBACK")
    assert stock.row(order).step == "admit"
    assert journal.latest_intent(held) is None
    journal.save(replace(held, step="place"), [])
    assert stock.row(order).step == "place"


def test_a_journal_line_without_its_order_cannot_be_written(database: Path, stock: Stock) -> None:
    """foreign_keys=ON, looked at when the transaction ends."""
    with pytest.raises(IntegrityError):
        models.OrderEvent.objects.create(order_id=10**9, at=stock.clock.now(), kind="step", note="")

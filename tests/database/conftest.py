"""A real SQLite file for each test process, emptied between tests. A process has one database for life; what needs
another one runs in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, connections

from certwright.store import models, setup
from tests.database.stock import Stock
from tests.fakes.clock import FakeClock

TABLES = (
    models.OrderEvent,
    models.PurchaseIntent,
    models.Revocation,
    models.Challenge,
    models.Target,
    models.Order,
    models.CAOrder,
    models.Certificate,
    models.Key,
    models.Organization,
    models.Product,
    models.CAAccount,
    models.Worker,
)


@pytest.fixture(scope="session")
def database_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file, migrated."""
    path = tmp_path_factory.mktemp("database") / "certwright.sqlite"
    setup.use(path)
    setup.migrate()
    yield path
    connections.close_all()


@pytest.fixture
def database(database_file: Path) -> Iterator[Path]:
    """The file, with nothing in it."""
    for table in TABLES:
        table.objects.all().delete()
    yield database_file
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=30000")


@pytest.fixture
def stock(database: Path) -> Stock:
    """The store with one CA account, and a clock that stands at NOW."""
    return Stock(FakeClock())

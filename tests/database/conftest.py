"""A real database for each test process, emptied between tests. A process has one for life; what needs another one
runs in a process of its own.

It is an SQLite file, or what CERTWRIGHT_TEST_DATABASE_URL names: so ``test_on_postgresql.py`` runs tests of this folder
a second time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, connections

from certwright.store import models, setup
from tests.database.stock import Stock
from tests.fakes.clock import FakeClock
from tests.fixtures_postgresql import postgresql, postgresql_server

__all__ = ["postgresql", "postgresql_server"]
TABLES = (
    models.Source,
    models.SavedQuery,
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
    """The file, migrated; one that is not there where the database is another one."""
    path = tmp_path_factory.mktemp("database") / "certwright.sqlite"
    setup.use(os.environ.get("CERTWRIGHT_TEST_DATABASE_URL") or path)
    setup.migrate()
    yield path
    connections.close_all()


@pytest.fixture
def database(database_file: Path) -> Iterator[Path]:
    """The file, with nothing in it."""
    for table in TABLES:
        table.objects.all().delete()
    yield database_file
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout=30000")


@pytest.fixture
def stock(database: Path) -> Stock:
    """The store with one CA account, and a clock that stands at NOW."""
    return Stock(FakeClock())

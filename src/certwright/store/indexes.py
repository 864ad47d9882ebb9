"""Indexes that a first import takes away and makes when it is done: building one costs far less than keeping it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models
from django.db.models import Index, Max

from certwright.store.models import Certificate, Sighting

_MANY = 50_000
_TABLES: tuple[type[models.Model], ...] = (Certificate, Sighting)


@contextmanager
def made_afterwards(expected: int) -> Iterator[bool]:
    """Do without the indexes while about so many rows are added, if that is worth it; tells whether it was.

    Worth it is it when there are many, and more than are there already. Readers are slow meanwhile. After a crash
    :func:`restore` makes the indexes.
    """
    there = Certificate.objects.aggregate(newest=Max("pk"))["newest"] or 0
    worth_it = expected >= _MANY and expected > there
    if worth_it:
        for name in (index.name for _, index in _indexes()):
            _execute(f"DROP INDEX IF EXISTS {connection.ops.quote_name(name)}")
    try:
        yield worth_it
    finally:
        if worth_it:
            restore()


def restore() -> int:
    """Make what is missing of the indexes; returns how many that were. Takes seconds a million rows where it must."""
    present = _present()
    missing = [(table, index) for table, index in _indexes() if index.name not in present]
    for table, index in missing:
        with connection.schema_editor(collect_sql=True) as editor:
            statement = str(index.create_sql(table, editor))
        _execute(statement.replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS", 1))
    if missing:
        if connection.vendor == "sqlite":
            _execute("PRAGMA analysis_limit = 1000")  # a sample tells as much as every row
        _execute("ANALYZE")
    return len(missing)


def _indexes() -> list[tuple[type[models.Model], Index]]:
    return [(table, index) for table in _TABLES for index in table._meta.indexes]


def _present() -> set[str]:
    found: set[str] = set()
    with connection.cursor() as cursor:
        for table in _TABLES:
            found |= set(connection.introspection.get_constraints(cursor, table._meta.db_table))
    return found


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)

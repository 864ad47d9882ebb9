"""Indexes that a first import takes away and makes when it is done: building one costs far less than keeping it."""

from __future__ import annotations

from pathlib import Path

from django.db import connection, models, transaction
from django.db.models import Index

from certwright.store.models import Certificate, Sighting

_TABLES: tuple[type[models.Model], ...] = (Certificate, Sighting)
# What finds parts of names, by database (see sql/): a trigger that fills a table, or an index.
_SEARCH = {"sqlite": ("TRIGGER", "certificate_named"), "postgresql": ("INDEX", "certificate_search")}
_FILL = (
    "INSERT INTO certificate_search (rowid, text) SELECT id, replace(names, ' ', char(10)) || char(10) || common_name "
    "FROM certificate WHERE is_leaf AND id NOT IN (SELECT id FROM certificate_search_docsize)"
)
# Bytes that FTS5 gathers before it writes: https://sqlite.org/fts5.html §6.7 (hashsize)
_GATHERED = "INSERT INTO certificate_search (certificate_search, rank) VALUES ('hashsize', {})"


def put_off() -> None:
    """Do without the indexes until :func:`restore`. Readers are slow meanwhile, and new names are not found."""
    for name in (index.name for _, index in _indexes()):
        _execute(f"DROP INDEX IF EXISTS {connection.ops.quote_name(name)}")
    kind, name = _SEARCH[connection.vendor]
    _execute(f"DROP {kind} IF EXISTS {name}")


def restore() -> int:
    """Make what is missing of the indexes; returns how many that were. Takes half a minute a million rows at most.

    Called when a first import is done, and whenever a worker starts, for it may have been killed.
    """
    present = _present()
    missing = [(table, index) for table, index in _indexes() if index.name not in present]
    editor = connection.schema_editor(collect_sql=True)  # not entered: leaving it has SQLite look at every foreign key
    for table, index in missing:
        statement = str(index.create_sql(table, editor))
        _execute(statement.replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS", 1))
    count = len(missing) + _restore_search(present)
    if count:
        if _is_sqlite():
            _execute("PRAGMA analysis_limit = 1000")  # a sample tells as much as every row
        _execute("ANALYZE")
    return count


def _restore_search(present: set[str]) -> int:
    name = _SEARCH[connection.vendor][1]
    if name in present:
        return 0
    statements = (Path(__file__).parent / "sql" / f"{connection.vendor}.sql").read_text(encoding="utf-8").split(";;\n")
    with transaction.atomic():
        if _is_sqlite():
            _execute(_GATHERED.format(32 * 1024 * 1024))
            _execute(_FILL)
            _execute(_GATHERED.format(1024 * 1024))  # as it is by itself
        _execute(next(one for one in statements if f"IF NOT EXISTS {name} " in one))
    return 1


def _indexes() -> list[tuple[type[models.Model], Index]]:
    return [(table, index) for table in _TABLES for index in table._meta.indexes]


def _present() -> set[str]:
    """The names of the indexes that are there, and of the triggers."""
    with connection.cursor() as cursor:
        if _is_sqlite():
            cursor.execute("SELECT name FROM sqlite_master WHERE type IN ('index', 'trigger')")
        else:
            cursor.execute("SELECT indexname FROM pg_indexes WHERE schemaname = ANY (current_schemas(false))")
        return {str(row[0]) for row in cursor.fetchall()}


def _is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)

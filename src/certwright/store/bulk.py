"""Thousands of rows in one statement, past the ORM: what a million certificates need."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models

LOOKED_UP = 500  # parameters of one look-up

Rows = Iterable[Sequence[Any]]


def insert(table: type[models.Model], columns: Sequence[str], rows: Rows) -> None:
    """Insert rows whose values stand in the order of the columns, with every column without a database default.

    Values are those a model would take: aware UTC times, lists and mappings for JSON. Call it inside ``atomic``, with
    rows that ask the database nothing: PostgreSQL is spoken to in another way meanwhile. Raises what the ORM raises.
    """
    meta = table._meta
    fields = [meta.get_field(column) for column in columns]
    names = ", ".join(connection.ops.quote_name(str(getattr(field, "column", ""))) for field in fields)
    writers = [_writer(field) for field in fields]
    prepared: Any = ([write(value) for write, value in zip(writers, row, strict=True)] for row in rows)
    into = f"{connection.ops.quote_name(meta.db_table)} ({names})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors, cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for row in prepared:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", prepared)  # noqa: S608 - our own names


def update(table: type[models.Model], columns: Sequence[str], rows: Rows) -> None:
    """Replace those columns of the rows whose id stands last in each. Call it inside ``atomic``."""
    meta = table._meta
    fields = [meta.get_field(column) for column in columns]
    settings = ", ".join(f"{connection.ops.quote_name(str(getattr(field, 'column', '')))} = %s" for field in fields)
    writers = [*(_writer(field) for field in fields), _as_it_is]
    prepared: Any = ([write(value) for write, value in zip(writers, row, strict=True)] for row in rows)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {connection.ops.quote_name(meta.db_table)} SET {settings} WHERE id = %s",  # noqa: S608 - our names
            prepared,
        )


def numbers(table: type[models.Model], count: int) -> range | list[int]:
    """So many ids that no other row of the table has or will get. Call it inside ``atomic``, before :func:`insert`."""
    name = table._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [f'"{name}"', count]
            )
            return [int(row[0]) for row in cursor.fetchall()]
        # Whoever is inside `atomic` on SQLite holds the only right to write.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [name])
        found = cursor.fetchone()
        first = int(found[0]) + 1 if found else 1
        return range(first, first + count)


def look_up(query: Callable[[Sequence[Any]], Iterable[Any]], keys: Sequence[Any]) -> Iterable[Any]:
    """What ``query`` finds for all the keys, asked for so many at a time as a statement can take."""
    for some in pieces(keys):
        yield from query(some)


def pieces(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The keys, so many at a time as a statement can take."""
    return (keys[start : start + LOOKED_UP] for start in range(0, len(keys), LOOKED_UP))


def _writer(field: Any) -> Callable[[Any], Any]:
    """How a value of that field is handed to the driver."""
    if isinstance(field, models.DateTimeField) and connection.vendor != "postgresql":
        return _moment
    if isinstance(field, models.JSONField):
        return _json
    if isinstance(field, models.CharField | models.TextField) and connection.vendor == "postgresql":
        return _text
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ("[]" if isinstance(value, list) else "{}")


def _moment(value: datetime | None) -> str | None:
    """A time as Django writes it where there is no type for it: a text without a zone, in UTC."""
    return None if value is None else str(value.astimezone(UTC).replace(tzinfo=None))


def _text(value: Any) -> str:
    """PostgreSQL keeps no NUL in a text."""
    return str(value).replace("\0", "\N{REPLACEMENT CHARACTER}")

"""What the reader asks of a database, and the two that there are: PostgreSQL and SQLite, both for reading alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from certwright.model.errors import Misconfigured, Unavailable
from certwright.targets.files.places import file_place

_ROWS = 1000  # that are fetched at a time
_CONNECT_SECONDS = 15
Row = tuple[Any, ...]


class Database(Protocol):
    """A database of Lemur's, as it was at one moment."""

    def columns(self, table: str) -> tuple[str, ...]:
        """The names of the table's columns; empty when there is no such table."""
        ...

    def rows(self, statement: str) -> Iterator[Row]:
        """The rows of the statement, a bounded number of them in memory; several statements may run at a time."""
        ...


@contextmanager
def postgresql(url: str) -> Iterator[Database]:
    """The database at a ``postgresql://`` URL, in one read-only transaction.

    Raises Misconfigured when psycopg is not installed (``certwright[postgresql]``) or the URL cannot be read, and
    Unavailable when the server does not let us in. The URL's password is in no error.
    """
    try:
        import psycopg
        from psycopg import conninfo
    except ImportError as problem:
        raise Misconfigured(
            "A PostgreSQL database needs the optional psycopg library.", advice="Install certwright[postgresql]."
        ) from problem
    try:
        secret = str(conninfo.conninfo_to_dict(url).get("password") or "")
    except psycopg.Error:
        raise Misconfigured("The text given is no URL of a PostgreSQL database.") from None
    try:
        connection = psycopg.connect(url, connect_timeout=_CONNECT_SECONDS, client_encoding="utf8")
    except psycopg.Error as problem:
        words = " ".join(str(problem).split())
        raise Unavailable(
            f"The Lemur database cannot be opened: {words.replace(secret, '...') if secret else words}"
        ) from None
    with closing(connection):
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ  # all statements see the same moment
        try:
            yield _PostgreSQL(connection)
        except psycopg.errors.InsufficientPrivilege as problem:
            raise Misconfigured(
                f"The Lemur database does not let this user read it: {problem.diag.message_primary}.",
                advice="Grant the user SELECT on Lemur's tables.",
            ) from None
        except psycopg.Error as problem:
            said = problem.diag.message_primary or type(problem).__name__
            raise Unavailable(f"The Lemur database did not answer: {said}.") from None


class _PostgreSQL:
    def __init__(self, connection: Any) -> None:  # a psycopg.Connection; the library is optional
        self._connection = connection
        self._cursors = 0

    def columns(self, table: str) -> tuple[str, ...]:
        found = self._connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
            (table,),
        )
        return tuple(name for (name,) in found)

    def rows(self, statement: str) -> Iterator[Row]:
        self._cursors += 1
        with self._connection.cursor(name=f"certwright_{self._cursors}") as cursor:  # named: it stays at the server
            cursor.itersize = _ROWS
            cursor.execute(statement)
            yield from cursor


@contextmanager
def sqlite(path: Path) -> Iterator[Database]:
    """The database in an SQLite file. Raises Misconfigured when it cannot be opened or is none."""
    with closing(_opened(path)) as connection:
        try:
            yield _SQLite(connection)
        except sqlite3.Error as problem:
            raise Misconfigured(f"The SQLite file {file_place(path)} cannot be read: {problem}.") from None


def _opened(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(f"{file_place(path)}?mode=ro", uri=True)
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")  # the file is a stranger's: its triggers and functions sleep
        connection.text_factory = _text
    except sqlite3.Error as problem:
        raise Misconfigured(f"The SQLite file {file_place(path)} cannot be opened: {problem}.") from None
    return connection


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


class _SQLite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def columns(self, table: str) -> tuple[str, ...]:
        kinds = self._connection.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchall()
        if kinds != [("table",)]:  # a view of a stranger's could run for ever
            return ()
        return tuple(name for (name,) in self._connection.execute("SELECT name FROM pragma_table_info(?)", (table,)))

    def rows(self, statement: str) -> Iterator[Row]:
        with closing(self._connection.cursor()) as cursor:
            cursor.arraysize = _ROWS
            cursor.execute(statement)
            yield from _batches(cursor.fetchmany)


def _batches(fetch: Callable[[], list[Row]]) -> Iterator[Row]:
    while rows := fetch():
        yield from rows

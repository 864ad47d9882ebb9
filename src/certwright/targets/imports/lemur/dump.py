"""A plain SQL dump of ``pg_dump``: its COPY sections, turned into an SQLite file that is read like any other.

The statements of the dump are not run; of each wanted table the wanted columns are taken, of a private key only whether
there is one. The format is COPY's text format (PostgreSQL manual, "COPY", File Formats).
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from certwright.model.errors import Misconfigured
from certwright.pki.errors import Invalid
from certwright.targets.files.places import file_place
from certwright.targets.files.regular import open_regular, reason
from certwright.targets.imports.lemur.tables import CERTIFICATES, HAS_KEY, WANTED

_COPY = re.compile(rb'COPY (?:"?[a-z_][a-z0-9_]*"?\.)?"?([a-z_]+)"? \(([^)]*)\) FROM stdin;')
_END = b"\\."
_NULL = b"\\N"
_LONGEST = 8 * 1024 * 1024  # bytes of a line
_ROWS = 1000  # that are written at a time
_ESCAPES = re.compile(rb"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_NUMBERS = frozenset(
    ("id", "authority_id", "certificate_id", "replaced_certificate_id", "role_id", "destination_id", "source_id")
)
_CUSTOM = b"PGDMP"


@contextmanager
def as_sqlite(path: Path) -> Iterator[Path]:
    """An SQLite file with what is wanted of the dump; it is gone afterwards.

    It takes about as much of the temporary folder as the certificates in the dump. Raises Misconfigured when the file
    cannot be read, or has no COPY section of Lemur's certificates.
    """
    with tempfile.TemporaryDirectory(prefix="certwright-lemur-") as folder:
        made = Path(folder) / "lemur.sqlite"
        try:
            with open_regular(path) as dump, closing(sqlite3.connect(made)) as database:
                found = _load(dump, database)
        except Invalid as problem:
            raise Misconfigured(f"The dump {file_place(path)} cannot be read. {problem}") from problem
        except OSError as problem:
            raise Misconfigured(f"The dump {file_place(path)} cannot be read: {reason(problem)}.") from problem
        except sqlite3.Error as problem:  # columns that are missing or there twice; a full disk
            raise Misconfigured(
                f"The dump {file_place(path)} cannot be turned into a table: {problem}.",
                advice="See that it is one of Lemur's database, and that the temporary folder has room for it.",
            ) from problem
        if CERTIFICATES not in found:
            raise Misconfigured(
                f"The dump {file_place(path)} has no COPY section of the table certificates.",
                advice="Make it with: pg_dump --format=plain --no-owner lemur (without --inserts).",
            )
        yield made


def is_custom(beginning: bytes) -> bool:
    """Whether a file begins as pg_dump's own format does, which only pg_restore reads."""
    return beginning.startswith(_CUSTOM)


def _load(dump: BinaryIO, database: sqlite3.Connection) -> set[str]:
    """Fill the database from the dump; returns the tables that were in it."""
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    found: set[str] = set()
    for line in _lines(dump):
        match = _COPY.fullmatch(line)
        if match is None or (table := match[1].decode()) not in WANTED or table in found:
            continue
        found.add(table)
        columns = [column.strip().strip('"') for column in match[2].decode("ascii", "replace").split(",")]
        _fill(database, table, columns, dump)
    for table in WANTED:
        if "id" in WANTED[table] and table in found:
            database.execute(f"CREATE INDEX {table}_id ON {table} (id)")
    database.commit()
    return found


def _fill(database: sqlite3.Connection, table: str, columns: list[str], dump: BinaryIO) -> None:
    kept = [(columns.index(column), column) for column in WANTED[table] if column in columns]
    key = columns.index("private_key") if table == CERTIFICATES and "private_key" in columns else None
    names = [column for _, column in kept] + ([HAS_KEY] if key is not None else [])
    types = ", ".join(f"{name} INTEGER" if name in _NUMBERS else name for name in names)
    database.execute(f"CREATE TABLE {table} ({types})")
    statement = f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - names of our own
    rows = _rows(table, dump, len(columns), [position for position, _ in kept], key)
    while some := list(islice(rows, _ROWS)):
        database.executemany(statement, some)


def _rows(table: str, dump: BinaryIO, width: int, kept: list[int], key: int | None) -> Iterator[list[str | int | None]]:
    """The wanted values of each row of a section. Raises Misconfigured when it is damaged or has no end."""
    for line in _lines(dump):
        if line == _END:
            return
        values = line.split(b"\t")
        if len(values) != width:
            break
        row: list[str | int | None] = [_value(values[position]) for position in kept]
        yield row if key is None else [*row, int(values[key] != _NULL)]
    raise Misconfigured(f"The dump is damaged, or not whole: in the table {table}.", advice="Make it again.")


def _lines(dump: BinaryIO) -> Iterator[bytes]:
    while line := dump.readline(_LONGEST):
        yield line.rstrip(b"\r\n") if line.endswith(b"\n") else line


def _value(text: bytes) -> str | None:
    if text == _NULL:
        return None
    return (_ESCAPES.sub(_unescaped, text) if b"\\" in text else text).decode("utf-8", "replace")


def _unescaped(match: re.Match[bytes]) -> bytes:
    code: bytes = match[1]
    if code[:1] == b"x" and len(code) > 1:
        return bytes([int(code[1:], 16)])
    if code[0] in b"01234567":
        return bytes([int(code, 8) & 0xFF])
    return _LETTERS.get(code, code)

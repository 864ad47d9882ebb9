"""The baselines of the inventory's benchmark: the least that any program has to do on this machine and database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from benchmarks import certificates
from benchmarks.inventory_parts import opened
from certwright.pki.certificate import from_der
from certwright.store.columns import certificate_columns

_ROWS = 100_000
_BATCH = 500  # rows of a transaction, as in a source's run


def bare(path: Path, count: int) -> dict[str, float]:
    """Certificates a second that are read alone, and put as rows into a table without an index; rows updated in it."""
    opened()
    rows = min(count, _ROWS)
    began = time.perf_counter()
    for der in islice(certificates.read(path), rows):
        certificate_columns(from_der(der))
    parsed = time.perf_counter() - began
    _execute(
        "CREATE TABLE bare (id integer PRIMARY KEY, " + ", ".join(f"c{n} text" for n in range(11)) + ", der bytea)"
    )
    inserted = _insert(path, rows)
    updated = _update(rows)
    _execute("DROP TABLE bare")
    return {
        "baseline_parse_per_second": rows / parsed,
        "baseline_insert_per_second": rows / inserted,
        "baseline_update_per_second": rows / updated,
    }


def _insert(path: Path, rows: int) -> float:
    """Seconds in the database: the rows are made before the clock runs."""
    seconds, marks = 0.0, ", ".join(["%s"] * 13)
    source = _rows(path, rows)
    while batch := list(islice(source, _BATCH)):
        began = time.perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO bare VALUES ({marks})", batch)
        seconds += time.perf_counter() - began
    return seconds


def _rows(path: Path, rows: int) -> Iterator[list[Any]]:
    for number, der in enumerate(islice(certificates.read(path), rows)):
        yield [number, *(str(value) for value in certificate_columns(from_der(der)).values()), der]


def _update(rows: int) -> float:
    began = time.perf_counter()
    for start in range(0, rows, _BATCH):
        with transaction.atomic(), connection.cursor() as cursor:
            changed: list[list[Any]] = [
                [f"another {number}", number] for number in range(start, min(start + _BATCH, rows))
            ]
            cursor.executemany("UPDATE bare SET c3 = %s WHERE id = %s", changed)
    return time.perf_counter() - began


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def size() -> dict[str, float]:
    """Bytes that the database takes on the disk, its log merged into it."""
    certwright = opened()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return {"bytes": float(cursor.fetchone()[0])}
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return {"bytes": float((certwright.home / "certwright.sqlite").stat().st_size)}

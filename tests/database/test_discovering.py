"""Runs of sources on a database that has no room left."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from certwright.engine.discovering import Discovering, Places, in_silence
from certwright.model.errors import CertwrightError, Unavailable
from certwright.model.inventory import Find, Outcome, Source, SourceKind
from tests.database.finds import finds, leaves
from tests.database.stock import Stock


@contextmanager
def full() -> Iterator[None]:
    """SQLite with no page beyond those it has: what a full disk answers, it answers."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute("PRAGMA max_page_count")
        (most,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages:d}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA max_page_count = {most:d}")


@pytest.mark.skipif("CERTWRIGHT_TEST_DATABASE_URL" in os.environ, reason="pages are counted by SQLite")
def test_a_disk_that_fills_up_in_a_run_is_told_as_that_with_what_to_do_and_the_next_run_succeeds(stock: Stock) -> None:
    source = stock.sources.add("office", SourceKind.SCAN)
    given = finds(leaves(400))
    discovering = Discovering(stock.sources, {SourceKind.SCAN: Places(stock.sources, lambda *_: enumerate(given, 1))})
    why: list[CertwrightError] = []
    with full():
        run = discovering.now(source, in_silence, why.append)
    assert (run.outcome, run.tally.found) == (Outcome.FAILED, 0)
    assert "database or disk is full" in run.trouble
    assert "Make room on the disk" in run.advice
    assert [type(error) for error in why] == [Unavailable]
    assert discovering.now(source).tally.new == 400


def test_a_file_system_without_room_is_told_as_that_and_a_fault_of_ours_is_not(stock: Stock) -> None:
    told = []
    for error in (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), FileNotFoundError(errno.ENOENT, "gone")):

        def fails(_source: Source, _begun: int, error: OSError = error) -> list[tuple[int, Find]]:
            raise error

        source = stock.sources.add(f"s{error.errno}", SourceKind.SCAN)
        discovering = Discovering(stock.sources, {SourceKind.SCAN: Places(stock.sources, fails)})
        told.append(discovering.now(source).trouble)
    assert told == [
        "The disk does not do its part: No space left on device.",
        "Something went wrong that nobody foresaw: FileNotFoundError.",
    ]

"""Runs of sources on a database that has no room left."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

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


@pytest.mark.skipif("CERTWRIGHT_TEST_DATABASE_URL" in os.environ, reason="SQLite's own way to refuse every write")
def test_a_run_that_could_not_even_write_that_it_failed_is_told_as_interrupted_and_gone_on_with(stock: Stock) -> None:
    source = stock.sources.add("office", SourceKind.SCAN)

    def fills_up(_source: Source, _begun: int) -> list[tuple[int, Find]]:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = 1")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    try:
        with pytest.raises(OperationalError):
            Discovering(stock.sources, {SourceKind.SCAN: Places(stock.sources, fills_up)}).now(source)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = 0")
    assert not stock.sources.standing(source).interrupted  # its lease is held: somebody may be at it
    stock.clock.advance(timedelta(minutes=6))  # type: ignore[attr-defined]
    left = stock.sources.standing(source)
    assert left.interrupted
    again = Discovering(
        stock.sources, {SourceKind.SCAN: Places(stock.sources, lambda *_: enumerate(finds(leaves(2)), 1))}
    )
    run = again.now(source)
    assert left.last is not None
    assert (run.id, run.outcome, run.tally.new) == (left.last.id, Outcome.DONE, 2)
    assert not stock.sources.standing(source).interrupted


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

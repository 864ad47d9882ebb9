"""Several processes that fill one inventory, and those that are killed at it."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from certwright.model.inventory import Query, SourceKind
from certwright.pki.certificate import Certificate
from certwright.store import indexes, models
from tests.cases.authority import root
from tests.database import finds
from tests.database.processes import Process, program
from tests.database.stock import Stock


def written(folder: Path, certificates: list[Certificate]) -> list[Certificate]:
    """Certificates where the program of this folder reads them."""
    (folder / "certificates").write_text("\n".join(one.der.hex() for one in certificates))
    return certificates


def test_processes_that_load_the_same_certificates_at_once_keep_each_once(database: Path, stock: Stock) -> None:
    """Also the same new issuers, in another order."""
    issuers = [root(f"Root {number}") for number in range(6)]
    made = written(database.parent, [issuers[n % 6].issue(f"n{n}.example") for n in range(120)])
    names = ("here", "there", "elsewhere")
    for name in names:
        stock.sources.add(name, SourceKind.SCAN)
    with ExitStack() as stack:
        processes: list[Process] = [
            stack.enter_context(program(database.parent, "load", "--reference", name)) for name in names
        ]
        for one in processes:
            one.until("ready")
        for one in processes:
            one.go_on()
        told = [int(one.until("new").split()[1]) for one in processes]
    assert sum(told) == len(made)
    assert {one.fingerprint for one in stock.browsing.all(Query())} == {one.fingerprint for one in made}
    of = dict(models.Certificate.objects.values_list("fingerprint", "issuer__name"))
    assert of == {one.fingerprint: one.issuer for one in made}
    assert models.Certificate.objects.filter(bytes=None).count() == 0
    assert models.Sighting.objects.count() == len(names) * len(made)
    assert finds.kept_counts() == finds.plain_counts()


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_a_run_killed_at_any_time_is_gone_on_with_by_the_next_process(
    database: Path, stock: Stock, batches: int
) -> None:
    """SIGKILL: nothing that was kept is lost or looked at again, and nothing counts as gone."""
    made = written(database.parent, finds.leaves(20))
    source = stock.sources.add("office", SourceKind.SCAN)
    with program(database.parent, "look", "--reference", "office", "--ask") as killed:
        killed.until("begins at 0")
        for _ in range(batches):
            killed.until("took")
            killed.go_on()
        done = int(killed.until("took").split()[1])
        killed.signal(signal.SIGKILL)
        assert killed.wait() == -signal.SIGKILL
    with program(database.parent, "look", "--reference", "office") as next_one:
        assert next_one.until("begins") == f"begins at {done}"
        told = next_one.until("run")
    (run,) = stock.sources.runs("office")
    assert told == f"run {run.id} looked 20 new 20 vanished 0"
    assert stock.sources.standing(source).places == len(made)
    assert finds.kept_counts() == finds.plain_counts()


def test_a_source_that_a_living_process_looks_at_is_left_to_it(database: Path, stock: Stock) -> None:
    written(database.parent, finds.leaves(5))
    stock.sources.add("office", SourceKind.SCAN)
    with program(database.parent, "look", "--reference", "office", "--ask") as first:
        first.until("took")
        with program(database.parent, "look", "--reference", "office") as second:
            assert second.line() == "taken"
        first.go_on()
        assert "vanished 0" in first.until("run")


def test_indexes_that_a_killed_import_left_out_are_made_again(database: Path, stock: Stock) -> None:
    finds.add_rows(3)
    wanted = {index.name for _, index in indexes._indexes()}
    with program(database.parent, "index") as killed:
        killed.until("without")
        killed.signal(signal.SIGKILL)
        killed.wait()
    assert not wanted & indexes._present()
    assert indexes.restore() == len(wanted) + 1  # and the search
    assert wanted <= indexes._present()
    assert len(list(stock.browsing.all(Query()))) == 3

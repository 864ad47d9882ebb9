"""Sightings: what stands where since when, what changed, what is gone, and what could not be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from certwright.model.inventory import Find, Outcome, Run, Source, SourceKind, Tally
from certwright.store import models
from certwright.store.sources import Change
from tests.cases.authority import NOW
from tests.database.finds import find, leaf
from tests.database.stock import Stock

PLACE = "tls://a.example:443"
HOUR = timedelta(hours=1)


class Scan:
    """A source that is looked at, run after run, an hour apart."""

    def __init__(self, stock: Stock, name: str = "office", kind: SourceKind = SourceKind.SCAN) -> None:
        self.stock = stock
        self.source: Source = stock.sources.add(name, kind)

    def start(self) -> Run:
        """A new run, an hour later."""
        self.stock.clock.advance(HOUR)  # type: ignore[attr-defined]
        run = self.stock.sources.start(self.source)
        assert run is not None
        return run

    def look(self, *given: Find, complete: bool = False) -> Run:
        """A whole run that finds this."""
        run = self.start()
        self.stock.sources.take(run, given, cursor=str(len(given)))
        return self.stock.sources.finish(run, Outcome.DONE, complete=complete)

    def changes(self, run: Run) -> list[Change]:
        """What that run found not to be as it was."""
        return list(self.stock.sources.changes(run.id))


@pytest.fixture
def scan(stock: Stock) -> Scan:
    """A source that scans."""
    return Scan(stock)


def standing(place: str = PLACE) -> list[str]:
    """The fingerprints that stand at a place."""
    rows = models.Sighting.objects.filter(place=place, vanished_at=None)
    return list(rows.values_list("certificate__fingerprint", flat=True))


def sighting(place: str = PLACE) -> models.Sighting:
    """The one sighting of a place."""
    return models.Sighting.objects.get(place=place)


def test_a_certificate_that_stays_is_seen_from_the_first_run_to_the_last(scan: Scan) -> None:
    made = leaf()
    first = scan.look(find(PLACE, made))
    again = scan.look(find(PLACE, made))
    assert (sighting().first_seen_at, sighting().last_seen_at) == (NOW + HOUR, NOW + 2 * HOUR)
    assert again.tally == Tally(looked=1, found=1, known=1)
    assert scan.changes(first) == [Change(PLACE, "", made.fingerprint)]
    assert scan.changes(again) == []


def test_another_certificate_at_a_place_is_a_change_and_the_old_one_is_gone(scan: Scan) -> None:
    old, new = leaf(), leaf()
    scan.look(find(PLACE, old))
    run = scan.look(find(PLACE, new))
    assert run.tally == Tally(looked=1, found=1, new=1, changed=1)
    assert scan.changes(run) == [Change(PLACE, old.fingerprint, new.fingerprint)]
    assert standing() == [new.fingerprint]


def test_a_place_that_has_none_any_more_has_lost_it(scan: Scan) -> None:
    made = leaf()
    scan.look(find(PLACE, made))
    run = scan.look(Find(PLACE, trouble="It speaks plain HTTP now.", absent=True))
    assert run.tally == Tally(looked=1, vanished=1)
    assert scan.changes(run) == [Change(PLACE, made.fingerprint, "")]
    assert scan.look(Find(PLACE, absent=True)).tally == Tally(looked=1)
    assert standing() == []


def test_a_certificate_that_comes_back_counts_from_then(scan: Scan) -> None:
    made = leaf()
    scan.look(find(PLACE, made))
    scan.look(Find(PLACE, absent=True))
    run = scan.look(find(PLACE, made))
    assert scan.changes(run) == [Change(PLACE, "", made.fingerprint)]
    assert (sighting().first_seen_at, sighting().vanished_at) == (NOW + 3 * HOUR, None)
    assert run.tally == Tally(looked=1, found=1, known=1)


def test_a_place_that_cannot_be_looked_at_keeps_what_was_seen_there_with_the_reason(scan: Scan) -> None:
    made = leaf()
    scan.look(find(PLACE, made))
    run = scan.look(Find(PLACE, trouble="No answer in time."), complete=True)
    assert run.tally == Tally(looked=1, failed=1)
    assert scan.changes(run) == []
    assert standing() == [made.fingerprint]
    assert (sighting().trouble, sighting().last_seen_at) == ("No answer in time.", NOW + HOUR)
    scan.look(find(PLACE, made))
    assert (sighting().trouble, sighting().last_seen_at) == ("", NOW + 3 * HOUR)


def test_what_could_not_be_looked_at_and_then_is_no_place_any_more_is_gone(scan: Scan) -> None:
    """The host is down, and later taken off the list: nothing may stand there for ever."""
    scan.look(find(PLACE, leaf()), complete=True)
    scan.look(Find(PLACE, trouble="No answer in time."), complete=True)
    run = scan.look(find("tls://b.example:443", leaf()), complete=True)
    assert run.tally.vanished == 1
    assert standing() == []


def test_a_complete_run_misses_what_it_has_not_seen_and_an_incomplete_one_only_says_so(scan: Scan) -> None:
    kept, other = leaf(), leaf()
    scan.look(find(PLACE, kept), find("tls://b.example:443", other))
    run = scan.look(find(PLACE, kept))
    assert run.tally.vanished == 0
    assert "did not look" in sighting("tls://b.example:443").trouble
    run = scan.look(find(PLACE, kept), complete=True)
    assert run.tally.vanished == 1
    assert scan.changes(run) == [Change("tls://b.example:443", other.fingerprint, "")]
    assert standing() == [kept.fingerprint]


def test_a_failed_run_takes_nothing_away(scan: Scan) -> None:
    made = leaf()
    scan.look(find(PLACE, made))
    scan.stock.sources.finish(scan.start(), Outcome.FAILED, trouble="No network.", complete=True)
    assert standing() == [made.fingerprint]
    assert sighting().trouble == ""


def test_places_of_one_source_are_not_those_of_another(stock: Stock) -> None:
    here, there, made = Scan(stock, "here"), Scan(stock, "there"), leaf()
    here.look(find(PLACE, made))
    assert there.look(find(PLACE, made)).tally == Tally(looked=1, found=1, known=1)
    there.look(Find(PLACE, absent=True), complete=True)
    gone = {row.source.name: row.vanished_at is not None for row in models.Sighting.objects.select_related("source")}
    assert gone == {"here": False, "there": True}


def test_uploads_and_cas_never_miss_what_they_do_not_mention(stock: Stock) -> None:
    upload = Scan(stock, "uploads", SourceKind.UPLOAD)
    made = leaf()
    upload.look(find("upload:a.pem", made))
    assert upload.look(find("upload:b.pem", leaf()), complete=True).tally.vanished == 0
    assert standing("upload:a.pem") == [made.fingerprint]
    assert sighting("upload:a.pem").trouble == ""


A, B = leaf(), leaf()


@pytest.mark.parametrize("before", [(), (find(PLACE, A),), (find(PLACE, B),)], ids=["nothing", "A", "B"])
@pytest.mark.parametrize(
    ("given", "stands"),
    [
        ((find(PLACE, A), find(PLACE, A)), [A]),
        ((find(PLACE, A), find(PLACE, B)), [B]),
        ((find(PLACE, B), find(PLACE, A)), [A]),
        ((find(PLACE, A), Find(PLACE, absent=True)), []),
        ((Find(PLACE, absent=True), find(PLACE, A)), [A]),
    ],
    ids=["A A", "A B", "B A", "A absent", "absent A"],
)
def test_of_several_looks_at_a_place_in_one_batch_the_last_counts(
    scan: Scan, before: Sequence[Find], given: Sequence[Find], stands: list[object]
) -> None:
    scan.look(*before)
    scan.look(*given)
    assert standing() == [one.fingerprint for one in stands]  # type: ignore[attr-defined]


def test_what_is_presented_and_from_where_follows_the_last_look(scan: Scan) -> None:
    made = leaf()
    scan.look(find(PLACE, made, address="192.0.2.1", protocol="TLSv1.2"))
    run = scan.look(find(PLACE, made, address="192.0.2.2", protocol="TLSv1.3"))
    assert (sighting().address, sighting().protocol, sighting().first_seen_at) == ("192.0.2.2", "TLSv1.3", NOW + HOUR)
    assert scan.changes(run) == []


def test_a_new_certificate_is_new_once_however_many_places_have_it(stock: Stock) -> None:
    made = leaf()
    assert Scan(stock, "here").look(find(PLACE, made)).tally.new == 1
    assert Scan(stock, "there").look(find("tls://b.example:443", made)).tally.new == 0


def test_a_place_of_the_longest_length_is_told_from_its_neighbour(scan: Scan) -> None:
    places = [f"file:/{'%F0%9F' * 160}{number}" for number in range(2)]
    scan.look(*(find(place, leaf()) for place in places))
    assert sorted(models.Sighting.objects.values_list("place", flat=True)) == places

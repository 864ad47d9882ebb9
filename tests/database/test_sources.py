"""Sources: due by their schedule, looked at by one process at a time, gone on with where a run was interrupted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from certwright.model.errors import LostLease, NotFound, Refused
from certwright.model.inventory import Find, Outcome, Query, Run, Source, SourceKind, Tally
from certwright.store import models
from certwright.store.sources import Sources
from tests.cases.authority import NOW
from tests.database.finds import find, finds, leaf, leaves
from tests.database.stock import ACCOUNT, Stock

DAY = timedelta(days=1)


def other(stock: Stock, *, alive: bool) -> Sources:
    """The sources as another process sees them; ``alive`` is what it believes of the rest."""
    return Sources(stock.clock, "other", lambda _: alive)


def started(sources: Sources, source: Source) -> Run:
    """A run, begun."""
    run = sources.start(source)
    assert run is not None
    return run


def pass_time(stock: Stock, time: timedelta) -> None:
    """Let the clock go on."""
    stock.clock.advance(time)  # type: ignore[attr-defined]


def due(stock: Stock) -> list[str]:
    """The names of what is due."""
    return [one.name for one in stock.sources.due()]


def test_a_source_is_as_it_was_added_and_due_at_once(stock: Stock) -> None:
    made = stock.sources.add("office", SourceKind.SCAN, settings={"targets": ["a.example"], "n": 3}, every=DAY)
    assert stock.sources.get("office") == made
    assert (made.settings, made.every, made.next_run_at) == ({"targets": ["a.example"], "n": 3}, DAY, NOW)
    assert [one.name for one in stock.sources.all(SourceKind.SCAN)] == ["office"]
    assert list(stock.sources.all(SourceKind.FOLDER)) == []
    assert due(stock) == ["office"]


def test_a_name_is_taken_once_and_a_name_that_nobody_took_is_not_found(stock: Stock) -> None:
    stock.sources.add("office", SourceKind.SCAN)
    with pytest.raises(Refused):
        stock.sources.add("office", SourceKind.FOLDER)
    with pytest.raises(NotFound):
        stock.sources.get("home")
    with pytest.raises(NotFound):
        stock.sources.get("office", SourceKind.FOLDER)


def test_without_a_schedule_or_disabled_nothing_is_due(stock: Stock) -> None:
    stock.sources.add("by hand", SourceKind.SCAN)
    stock.sources.add("off", SourceKind.SCAN, every=DAY, enabled=False)
    assert due(stock) == []
    stock.sources.enable("off", enabled=True)
    stock.sources.change("by hand", every=DAY)
    assert set(due(stock)) == {"by hand", "off"}
    stock.sources.enable("off", enabled=False)
    stock.sources.change("by hand", every=None)
    assert due(stock) == []


@pytest.mark.parametrize(
    "change", [{"enabled": False}, {"paused_because": "wrong key"}, {"quiet_until": NOW + timedelta(minutes=1)}]
)
def test_an_integration_is_not_due_while_its_ca_account_may_not_be_asked(
    stock: Stock, change: dict[str, object]
) -> None:
    stock.sources.add("hub", SourceKind.CA, account=ACCOUNT, every=DAY)
    assert due(stock) == ["hub"]
    models.CAAccount.objects.update(**change)
    assert due(stock) == []


def test_the_next_run_is_a_schedule_away_from_the_end_of_the_last(stock: Stock) -> None:
    source = stock.sources.add("office", SourceKind.SCAN, every=DAY)
    run = started(stock.sources, source)
    pass_time(stock, timedelta(hours=2))
    ended = stock.sources.finish(run, Outcome.DONE)
    assert (ended.started_at, ended.ended_at, ended.outcome) == (NOW, NOW + timedelta(hours=2), Outcome.DONE)
    assert stock.sources.get("office").next_run_at == NOW + timedelta(hours=2) + DAY


def test_failing_runs_are_repeated_soon_then_later_and_never_later_than_the_schedule(stock: Stock) -> None:
    every = timedelta(minutes=10)
    source = stock.sources.add("office", SourceKind.SCAN, every=every)
    waits = []
    for number in range(1, 9):
        stock.sources.finish(started(stock.sources, source), Outcome.FAILED, trouble="No network.")
        now = stock.sources.get("office")
        assert (now.failures, now.next_run_at is not None) == (number, True)
        waits.append((now.next_run_at or NOW) - stock.clock.now())
        pass_time(stock, waits[-1])
    assert waits == sorted(waits)
    assert waits[0] < every
    assert waits[-1] == every
    stock.sources.finish(started(stock.sources, source), Outcome.PARTLY)
    assert stock.sources.get("office").failures == 0


def test_a_source_is_looked_at_by_one_process_at_a_time(stock: Stock) -> None:
    source = stock.sources.add("office", SourceKind.SCAN, every=DAY)
    run = started(stock.sources, source)
    assert other(stock, alive=True).start(source) is None
    assert other(stock, alive=True).due() == []
    assert stock.sources.start(source) is None
    stock.sources.finish(run, Outcome.DONE)
    assert other(stock, alive=True).start(source) is not None


def test_the_run_of_a_dead_process_is_gone_on_with_behind_what_it_kept(stock: Stock) -> None:
    source = stock.sources.add("office", SourceKind.SCAN, every=DAY)
    run = started(stock.sources, source)
    stock.sources.take(run, finds(leaves(2)), cursor="2", total=5)
    again = other(stock, alive=False).start(source)
    assert again is not None
    assert (again.id, again.cursor, again.total, again.tally) == (run.id, "2", 5, Tally(looked=2, found=2, new=2))


def test_a_run_that_was_left_is_gone_on_with(stock: Stock) -> None:
    source = stock.sources.add("office", SourceKind.SCAN)
    run = started(stock.sources, source)
    stock.sources.take(run, [find("tls://a:443", leaf())], cursor="1")
    stock.sources.leave(run)
    again = started(stock.sources, source)
    assert (again.id, again.cursor) == (run.id, "1")


def test_what_was_seen_before_an_interruption_is_not_missed_after_it(stock: Stock) -> None:
    source, made = stock.sources.add("office", SourceKind.SCAN), leaves(2)
    run = started(stock.sources, source)
    stock.sources.take(run, finds(made)[:1], cursor="1")
    stock.sources.leave(run)
    pass_time(stock, DAY)
    run = started(stock.sources, source)
    stock.sources.take(run, finds(made)[1:], cursor="2")
    assert stock.sources.finish(run, Outcome.DONE, complete=True).tally.vanished == 0


def test_a_process_that_wakes_up_late_keeps_nothing(stock: Stock) -> None:
    """Its lease ran out, another process looks at the source: neither its finds nor its end count."""
    source = stock.sources.add("office", SourceKind.SCAN)
    late = started(stock.sources, source)
    stock.sources.take(late, [find("tls://a:443", leaf())], cursor="1")
    pass_time(stock, timedelta(minutes=6))
    mine = other(stock, alive=True)
    run = started(mine, source)
    assert run.id == late.id
    with pytest.raises(LostLease):
        stock.sources.take(late, [find("tls://b:443", leaf())], cursor="9")
    with pytest.raises(LostLease):
        stock.sources.finish(late, Outcome.DONE, complete=True)
    stock.sources.leave(late)
    assert models.Certificate.objects.count() == 1
    assert mine.run(run.id).outcome is Outcome.RUNNING
    mine.take(run, [find("tls://b:443", leaf())], cursor="2")
    assert mine.finish(run, Outcome.DONE, complete=True).tally.found == 2


def test_a_source_that_is_removed_while_it_is_looked_at_is_lost(stock: Stock) -> None:
    source = stock.sources.add("office", SourceKind.SCAN)
    run = started(stock.sources, source)
    stock.sources.take(run, [find("tls://a:443", leaf())], cursor="1")
    stock.sources.remove("office")
    with pytest.raises(LostLease):
        stock.sources.take(run, [find("tls://b:443", leaf())], cursor="2")
    assert models.Certificate.objects.count() == 1
    assert models.Sighting.objects.count() == 0


def test_progress_keeps_the_lease(stock: Stock) -> None:
    source = stock.sources.add("office", SourceKind.SCAN)
    run = started(stock.sources, source)
    for _ in range(3):
        pass_time(stock, timedelta(minutes=4))
        stock.sources.progress(run, Tally(looked=1), cursor="x")
        assert other(stock, alive=True).start(source) is None
    assert stock.sources.run(run.id).tally.looked == 3


def test_a_source_without_success_for_three_schedules_counts_as_silent(stock: Stock) -> None:
    source = stock.sources.add("office", SourceKind.SCAN, every=2 * DAY)
    stock.sources.finish(started(stock.sources, source), Outcome.DONE)
    pass_time(stock, 6 * DAY)
    assert stock.sources.standing(source).silent_since is None
    pass_time(stock, timedelta(seconds=1))
    assert stock.sources.standing(source).silent_since == NOW
    stock.sources.finish(started(stock.sources, source), Outcome.FAILED)
    assert stock.sources.standing(source).silent_since == NOW
    stock.sources.finish(started(stock.sources, source), Outcome.PARTLY)
    assert stock.sources.standing(source).silent_since is None


def test_a_source_that_never_succeeded_is_silent_since_it_was_added_and_one_without_schedule_never(
    stock: Stock,
) -> None:
    hourly = stock.sources.add("hourly", SourceKind.SCAN, every=timedelta(hours=1))
    by_hand = stock.sources.add("by hand", SourceKind.SCAN)
    pass_time(stock, timedelta(days=3, seconds=1))
    assert stock.sources.standing(hourly).silent_since == NOW
    assert stock.sources.standing(by_hand).silent_since is None


def test_since_when_a_source_is_silent_is_told_without_counting_its_places(
    stock: Stock,
) -> None:
    source = stock.sources.add("office", SourceKind.SCAN, every=DAY)
    with CaptureQueriesContext(connection) as asked:
        assert stock.sources.silent_since(source) is None
    assert "sighting" not in " ".join(query["sql"] for query in asked.captured_queries)
    pass_time(stock, 4 * DAY)
    assert stock.sources.silent_since(source) == stock.sources.standing(source).silent_since == NOW


def test_standing_counts_places_that_are_seen_now(stock: Stock) -> None:
    source = stock.sources.add("office", SourceKind.SCAN)
    run = started(stock.sources, source)
    stock.sources.take(run, finds(leaves(3)), cursor="3")
    stock.sources.take(run, [Find("tls://n0.example:443", absent=True)], cursor="4")
    ended = stock.sources.finish(run, Outcome.DONE)
    shown = stock.sources.standing(source)
    assert (shown.places, shown.last, shown.succeeded_at) == (2, ended, NOW)
    assert stock.sources.runs("office") == [ended]


def test_removing_a_source_leaves_its_certificates(stock: Stock) -> None:
    source = stock.sources.add("office", SourceKind.SCAN)
    stock.loading.take(source.id, None, finds(leaves(2)))
    stock.sources.remove("office")
    assert len(list(stock.browsing.all(Query()))) == 2
    assert models.Sighting.objects.count() == 0


def test_a_second_look_at_the_same_places_changes_no_certificate(stock: Stock) -> None:
    source, given = stock.sources.add("office", SourceKind.SCAN), finds(leaves(3))
    tallies = []
    for _ in range(2):
        pass_time(stock, DAY)
        run = started(stock.sources, source)
        stock.sources.take(run, given, cursor="3")
        tallies.append(stock.sources.finish(run, Outcome.DONE, complete=True).tally)
    assert tallies == [Tally(looked=3, found=3, new=3), Tally(looked=3, found=3, known=3)]
    assert replace(tallies[0], new=0, known=3) == tallies[1]

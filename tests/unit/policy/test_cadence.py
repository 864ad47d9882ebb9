"""How long a CA is left alone between two looks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certwright.model.words import WaitingFor
from certwright.policy import cadence

EVERYTHING = list(WaitingFor)


@pytest.mark.parametrize("waiting_for", EVERYTHING)
@pytest.mark.parametrize("watched", [False, True])
def test_no_pause_is_shorter_than_the_one_before(waiting_for: WaitingFor, watched: bool) -> None:
    pauses = [cadence.next_look(waiting_for, looks, watched=watched) for looks in range(30)]
    assert pauses[0] > timedelta()
    if waiting_for is not WaitingFor.DOMAIN_CONTROL:  # first we, then people
        assert pauses == sorted(pauses)


@pytest.mark.parametrize("waiting_for", EVERYTHING)
def test_the_last_pause_repeats_for_ever(waiting_for: WaitingFor) -> None:
    assert cadence.next_look(waiting_for, 10_000, watched=False) == cadence.next_look(waiting_for, 20, watched=False)


@pytest.mark.parametrize("waiting_for", EVERYTHING)
def test_nobody_who_watches_waits_longer_than_ten_seconds_for_a_look(waiting_for: WaitingFor) -> None:
    for looks in range(50):
        watched = cadence.next_look(waiting_for, looks, watched=True)
        assert watched <= timedelta(seconds=10)
        assert watched <= cadence.next_look(waiting_for, looks, watched=False)


@pytest.mark.parametrize("waiting_for", EVERYTHING)
def test_an_order_is_looked_at_at_least_every_two_hours_or_six_when_it_waits_for_a_day(waiting_for: WaitingFor) -> None:
    longest = timedelta(hours=6 if waiting_for is WaitingFor.CA_RENEWAL else 2)
    assert cadence.next_look(waiting_for, 1000, watched=False) <= longest


def test_a_renewal_that_the_ca_does_by_itself_is_not_asked_for_by_the_minute() -> None:
    for looks in range(8):
        pause = cadence.next_look(WaitingFor.CA_RENEWAL, looks, watched=False, allowed=(15, 30))
        assert pause >= timedelta(hours=1)


def test_a_ca_at_work_is_asked_sooner_than_a_person_who_approves() -> None:
    for looks in range(8):
        machine = cadence.next_look(WaitingFor.PROCESSING, looks, watched=False)
        assert machine < cadence.next_look(WaitingFor.CA_APPROVAL, looks, watched=False)


def test_a_pending_order_costs_fewer_than_twenty_looks_on_its_first_day() -> None:
    passed, looks = timedelta(), 0
    while passed < timedelta(days=1):
        passed += cadence.next_look(WaitingFor.CA_APPROVAL, looks, watched=False)
        looks += 1
    assert looks < 20


def test_trouble_backs_off_from_a_second_to_a_quarter_of_an_hour() -> None:
    pauses = [cadence.after_trouble(failures) for failures in range(100)]
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=1), timedelta(minutes=15))
    assert pauses == sorted(pauses)


def test_an_unclear_call_is_searched_for_within_a_second_and_ten_times_in_two_minutes() -> None:
    pauses = [cadence.next_search(looks) for looks in range(100)]
    assert pauses[0] == timedelta(seconds=1)
    assert sum(pauses[:10], timedelta()) < timedelta(minutes=2)
    assert pauses == sorted(pauses)


def test_a_clock_set_back_by_a_day_costs_few_searches() -> None:
    passed, looks = timedelta(), 0
    while passed < timedelta(days=1):
        passed += cadence.next_search(looks)
        looks += 1
    assert looks < 310

"""When a certificate is renewed inside its paid term, when another is bought, and when neither."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.model.ca import Term
from certwright.model.words import AutoRenew
from certwright.policy import due
from certwright.policy.renewal import Act, Situation, decide, late_at, paid_until

START = datetime(2026, 11, 21, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
TURN = timedelta(hours=7)  # between two looks; a worker looks far more often
MODES = (AutoRenew.COVERED, AutoRenew.ALWAYS)
WAYS: tuple[dict[str, Any], ...] = ({"can_reissue": True}, {"ca_renews_days": 30}, {})


def situation(life: int = 99, term: int = 730, **change: Any) -> Situation:
    """A certificate that lives ``life`` days from START, of an order that runs ``term`` days from there."""
    return replace(
        Situation(
            not_before=START,
            not_after=START + timedelta(days=life) - SECOND,
            fingerprint="0" * 64,
            paid_until=START + timedelta(days=term),
            mode=AutoRenew.COVERED,
            can_reissue=True,
        ),
        **change,
    )


situations = st.builds(
    situation,
    life=st.integers(1, 398),
    term=st.integers(1, 1100),
    days=st.none() | st.integers(0, 400),
    mode=st.sampled_from(MODES),
    can_reissue=st.booleans(),
    ca_renews_days=st.none() | st.integers(1, 90),
    fingerprint=st.binary(max_size=4).map(lambda seed: hashlib.sha256(seed).hexdigest()),
)
moments = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=1200)).map(lambda after: START + after)


# -- what is done


@pytest.mark.parametrize(
    ("way", "act"),
    [
        ({"can_reissue": True}, Act.REISSUE),
        ({"can_reissue": False}, Act.ASK),
        ({"ca_renews_days": 30}, Act.AWAIT_CA),
        ({"ca_renews_days": 30, "can_reissue": False}, Act.AWAIT_CA),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_inside_the_term_it_is_renewed_as_the_ca_can(way: dict[str, Any], act: Act, mode: AutoRenew) -> None:
    one = situation(mode=mode, **way)
    assert decide(one, one.due_at) is act


@pytest.mark.parametrize(("mode", "act"), [(AutoRenew.COVERED, Act.END), (AutoRenew.ALWAYS, Act.BUY)])
@pytest.mark.parametrize("way", WAYS)
def test_when_the_term_is_over_only_the_mode_decides(way: dict[str, Any], mode: AutoRenew, act: Act) -> None:
    one = situation(life=99, term=99, **{"can_reissue": False, **way}, mode=mode)
    assert decide(one, one.due_at) is act


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", WAYS)
def test_a_term_that_ran_out_while_nobody_looked_is_not_renewed_inside(way: dict[str, Any], mode: AutoRenew) -> None:
    """The CA would refuse a reissue, and renew nothing by itself: to wait for that would be for ever."""
    one = situation(life=99, term=365, mode=mode, **{"can_reissue": False, **way})
    act = Act.BUY if mode is AutoRenew.ALWAYS else Act.END
    assert decide(one, one.paid_until) is act
    assert decide(one, one.paid_until - DAY) is act


def test_a_certificate_that_ran_out_while_nobody_looked_is_renewed_inside_what_is_left() -> None:
    one = situation(life=99, term=365)
    assert decide(one, one.not_after + 30 * DAY) is Act.REISSUE


@pytest.mark.parametrize(("rest", "act"), [(9, Act.BUY), (10, Act.REISSUE), (11, Act.REISSUE)])
def test_a_rest_of_the_term_of_less_than_ten_days_is_let_go(rest: int, act: Act) -> None:
    one = situation(life=99, mode=AutoRenew.ALWAYS)
    one = replace(one, paid_until=one.not_after + rest * DAY)
    assert decide(one, one.due_at) is act


@given(situations, moments)
def test_nothing_is_done_before_it_is_due_and_something_from_then_on(one: Situation, now: datetime) -> None:
    assert (decide(one, now) is Act.WAIT) == (now < one.due_at)


@given(situations, moments)
def test_nothing_is_bought_while_the_term_covers_more(one: Situation, now: datetime) -> None:
    more = one.paid_until - max(one.not_after, now) >= timedelta(days=10)
    assert not more or decide(one, now) not in (Act.BUY, Act.END)


@given(situations, moments)
def test_what_is_renewed_only_inside_its_term_is_never_bought(one: Situation, now: datetime) -> None:
    assert decide(replace(one, mode=AutoRenew.COVERED), now) is not Act.BUY


@given(situations, st.floats(0, 1))
def test_who_looks_late_in_its_life_does_what_who_looked_in_time_did(one: Situation, late: float) -> None:
    due_at = max(one.due_at, one.not_before)
    assert decide(one, due_at + (one.not_after - due_at) * late) is decide(one, due_at)


# -- when


@given(situations)
def test_ours_is_due_while_the_certificate_is_in_force(one: Situation) -> None:
    ours = replace(one, ca_renews_days=None)
    assert ours.not_before < ours.due_at <= ours.not_after


@given(situations)
def test_without_days_it_is_due_at_two_thirds_of_its_life(one: Situation) -> None:
    ours = replace(one, ca_renews_days=None, days=None)
    assert ours.due_at == due.due_at(one.not_before, one.not_after, fingerprint=one.fingerprint)


@pytest.mark.parametrize(("days", "left"), [(30, 30), (60, 49.5), (10, 10), (0, 0), (400, 49.5)])
def test_days_before_the_end_count_but_never_more_than_half_of_the_life(days: int, left: float) -> None:
    one = situation(life=99, days=days)
    assert abs(one.not_after - one.due_at - timedelta(days=left)) <= SECOND


@given(st.integers(0, 400), st.sampled_from([199, 99, 46, 10]))
def test_days_meant_for_longer_lives_make_no_loop(days: int, life: int) -> None:
    """Sixty days before the end of 46: what has just been issued would be due at once, and its successor too."""
    one = situation(life=life, days=days)
    assert one.due_at - one.not_before >= timedelta(days=life) / 2 - SECOND


@pytest.mark.parametrize("ca_days", [30, 60])
def test_what_the_ca_renews_by_itself_is_due_on_its_day_whatever_ours_say(ca_days: int) -> None:
    one = situation(days=10, ca_renews_days=ca_days)
    assert one.not_after - one.due_at == timedelta(days=ca_days)


def test_the_last_certificate_of_a_term_is_due_on_our_day_whatever_the_ca_would_do() -> None:
    """Beyond the term the CA renews nothing."""
    one = situation(life=99, term=100, days=10, ca_renews_days=60)
    assert one.not_after - one.due_at == timedelta(days=10)


@given(st.integers(6, 398), st.floats(0, 1))
def test_a_successor_is_late_when_a_quarter_of_the_life_is_left_or_of_what_was_left(life: int, share: float) -> None:
    one = situation(life=life)
    ordered = one.not_before + (one.not_after - one.not_before) * share
    late = late_at(one.not_before, one.not_after, ordered)
    assert due.alarm_at(one.not_before, one.not_after) <= late <= one.not_after
    assert late - ordered >= (one.not_after - ordered) / 4 - SECOND
    if ordered <= one.due_at:  # in time, as two thirds of its life are over
        assert late == due.alarm_at(one.not_before, one.not_after)


# -- a whole term


def certificates_of(term: int, cap: int, days: int | None, mode: AutoRenew, seed: int) -> list[Situation]:
    """The certificates of a term, each reissued when it is due and lasting as long as the CA may let it."""
    end = START + timedelta(days=term)
    now, found = START, []
    while True:
        one = situation(days=days, mode=mode)
        fingerprint = hashlib.sha256(f"{seed}/{len(found)}".encode()).hexdigest()
        until = min(now + timedelta(days=cap) - SECOND, end)
        one = replace(one, not_before=now, not_after=until, fingerprint=fingerprint, paid_until=end)
        found.append(one)
        now = max(now, one.due_at)
        while (act := decide(one, now)) is Act.WAIT:
            now += TURN
        if act is not Act.REISSUE:
            assert act is (Act.BUY if mode is AutoRenew.ALWAYS else Act.END)
            return found
        assert now < one.not_after, "renewed too late"


@given(
    st.integers(1, 1095),
    st.sampled_from([199, 99, 46, 10]),
    st.none() | st.integers(1, 400),
    st.sampled_from(MODES),
    st.integers(0, 5),
)
def test_every_certificate_of_a_term_is_renewed_before_it_ends_and_none_beyond_the_term(
    term: int, cap: int, days: int | None, mode: AutoRenew, seed: int
) -> None:
    found = certificates_of(term, cap, days, mode, seed)
    end = START + timedelta(days=term)
    for before, after in itertools.pairwise(found):
        assert before.due_at <= after.not_before < before.not_after < after.not_after <= end
    assert end - found[-1].not_after < timedelta(days=10)
    assert len(found) <= 2 * (term // cap + 1) + 2  # each lived for half of its life at least


# -- how long the term is


@pytest.mark.parametrize(
    ("term", "until"),
    [
        (Term(years=2), datetime(2028, 11, 20, 9, tzinfo=UTC)),
        (Term(days=90), datetime(2027, 2, 19, 9, tzinfo=UTC)),
        (Term(until=date(2027, 5, 1)), datetime(2027, 5, 1, tzinfo=UTC)),
        (None, datetime(2027, 11, 21, 9, tzinfo=UTC)),
    ],
)
def test_a_term_runs_from_when_it_was_ordered_and_for_a_year_when_none_was_said(
    term: Term | None, until: datetime
) -> None:
    assert paid_until(term, START + timedelta(hours=9), None) == until


@pytest.mark.parametrize("term", [None, Term(years=3), Term(until=date(2027, 5, 1))])
def test_what_the_ca_told_of_the_end_counts_before_everything(term: Term | None) -> None:
    told = datetime(2027, 1, 1, 23, 59, 59, tzinfo=UTC)
    assert paid_until(term, START, told) == told

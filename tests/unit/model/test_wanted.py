"""What is wanted of the inventory: kept as JSON, narrowed by more conditions, and moving with the time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.model.errors import Refused
from certwright.model.inventory import Query, Severity, Sort
from certwright.model.wanted import Wanted, from_json, to_json
from certwright.model.words import CertificateState

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TEXTS = st.text(max_size=20)
MOMENTS = st.none() | st.datetimes(timezones=st.just(UTC))
SPANS = st.none() | st.integers(min_value=0, max_value=10**9).map(lambda seconds: timedelta(seconds=seconds))
QUERIES = st.builds(
    Query,
    **dict.fromkeys(
        ("name", "ca", "account", "issuer", "organization", "product", "validation", "owner", "tag"), TEXTS
    ),
    state=st.none() | st.sampled_from(CertificateState),
    severity=st.none() | st.sampled_from(Severity),
    ends_from=MOMENTS,
    ends_before=MOMENTS,
    recorded_from=MOMENTS,
    recorded_before=MOMENTS,
    sort=st.sampled_from(Sort),
    descending=st.booleans(),
)


@given(st.builds(Wanted, QUERIES, SPANS))
def test_what_was_kept_as_json_comes_back_as_it_was(wanted: Wanted) -> None:
    assert from_json(json.loads(json.dumps(to_json(wanted)))) == (wanted, ())


def test_json_has_only_what_is_wanted() -> None:
    assert to_json(Wanted()) == {}
    assert to_json(Wanted(Query(owner="-"), 30 * DAY)) == {"owner": "-", "ends_within": 2_592_000}


@pytest.mark.parametrize(
    "told",
    [
        {"colour": "green"},
        {"state": "suspended"},
        {"name": 7},
        {"ends_from": "soon"},
        {"ends_from": "2027-01-01T00:00:00"},
        {"ends_within": "a while"},
        {"ends_within": 10**30},
    ],
)
def test_a_condition_of_a_later_version_is_named_and_the_others_are_kept(told: dict[str, object]) -> None:
    assert from_json({**told, "owner": "web"}) == (Wanted(Query(owner="web")), tuple(told))


def test_a_span_moves_on_with_the_time() -> None:
    wanted = Wanted(Query(state=CertificateState.VALID), 30 * DAY)
    today, tomorrow = wanted.at(NOW), wanted.at(NOW + DAY)
    assert (today.ends_from, today.ends_before) == (NOW, NOW + 30 * DAY)
    assert (tomorrow.ends_from, tomorrow.ends_before) == (NOW + DAY, NOW + 31 * DAY)
    assert today.state is CertificateState.VALID


def test_a_span_and_dates_want_what_both_want() -> None:
    query = Wanted(Query(ends_from=NOW + DAY, ends_before=NOW + 3 * DAY), 30 * DAY).at(NOW)
    assert (query.ends_from, query.ends_before) == (NOW + DAY, NOW + 3 * DAY)


def test_a_further_condition_narrows_a_query_and_keeps_its_order() -> None:
    kept = Wanted(Query(owner="web", severity=Severity.NOTICE, ends_before=NOW, sort=Sort.ENDS), 60 * DAY)
    more = Wanted(Query(tag="shop", severity=Severity.ERROR, ends_before=NOW + DAY, recorded_from=NOW), 30 * DAY)
    narrowed = kept.narrowed(more)
    assert narrowed == Wanted(
        Query(owner="web", tag="shop", severity=Severity.ERROR, ends_before=NOW, recorded_from=NOW, sort=Sort.ENDS),
        30 * DAY,
    )


def test_two_conditions_that_no_certificate_can_meet_are_refused_and_do_not_replace_one_another() -> None:
    with pytest.raises(Refused, match="owner 'web' and 'mail'"):
        Wanted(Query(owner="web")).narrowed(Wanted(Query(owner="mail")))


def test_an_order_replaces_the_one_that_was_kept_and_none_leaves_it() -> None:
    kept = Wanted(Query(sort=Sort.ENDS))
    assert kept.ordered(None, descending=False) == kept
    assert kept.ordered(None, descending=True).query == Query(sort=Sort.ENDS, descending=True)
    assert kept.ordered(Sort.RECORDED, descending=False).query == Query()


def test_everything_is_wanted_only_where_nothing_is_left_out() -> None:
    assert Wanted(Query(sort=Sort.ENDS, descending=True)).is_everything
    assert not Wanted(ends_within=DAY).is_everything
    assert not replace(Wanted(), query=Query(owner="-")).is_everything

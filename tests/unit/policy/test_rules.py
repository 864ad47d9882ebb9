"""The dated rules: the value of a day, the days they change, and that the table is complete."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.policy import rules


@pytest.mark.parametrize(
    ("day", "lifetime", "reuse"),
    [
        (date(2019, 1, 1), 825, 398),
        (date(2026, 3, 14), 398, 398),
        (date(2026, 3, 15), 200, 200),
        (date(2027, 3, 14), 200, 200),
        (date(2027, 3, 15), 100, 100),
        (date(2029, 3, 15), 47, 10),
        (date(2099, 1, 1), 47, 10),
    ],
)
def test_lifetime_and_reuse_shrink_on_their_days(day: date, lifetime: int, reuse: int) -> None:
    assert (rules.on(day).max_lifetime_days, rules.on(day).dcv_reuse_days) == (lifetime, reuse)


@given(st.dates(min_value=date(2019, 1, 1), max_value=date(2040, 1, 1)))
def test_no_rule_ever_loosens(day: date) -> None:
    today, tomorrow = rules.on(day), rules.on(day + timedelta(days=1))
    assert tomorrow.max_lifetime_days <= today.max_lifetime_days
    assert tomorrow.dcv_reuse_days <= today.dcv_reuse_days
    assert tomorrow.identity_reuse_days <= today.identity_reuse_days
    assert tomorrow.network_perspectives >= today.network_perspectives
    assert tomorrow.banned_dcv_methods >= today.banned_dcv_methods
    assert today.advised_lifetime_days == today.max_lifetime_days - 1


def test_methods_are_banned_on_their_days() -> None:
    assert "3.2.2.4.4" not in rules.on(date(2028, 3, 14)).banned_dcv_methods
    assert "3.2.2.4.4" in rules.on(date(2028, 3, 15)).banned_dcv_methods


def test_yes_and_no_rules_turn_on_their_days() -> None:
    before, after = rules.on(date(2026, 9, 14)), rules.on(date(2026, 9, 15))
    assert (before.sha1_allowed, after.sha1_allowed) == (True, False)
    assert (before.client_auth_allowed, rules.on(date(2027, 3, 15)).client_auth_allowed) == (True, False)
    assert not rules.on(date(2022, 9, 1)).organizational_unit_allowed


def test_every_rule_names_its_source() -> None:
    assert all(rules.source_of(name) for name in rules.Rules.__dataclass_fields__)


def test_the_days_of_change_are_known_and_in_order() -> None:
    assert date(2029, 3, 15) in rules.changes()
    assert list(rules.changes()) == sorted(set(rules.changes()))


def test_a_datetime_is_refused_because_its_zone_would_matter() -> None:
    with pytest.raises(TypeError, match="date"):
        rules.on(datetime(2026, 3, 15, tzinfo=UTC))

"""When renewal begins and when it is late, for lives of any length."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.policy import due

START = datetime(2026, 11, 21, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ZERO = "0" * 64


@pytest.mark.parametrize(
    ("days", "due_day", "late_hours_left"), [(47, 31, 282), (6, 4, 36), (90, 60, 540), (200, 133, 1200)]
)
def test_two_thirds_and_three_quarters_of_the_actual_life(days: int, due_day: int, late_hours_left: int) -> None:
    end = START + timedelta(days=days) - SECOND
    assert (due.due_at(START, end, fingerprint=ZERO) - START).days == due_day
    assert end + SECOND - due.alarm_at(START, end) == timedelta(hours=late_hours_left)


@given(
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2060, 1, 1)),  # noqa: DTZ001
    st.timedeltas(min_value=timedelta(hours=1), max_value=timedelta(days=9000)),
    st.binary(max_size=8),
)
def test_due_lies_inside_the_life_before_the_alarm_and_never_moves(
    start: datetime, life: timedelta, seed: bytes
) -> None:
    begin = start.replace(tzinfo=UTC, microsecond=0)
    end = begin + timedelta(seconds=int(life.total_seconds()))
    fingerprint = hashlib.sha256(seed).hexdigest()
    moment = due.due_at(begin, end, fingerprint=fingerprint)
    assert begin + (end - begin) * 0.64 < moment < due.alarm_at(begin, end) < end
    assert moment == due.due_at(begin, end, fingerprint=fingerprint)


def test_a_thousand_certificates_of_one_hour_are_not_due_in_one_hour() -> None:
    end = START + timedelta(days=90)
    moments = sorted(
        due.due_at(START, end, fingerprint=hashlib.sha256(bytes([i, j])).hexdigest())
        for i in range(10)
        for j in range(100)
    )
    hours = [int((moment - moments[0]) / timedelta(hours=1)) for moment in moments]
    assert moments[-1] - moments[0] > timedelta(days=1.5)
    assert max(hours.count(hour) for hour in set(hours)) < 60


def test_dates_in_the_wrong_order_are_an_error() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        due.alarm_at(START, START - timedelta(days=1))

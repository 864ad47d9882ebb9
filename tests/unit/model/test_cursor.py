"""Cursors: they lead back to where they came from, and nowhere else."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.model.cursor import decode, encode
from certwright.model.errors import Refused
from certwright.model.inventory import Position, Query, Sort
from certwright.model.wanted import Wanted
from certwright.model.words import CertificateState

KEY = bytes(range(32))
WANTED = Wanted(Query(name="meadow", state=CertificateState.VALID, sort=Sort.NAME), timedelta(days=30))
POSITION = Position("shop.meadow.example", 4711)


@given(value=st.text(max_size=200), number=st.integers(min_value=0, max_value=2**63 - 1))
def test_a_cursor_leads_back_to_its_position(value: str, number: int) -> None:
    value = value.encode(errors="ignore").decode()
    assert decode(encode(Position(value, number), WANTED, KEY), WANTED, KEY) == Position(value, number)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_cursor_with_one_byte_changed_is_refused(place: int, change: int) -> None:
    text = encode(POSITION, WANTED, KEY)
    raw = bytearray(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    raw[place % len(raw)] ^= change
    with pytest.raises(Refused, match="does not belong"):
        decode(urlsafe_b64encode(raw).rstrip(b"=").decode(), WANTED, KEY)


@given(st.integers(min_value=0, max_value=len(encode(POSITION, WANTED, KEY)) - 1))
def test_a_cursor_that_was_cut_is_refused(length: int) -> None:
    with pytest.raises(Refused, match="does not belong"):
        decode(encode(POSITION, WANTED, KEY)[:length], WANTED, KEY)


@given(st.text(max_size=3000))
def test_whatever_else_is_given_for_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="does not belong"):
        decode(text, WANTED, KEY)


@pytest.mark.parametrize(
    "other",
    [
        Wanted(),
        replace(WANTED, ends_within=timedelta(days=31)),
        replace(WANTED, query=replace(WANTED.query, name="orchard")),
        replace(WANTED, query=replace(WANTED.query, descending=True)),
        replace(WANTED, query=replace(WANTED.query, sort=Sort.ENDS)),
    ],
)
def test_the_cursor_of_another_query_or_order_is_refused(other: Wanted) -> None:
    with pytest.raises(Refused, match="does not belong"):
        decode(encode(POSITION, other, KEY), WANTED, KEY)


def test_the_cursor_of_another_installation_is_refused() -> None:
    with pytest.raises(Refused, match="does not belong"):
        decode(encode(POSITION, WANTED, bytes(32)), WANTED, KEY)

"""Sealing: what was sealed comes back, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certwright.keys.software.envelope import HEAD_LENGTH, Envelope, kek_id
from certwright.keys.software.kek import Kek, KekRing
from certwright.model.errors import Misconfigured, Refused

PLACE = "key:7:sealed"
RING = KekRing([Kek(bytes(range(32)))])


@given(plaintext=st.binary(max_size=300), place=st.text(max_size=40))
def test_what_was_sealed_opens_at_its_place(plaintext: bytes, place: str) -> None:
    envelope = Envelope(RING)

    assert envelope.open(envelope.seal(plaintext, place), place) == plaintext


@settings(max_examples=200)
@given(place=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_one_changed_bit_anywhere_is_noticed(place: int, bit: int) -> None:
    envelope = Envelope(RING)
    sealed = bytearray(envelope.seal(b"a private key", PLACE))
    sealed[place % len(sealed)] ^= 1 << bit

    with pytest.raises((Refused, Misconfigured)):
        envelope.open(bytes(sealed), PLACE)


@given(length=st.integers(min_value=0, max_value=HEAD_LENGTH + 40))
def test_a_cut_value_is_refused(length: int) -> None:
    sealed = Envelope(RING).seal(b"a private key", PLACE)

    with pytest.raises(Refused):
        Envelope(RING).open(sealed[: min(length, len(sealed) - 1)], PLACE)


def test_a_value_moved_to_another_row_does_not_open() -> None:
    sealed = Envelope(RING).seal(b"a private key", PLACE)

    with pytest.raises(Refused, match="belongs to another row"):
        Envelope(RING).open(sealed, "key:8:sealed")
    with pytest.raises(Refused):
        Envelope(RING).rewrap(sealed, "key:8:sealed")


def test_the_same_plaintext_is_never_sealed_to_the_same_bytes() -> None:
    envelope = Envelope(RING)
    sealed = [envelope.seal(b"same", PLACE) for _ in range(50)]

    assert len({value[:HEAD_LENGTH] for value in sealed}) == 50
    assert len({value[HEAD_LENGTH:] for value in sealed}) == 50
    assert not any(b"same" in value for value in sealed)


def test_two_values_cannot_swap_their_data_keys() -> None:
    envelope = Envelope(RING)
    first, second = envelope.seal(b"first", PLACE), envelope.seal(b"second", PLACE)

    with pytest.raises(Refused):
        envelope.open(first[:HEAD_LENGTH] + second[HEAD_LENGTH:], PLACE)


def test_without_its_kek_a_value_names_the_missing_kek() -> None:
    sealed = Envelope(RING).seal(b"a private key", PLACE)
    other = KekRing([Kek(b"x" * 32)])

    with pytest.raises(Misconfigured, match=kek_id(sealed)):
        Envelope(other).open(sealed, PLACE)


def test_rewrapping_changes_the_wrapped_key_and_not_the_item(tmp_path: Path) -> None:
    ring = KekRing.load(tmp_path / "kek")
    envelope = Envelope(ring)
    sealed, old = envelope.seal(b"a private key", PLACE), ring.newest.id.hex()
    new = ring.rotate().id.hex()

    rewrapped = envelope.rewrap(sealed, PLACE)

    assert (kek_id(sealed), kek_id(rewrapped)) == (old, new)
    assert rewrapped[HEAD_LENGTH:] == sealed[HEAD_LENGTH:]
    assert envelope.open(sealed, PLACE) == envelope.open(rewrapped, PLACE) == b"a private key"
    assert envelope.rewrap(rewrapped, PLACE) == rewrapped

    ring.forget(old)
    assert envelope.open(rewrapped, PLACE) == b"a private key"
    with pytest.raises(Misconfigured, match=old):
        envelope.open(sealed, PLACE)

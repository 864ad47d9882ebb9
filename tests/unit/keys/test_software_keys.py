"""Software keys as bytes."""

from __future__ import annotations

import pytest

from certwright.keys.software.keys import create, load
from certwright.model.errors import Refused
from certwright.pki.keys import KeySpec, spec_of


@pytest.mark.parametrize("spec", [KeySpec.RSA_2048, KeySpec.EC_P256, KeySpec.EC_P384])
def test_a_created_key_loads_as_the_spec_it_was_asked_for(spec: KeySpec) -> None:
    assert spec_of(load(create(spec)).public_key()) is spec


def test_no_two_created_keys_are_the_same() -> None:
    assert create(KeySpec.EC_P256) != create(KeySpec.EC_P256)


def test_damaged_bytes_are_refused_without_being_shown() -> None:
    der = bytearray(create(KeySpec.EC_P256))
    der[0] = 0

    with pytest.raises(Refused) as caught:
        load(bytes(der))
    assert bytes(der[40:60]).hex() not in str(caught.value)

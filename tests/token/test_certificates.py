"""Chains beside their keys in the token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, ObjectClass

from certwright.keys.pkcs11 import Pkcs11Keys, TokenKeyReference
from certwright.keys.pkcs11.objects import search
from certwright.model.errors import NotFound, Refused
from certwright.pki.keys import KeySpec
from tests.token.authority import Authority
from tests.token.conftest import RealToken


@pytest.fixture
def reference(any_keys: Pkcs11Keys) -> TokenKeyReference:
    """A fresh P-256 key."""
    return any_keys.generate(KeySpec.EC_P256, label="shop", cka_id=any_keys.new_id())


def stored(keys: Pkcs11Keys, **wanted: bytes) -> int:
    """How many certificate objects of the token fit."""
    with keys._token.session("counting certificates") as login:
        return len(search(login.session, ObjectClass.CERTIFICATE, **wanted))


def test_the_stored_chain_comes_back_leaf_first(
    any_keys: Pkcs11Keys, reference: TokenKeyReference, authority: Authority
) -> None:
    leaf = authority.issue(any_keys.public_key(reference))

    any_keys.store_chain(reference, leaf, authority.cas, "shop")

    assert any_keys.stored_chain(reference) == [leaf, *authority.cas]


def test_the_leaf_carries_the_keys_id_and_the_ca_certificate_another(
    any_keys: Pkcs11Keys, reference: TokenKeyReference, authority: Authority
) -> None:
    leaf = authority.issue(any_keys.public_key(reference))
    any_keys.store_chain(reference, leaf, authority.cas, "shop")

    with any_keys._token.session("reading ids") as login:
        ids = {
            bytes(item[Attribute.VALUE]): item[Attribute.ID] for item in search(login.session, ObjectClass.CERTIFICATE)
        }

    assert ids[leaf] == reference.id_bytes
    assert ids[authority.cas[0]] != reference.id_bytes


def test_storing_twice_stores_once_and_two_leaves_share_their_ca_certificate(
    any_keys: Pkcs11Keys, reference: TokenKeyReference, authority: Authority
) -> None:
    other = any_keys.generate(KeySpec.EC_P256, label="shop", cka_id=any_keys.new_id())
    for each in (reference, other):
        leaf = authority.issue(any_keys.public_key(each))
        any_keys.store_chain(each, leaf, authority.cas, "shop")
        any_keys.store_chain(each, leaf, authority.cas, "shop")
        assert stored(any_keys, VALUE=leaf) == 1

    assert stored(any_keys, VALUE=authority.cas[0]) == 1


def test_destroying_a_pair_takes_its_leaf_and_leaves_the_ca_certificate(
    any_keys: Pkcs11Keys, reference: TokenKeyReference, authority: Authority
) -> None:
    leaf = authority.issue(any_keys.public_key(reference))
    any_keys.store_chain(reference, leaf, authority.cas, "shop")

    any_keys.destroy(reference)
    any_keys.destroy(reference)

    assert any_keys.find(reference.id_bytes) is None
    assert stored(any_keys, VALUE=leaf) == 0
    assert stored(any_keys, VALUE=authority.cas[0]) == 1
    with pytest.raises(NotFound):
        any_keys.stored_chain(reference)


def test_a_new_certificate_for_the_same_key_replaces_the_old_one(
    any_keys: Pkcs11Keys, reference: TokenKeyReference, authority: Authority
) -> None:
    first, second = (authority.issue(any_keys.public_key(reference)) for _ in range(2))
    any_keys.store_chain(reference, first, authority.cas, "shop")

    any_keys.store_chain(reference, second, authority.cas, "shop")

    assert any_keys.stored_chain(reference) == [second, *authority.cas]
    assert stored(any_keys, ID=reference.id_bytes) == 1


def test_a_certificate_for_another_key_is_refused_and_not_stored(
    any_keys: Pkcs11Keys, reference: TokenKeyReference, authority: Authority
) -> None:
    foreign = authority.issue(ec.generate_private_key(ec.SECP256R1()).public_key())

    with pytest.raises(Refused, match="another key"):
        any_keys.store_chain(reference, foreign, authority.cas, "shop")

    assert stored(any_keys, ID=reference.id_bytes) == 0


def test_a_chain_half_written_by_a_crash_is_completed_by_the_repeat(
    any_keys: Pkcs11Keys, reference: TokenKeyReference, authority: Authority
) -> None:
    leaf = authority.issue(any_keys.public_key(reference))
    any_keys.store_chain(reference, leaf, [], "shop")
    assert any_keys.stored_chain(reference)[:1] == [leaf]

    any_keys.store_chain(reference, leaf, authority.cas, "shop")

    assert any_keys.stored_chain(reference) == [leaf, *authority.cas]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda profile: replace(profile, store_certificates=False), "stores no certificates"),
        (lambda profile: replace(profile, largest_certificate=100), "larger than the 100 bytes"),
    ],
)
def test_what_the_profile_excludes_is_refused(
    token: RealToken, authority: Authority, change: Callable[..., object], reason: str
) -> None:
    keys = Pkcs11Keys(change(token.profile), lambda: token.pin.encode(), token.refused_pins)  # type: ignore[arg-type]
    reference = keys.generate(KeySpec.EC_P256, label="shop", cka_id=keys.new_id())

    with pytest.raises(Refused, match=reason):
        keys.store_chain(reference, authority.issue(keys.public_key(reference)), authority.cas, "shop")
    keys.close()

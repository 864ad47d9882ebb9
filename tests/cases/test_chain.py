"""Chains from what CAs send: any order, too much, too little. One function, one case."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from cryptography import x509

from certwright.pki import chain
from certwright.pki.errors import Invalid
from tests.cases.authority import NOW, foreign_signature, new_key, root

TOP = root()
MIDDLE = TOP.intermediate("Middle")
LOW = MIDDLE.intermediate("Low")


def test_any_order_gives_leaf_first_and_no_root() -> None:
    """The 24 orders of leaf, two intermediates and root all give the same chain (RFC 8446 §4.4.2)."""
    leaf = LOW.issue()
    expected = chain.Chain(leaf, (LOW.certificate, MIDDLE.certificate))
    for order in itertools.permutations([leaf, LOW.certificate, MIDDLE.certificate, TOP.certificate]):
        assert chain.build(order) == expected


def test_duplicates_are_counted_once() -> None:
    """A ZIP often holds the same certificate in several files."""
    leaf = MIDDLE.issue()
    assert chain.build([leaf, MIDDLE.certificate, leaf, MIDDLE.certificate]).intermediates == (MIDDLE.certificate,)


def test_strangers_are_left_out() -> None:
    """Certificates that signed nothing here do not get into the chain."""
    leaf = MIDDLE.issue()
    stranger = root("Stranger").intermediate("Another")
    assert chain.build([stranger.certificate, leaf, MIDDLE.certificate]).intermediates == (MIDDLE.certificate,)


def test_the_leaf_is_found_by_its_key_among_several() -> None:
    """Two leaves with the same common name: the key decides."""
    key = new_key()
    ours, other = MIDDLE.issue(key=key), MIDDLE.issue()
    assert chain.build([other, ours, MIDDLE.certificate], public_key_sha256=ours.public_key_sha256).leaf == ours


def test_two_leaves_without_a_key_are_ambiguous() -> None:
    """Position and common name prove nothing, so nothing is guessed."""
    with pytest.raises(Invalid, match="More than one"):
        chain.build([MIDDLE.issue(), MIDDLE.issue()])


def test_no_leaf_with_our_key_is_refused() -> None:
    """The CA sent a certificate for another key."""
    with pytest.raises(Invalid, match="carries the key"):
        chain.build([MIDDLE.issue(), MIDDLE.certificate], public_key_sha256="00" * 32)


def test_certificates_of_cas_alone_are_refused() -> None:
    """Only intermediates came."""
    with pytest.raises(Invalid, match="end-entity"):
        chain.build([MIDDLE.certificate, TOP.certificate])


def test_a_ca_certificate_with_our_key_is_the_leaf_to_object_to() -> None:
    """It is handed on as evidence, so that acceptance can say precisely what is wrong."""
    wrong = MIDDLE.issue(ca=True)
    assert chain.build([wrong, MIDDLE.certificate], public_key_sha256=wrong.public_key_sha256).leaf == wrong


def test_a_certificate_is_preferred_to_its_precertificate() -> None:
    """Both carry our key; one is a promise only (RFC 6962 §3.1)."""
    key = new_key()
    promise = MIDDLE.issue(key=key, extra=[(x509.PrecertPoison(), True)])
    leaf = MIDDLE.issue(key=key)
    assert chain.build([promise, leaf], public_key_sha256=leaf.public_key_sha256).leaf == leaf


def test_a_missing_intermediate_is_taken_from_the_known_ones() -> None:
    """Only the leaf came; the pinned intermediates complete it, nothing is fetched."""
    leaf = LOW.issue()
    known = [TOP.certificate, MIDDLE.certificate, LOW.certificate]
    assert chain.build([leaf], known=known).intermediates == (LOW.certificate, MIDDLE.certificate)


def test_a_missing_intermediate_that_nobody_knows_stays_missing() -> None:
    """The chain ends where the signatures end; verification objects."""
    leaf = LOW.issue()
    assert chain.build([leaf, MIDDLE.certificate]).intermediates == ()


def test_a_known_certificate_is_not_added_where_the_ca_sent_one() -> None:
    """What the CA sent wins over what we know."""
    leaf = MIDDLE.issue()
    renewed = TOP.intermediate("Middle", key=MIDDLE.key)
    built = chain.build([leaf, MIDDLE.certificate], known=[renewed.certificate, TOP.certificate])
    assert built.intermediates == (MIDDLE.certificate,)


def test_a_wrong_signature_is_no_link() -> None:
    """Names match, the signature does not."""
    leaf = MIDDLE.issue()
    assert chain.build([foreign_signature(leaf), MIDDLE.certificate]).intermediates == ()


def test_an_issuer_of_the_same_name_with_another_key_is_no_link() -> None:
    """Names match, the key does not."""
    impostor = TOP.intermediate("Middle")
    leaf = MIDDLE.issue()
    assert chain.build([leaf, impostor.certificate, MIDDLE.certificate]).intermediates == (MIDDLE.certificate,)


def test_a_cross_certificate_is_kept_and_the_root_left_out() -> None:
    """Four certificates as CAs send them: leaf, CA, young root signed by the old one, old root."""
    old, young = root("Old Root"), root("Young Root")
    cross = old.intermediate("Young Root", key=young.key)
    ca = young.intermediate("CA")
    leaf = ca.issue()
    sent = [leaf, ca.certificate, cross.certificate, old.certificate]
    for order in itertools.permutations(sent):
        assert chain.build(order).intermediates == (ca.certificate, cross.certificate)


def test_a_cross_certificate_beside_the_young_root_is_kept() -> None:
    """Both roots came too: the longer path reaches clients that know the old root alone."""
    old, young = root("Old Root"), root("Young Root")
    cross = old.intermediate("Young Root", key=young.key)
    ca = young.intermediate("CA")
    sent = [ca.issue(), ca.certificate, cross.certificate, old.certificate, young.certificate]
    for order in itertools.permutations(sent):
        assert chain.build(order).intermediates == (ca.certificate, cross.certificate)


def test_of_two_certificates_of_one_ca_the_later_is_taken() -> None:
    """The CA renewed its intermediate with the same key; both came."""
    renewed = TOP.intermediate("Middle", key=MIDDLE.key, not_after=NOW + timedelta(days=4000))
    leaf = MIDDLE.issue()
    for order in itertools.permutations([leaf, MIDDLE.certificate, renewed.certificate]):
        assert chain.build(order).intermediates == (renewed.certificate,)


def test_cas_that_certify_each_other_end_the_search() -> None:
    """A certifies B and B certifies A: every CA appears in a path once (RFC 5280 §6.1)."""
    a, b = root("A"), root("B")
    a_by_b, b_by_a = b.intermediate("A", key=a.key), a.intermediate("B", key=b.key)
    built = chain.build([a.issue(), a_by_b.certificate, b_by_a.certificate])
    assert built.intermediates == (a_by_b.certificate, b_by_a.certificate)


def test_a_self_signed_server_certificate_is_a_chain_of_one() -> None:
    """No CA at all: the leaf is there, the path to a root is verification's question."""
    lone = root("shop.meadow.example", ca=False).certificate
    assert chain.build([lone]) == chain.Chain(lone)


def test_more_certificates_than_any_chain_needs_are_refused() -> None:
    """The search is bounded (hostile cross-signatures could make it exponential)."""
    with pytest.raises(Invalid, match="no chain needs more"):
        chain.build([MIDDLE.issue() for _ in range(chain.MAXIMUM_CERTIFICATES + 1)])


def test_nothing_at_all_is_refused() -> None:
    """An empty answer holds no leaf."""
    with pytest.raises(Invalid, match="No certificate"):
        chain.build([])


def test_the_pem_of_a_chain_is_leaf_first() -> None:
    """The file that TLS servers want (RFC 8446 §4.4.2)."""
    leaf = MIDDLE.issue()
    assert chain.build([MIDDLE.certificate, leaf]).pem == leaf.pem + MIDDLE.certificate.pem

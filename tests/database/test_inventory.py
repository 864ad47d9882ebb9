"""Certificates in the inventory: recorded once, found by each of their names, marked when they are revoked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from certwright.model.ca import CAOrder
from certwright.model.errors import LostLease, NotFound, Refused
from certwright.model.inventory import Query
from certwright.model.order import Order
from certwright.model.words import CertificateState, Operation, RevocationReason
from certwright.pki.chain import Chain
from certwright.store import models
from tests.cases.authority import NAME, NOW, root
from tests.database.stock import ACCOUNT, Stock

TOP = root()
CA = TOP.intermediate()


def chain(*names: str, **change: Any) -> Chain:
    """A fresh leaf with its intermediate."""
    return Chain(CA.issue(*names, **change), (CA.certificate,))


def recorded(stock: Stock, made: Chain, *, replaces: str = "", **request: Any) -> Order:
    """An order whose certificate is in the inventory."""
    order = stock.order(**request)
    if replaces:
        predecessor = models.Certificate.objects.get(fingerprint=replaces)
        models.Order.objects.filter(pk=order.id).update(replaces=predecessor)
    order = replace(order, ca_order=CAOrder(f"O{order.id}", f"C{order.id}"))
    assert stock.inventory.record(order, made) == made.leaf.fingerprint
    return stock.orders.get(str(order.id))


def test_a_recorded_certificate_is_tied_to_its_order_key_and_account(stock: Stock) -> None:
    made = chain()
    order = recorded(stock, made)
    entry = stock.inventory.get(made.leaf.fingerprint)
    assert (entry.certificate.der, entry.state, entry.account) == (
        made.leaf.der,
        CertificateState.VALID,
        ACCOUNT,
    )
    assert (entry.order_id, entry.ca_order.order_id) == (order.id, f"O{order.id}")
    assert entry.key is not None
    assert entry.key.id == order.key.id
    assert order.fingerprint == made.leaf.fingerprint
    assert stock.inventory.chain(entry) == made


def test_recording_again_changes_nothing(stock: Stock) -> None:
    made = chain()
    order = recorded(stock, made)
    stock.inventory.record(replace(order, ca_order=CAOrder(f"O{order.id}", f"C{order.id}")), made)
    assert models.Certificate.objects.filter(is_leaf=True).count() == 1
    assert models.Certificate.objects.filter(is_leaf=False).count() == 1


def test_a_worker_that_has_lost_its_lease_records_nothing(stock: Stock) -> None:
    order = stock.order()
    late = stock.journal("a").claim(order.id)
    assert late is not None
    models.Order.objects.filter(pk=order.id).update(fence=2)
    with pytest.raises(LostLease):
        stock.inventory.record(late, chain())
    assert models.Certificate.objects.count() == 0


def test_a_successor_replaces_its_predecessor_and_both_know(stock: Stock) -> None:
    old, new = chain(), chain()
    recorded(stock, old)
    recorded(stock, new, replaces=old.leaf.fingerprint, operation=Operation.REISSUE, inside="O1")
    before, after = (stock.inventory.get(made.leaf.fingerprint) for made in (old, new))
    assert (before.state, before.replaced_by) == (CertificateState.REPLACED, new.leaf.fingerprint)
    assert (after.state, after.replaces) == (CertificateState.VALID, old.leaf.fingerprint)


def test_a_duplicate_stands_beside_the_first_one_and_succeeds_nothing(stock: Stock) -> None:
    old, new = chain(), chain()
    recorded(stock, old)
    recorded(stock, new, replaces=old.leaf.fingerprint, operation=Operation.DUPLICATE, inside="O1")
    first, copy = (stock.inventory.get(made.leaf.fingerprint) for made in (old, new))
    assert (first.state, first.replaced_by, copy.replaces) == (CertificateState.VALID, "", "")


def test_a_certificate_is_found_by_each_of_its_names(stock: Stock) -> None:
    made = chain()
    recorded(stock, made)
    leaf = made.leaf
    pairs = [leaf.fingerprint[start : start + 2] for start in range(0, 64, 2)]
    entry = stock.inventory.get(leaf.fingerprint)
    for wanted in (leaf.fingerprint, leaf.serial, leaf.fingerprint[:8], ":".join(pairs).upper(), NAME, str(entry.id)):
        assert stock.inventory.get(wanted).id == entry.id, wanted


def test_a_name_that_several_have_is_no_answer(stock: Stock) -> None:
    for _ in range(2):
        recorded(stock, chain())
    with pytest.raises(Refused, match="several"):
        stock.inventory.get(NAME)


def test_of_a_replaced_one_and_its_successor_the_name_means_the_successor(stock: Stock) -> None:
    old, new = chain(), chain()
    recorded(stock, old)
    recorded(stock, new, replaces=old.leaf.fingerprint)
    assert stock.inventory.get(NAME).certificate.fingerprint == new.leaf.fingerprint


@pytest.mark.parametrize("wanted", ["nothing.example", "00" * 32, "", "abcdef01"])
def test_what_is_not_there_is_not_found(stock: Stock, wanted: str) -> None:
    recorded(stock, chain())
    with pytest.raises(NotFound):
        stock.inventory.get(wanted)


def test_an_intermediate_is_not_listed_among_leaves(stock: Stock) -> None:
    made = chain()
    recorded(stock, made)
    assert [one.fingerprint for one in stock.browsing.all(Query())] == [made.leaf.fingerprint]


def test_browsing_in_small_pages_shows_every_certificate_once(stock: Stock) -> None:
    wanted = []
    for number in range(7):
        made = chain(f"n{number}.meadow.example")
        recorded(stock, made)
        wanted.append(made.leaf.fingerprint)
    assert [one.fingerprint for one in stock.browsing.all(Query(), size=2)] == wanted


def test_an_expired_certificate_says_so_without_anybody_marking_it(stock: Stock) -> None:
    made = chain(not_before=NOW - timedelta(days=90), not_after=NOW - timedelta(days=1))
    recorded(stock, made)
    assert stock.inventory.get(made.leaf.fingerprint).state is CertificateState.EXPIRED
    assert len(list(stock.browsing.all(Query(state=CertificateState.EXPIRED)))) == 1
    assert list(stock.browsing.all(Query(state=CertificateState.VALID))) == []


def test_revoking_one_certificate_marks_that_one(stock: Stock) -> None:
    first, second = chain(), chain()
    order = recorded(stock, first)
    recorded(stock, second)
    assert order.ca_order is None  # the row gets it from the journal, not from the inventory
    wish = stock.orders.revoke(
        order,
        ACCOUNT,
        CAOrder(f"O{order.id}"),
        fingerprint=first.leaf.fingerprint,
        reason=RevocationReason.KEY_COMPROMISE,
        comment="",
    )
    assert stock.inventory.revoked(wish, NOW) == 1
    assert stock.inventory.revoked(wish, NOW + timedelta(days=1)) == 0
    entry = stock.inventory.get(first.leaf.fingerprint)
    assert (entry.state, entry.revoked_at, entry.revocation_reason) == (
        CertificateState.REVOKED,
        NOW,
        RevocationReason.KEY_COMPROMISE,
    )
    assert stock.inventory.get(second.leaf.fingerprint).state is CertificateState.VALID


def test_revoking_a_whole_order_marks_all_of_its_certificates(stock: Stock) -> None:
    made = [chain(), chain(), chain()]
    orders = [recorded(stock, item) for item in made]
    models.Certificate.objects.filter(fingerprint__in=[item.leaf.fingerprint for item in made[:2]]).update(
        ca_order_id="whole"
    )
    wish = stock.orders.revoke(
        orders[0],
        ACCOUNT,
        CAOrder("whole"),
        fingerprint="",
        reason=RevocationReason.SUPERSEDED,
        comment="",
        whole_order=True,
    )
    assert stock.inventory.revoked(wish, NOW) == 2


def test_of_an_order_with_one_certificate_at_a_time_only_the_one_in_force_is_revoked(stock: Stock) -> None:
    made = [chain(), chain()]
    orders = [recorded(stock, item) for item in made]
    fingerprints = [item.leaf.fingerprint for item in made]
    mine = models.Certificate.objects.filter(fingerprint__in=fingerprints)
    mine.update(ca_order_id="single", ca_certificate_id="")
    mine.filter(fingerprint=fingerprints[0]).update(state=CertificateState.REPLACED)
    wish = stock.orders.revoke(
        orders[1],
        ACCOUNT,
        CAOrder("single"),
        fingerprint="",
        reason=RevocationReason.SUPERSEDED,
        comment="",
        whole_order=True,
    )
    assert stock.inventory.revoked(wish, NOW) == 1
    assert stock.inventory.get(fingerprints[0]).state is CertificateState.REPLACED


def test_a_certificate_is_found_by_any_of_its_names_in_any_case(stock: Stock) -> None:
    made = chain("shop.meadow.example", "api.meadow.example")
    recorded(stock, made)
    for wanted in ("api.meadow.example", "API.Meadow.example"):
        assert stock.inventory.get(wanted).certificate.fingerprint == made.leaf.fingerprint
    with pytest.raises(NotFound):
        stock.inventory.get("meadow.example")

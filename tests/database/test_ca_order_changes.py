"""What becomes of the orders in a CA's list: new, changed, and vanished, which only a complete listing can tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from certwright.model.ca import CAOrder, ReportedOrder, ReportPage
from certwright.model.words import CertificateState, OrderState
from certwright.pki.chain import Chain
from certwright.store import ca_order_changes, models
from certwright.store.ca_orders import CAOrders, Taken
from certwright.store.lineage import lineage, siblings
from tests.cases.authority import NOW, root
from tests.database.stock import ACCOUNT, Stock, some_account
from tests.fakes.clock import FakeClock

CA = root().intermediate()
DAY = timedelta(days=1)


@pytest.fixture
def clock(stock: Stock) -> FakeClock:
    """The stock's own clock."""
    assert isinstance(stock.clock, FakeClock)
    return stock.clock


def order(number: int, certificate: str = "", **told: object) -> ReportedOrder:
    """An order in force, with the first of its certificates or another one."""
    placed = CAOrder(f"O{number}", certificate or f"C{number}")
    return replace(ReportedOrder(placed, OrderState.ISSUED, CertificateState.VALID), **told)  # type: ignore[arg-type]


def listed(stock: Stock, *pages: tuple[ReportedOrder, ...], account: str = ACCOUNT, whole: bool = True) -> int:
    """A listing of those pages, the last of it unless it is not the whole; returns how many orders vanished."""
    number = ca_order_changes.begin(account)
    for left, page in zip(range(len(pages) - 1, -1, -1), pages, strict=True):
        CAOrders(stock.clock).take(account, ReportPage(page, "more" if left or not whole else ""))
    return ca_order_changes.complete(account, number, stock.clock.now()) if whole else 0


def vanished() -> dict[str, datetime]:
    """The CA's certificate ids of what has vanished, and since when."""
    rows = models.CAOrder.objects.exclude(vanished_at=None)
    return dict(rows.values_list("ca_certificate_id", "vanished_at"))


def changes(since: datetime) -> list[tuple[str, str]]:
    """What became of which order since then."""
    found = ca_order_changes.since(ACCOUNT, since)
    return [(str(one.became), one.order.ca_order.certificate_id) for one in found]


def test_what_a_complete_listing_does_not_have_has_vanished_and_stays(stock: Stock, clock: FakeClock) -> None:
    listed(stock, (order(1), order(2)), (order(3),))
    clock.advance(DAY)
    assert listed(stock, (order(1),), (order(3),)) == 1
    assert vanished() == {"C2": NOW + DAY}
    clock.advance(DAY)
    assert listed(stock, (order(1),), (order(3),)) == 0
    assert vanished() == {"C2": NOW + DAY}, "since then, not since now"
    assert models.CAOrder.objects.count() == 3


def test_what_shows_again_has_not_vanished_but_changed(stock: Stock, clock: FakeClock) -> None:
    listed(stock, (order(1), order(2)))
    listed(stock, (order(1),))
    clock.advance(DAY)
    assert listed(stock, (order(1), order(2))) == 0
    assert vanished() == {}
    assert changes(NOW + DAY) == [("changed", "C2")]


def test_a_listing_that_failed_midway_makes_nothing_vanish_and_is_gone_on_with(stock: Stock) -> None:
    listed(stock, (order(1), order(2)), (order(3),))
    listed(stock, (order(1),), whole=False)
    assert vanished() == {}
    assert listed(stock, (order(3),)) == 1
    assert list(vanished()) == ["C2"], "the pages from before it failed count"


def test_a_listing_that_began_anew_after_a_failure_goes_by_its_own_pages(stock: Stock) -> None:
    listed(stock, (order(1), order(2)))
    listed(stock, (order(1),), whole=False)
    CAOrders(stock.clock).start_over(ACCOUNT)
    assert listed(stock, (order(2),)) == 1
    assert list(vanished()) == ["C1"]


def test_orders_that_are_taken_one_by_one_or_by_another_import_make_nothing_vanish(stock: Stock) -> None:
    listed(stock, (order(1), order(2)))
    CAOrders(stock.clock).take_details(ACCOUNT, [order(1, detailed=True)])
    CAOrders(stock.clock).take(ACCOUNT, ReportPage((order(1),), ""))
    assert vanished() == {}


def test_a_listing_that_another_has_overtaken_makes_nothing_vanish(stock: Stock, clock: FakeClock) -> None:
    listed(stock, (order(1), order(2)))
    number = ca_order_changes.begin(ACCOUNT)
    ca_order_changes.begin(ACCOUNT)
    assert ca_order_changes.complete(ACCOUNT, number, clock.now()) == 0
    assert vanished() == {}


def test_the_listing_of_one_account_says_nothing_of_another(stock: Stock) -> None:
    stock.accounts.add(some_account("other"))
    listed(stock, (order(1),), account="other")
    listed(stock, (order(2),))
    listed(stock, ())
    assert list(vanished()) == ["C2"]


def test_what_vanished_is_decided_by_the_listing_also_when_the_clock_was_set_back(stock: Stock) -> None:
    listed(stock, (order(1), order(2)))
    stock.clock = FakeClock(NOW - 400 * DAY)
    assert listed(stock, (order(1),)) == 1
    assert list(vanished()) == ["C2"]


def test_certificates_of_which_only_details_tell_are_there_as_long_as_their_order_is(stock: Stock) -> None:
    listed(stock, (order(1),))
    CAOrders(stock.clock).take_details(ACCOUNT, [order(1, detailed=True), order(1, "C9", detailed=True)])
    assert listed(stock, (order(1),)) == 0
    assert listed(stock, ()) == 2
    assert set(vanished()) == {"C1", "C9"}
    assert CAOrders(stock.clock).without_details(ACCOUNT, 9, last=timedelta()) == [], "the CA is not asked for it"
    listed(stock, (order(1),))
    assert vanished() == {}


def test_a_draft_that_was_submitted_has_not_vanished(stock: Stock) -> None:
    draft = replace(order(1), ca_order=CAOrder("", request_id="R1"), certificate_state=None)
    listed(stock, (draft,))
    assert listed(stock, (replace(order(1), ca_order=CAOrder("O1", "C1", "R1")),)) == 0
    assert vanished() == {}


def test_new_changed_and_vanished_are_told_since_a_time_and_what_was_so_before_is_not(
    stock: Stock, clock: FakeClock
) -> None:
    listed(stock, tuple(order(number) for number in (1, 2, 3, 4)))
    clock.advance(DAY)
    assert changes(clock.now()) == []
    listed(stock, (order(1), order(2, group="Shops"), order(3), order(5)))
    assert changes(clock.now()) == [("changed", "C2"), ("vanished", "C4"), ("new", "C5")]
    assert changes(NOW) == [("new", "C1"), ("new", "C2"), ("new", "C3"), ("vanished", "C4"), ("new", "C5")]
    clock.advance(DAY)
    listed(stock, (order(1), order(2, group="Shops"), order(3), order(5)))
    assert changes(clock.now()) == []


def test_to_learn_more_of_an_order_by_asking_for_it_is_no_change_of_it(stock: Stock, clock: FakeClock) -> None:
    listed(stock, (order(1),))
    ca_orders = CAOrders(clock)
    clock.advance(DAY)
    assert ca_orders.take_details(ACCOUNT, [order(1, requester="Mara", detailed=True)]) == Taken(changed=1)
    assert changes(clock.now()) == []
    ca_orders.take_details(ACCOUNT, [order(1, requester="Tom", detailed=True)])
    assert changes(clock.now()) == [("changed", "C1")]


@pytest.mark.parametrize("tied", [("C1", "C2", "C3", "C8"), ("C8", "C3", "C2", "C1"), ("C2", "C8", "C1", "C3")])
@pytest.mark.parametrize("told_first", [True, False])
def test_a_reissue_succeeds_what_it_replaced_and_a_duplicate_stays_beside(
    stock: Stock, tied: tuple[str, ...], told_first: bool
) -> None:
    leaves = {name: CA.issue(not_before=NOW - DAY * (9 - int(name[1]))) for name in tied}
    state = {"C1": CertificateState.REPLACED, "C2": CertificateState.REPLACED}
    before = {"C3": "C2", "C2": "C1"}
    rows = [
        order(1, name, detailed=True, reissues=2, duplicates=1, replaces=before.get(name, ""),
              certificate_state=state.get(name, CertificateState.VALID), serial=leaves[name].serial)
        for name in sorted(tied)
    ]  # fmt: skip
    ca_orders = CAOrders(stock.clock)
    untold = [replace(row, replaces="", reissues=None, detailed=False) for row in rows]
    ca_orders.take(ACCOUNT, ReportPage(tuple(untold), ""))
    for told in (told_first, not told_first):
        if told:
            ca_orders.take_details(ACCOUNT, rows)
        else:
            for name in tied:
                row = models.CAOrder.objects.get(ca_certificate_id=name)
                chain = Chain(leaves[name], (CA.certificate,))
                stock.inventory.take(ACCOUNT, CAOrder("O1", name), chain, CertificateState(row.certificate_state))
                ca_orders.link(row.pk, leaves[name].fingerprint)
    newest, duplicate = (stock.inventory.get(leaves[name].fingerprint).id for name in ("C3", "C8"))
    came = [leaves[name].fingerprint for name in ("C1", "C2", "C3")]
    assert [one.fingerprint for one in lineage(newest, stock.clock)] == came
    assert [one.replaces for one in lineage(newest, stock.clock)] == ["", *came[:2]]
    assert len(lineage(duplicate, stock.clock)) == 1
    assert {one.fingerprint for one in siblings(duplicate, stock.clock)} == set(came)
    assert stock.inventory.get(leaves["C8"].fingerprint).state is CertificateState.VALID


def test_what_is_known_to_replace_another_certificate_keeps_that(stock: Stock) -> None:
    ours, theirs, newest = (CA.issue(not_before=NOW - DAY * days) for days in (3, 2, 1))
    for name, leaf in (("C1", ours), ("C2", theirs), ("C3", newest)):
        chain = Chain(leaf, (CA.certificate,))
        stock.inventory.take(ACCOUNT, CAOrder("O1", name), chain, CertificateState.VALID)
    known = models.Certificate.objects.get(fingerprint=ours.fingerprint)
    models.Certificate.objects.filter(fingerprint=newest.fingerprint).update(replaces=known)
    rows = (order(1, "C2", detailed=True, reissues=1), order(1, "C3", detailed=True, reissues=1, replaces="C2"))
    ca_orders = CAOrders(stock.clock)
    ca_orders.take(ACCOUNT, ReportPage(rows, ""))
    for name, leaf in (("C2", theirs), ("C3", newest)):
        ca_orders.link(models.CAOrder.objects.get(ca_certificate_id=name).pk, leaf.fingerprint)
    assert stock.inventory.get(newest.fingerprint).replaces == ours.fingerprint

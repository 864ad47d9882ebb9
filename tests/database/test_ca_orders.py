"""Import of what a CA has: every order once, a second time without effect, after an interruption from where it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from certwright.engine.importing import Collected, Import
from certwright.model.ca import CAOrder, ReportedOrder, ReportPage
from certwright.model.errors import NotFound, Unavailable
from certwright.model.inventory import Query, SourceKind
from certwright.model.words import CertificateState, OrderState
from certwright.pki.certificate import Certificate
from certwright.store import models
from certwright.store.ca_orders import CAOrders, LeftOut, Taken
from tests.cases.authority import NOW, root
from tests.database.finds import find
from tests.database.stock import ACCOUNT, Stock

CA = root().intermediate()
PAGE = 100


@dataclass
class Reporter:
    """A CA with a list of orders; ``fails_at`` is the page at which it is away once."""

    orders: list[ReportedOrder]
    certificates: dict[str, Certificate] = field(default_factory=dict)
    fails_at: int = -1
    pages: list[int] = field(default_factory=list)
    downloads: list[str] = field(default_factory=list)

    def report(self, order_ids: Sequence[str]) -> tuple[ReportedOrder, ...]:
        return tuple(order for order in self.orders if order.ca_order.order_id in order_ids)

    def report_page(self, cursor: str) -> ReportPage:
        first = int(json.loads(cursor)) if cursor else 0
        if first // PAGE == self.fails_at:
            self.fails_at = -1
            raise Unavailable("The CA is away.")
        self.pages.append(first)
        rows = tuple(self.orders[first : first + PAGE])
        following = json.dumps(first + PAGE) if first + PAGE < len(self.orders) else ""
        return ReportPage(rows, following, len(self.orders))

    def download(self, ca_order: CAOrder) -> tuple[bytes, ...]:
        self.downloads.append(ca_order.order_id)
        if ca_order.order_id not in self.certificates:
            raise NotFound(f"There is no order {ca_order.order_id}.")
        return (CA.certificate.der, self.certificates[ca_order.order_id].der)


def reported(number: int, **change: Any) -> ReportedOrder:
    order = ReportedOrder(
        CAOrder(f"7{number:05}", f"9{number:05}"),
        OrderState.ISSUED,
        CertificateState.VALID,
        base_order_id=f"7{number:05}",
        product="PositiveSSL Certificate",
        names=(f"shop{number}.meadow.example",),
        common_name=f"shop{number}.meadow.example",
        placed_at=NOW - timedelta(days=30),
        not_before=NOW - timedelta(days=30),
        not_after=NOW + timedelta(days=60),
        cost="9.50",
    )
    return replace(order, **change)


def task(stock: Stock, ca: Reporter) -> Import:
    return Import(ACCOUNT, ca, CAOrders(stock.clock), stock.inventory, stock.clock)


def quiet(done: int, total: int | None) -> None:
    assert done >= 0


def test_every_order_is_taken_over_once_and_shown_with_progress(stock: Stock) -> None:
    ca = Reporter([reported(number) for number in range(250)])
    told: list[tuple[int, int | None]] = []
    taken = task(stock, ca).orders(lambda done, total: told.append((done, total)))
    assert taken == Taken(new=250)
    assert told == [(100, 250), (200, 250), (250, 250)]
    assert ca.pages == [0, 100, 200]
    kept = list(CAOrders(stock.clock).browse(account=ACCOUNT))
    assert kept == [(ACCOUNT, order) for order in ca.orders]


def test_a_second_import_changes_nothing(stock: Stock) -> None:
    ca = Reporter([reported(number) for number in range(250)])
    task(stock, ca).orders(quiet)
    assert task(stock, ca).orders(quiet) == Taken(known=250)
    assert models.CAOrder.objects.count() == 250


def test_what_has_changed_at_the_ca_is_changed_here(stock: Stock) -> None:
    ca = Reporter([reported(number) for number in range(3)])
    task(stock, ca).orders(quiet)
    ca.orders[1] = replace(ca.orders[1], certificate_state=CertificateState.REVOKED, why="Revoked")
    assert task(stock, ca).orders(quiet) == Taken(changed=1, known=2)
    assert [order.why for _, order in CAOrders(stock.clock).browse()] == ["", "Revoked", ""]


def test_an_interrupted_import_goes_on_where_it_was(stock: Stock) -> None:
    ca = Reporter([reported(number) for number in range(250)], fails_at=1)
    with pytest.raises(Unavailable):
        task(stock, ca).orders(quiet)
    assert models.CAOrder.objects.count() == 100
    assert task(stock, ca).orders(quiet) == Taken(new=150)
    assert ca.pages == [0, 100, 200]


def test_an_import_that_was_finished_begins_at_the_first_page_again(stock: Stock) -> None:
    ca = Reporter([reported(1)])
    task(stock, ca).orders(quiet)
    task(stock, ca).orders(quiet)
    assert ca.pages == [0, 0]


def test_an_order_that_comes_twice_in_the_pages_is_kept_once(stock: Stock) -> None:
    ca = Reporter([*(reported(number) for number in range(PAGE)), reported(PAGE - 1), reported(PAGE)])
    assert task(stock, ca).orders(quiet) == Taken(new=PAGE + 1, known=1)


def test_the_certificates_in_force_come_into_the_inventory_and_are_fetched_once(stock: Stock) -> None:
    ca = Reporter(
        [
            reported(0),
            reported(1, certificate_state=CertificateState.REPLACED),
            reported(2, certificate_state=CertificateState.REVOKED),
            reported(3, not_after=NOW - timedelta(days=1)),
            reported(4, state=OrderState.PENDING, certificate_state=None, not_after=None),
        ]
    )
    ca.certificates = {order.ca_order.order_id: CA.issue(*order.names) for order in ca.orders}
    work = task(stock, ca)
    work.orders(quiet)
    assert work.certificates(quiet, list(LeftOut)).recorded == 2
    entries = {one.common_name or one.names[0]: one for one in stock.browsing.all(Query())}
    assert {name: entry.state for name, entry in entries.items()} == {
        "shop0.meadow.example": CertificateState.VALID,
        "shop1.meadow.example": CertificateState.REPLACED,
    }
    assert entries["shop0.meadow.example"].ca_order == CAOrder("700000", "900000")
    assert entries["shop0.meadow.example"].account == ACCOUNT
    assert work.certificates(quiet, list(LeftOut)).recorded == 0
    assert ca.downloads == ["700000", "700001"]


def test_a_certificate_that_was_found_before_is_not_told_as_new(stock: Stock) -> None:
    ca = Reporter([reported(0)])
    made = ca.certificates["700000"] = CA.issue("shop0.meadow.example")
    stock.loading.take(stock.sources.add("office", SourceKind.SCAN).id, None, [find("tls://a:443", made)])
    work = task(stock, ca)
    work.orders(quiet)
    assert work.certificates(quiet) == Collected(known=1, ca_certificates=1)
    assert stock.inventory.get(made.fingerprint).account == ACCOUNT


def test_an_import_tells_what_its_list_has_no_more_and_only_at_its_end(stock: Stock) -> None:
    ca = Reporter([reported(number) for number in range(250)])
    task(stock, ca).orders(quiet)
    ca.orders, ca.fails_at = ca.orders[:249], 1
    with pytest.raises(Unavailable):
        task(stock, ca).orders(quiet)
    assert not models.CAOrder.objects.exclude(vanished_at=None).exists()
    assert task(stock, ca).orders(quiet) == Taken(known=149, vanished=1)
    assert models.CAOrder.objects.exclude(vanished_at=None).get().ca_order_id == "700249"


@pytest.mark.parametrize(
    ("leave_out", "fetched"),
    [
        ((), {"700000", "700001", "700002", "700003"}),
        ((LeftOut.EXPIRED,), {"700000", "700001", "700003"}),
        ((LeftOut.REVOKED,), {"700000", "700002", "700003"}),
        ((LeftOut.REJECTED,), {"700000", "700001", "700002"}),
        (tuple(LeftOut), {"700000"}),
    ],
)
def test_every_order_comes_in_and_only_the_certificates_wanted(
    stock: Stock, leave_out: tuple[LeftOut, ...], fetched: set[str]
) -> None:
    ca = Reporter(
        [
            reported(0),
            reported(1, certificate_state=CertificateState.REVOKED),
            reported(2, not_after=NOW - timedelta(days=1), certificate_state=CertificateState.EXPIRED),
            reported(3, state=OrderState.REJECTED, certificate_state=None, serial="ab12"),
            reported(4, state=OrderState.REJECTED, certificate_state=None, serial=""),
        ]
    )
    ca.certificates = {order.ca_order.order_id: CA.issue(*order.names) for order in ca.orders}
    work = task(stock, ca)
    assert work.orders(quiet).new == 5
    work.certificates(quiet, leave_out)
    assert set(ca.downloads) == fetched


def test_a_certificate_that_is_over_and_not_given_out_any_more_is_counted_not_listed(stock: Stock) -> None:
    ca = Reporter([reported(0), reported(1, certificate_state=CertificateState.REVOKED)])
    ca.certificates = {"700000": CA.issue("shop0.meadow.example")}
    work = task(stock, ca)
    work.orders(quiet)
    collected = work.certificates(quiet)
    assert (collected.recorded, collected.missing, collected.gone) == (1, (), 1)


def test_a_certificate_that_cannot_be_had_keeps_no_other_from_being_fetched(stock: Stock) -> None:
    ca = Reporter([reported(0), reported(1)])
    ca.certificates = {"700001": CA.issue("shop1.meadow.example")}
    work = task(stock, ca)
    work.orders(quiet)
    collected = work.certificates(quiet)
    assert (collected.recorded, len(collected.missing)) == (1, 1)
    assert "700000" in collected.missing[0]


def test_an_imported_certificate_of_our_own_key_is_tied_to_it(stock: Stock) -> None:
    leaf = CA.issue("shop0.meadow.example")
    order = stock.order()
    models.Key.objects.filter(pk=order.key.id).update(public_key_sha256=leaf.public_key_sha256)
    ca = Reporter([reported(0)], {"700000": leaf})
    work = task(stock, ca)
    work.orders(quiet)
    work.certificates(quiet)
    key = stock.inventory.get(leaf.fingerprint).key
    assert key is not None
    assert key.id == order.key.id


def test_an_order_that_gets_its_certificate_later_stays_one_row(stock: Stock) -> None:
    waiting = reported(0, state=OrderState.PENDING, certificate_state=None, ca_order=CAOrder("700000"))
    ca = Reporter([waiting])
    task(stock, ca).orders(quiet)
    ca.orders = [reported(0)]
    task(stock, ca).orders(quiet)
    assert [order for _, order in CAOrders(stock.clock).browse()] == [reported(0)]


def test_a_ca_that_shows_the_same_page_for_ever_is_not_asked_for_ever(stock: Stock) -> None:
    ca = Reporter([reported(number) for number in range(PAGE)])
    ca.report_page = lambda cursor: ReportPage(tuple(ca.orders), "again", None)  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="same page"):
        task(stock, ca).orders(quiet)


def test_an_import_waits_as_long_as_the_ca_wants_to_be_left_alone(stock: Stock) -> None:
    ca = Reporter([reported(0)])
    ca.certificates = {"700000": CA.issue("shop0.meadow.example")}
    refusals = [Unavailable("slow down", retry_after=7.0), Unavailable("slow down", retry_after=3.0)]
    download, rests = ca.download, list[float]()

    def busy(ca_order: CAOrder) -> tuple[bytes, ...]:
        if refusals:
            raise refusals.pop(0)
        return download(ca_order)

    ca.download = busy  # type: ignore[method-assign]
    work = replace(task(stock, ca), rest=rests.append)
    work.orders(quiet)
    assert work.certificates(quiet).recorded == 1
    assert rests == [7.0, 3.0]

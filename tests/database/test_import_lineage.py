"""Import of CA orders whose certificate was exchanged: what comes next joins the lineage of what was there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import permutations

import pytest

from certwright.engine.importing import Collected, Import
from certwright.model.ca import CAOrder, ReportedOrder, ReportPage
from certwright.model.words import AutoRenew, CertificateState, OrderState
from certwright.pki.certificate import Certificate
from certwright.store import models
from certwright.store.ca_orders import CAOrders, Taken
from certwright.store.renewals import Renewals
from tests.cases.authority import NOW
from tests.database.renewals import CA, bought
from tests.database.stock import ACCOUNT, Stock

DAY = timedelta(days=1)


def leaf(day: int, life: int = 99) -> Certificate:
    """A certificate that begins so many days from now."""
    return CA.issue(not_before=NOW + day * DAY, not_after=NOW + (day + life) * DAY)


@dataclass
class OneAtATime:
    """A CA whose orders show the one certificate that they have now; some are of a family with a first order."""

    now: dict[str, Certificate] = field(default_factory=dict)
    family: str = ""
    downloads: list[str] = field(default_factory=list)

    def listed(self, order_id: str) -> ReportedOrder:
        shown = self.now[order_id]
        return ReportedOrder(
            CAOrder(order_id),
            OrderState.ISSUED,
            CertificateState.VALID,
            base_order_id=self.family,
            common_name="shop.meadow.example",
            serial=shown.serial,
            not_before=shown.not_before,
            not_after=shown.not_after,
        )

    def report(self, order_ids: Sequence[str]) -> tuple[ReportedOrder, ...]:
        return tuple(self.listed(one) for one in order_ids if one in self.now)

    def report_page(self, cursor: str) -> ReportPage:
        return ReportPage(tuple(self.listed(one) for one in self.now), "")

    def download(self, ca_order: CAOrder) -> tuple[bytes, ...]:
        self.downloads.append(ca_order.order_id)
        return self.now[ca_order.order_id].der, CA.certificate.der


def run(stock: Stock, ca: OneAtATime) -> tuple[Taken, Collected]:
    """The whole import."""
    task = Import(ACCOUNT, ca, CAOrders(stock.clock), stock.inventory, stock.clock)
    return task.orders(lambda *_: None), task.certificates(lambda *_: None)


def lineage(stock: Stock, newest: Certificate) -> list[str]:
    """The fingerprints of a certificate and all before it."""
    found = [newest.fingerprint]
    while before := stock.inventory.get(found[-1]).replaces:
        found.append(before)
    return found


def state(stock: Stock, certificate: Certificate) -> str:
    """What has become of it."""
    return str(models.Certificate.objects.get(fingerprint=certificate.fingerprint).state)


def test_a_certificate_whose_serial_changed_becomes_the_next_of_its_lineage(stock: Stock) -> None:
    ca = OneAtATime({"E1": leaf(0)})
    first = ca.now["E1"]
    assert run(stock, ca) == (Taken(new=1), Collected(recorded=1, ca_certificates=1))
    second = ca.now["E1"] = leaf(60)
    assert run(stock, ca) == (Taken(changed=1), Collected(recorded=1))
    assert lineage(stock, second) == [second.fingerprint, first.fingerprint]
    assert (state(stock, first), state(stock, second)) == ("replaced", "valid")
    row = models.CAOrder.objects.select_related("certificate").get()
    assert row.certificate is not None
    assert row.certificate.fingerprint == second.fingerprint


def test_an_import_of_what_has_not_changed_fetches_nothing(stock: Stock) -> None:
    ca = OneAtATime({"E1": leaf(0)})
    run(stock, ca)
    ca.now["E1"] = leaf(60)
    run(stock, ca)
    assert run(stock, ca) == (Taken(known=1), Collected())
    assert ca.downloads == ["E1", "E1"]


def test_an_interrupted_fetch_of_a_changed_certificate_is_made_up_for(stock: Stock) -> None:
    ca = OneAtATime({"E1": leaf(0)})
    run(stock, ca)
    first, second = ca.now["E1"], leaf(60)
    ca.now["E1"] = second
    task = Import(ACCOUNT, ca, CAOrders(stock.clock), stock.inventory, stock.clock)
    task.orders(lambda *_: None)  # and no more: it was killed
    assert run(stock, ca)[1] == Collected(recorded=1)
    assert lineage(stock, second) == [second.fingerprint, first.fingerprint]


def test_a_change_that_the_list_shows_by_its_end_alone_is_one(stock: Stock) -> None:
    """Not every list has serials."""

    class WithoutSerials(OneAtATime):
        def listed(self, order_id: str) -> ReportedOrder:
            return replace(super().listed(order_id), serial="")

    ca = WithoutSerials({"E1": leaf(0)})
    run(stock, ca)
    second = ca.now["E1"] = leaf(60)
    assert run(stock, ca)[1] == Collected(recorded=1)
    assert len(lineage(stock, second)) == 2


def test_a_list_that_loses_a_serial_for_once_costs_no_fetch_and_no_certificate(stock: Stock) -> None:
    ca = OneAtATime({"E1": leaf(0)})
    run(stock, ca)
    page = ReportPage((replace(ca.listed("E1"), serial=""),), "")
    CAOrders(stock.clock).take(ACCOUNT, page)
    assert run(stock, ca)[1] == Collected()
    assert models.CAOrder.objects.get().certificate is not None


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_a_family_is_linked_by_age_in_whatever_order_it_is_imported(stock: Stock, order: tuple[int, ...]) -> None:
    """A reissue that has an order id of its own succeeds what the first order brought."""
    made = {number: leaf(20 * number) for number in (1, 2, 3)}
    ca = OneAtATime({f"S{number}": made[number] for number in order}, family="S1")
    run(stock, ca)
    assert lineage(stock, made[3]) == [made[number].fingerprint for number in (3, 2, 1)]
    assert [state(stock, made[number]) for number in (1, 2, 3)] == ["replaced", "replaced", "valid"]


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_a_family_that_comes_in_one_by_one_is_linked_as_well(stock: Stock, order: tuple[int, ...]) -> None:
    """Where the first order names no family: only what followed it does."""
    made = {number: leaf(20 * number) for number in (1, 2, 3)}
    for number in order:
        run(stock, OneAtATime({f"S{number}": made[number]}, family="S1" if number > 1 else ""))
    assert lineage(stock, made[3]) == [made[number].fingerprint for number in (3, 2, 1)]
    assert [state(stock, made[number]) for number in (1, 2, 3)] == ["replaced", "replaced", "valid"]


def test_two_orders_of_different_families_are_never_one_lineage(stock: Stock) -> None:
    ca = OneAtATime({"E1": leaf(0), "E2": leaf(10)})
    run(stock, ca)
    assert [lineage(stock, one) for one in ca.now.values()] == [[one.fingerprint] for one in ca.now.values()]
    assert {state(stock, one) for one in ca.now.values()} == {"valid"}


def test_what_the_ca_renewed_by_itself_is_found_as_a_certificate_of_the_paid_term(stock: Stock) -> None:
    order = bought(stock, AutoRenew.COVERED)
    models.Order.objects.filter(pk=order.id).update(ca_certificate_id="")
    models.Certificate.objects.filter(fingerprint=order.fingerprint).update(ca_certificate_id="")
    assert order.ca_order is not None
    second = leaf(60)
    run(stock, OneAtATime({order.ca_order.order_id: second}))
    assert [one.fingerprint for one in Renewals(stock.clock).issued(order)] == [order.fingerprint, second.fingerprint]
    assert stock.inventory.get(order.fingerprint).replaced_by == second.fingerprint


def test_a_certificate_of_ours_that_the_list_shows_as_well_keeps_its_own_lineage(stock: Stock) -> None:
    order = bought(stock, AutoRenew.COVERED)
    assert order.ca_order is not None
    ours = stock.inventory.get(order.fingerprint)
    run(stock, OneAtATime({order.ca_order.order_id: ours.certificate}))
    again = stock.inventory.get(order.fingerprint)
    assert (again.replaces, again.replaced_by, again.order_id, again.state) == ("", "", order.id, ours.state)


def test_a_revoked_certificate_that_was_succeeded_stays_revoked(stock: Stock) -> None:
    ca = OneAtATime({"E1": leaf(0)})
    first = ca.now["E1"]
    run(stock, ca)
    models.Certificate.objects.filter(fingerprint=first.fingerprint).update(state=CertificateState.REVOKED)
    ca.now["E1"] = leaf(60)
    run(stock, ca)
    assert state(stock, first) == "revoked"

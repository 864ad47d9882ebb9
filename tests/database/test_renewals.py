"""Renewal by itself on the real store: what is looked at, what is ordered for it, and that it is ordered once."""

from __future__ import annotations

import signal
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections

from certwright.model.ca import Term
from certwright.model.errors import Misconfigured, Refused, Unavailable
from certwright.model.order import Order
from certwright.model.words import AutoRenew, KeyKind, Operation, OrderState
from certwright.pki.keys import KeySpec
from certwright.store import models
from certwright.store.orders import KeyWish
from certwright.store.renewals import Renewals
from tests.database.processes import program
from tests.database.program import SystemClock
from tests.database.renewals import (
    DAY,
    LIFE,
    PlainCA,
    ReissuingCA,
    RenewingCA,
    TellingCA,
    bought,
    end,
    issue,
    notes,
    renewing,
    successors,
)
from tests.database.stock import ACCOUNT, Stock
from tests.fakes.clock import FakeClock
from tests.fakes.world import some_request

HOUR = timedelta(hours=1)
TWO_YEARS = 730


def pass_time(stock: Stock, time: timedelta) -> None:
    """Let time pass."""
    assert isinstance(stock.clock, FakeClock)
    stock.clock.advance(time)


def when_due(stock: Stock, order: Order) -> None:
    """Have the order looked at, and let time pass until its certificate is due."""
    row = stock.row(order)
    assert row.renewal_due_at is not None
    pass_time(stock, max(row.renewal_due_at - stock.clock.now(), timedelta()))


def due_order(stock: Stock, ca: object, mode: AutoRenew = AutoRenew.COVERED, *, rest: int = TWO_YEARS) -> Order:
    """A bought order whose certificate is due now; ``rest`` is the term in days."""
    order = bought(stock, mode, term=Term(days=rest))
    renewing(stock, ca).turn()
    when_due(stock, order)
    return order


def succeed(stock: Stock, order: Order, operation: Operation = Operation.REISSUE, name: str = "") -> Order:
    """An issued order that replaces the order's certificate."""
    inside = order.ca_order.order_id if order.ca_order and operation is not Operation.NEW else ""
    wish = KeyWish(KeyKind.SOFTWARE, KeySpec.EC_P256)
    request = some_request(operation=operation, inside=inside)
    reference = name or f"{operation}-of-{order.id}-{models.Order.objects.count()}"
    made, _ = stock.orders.create(ACCOUNT, request, wish, reference=reference, replaces=order.fingerprint)
    return issue(stock, made)


# -- what is kept of it


def test_what_is_due_longest_is_looked_at_first_and_what_is_off_never(stock: Stock) -> None:
    first, second, later = bought(stock), bought(stock), bought(stock)
    bought(stock, AutoRenew.OFF)
    renewals = Renewals(stock.clock)
    renewals.plan(second, stock.clock.now() - 2 * HOUR, "")
    renewals.plan(first, stock.clock.now() - HOUR, "")
    renewals.plan(later, stock.clock.now() + HOUR, "")
    assert renewals.due(10) == [second.id, first.id]
    assert renewals.due(1) == [second.id]
    pass_time(stock, HOUR)
    assert renewals.due(10) == [second.id, first.id, later.id]


def test_the_certificates_of_a_term_are_those_got_inside_it_one_after_the_other(stock: Stock) -> None:
    order = bought(stock)
    second = succeed(stock, order)
    third = succeed(stock, second)
    succeed(stock, third, Operation.DUPLICATE)
    succeed(stock, third, Operation.NEW)
    renewals = Renewals(stock.clock)
    assert [one.fingerprint for one in renewals.issued(order)] == [
        order.fingerprint,
        second.fingerprint,
        third.fingerprint,
    ]
    assert [one.state for one in renewals.issued(order)] == ["replaced", "replaced", "replaced"]


def test_the_order_that_paid_is_found_from_every_order_inside_it(stock: Stock) -> None:
    order = bought(stock)
    second = succeed(stock, order)
    third = succeed(stock, second)
    duplicate = succeed(stock, third, Operation.DUPLICATE)
    anew = succeed(stock, third, Operation.NEW)
    renewals = Renewals(stock.clock)
    assert {renewals.bought(one).id for one in (order, second, third, duplicate)} == {order.id}
    assert renewals.bought(anew).id == anew.id
    stock.orders.forget(second)
    assert renewals.bought(stock.orders.get_by_id(third.id)).id == third.id, "itself, when that was forgotten"


@pytest.mark.parametrize("state", [OrderState.FAILED, OrderState.REJECTED, OrderState.EXPIRED])
def test_what_came_to_nothing_is_counted_and_is_no_successor(stock: Stock, state: OrderState) -> None:
    order = bought(stock)
    end(succeed(stock, order), state)
    succeed(stock, order, Operation.DUPLICATE)
    found = Renewals(stock.clock).successors(order.fingerprint)
    assert (found.order, found.failed, found.cancelled) == (None, 1, None)
    alive = succeed(stock, order)
    found = Renewals(stock.clock).successors(order.fingerprint)
    assert (found.order, found.failed) == (alive, 1)


def test_a_plan_is_told_in_the_journal_when_it_is_another_than_before(stock: Stock) -> None:
    order = bought(stock)
    renewals = Renewals(stock.clock)
    for note in ("late", "late", "", "late", "later"):
        renewals.plan(order, stock.clock.now() + HOUR, note, alarm=True)
    assert notes(stock, order, "alarm") == ["late", "late", "later"]
    assert stock.row(order).renewal_note == "later"


def test_a_plan_made_while_a_person_changed_how_it_is_renewed_has_no_effect(stock: Stock) -> None:
    """A worker that had looked at it as it was before would put it off for ever."""
    order = bought(stock)
    renewals = Renewals(stock.clock)
    pass_time(stock, HOUR)
    renewals.set(order, AutoRenew.ALWAYS, 30)
    renewals.plan(order, None, "the paid term is over: nothing is bought by itself", alarm=True)
    row = stock.row(order)
    assert (row.renewal_due_at, row.renewal_note) == (stock.clock.now(), "")
    assert notes(stock, order) == ["auto-renewal: always, 30 days before the end"]


def test_auto_renewal_can_be_switched_at_the_order_that_was_bought_alone(stock: Stock) -> None:
    order = bought(stock, AutoRenew.OFF)
    renewals = Renewals(stock.clock)
    renewals.set(order, AutoRenew.COVERED, None)
    assert renewals.due(10) == [order.id]
    renewals.set(order, AutoRenew.OFF, None)
    assert renewals.due(10) == []
    with pytest.raises(Refused, match="inside another order"):
        renewals.set(succeed(stock, order), AutoRenew.COVERED, None)


# -- what is done


def test_nothing_is_ordered_before_it_is_due(stock: Stock) -> None:
    order = bought(stock)
    renewing(stock, ReissuingCA()).turn()
    due = stock.row(order).renewal_due_at
    assert due is not None
    assert 0.64 * LIFE * DAY < due - stock.clock.now() < 0.67 * LIFE * DAY
    pass_time(stock, due - stock.clock.now() - timedelta(seconds=1))
    assert renewing(stock, ReissuingCA()).turn() == 0
    assert successors(order) == []


def test_an_order_that_is_not_issued_yet_is_looked_at_again_and_one_that_ended_never(stock: Stock) -> None:
    waiting = bought(stock)
    models.Order.objects.filter(pk=waiting.id).update(state=OrderState.PENDING, certificate=None)
    failed = bought(stock)
    models.Order.objects.filter(pk=failed.id).update(state=OrderState.FAILED, certificate=None)
    renewing(stock, ReissuingCA()).turn()
    assert stock.row(waiting).renewal_due_at == stock.clock.now() + HOUR
    assert stock.row(failed).renewal_due_at is None


def test_inside_the_term_a_reissue_is_ordered_once_with_a_new_key_in_the_same_place(stock: Stock) -> None:
    order = due_order(stock, ReissuingCA())
    for _ in range(5):
        renewing(stock, ReissuingCA()).turn()
        pass_time(stock, HOUR)
    (row,) = successors(order)
    assert order.ca_order is not None
    assert (row.operation, row.inside, row.renewal_of) == ("reissue", order.ca_order.order_id, "")
    assert row.key.pk != order.key.id
    assert (row.key.kind, row.key.spec) == (order.key.kind, order.key.spec)
    assert (row.state, row.csr, row.auto_renew, row.renewal_due_at) == ("draft", b"", "off", None)
    assert notes(stock, order) == [f"order {row.pk} is to bring the successor"]


def test_its_successor_is_what_is_renewed_next(stock: Stock) -> None:
    ca = ReissuingCA()
    order = due_order(stock, ca)
    renewing(stock, ca).turn()
    second = issue(stock, stock.orders.get_by_id(successors(order)[0].pk))
    pass_time(stock, HOUR)
    renewing(stock, ca).turn()
    assert successors(second) == []
    when_due(stock, order)
    renewing(stock, ca).turn()
    (row,) = successors(second)
    assert (row.operation, row.inside) == ("reissue", second.request.inside)


def test_what_the_ca_renews_by_itself_becomes_an_order_that_only_collects(stock: Stock) -> None:
    order = due_order(stock, RenewingCA())
    leaf = stock.inventory.get(order.fingerprint).certificate
    assert leaf.not_after - stock.clock.now() == 30 * DAY
    renewing(stock, RenewingCA()).turn()
    (row,) = successors(order)
    assert (row.operation, row.state, row.step, row.waiting_for) == ("ca_renewal", "pending", "collect", "ca_renewal")
    assert order.ca_order is not None
    assert (row.ca_order_id, row.ca_certificate_id) == (order.ca_order.order_id, "")
    assert (row.key.pk, bytes(row.csr)) == (order.key.id, order.csr), "the CA keeps both"
    assert models.PurchaseIntent.objects.count() == 0


def test_where_nothing_can_renew_inside_the_term_a_person_is_told_and_nothing_is_bought(stock: Stock) -> None:
    order = due_order(stock, PlainCA(), AutoRenew.ALWAYS)
    for _ in range(3):
        renewing(stock, PlainCA()).turn()
        pass_time(stock, DAY)
    assert successors(order) == []
    (told,) = notes(stock, order, "alarm")
    assert "in its console" in told


@pytest.mark.parametrize("ca", [ReissuingCA(), RenewingCA(), PlainCA()])
def test_when_the_term_is_over_nothing_is_bought_unless_that_is_wanted(stock: Stock, ca: object) -> None:
    order = due_order(stock, ca, AutoRenew.COVERED, rest=LIFE)
    renewing(stock, ca).turn()
    assert successors(order) == []
    assert stock.row(order).renewal_due_at is None
    assert "nothing is bought by itself" in notes(stock, order, "alarm")[0]


@pytest.mark.parametrize("ca", [ReissuingCA(), RenewingCA(), PlainCA()])
def test_when_the_term_is_over_one_more_is_bought_where_that_is_wanted(stock: Stock, ca: object) -> None:
    order = due_order(stock, ca, AutoRenew.ALWAYS, rest=LIFE)
    for _ in range(3):
        renewing(stock, ca).turn()
        pass_time(stock, HOUR)
    (row,) = successors(order)
    assert order.ca_order is not None
    assert (row.operation, row.renewal_of, row.term) == ("new", order.ca_order.order_id, f"{LIFE}d")
    assert (row.auto_renew, row.renew_days) == ("always", None)
    anew = issue(stock, stock.orders.get_by_id(row.pk))
    renewing(stock, ca).turn()
    assert stock.row(order).renewal_due_at is None, "its successor has a renewal of its own"
    assert notes(stock, order)[-1] == f"succeeded by order {anew.id}"


def test_what_is_bought_again_runs_as_long_as_before_though_the_first_ended_on_a_date(stock: Stock) -> None:
    ends = (stock.clock.now() + timedelta(days=LIFE)).date()
    order = bought(stock, AutoRenew.ALWAYS, term=Term(until=ends), options={"remaining_days": "29"})
    renewing(stock, ReissuingCA()).turn()
    when_due(stock, order)
    renewing(stock, ReissuingCA()).turn()
    (row,) = successors(order)
    assert (row.operation, row.term) == ("new", f"{LIFE}d")
    assert row.options == {}, "the days that were left of the one before are not left again"


def test_the_names_of_the_latest_certificate_are_those_renewed(stock: Stock) -> None:
    ca = ReissuingCA()
    order = bought(stock)
    second = succeed(stock, order)
    wish = KeyWish(KeyKind.SOFTWARE, KeySpec.EC_P256)
    names = ("shop.meadow.example", "more.meadow.example")
    request = some_request(operation=Operation.REISSUE, inside=second.request.inside, names=names)
    third, _ = stock.orders.create(ACCOUNT, request, wish, reference="third", replaces=second.fingerprint)
    third = issue(stock, third)
    renewing(stock, ca).turn()
    when_due(stock, order)
    renewing(stock, ca).turn()
    (row,) = successors(third)
    assert tuple(row.names) == names


def test_a_revoked_certificate_is_not_renewed_by_itself(stock: Stock) -> None:
    order = due_order(stock, ReissuingCA())
    models.Certificate.objects.filter(fingerprint=order.fingerprint).update(state="revoked")
    renewing(stock, ReissuingCA()).turn()
    assert (successors(order), stock.row(order).renewal_due_at) == ([], None)
    assert "revoked" in notes(stock, order)[0]


def test_what_was_switched_off_while_it_was_due_is_not_ordered(stock: Stock) -> None:
    order = due_order(stock, ReissuingCA())
    models.Order.objects.filter(pk=order.id).update(auto_renew="off")
    renewing(stock, ReissuingCA()).turn()
    assert (successors(order), stock.row(order).renewal_due_at) == ([], None)


# -- when it does not go well


def test_after_three_orders_that_came_to_nothing_a_person_must_look(stock: Stock) -> None:
    ca = ReissuingCA()
    order = due_order(stock, ca)
    for _ in range(6):
        renewing(stock, ca).turn()
        for row in successors(order):
            end(stock.orders.get_by_id(row.pk), OrderState.REJECTED)
        pass_time(stock, DAY)
    rows = successors(order)
    assert len(rows) == len({row.reference for row in rows}) == 3
    assert notes(stock, order, "alarm") == ["3 renewals came to nothing: a person must look"]


def test_a_successor_that_was_cancelled_is_not_ordered_again_by_itself(stock: Stock) -> None:
    """Somebody did not want to buy it."""
    order = due_order(stock, ReissuingCA(), AutoRenew.ALWAYS, rest=LIFE)
    renewing(stock, ReissuingCA()).turn()
    (row,) = successors(order)
    end(stock.orders.get_by_id(row.pk), OrderState.CANCELLED)
    for _ in range(4):
        pass_time(stock, DAY)
        renewing(stock, ReissuingCA()).turn()
    assert len(successors(order)) == 1
    (told,) = notes(stock, order, "alarm")
    assert f"order {row.pk}" in told
    assert "cancelled" in told


@pytest.mark.parametrize("state", [OrderState.FAILED, OrderState.REJECTED, OrderState.EXPIRED])
def test_a_successor_that_the_ca_had_is_not_ordered_again_by_itself(stock: Stock, state: OrderState) -> None:
    """It may have been paid for, whatever became of it."""
    order = due_order(stock, PlainCA(), AutoRenew.ALWAYS, rest=LIFE)
    renewing(stock, PlainCA()).turn()
    (row,) = successors(order)
    models.Order.objects.filter(pk=row.pk).update(ca_order_id="O-spent")
    end(stock.orders.get_by_id(row.pk), state)
    for _ in range(4):
        pass_time(stock, DAY)
        renewing(stock, PlainCA()).turn()
    assert len(successors(order)) == 1
    (told,) = notes(stock, order, "alarm")
    assert f"order {row.pk}" in told


def test_a_successor_that_was_forgotten_is_not_bought_again(stock: Stock) -> None:
    order = due_order(stock, PlainCA(), AutoRenew.ALWAYS, rest=LIFE)
    renewing(stock, PlainCA()).turn()
    (row,) = successors(order)
    successor = stock.orders.get_by_id(row.pk)
    Renewals(stock.clock).forgotten(successor)
    stock.orders.forget(successor)
    for _ in range(4):
        pass_time(stock, DAY)
        renewing(stock, PlainCA()).turn()
    assert successors(order) == []
    assert stock.orders.get_by_id(order.id).auto_renew is AutoRenew.OFF
    assert any("forgotten" in note for note in notes(stock, order, "alarm"))


def test_a_successor_that_does_not_come_is_an_alarm_when_a_quarter_of_the_life_is_left(stock: Stock) -> None:
    order = due_order(stock, ReissuingCA())
    renewing(stock, ReissuingCA()).turn()
    (row,) = successors(order)
    pass_time(stock, 8 * DAY)
    renewing(stock, ReissuingCA()).turn()
    assert notes(stock, order, "alarm") == []
    pass_time(stock, 3 * DAY)
    renewing(stock, ReissuingCA()).turn()
    (told,) = notes(stock, order, "alarm")
    assert told.startswith(f"LATE: order {row.pk}")
    assert len(successors(order)) == 1


def test_a_renewal_that_the_ca_does_on_its_day_is_not_late_on_that_day(stock: Stock) -> None:
    """Thirty days before the end of 199 a quarter of the life has long begun."""
    order = bought(stock, life=199)
    renewing(stock, RenewingCA()).turn()
    when_due(stock, order)
    for _ in range(7):
        renewing(stock, RenewingCA()).turn()
        pass_time(stock, DAY)
    assert notes(stock, order, "alarm") == []
    pass_time(stock, DAY)
    renewing(stock, RenewingCA()).turn()
    (told,) = notes(stock, order, "alarm")
    assert told.startswith("LATE")


def test_an_account_that_may_not_be_asked_is_not_ordered_from_and_that_is_told(stock: Stock) -> None:
    ca = TellingCA()
    order = due_order(stock, ca)
    stock.accounts.enable(ACCOUNT, enabled=False)
    renewing(stock, ca).turn()
    assert (successors(order), ca.asked) == ([], [])
    assert ACCOUNT in notes(stock, order, "alarm")[0]
    stock.accounts.enable(ACCOUNT, enabled=True)
    pass_time(stock, HOUR)
    renewing(stock, ca).turn()
    assert len(successors(order)) == 1


@pytest.mark.parametrize("mode", [AutoRenew.COVERED, AutoRenew.ALWAYS])
def test_when_the_ca_says_that_the_term_runs_longer_nothing_is_bought(stock: Stock, mode: AutoRenew) -> None:
    order = due_order(stock, ReissuingCA(), mode, rest=LIFE)
    ends = stock.clock.now() + 300 * DAY
    renewing(stock, TellingCA(ends)).turn()
    (row,) = successors(order)
    assert row.operation == "reissue"
    assert stock.row(order).paid_until == ends


def test_when_the_ca_says_that_the_term_ends_sooner_it_is_not_reissued(stock: Stock) -> None:
    order = due_order(stock, ReissuingCA())
    leaf = stock.inventory.get(order.fingerprint).certificate
    renewing(stock, TellingCA(leaf.not_after)).turn()
    assert successors(order) == []
    assert "nothing is bought by itself" in notes(stock, order)[0]


def test_a_ca_that_is_away_is_asked_again_and_left_alone_by_the_others(stock: Stock) -> None:
    """Row 8: after three that found it away the rest does not wait for it."""
    ca = TellingCA(trouble=Unavailable("The CA is away."))
    orders = [bought(stock) for _ in range(6)]
    renewing(stock, ca).turn()
    pass_time(stock, LIFE * DAY * 2 / 3)
    renewing(stock, ca).turn()
    assert len(ca.asked) == 3
    assert all(successors(order) == [] for order in orders)
    ca.trouble = None
    pass_time(stock, HOUR)
    renewing(stock, ca).turn()
    assert all(len(successors(order)) == 1 for order in orders)


def test_a_credential_that_is_turned_away_pauses_the_account(stock: Stock) -> None:
    """Row 9."""
    ca = TellingCA(trouble=Misconfigured("The key was revoked."))
    due_order(stock, ReissuingCA())
    renewing(stock, ca).turn()
    assert "The key was revoked." in stock.accounts.get(ACCOUNT).paused_because


def test_an_order_with_which_something_is_wrong_keeps_no_other_from_being_renewed(stock: Stock) -> None:
    ca = ReissuingCA()
    bad, good = bought(stock), bought(stock)
    renewing(stock, ca).turn()
    pass_time(stock, LIFE * DAY * 2 / 3)
    Renewals(stock.clock).plan(bad, stock.clock.now() - DAY, "")
    models.CertificateBytes.objects.filter(certificate__fingerprint=bad.fingerprint).update(der=b"torn")
    renewing(stock, ca).turn()
    assert len(successors(good)) == 1
    assert stock.row(bad).renewal_due_at == stock.clock.now() + HOUR
    assert "something went wrong" in notes(stock, bad, "alarm")[0]


# -- once


def test_two_workers_that_look_at_the_same_moment_order_one_successor(database: Path) -> None:
    stock = Stock(FakeClock())
    order = due_order(stock, ReissuingCA(), AutoRenew.ALWAYS, rest=LIFE)
    together = threading.Barrier(6)
    troubles: list[BaseException] = []

    def look() -> None:
        try:
            at = renewing(stock, ReissuingCA())
            together.wait()
            at.turn()
        except BaseException as error:
            troubles.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=look) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert troubles == []
    assert [row.operation for row in successors(order)] == ["new"]
    assert notes(stock, order, "alarm") == []


@pytest.mark.parametrize("mode", [AutoRenew.COVERED, AutoRenew.ALWAYS])
def test_a_worker_killed_between_order_and_plan_has_ordered_once(database: Path, mode: AutoRenew) -> None:
    """SIGKILL: whoever looks next finds what was ordered."""
    stock = Stock(SystemClock())
    order = bought(stock, mode, age=70, term=Term(days=TWO_YEARS if mode is AutoRenew.COVERED else LIFE - 70))
    with program(database.parent, "renew", "--killed") as killed:
        assert killed.line() == "ordered"
        assert killed.wait() == -signal.SIGKILL
    row = stock.row(order)
    assert row.renewal_due_at is not None
    assert row.renewal_due_at <= stock.clock.now(), "it is still to be looked at"
    (first,) = successors(order)
    with program(database.parent, "renew") as next_one:
        next_one.until("looked at")
    assert [one.pk for one in successors(order)] == [first.pk]
    assert notes(stock, order) == [f"order {first.pk} is to bring the successor"]

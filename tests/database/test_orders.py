"""Orders as people meet them: recorded once, shown, woken, cancelled, judged again, forgotten, revoked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from certwright.model.ca import CAOrder, Term
from certwright.model.errors import LostLease, NotFound, Refused
from certwright.model.order import Order, Outcome
from certwright.model.words import KeyKind, Operation, OrderState, RevocationReason, RevocationState
from certwright.pki.keys import KeySpec
from certwright.store import models
from certwright.store.keys import KeyStore
from certwright.store.orders import KeyWish
from tests.database.stock import ACCOUNT, Stock, some_account
from tests.fakes.clock import FakeClock
from tests.fakes.world import some_request


def waiting(stock: Stock, order: Order, **change: object) -> Order:
    """The order after a worker has let it wait for two hours."""
    held = stock.journal().claim(order.id)
    assert held is not None
    later = stock.clock.now() + timedelta(hours=2)
    changes = {"state": OrderState.PENDING, "step": "collect", "next_action_at": later, **change}
    stock.journal().save(replace(held, **changes), [])  # type: ignore[arg-type]
    return stock.orders.get(str(order.id))


# -- recording


def test_a_recorded_order_is_due_at_once_and_has_its_key_planned(stock: Stock) -> None:
    order = stock.order(kind=KeyKind.PKCS11)
    assert (order.state, order.step, order.next_action_at) == (OrderState.DRAFT, "admit", stock.clock.now())
    assert (order.key.token, len(order.key.cka_id), order.key.made) == ("hsm", 32, False)


def test_everything_that_was_asked_for_comes_back(stock: Stock) -> None:
    wish = {
        "names": ("a.meadow.example", "*.b.meadow.example"),
        "common_name": "a.meadow.example",
        "organization": "7",
        "term": Term.parse("2027-05-01"),
        "lifetime_days": 90,
        "renewal_of": "12",
        "dcv_method": "dns-txt",
        "comment": "for the shop",
        "options": {"payment_method": "balance"},
    }
    assert stock.order(**wish).request == some_request(**wish)


def test_the_same_reference_is_the_same_order(stock: Stock) -> None:
    assert stock.order(reference="once").id == stock.order(reference="once").id
    assert models.Key.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [
        {"names": ("other.meadow.example",), "common_name": "other.meadow.example"},
        {"product": "gold"},
        {"operation": Operation.REISSUE, "inside": "1"},
        {"term": Term.parse("2y")},
        {"lifetime_days": 30},
    ],
)
def test_the_same_reference_with_another_request_is_refused(stock: Stock, other: dict[str, object]) -> None:
    stock.order(reference="once")
    with pytest.raises(Refused, match="asks for something else"):
        stock.order(reference="once", **other)
    assert models.Order.objects.count() == 1


def test_the_same_reference_with_another_csr_is_refused(stock: Stock) -> None:
    wish = KeyWish(KeyKind.EXTERNAL)
    submit = partial(stock.orders.create, ACCOUNT, some_request(), wish, reference="once")
    first, _ = submit(csr=b"csr")
    assert submit(csr=b"csr") == (first, False)
    with pytest.raises(Refused):
        submit(csr=b"another")


def test_the_same_reference_at_another_account_is_refused(stock: Stock) -> None:
    stock.accounts.add(some_account("other"))
    stock.order(reference="once")
    with pytest.raises(Refused):
        stock.order(reference="once", account="other")


def test_an_order_that_was_admitted_is_still_the_same_order(stock: Stock) -> None:
    """Its organization has been found out meanwhile."""
    order = stock.order(reference="once")
    waiting(stock, order, request=replace(order.request, organization="7"))
    assert stock.order(reference="once").id == order.id


def test_an_order_is_found_by_our_number_its_reference_and_the_cas_number(stock: Stock) -> None:
    order = waiting(stock, stock.order(), ca_order=CAOrder("771234"))
    for wanted in (str(order.id), order.reference, "771234"):
        assert stock.orders.get(wanted) == order
    for wanted in ("nothing", "", "9" * 40, "0"):
        with pytest.raises(NotFound):
            stock.orders.get(wanted)


def test_browsing_in_small_pages_shows_every_order_once(stock: Stock) -> None:
    numbers = [stock.order().id for _ in range(5)]
    assert [order.id for order in stock.orders.browse(page=2)] == numbers
    assert list(stock.orders.browse(state=OrderState.ISSUED)) == []
    assert len(list(stock.orders.browse(account=ACCOUNT, name="shop.meadow.example"))) == 5


# -- waking


@pytest.fixture
def clock(stock: Stock) -> FakeClock:
    """The clock of the stock, as what it is."""
    assert isinstance(stock.clock, FakeClock)
    return stock.clock


def test_a_waiting_order_can_be_woken(stock: Stock) -> None:
    order = waiting(stock, stock.order())
    assert stock.journal().due(10) == []
    stock.orders.wake(order)
    assert len(stock.journal().due(10)) == 1


def test_an_ended_order_cannot_be_woken(stock: Stock) -> None:
    order = waiting(stock, stock.order(), state=OrderState.ISSUED)
    stock.orders.wake(order)
    assert stock.journal().due(10) == []


def test_a_hint_of_the_ca_wakes_the_order_it_names_and_no_other(stock: Stock) -> None:
    named = waiting(stock, stock.order(), ca_order=CAOrder("1"))
    waiting(stock, stock.order(), ca_order=CAOrder("2"))
    assert stock.orders.hint(ACCOUNT, "1") == 1
    assert [number for number, _ in stock.journal().due(10)] == [named.id]
    assert stock.orders.hint("other", "1") == 0


def test_a_hint_that_comes_while_the_order_is_advanced_is_not_lost(stock: Stock, clock: FakeClock) -> None:
    """Row 50: the push was quicker than our own commit."""
    order = waiting(stock, stock.order(), ca_order=CAOrder("1"))
    clock.advance(timedelta(hours=2))
    held = stock.journal().claim(order.id)
    assert held is not None
    clock.advance(1)
    stock.orders.hint(ACCOUNT, "1")
    stock.journal().save(replace(held, next_action_at=clock.now() + timedelta(hours=2)), [])
    assert len(stock.journal().due(10)) == 1


def test_a_watched_order_is_due_at_once_and_knows_until_when(stock: Stock, clock: FakeClock) -> None:
    order = waiting(stock, stock.order())
    stock.orders.watch(order, 60)
    assert stock.orders.get(str(order.id)).watched_until == clock.now() + timedelta(seconds=60)
    assert len(stock.journal().due(10)) == 1


def test_what_nobody_has_looked_at_for_long_is_overdue(stock: Stock, clock: FakeClock) -> None:
    stock.order()
    assert stock.orders.overdue(60) == 0
    clock.advance(61)
    assert stock.orders.overdue(60) == 1


# -- cancelling, judging again, forgetting


def test_a_cancelled_order_is_due_at_once(stock: Stock) -> None:
    order = waiting(stock, stock.order())
    stock.orders.ask_to_cancel(order, "")
    assert stock.orders.get(str(order.id)).cancel_comment  # never empty: that would mean "taken back"
    assert len(stock.journal().due(10)) == 1


def test_an_ended_order_cannot_be_cancelled(stock: Stock) -> None:
    order = waiting(stock, stock.order(), state=OrderState.ISSUED)
    with pytest.raises(Refused, match="issued already"):
        stock.orders.ask_to_cancel(order, "late")


def test_a_mismatch_can_be_judged_again_and_nothing_else_can(stock: Stock) -> None:
    mismatch = waiting(stock, stock.order(), state=OrderState.FAILED, step="verify", collected=(b"leaf",))
    refused = waiting(stock, stock.order(), state=OrderState.FAILED, step="place")
    assert stock.orders.judge_again(mismatch)
    assert not stock.orders.judge_again(refused)
    again = stock.orders.get(str(mismatch.id))
    assert (again.state, again.step, again.collected) == (OrderState.PENDING, "verify", (b"leaf",))


@pytest.mark.parametrize("outcome", [Outcome.OPEN, Outcome.OVERDUE])
def test_an_order_with_an_unknown_outcome_cannot_be_forgotten(stock: Stock, outcome: Outcome) -> None:
    order = stock.order()
    held = stock.journal().claim(order.id)
    assert held is not None
    held, intent = stock.journal().open_intent(held, [], deadline=stock.clock.now(), marks=())
    stock.journal().save(held, [], closes=(intent, outcome))
    with pytest.raises(Refused, match="not known yet"):
        stock.orders.forget(order)
    assert models.Order.objects.count() == 1


def test_a_forgotten_order_leaves_its_key(stock: Stock) -> None:
    order = stock.order()
    stock.orders.forget(order)
    with pytest.raises(NotFound):
        stock.orders.get(order.reference)
    assert KeyStore(stock.clock).get(order.key.id).id == order.key.id


# -- keys


def test_a_key_is_written_with_the_first_save_after_it_was_made(stock: Stock) -> None:
    order = stock.order()
    held = stock.journal().claim(order.id)
    assert held is not None
    made = replace(held.key, public_key_sha256="ab" * 32, sealed=b"envelope")
    stock.journal().save(replace(held, key=made, step="csr"), [])
    assert stock.orders.get(str(order.id)).key == made


def test_a_key_once_made_is_never_overwritten(stock: Stock) -> None:
    keys = KeyStore(stock.clock)
    key = stock.order().key
    keys.made(replace(key, public_key_sha256="ab" * 32, sealed=b"first"))
    keys.made(replace(key, public_key_sha256="cd" * 32, sealed=b"second"))
    assert keys.get(key.id).sealed == b"first"


# -- revoking


def revoke(stock: Stock, ca_order: str = "1") -> int:
    return stock.orders.revoke(
        None, ACCOUNT, CAOrder(ca_order), fingerprint="", reason=RevocationReason.SUPERSEDED, comment=""
    ).id


def test_a_revocation_under_way_is_not_asked_for_twice(stock: Stock) -> None:
    """Row 59."""
    assert revoke(stock) == revoke(stock)
    assert revoke(stock) != revoke(stock, "2")


def test_a_refused_revocation_can_be_asked_for_again(stock: Stock) -> None:
    first = revoke(stock)
    journal = stock.revocations()
    held = journal.claim(first)
    assert held is not None
    journal.save(replace(held, state=RevocationState.REFUSED), [])
    assert revoke(stock) != first


# -- known by half


def test_a_draft_at_the_ca_is_kept_by_its_request_until_it_has_an_order_id(stock: Stock) -> None:
    order = waiting(stock, stock.order(), ca_order=CAOrder("", request_id="R7"))
    assert order.ca_order == CAOrder("", request_id="R7")
    order = waiting(stock, order, ca_order=CAOrder("E9", request_id="R7"))
    assert order.ca_order == CAOrder("E9", request_id="R7")
    assert stock.orders.get("E9").id == order.id


def test_a_csr_that_is_given_late_brings_its_key_and_only_to_who_holds_the_order(stock: Stock) -> None:
    order = waiting(stock, stock.order(kind=KeyKind.EXTERNAL))
    held = stock.journal().claim(order.id)
    assert held is not None
    wish = KeyWish(KeyKind.EXTERNAL, KeySpec.EC_P256, public_key_sha256="ab" * 32)
    given = stock.orders.give_csr(held, b"csr", wish)
    assert (given.csr, given.key.public_key_sha256) == (b"csr", "ab" * 32)
    kept = stock.orders.get_by_id(order.id)
    assert (kept.csr, kept.key) == (given.csr, given.key)
    with pytest.raises(LostLease):
        stock.orders.give_csr(order, b"another", wish)
    assert stock.orders.get_by_id(order.id).csr == b"csr"


# -- catalogue and accounts


def test_two_accounts_cannot_have_one_name(stock: Stock) -> None:
    with pytest.raises(Refused, match="already"):
        stock.accounts.add(some_account())


def test_an_account_with_orders_cannot_be_removed(stock: Stock) -> None:
    order = stock.order()
    with pytest.raises(Refused, match="1 orders"):
        stock.accounts.remove(ACCOUNT)
    stock.orders.forget(order)
    stock.accounts.remove(ACCOUNT)
    with pytest.raises(NotFound):
        stock.accounts.get(ACCOUNT)


def test_the_secrets_of_an_account_do_not_show_in_its_repr(stock: Stock) -> None:
    assert "sealed" not in repr(stock.accounts.get(ACCOUNT)).replace("sealed_secrets", "")

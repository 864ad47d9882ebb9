"""What every journal promises, the one in memory that the flow is tested with and the one on SQLite alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest

from certwright.model.ca import CAOrder, Proof
from certwright.model.errors import LostLease
from certwright.model.order import Event, EventKind, Order, Outcome
from certwright.model.words import OrderState, WaitingFor
from certwright.store.journal import LEASE, PAUSE, OrderJournal
from tests.database.stock import Stock
from tests.fakes.clock import FakeClock
from tests.fakes.journal import FakeJournal, Tables
from tests.fakes.world import some_order

NEWS = [Event(EventKind.STEP, "admit", "news")]


class Bench(Protocol):
    """One kind of journal with the means to look behind it."""

    clock: FakeClock
    dead: set[str]

    def journal(self, owner: str) -> OrderJournal:
        """As the process of that name sees it."""
        ...

    def new(self) -> int:
        """Record an order, due now."""
        ...

    def read(self, number: int) -> Order:
        """The order as committed."""
        ...

    def notes(self, number: int) -> list[str]:
        """The notes of its journal since it was recorded."""
        ...

    def outcomes(self, number: int) -> list[str]:
        """What became of its calls."""
        ...

    def cancel(self, number: int, comment: str) -> None:
        """A person asks to cancel it, which makes it due."""
        ...


class Memory:
    """The fake."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.dead: set[str] = set()
        self.tables: Tables[Order] = Tables()

    def journal(self, owner: str) -> FakeJournal[Order]:
        return FakeJournal(self.tables, self.clock, owner, lambda name: name not in self.dead)

    def new(self) -> int:
        number = len(self.tables.rows) + 1
        self.tables.add(some_order(number), self.clock.now())
        return number

    def read(self, number: int) -> Order:
        return self.tables.rows[number].subject

    def notes(self, number: int) -> list[str]:
        return [event.note for event in self.tables.rows[number].events]

    def outcomes(self, number: int) -> list[str]:
        return [intent.outcome.value for intent in self.tables.rows[number].intents]

    def cancel(self, number: int, comment: str) -> None:
        row = self.tables.rows[number]
        row.subject, row.due = replace(row.subject, cancel_comment=comment), self.clock.now()


class SQLite:
    """The store."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.dead: set[str] = set()
        self.stock = Stock(self.clock)

    def journal(self, owner: str) -> OrderJournal:
        return self.stock.journal(owner, lambda name: name not in self.dead)

    def new(self) -> int:
        return self.stock.order().id

    def read(self, number: int) -> Order:
        return self.stock.orders.get(str(number))

    def notes(self, number: int) -> list[str]:
        return [event["note"] for event in self.stock.orders.events(number)][1:]

    def outcomes(self, number: int) -> list[str]:
        return [intent["outcome"] for intent in self.stock.orders.intents(number)]

    def cancel(self, number: int, comment: str) -> None:
        self.stock.orders.ask_to_cancel(self.read(number), comment)


@pytest.fixture(params=["memory", "sqlite"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Both kinds, one after the other."""
    if request.param == "memory":
        return Memory()  # type: ignore[return-value]
    request.getfixturevalue("database")
    return SQLite()


def claimed(bench: Bench, number: int, owner: str = "a") -> Order:
    order = bench.journal(owner).claim(number)
    assert order is not None
    return order


# -- leases


def test_an_order_belongs_to_one_worker_at_a_time(bench: Bench) -> None:
    number = bench.new()
    assert claimed(bench, number).fence == 1
    assert bench.journal("b").claim(number) is None
    assert bench.journal("a").claim(number) is None  # nor to two threads of one worker


def test_a_lease_that_has_run_out_is_anybodys_under_a_higher_fence(bench: Bench) -> None:
    number = bench.new()
    claimed(bench, number)
    bench.clock.advance(LEASE)
    assert claimed(bench, number, "b").fence == 2


def test_a_dead_workers_lease_is_void_at_once(bench: Bench) -> None:
    number = bench.new()
    claimed(bench, number)
    bench.dead.add("a")
    assert bench.journal("b").due(10) == []
    assert bench.journal("b").free_dead_leases() == 1
    assert bench.journal("b").due(10) == [(number, 1)]
    assert bench.journal("b").free_dead_leases() == 0
    assert claimed(bench, number, "b").fence == 2


def test_an_order_that_somebody_has_had_since_is_not_claimed_at_its_old_fence(bench: Bench) -> None:
    number = bench.new()
    journal = bench.journal("a")
    journal.save(replace(claimed(bench, number), next_action_at=bench.clock.now() + timedelta(hours=2)), [])
    assert journal.claim(number, 0) is None
    assert journal.claim(number, 1) is not None


@pytest.mark.parametrize("act", ["save", "open_intent"])
def test_a_late_writer_is_refused_and_leaves_no_trace(bench: Bench, act: str) -> None:
    """Rows 23 and 58."""
    number = bench.new()
    late = claimed(bench, number)
    bench.clock.advance(LEASE)
    claimed(bench, number, "b")
    journal = bench.journal("a")
    changed = replace(late, state=OrderState.PLACING, step="place")
    writes = {
        "save": lambda: journal.save(changed, NEWS),
        "open_intent": lambda: journal.open_intent(changed, NEWS, deadline=bench.clock.now(), marks=()),
    }
    with pytest.raises(LostLease):
        writes[act]()
    assert (bench.read(number).state, bench.notes(number), bench.outcomes(number)) == (OrderState.DRAFT, [], [])


def test_a_late_release_does_not_free_the_lease_of_another(bench: Bench) -> None:
    number = bench.new()
    late = claimed(bench, number)
    bench.clock.advance(LEASE)
    claimed(bench, number, "b")
    bench.journal("a").release(late)
    assert bench.journal("c").claim(number) is None


def test_a_released_order_is_due_after_a_pause(bench: Bench) -> None:
    number = bench.new()
    journal = bench.journal("a")
    journal.release(claimed(bench, number))
    assert journal.due(10) == []
    bench.clock.advance(PAUSE)
    assert journal.due(10) == [(number, 1)]


def test_an_order_is_not_due_while_it_is_being_advanced(bench: Bench) -> None:
    number = bench.new()
    claimed(bench, number)
    assert bench.journal("b").due(10) == []


def test_what_has_been_due_longest_comes_first(bench: Bench) -> None:
    numbers = []
    for _ in range(3):
        numbers.append(bench.new())
        bench.clock.advance(1)
    assert [number for number, _ in bench.journal("a").due(2)] == numbers[:2]


# -- saving


def test_a_save_in_mid_story_keeps_the_lease(bench: Bench) -> None:
    number = bench.new()
    order = claimed(bench, number)
    bench.journal("a").save(replace(order, step="key"), NEWS)
    assert bench.journal("b").claim(number) is None
    assert (bench.read(number).step, bench.notes(number)) == ("key", ["news"])


def test_a_wait_ends_the_lease_until_it_is_over(bench: Bench) -> None:
    number = bench.new()
    journal = bench.journal("a")
    until = bench.clock.now() + timedelta(minutes=1)
    journal.save(replace(claimed(bench, number), next_action_at=until, why="not yet"), NEWS)
    assert journal.due(10) == []
    bench.clock.advance(60)
    assert journal.due(10) == [(number, 1)]
    assert claimed(bench, number, "b").why == "not yet"


@pytest.mark.parametrize("state", [state for state in OrderState if state.ended])
def test_an_ended_order_is_never_due_and_nobodys(bench: Bench, state: OrderState) -> None:
    number = bench.new()
    journal = bench.journal("a")
    journal.save(replace(claimed(bench, number), state=state), NEWS)
    bench.clock.advance(timedelta(days=1000))
    assert journal.due(10) == []
    assert journal.claim(number) is None
    assert journal.free_dead_leases() == 0


def test_everything_that_a_step_may_change_comes_back_as_it_was(bench: Bench) -> None:
    number = bench.new()
    order = claimed(bench, number)
    proof = Proof("shop.meadow.example", "dns-txt", "_dnsauth.shop.meadow.example", "abc", bench.clock.now())
    changes = {
        "state": OrderState.PENDING,
        "step": "collect",
        "csr": b"csr",
        "ca_order": CAOrder("17", "18", "19"),
        "waiting_for": WaitingFor.DOMAIN_CONTROL,
        "why": "why",
        "advice": "advice",
        "trouble": "unavailable",
        "proofs": (proof,),
        "collected": (b"leaf", b"issuer"),
        "looks": 3,
        "placed_at": bench.clock.now(),
    }
    bench.journal("a").save(replace(order, **changes), [])  # type: ignore[arg-type]
    kept = bench.read(number)
    assert {name: getattr(kept, name) for name in changes} == changes


def test_what_the_ca_gave_is_kept_until_the_order_is_issued(bench: Bench) -> None:
    """Also after it is in the inventory: the token may still have to get it."""
    number = bench.new()
    journal = bench.journal("a")
    order = replace(claimed(bench, number), collected=(b"leaf",), fingerprint="ab", step="store")
    journal.save(order, [])
    assert bench.read(number).collected == (b"leaf",)
    journal.save(replace(order, state=OrderState.ISSUED, step=""), [])
    assert bench.read(number).collected == ()


def test_a_certificate_that_mismatched_stays_as_evidence(bench: Bench) -> None:
    number = bench.new()
    order = replace(claimed(bench, number), collected=(b"leaf",), step="verify", state=OrderState.FAILED)
    bench.journal("a").save(order, [])
    assert bench.read(number).collected == (b"leaf",)


# -- people meanwhile


def test_a_wish_to_cancel_is_not_overwritten_by_the_worker_that_has_the_order(bench: Bench) -> None:
    number = bench.new()
    order = claimed(bench, number)
    bench.cancel(number, "not needed")
    bench.journal("a").save(replace(order, next_action_at=bench.clock.now() + timedelta(hours=2)), [])
    assert bench.read(number).cancel_comment == "not needed"


def test_an_order_that_is_woken_while_it_is_advanced_is_due_right_after(bench: Bench) -> None:
    number = bench.new()
    order = claimed(bench, number)
    bench.clock.advance(1)
    bench.cancel(number, "not needed")
    assert bench.journal("b").due(10) == []
    bench.journal("a").save(replace(order, next_action_at=bench.clock.now() + timedelta(hours=2)), [])
    assert bench.journal("b").due(10) == [(number, 1)]


def test_a_wish_that_cannot_be_granted_is_taken_back(bench: Bench) -> None:
    number = bench.new()
    bench.cancel(number, "not needed")
    order = claimed(bench, number)
    bench.journal("a").save(replace(order, cancel_comment="", next_action_at=bench.clock.now()), [])
    assert bench.read(number).cancel_comment is None


# -- intents


def test_intents_are_numbered_and_only_the_latest_is_told(bench: Bench) -> None:
    number = bench.new()
    journal, order = bench.journal("a"), claimed(bench, number)
    assert journal.latest_intent(order) is None
    deadline = bench.clock.now() + timedelta(seconds=60)
    order, first = journal.open_intent(order, NEWS, deadline=deadline, marks={"b", "a"})
    assert (first.attempt, first.deadline, first.marks, first.outcome) == (
        1,
        deadline,
        {"a", "b"},
        Outcome.OPEN,
    )
    order = journal.save(order, [], closes=(first, Outcome.NOT_DONE))
    order, second = journal.open_intent(order, [], deadline=deadline, marks=())
    assert (second.attempt, journal.latest_intent(order)) == (2, second)
    assert bench.outcomes(number) == ["not_done", "open"]
    assert bench.notes(number) == ["news"]


def test_an_intent_is_closed_with_the_state_that_it_led_to(bench: Bench) -> None:
    number = bench.new()
    journal, order = bench.journal("a"), claimed(bench, number)
    order, intent = journal.open_intent(order, [], deadline=bench.clock.now(), marks=())
    bench.clock.advance(LEASE)
    claimed(bench, number, "b")
    with pytest.raises(LostLease):
        journal.save(replace(order, step="collect"), NEWS, closes=(intent, Outcome.DONE))
    assert bench.outcomes(number) == ["open"]


def test_an_overdue_intent_gets_its_new_deadline(bench: Bench) -> None:
    number = bench.new()
    journal, order = bench.journal("a"), claimed(bench, number)
    order, intent = journal.open_intent(order, [], deadline=bench.clock.now(), marks={"a"})
    later = bench.clock.now() + timedelta(hours=1)
    journal.save(order, [], closes=(replace(intent, deadline=later), Outcome.OVERDUE))
    latest = journal.latest_intent(order)
    assert latest is not None
    assert (latest.open, latest.deadline, latest.marks) == (True, later, {"a"})


def test_an_intent_is_committed_together_with_the_state_it_is_opened_in(bench: Bench) -> None:
    number = bench.new()
    order = replace(claimed(bench, number), state=OrderState.PLACING, step="place", csr=b"csr")
    bench.journal("a").open_intent(order, NEWS, deadline=bench.clock.now(), marks=())
    kept = bench.read(number)
    assert (kept.state, kept.step, kept.csr) == (OrderState.PLACING, "place", b"csr")

"""The paid-call rule, branch by branch: an intent first, one call, and never another before the CA was searched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from certwright.model.ca import CAOrder
from certwright.model.order import EventKind, Order
from certwright.model.words import Operation, OrderState
from certwright.pki.errors import Invalid
from tests.fakes.ca import Mood, PlainCA
from tests.fakes.world import CALL_SECONDS, World, some_order, some_request


class Crash(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def crash_at(*boundaries: str) -> Callable[[str], None]:
    """Raise Crash the first time one of the boundaries is reached."""
    open_ones = set(boundaries)

    def strike(boundary: str) -> None:
        if boundary in open_ones:
            open_ones.discard(boundary)
            raise Crash(boundary)

    return strike


def crash(world: World, boundary: str) -> None:
    """Run the order until the worker dies there; its lease is freed as a dead worker's is."""
    world.ca.at_boundary = world.order_journal._at_boundary = crash_at(boundary)
    with pytest.raises(Crash):
        world.run()
    world.ca.at_boundary = world.order_journal._at_boundary = lambda _: None
    row = world.orders.rows[1]
    row.owner, row.until, row.due = "", None, world.clock.now()


def test_the_intent_is_committed_before_the_call_goes_out(world: World) -> None:
    world.add()
    seen: list[str] = []

    def look(boundary: str) -> None:
        if boundary == "place:before":
            seen.extend([*world.outcomes(), world.order().state])

    world.ca.at_boundary = look
    world.run()
    assert seen == ["open", "placing"]


def test_an_intent_that_cannot_be_committed_sends_nothing(world: World) -> None:
    world.add()
    world.order_journal._at_boundary = crash_at("intent:before")
    with pytest.raises(Crash):
        world.run()
    assert world.ca.calls == []
    assert world.outcomes() == []


def test_a_clear_answer_closes_the_intent_in_one_call(world: World) -> None:
    world.add()
    assert world.run().state is OrderState.ISSUED
    assert world.outcomes() == ["done"]
    assert world.ca.calls == ["place"]


def test_the_deadline_in_the_intent_is_not_before_that_of_the_call(world: World) -> None:
    world.add()
    world.run()
    assert world.orders.rows[1].intents[0].deadline == some_order().created_at + timedelta(seconds=CALL_SECONDS)


def test_a_refusal_ends_the_order_and_is_never_repeated(world: World) -> None:
    world.add()
    world.ca.changing.append(Mood.REFUSED)
    order = world.run()
    assert (order.state, order.why, order.advice) == (
        OrderState.FAILED,
        "The product is sold out.",
        "Choose another.",
    )
    assert world.outcomes() == ["refused"]
    world.orders.rows[1].subject = replace(order, state=OrderState.PLACING)  # brought back by whatever mistake
    assert world.run().state is OrderState.FAILED
    assert world.ca.calls == ["place"]


def test_a_call_that_was_turned_away_is_made_again_as_another_attempt(world: World) -> None:
    world.add()
    world.ca.changing.append(Mood.DOWN)
    order = world.run()
    assert (order.state, order.trouble) == (OrderState.PLACING, "unavailable")
    assert world.settle().state is OrderState.ISSUED
    assert world.outcomes() == ["not_done", "done"]
    assert world.ca.count("find") == 0


def test_a_throttled_call_waits_as_long_as_the_ca_said_and_quietens_the_account(world: World) -> None:
    world.add()
    world.ca.changing.append(Mood.THROTTLED)
    until = world.clock.now() + timedelta(seconds=120)
    assert world.run().next_action_at == until
    assert world.standing.quiet_until == until
    assert world.settle().state is OrderState.ISSUED


def test_a_wrong_credential_pauses_the_account_and_loses_nothing(world: World) -> None:
    world.add()
    world.ca.changing.append(Mood.MISCONFIGURED)
    assert world.run().trouble == "misconfigured"
    assert world.standing.paused == "The credential is revoked. Make a new one."
    assert world.outcomes() == ["not_done"]
    assert world.settle().state is OrderState.ISSUED


def test_a_lost_answer_is_looked_up_and_not_sent_again(world: World) -> None:
    """Row 5: the CA did the work, we got a broken connection."""
    world.add()
    world.ca.changing.append(Mood.LOST_AFTER)
    assert world.run().state is OrderState.OUTCOME_UNKNOWN
    assert world.settle().state is OrderState.ISSUED
    assert (world.ca.count("place"), len(world.ca.ledger)) == (1, 1)
    assert world.outcomes() == ["done"]


def test_a_call_that_never_arrived_is_sent_again_only_after_its_time(world: World) -> None:
    world.add()
    world.ca.changing.append(Mood.LOST_BEFORE)
    world.run()
    start = world.clock.now()
    while world.ca.count("place") < 2:
        world.until_due()
        world.run()
    passed = world.clock.now() - start
    assert passed >= timedelta(seconds=CALL_SECONDS) + 2 * world.ca.settle_time
    assert world.order().state is OrderState.ISSUED
    assert world.outcomes() == ["absent", "done"]
    assert len(world.ca.ledger) == 1


@pytest.mark.parametrize("seconds", [0, 8, 45, 89])
def test_a_ca_that_is_slow_in_showing_is_waited_for(world: World, seconds: float) -> None:
    world.add()
    world.ca.shows_after = timedelta(seconds=seconds)
    world.ca.changing.append(Mood.LOST_AFTER)
    world.run()
    assert world.settle().state is OrderState.ISSUED
    assert len(world.ca.ledger) == 1


@pytest.mark.parametrize("searches", [0, 1, 3])
def test_a_clock_that_leaps_a_year_forward_buys_nothing_twice(world: World, searches: int) -> None:
    """Row 22: whenever it leaps, the slow CA still gets its time."""
    world.add()
    world.ca.shows_after = timedelta(seconds=25)
    world.ca.changing.append(Mood.LOST_AFTER)
    world.run()
    for _ in range(searches):
        world.until_due()
        world.run()
    world.clock.leap(timedelta(days=400))
    world.settle()
    assert len(world.ca.ledger) == 1
    assert world.order().ended


def test_an_impatient_person_does_not_shorten_the_wait_for_a_slow_ca(world: World) -> None:
    """``order check``, a cancellation or a push make an order due at once; that is no reason to take it for absent."""
    world.add()
    world.ca.shows_after = timedelta(seconds=25)
    world.ca.changing.append(Mood.LOST_AFTER)
    world.run()
    world.clock.leap(timedelta(days=400))
    for _ in range(24):
        world.run()
        world.clock.advance(1)
    assert world.outcomes() == ["overdue"]
    world.settle()
    assert len(world.ca.ledger) == 1


def test_a_clock_that_leaps_a_day_back_buys_nothing_twice_and_ends(world: World) -> None:
    world.add()
    world.ca.changing.append(Mood.LOST_BEFORE)
    world.run()
    world.clock.leap(timedelta(days=-1))
    assert world.settle(turns=10_000).state is OrderState.ISSUED
    assert len(world.ca.ledger) == 1


def test_a_search_that_fails_is_repeated_and_nothing_is_sent(world: World) -> None:
    world.add()
    world.ca.changing.append(Mood.LOST_AFTER)
    world.run()
    world.ca.reading.extend([Mood.DOWN] * 5)
    assert world.settle().state is OrderState.ISSUED
    assert world.ca.count("place") == 1


def test_a_refused_search_is_no_end_of_a_paid_order(world: World) -> None:
    world.add()
    world.ca.changing.append(Mood.LOST_AFTER)
    world.run()
    world.ca.reading.append(Mood.REFUSED)
    world.until_due()
    order = world.run()
    assert order.state is OrderState.OUTCOME_UNKNOWN
    assert world.orders.rows[1].events[-1].kind is EventKind.ALARM
    assert world.settle().state is OrderState.ISSUED
    assert world.ca.count("place") == 1


def test_a_ca_that_cannot_be_searched_parks_the_order_for_a_person(world: World) -> None:
    world.add()
    world.ca.changing.append(Mood.LOST_BEFORE)
    plain = PlainCA(world.ca)
    world.run(ca=plain)
    for _ in range(5):
        world.until_due()
        order = world.run(ca=plain)
    assert order.state is OrderState.OUTCOME_UNKNOWN
    assert "console" in order.advice
    assert world.ca.count("place") == 1
    alarms = [event for event in world.orders.rows[1].events if event.kind is EventKind.ALARM]
    assert len(alarms) == 1


def test_an_objection_that_comes_up_meanwhile_does_not_end_a_paid_order(world: World) -> None:
    """A dated rule may begin between the call and the look-up."""
    world.add()
    world.ca.changing.append(Mood.LOST_AFTER)
    world.run()
    world.ca.objection = "This lifetime is no longer sold."
    assert world.settle().state is OrderState.ISSUED


def test_an_objection_before_another_attempt_ends_the_order_with_nothing_open(world: World) -> None:
    world.add()
    world.ca.changing.append(Mood.LOST_BEFORE)
    world.run()
    world.ca.objection = "This lifetime is no longer sold."
    assert world.settle().state is OrderState.FAILED
    assert world.outcomes() == ["absent"]
    assert world.ca.ledger == []


@pytest.mark.parametrize("mood", [Mood.LOST_BEFORE, Mood.DOWN])
def test_an_order_cancelled_between_two_attempts_buys_nothing(world: World, mood: Mood) -> None:
    world.add()
    world.ca.changing.append(mood)
    order = world.run()
    world.orders.rows[1].subject = replace(order, cancel_comment="not needed")
    assert world.settle().state is OrderState.CANCELLED
    assert world.ca.ledger == []
    assert set(world.outcomes()) <= {"absent", "not_done"}


def test_an_order_cancelled_while_its_outcome_is_unknown_is_found_and_then_withdrawn(world: World) -> None:
    world.add()
    world.ca.issues_at_once = False
    world.ca.changing.append(Mood.LOST_AFTER)
    order = world.run()
    world.orders.rows[1].subject = replace(order, cancel_comment="not needed")
    assert world.settle().state is OrderState.CANCELLED
    assert world.ca.ledger[0].status == "cancelled"


def test_the_newer_of_two_orders_with_our_reference_is_cancelled_and_told(world: World) -> None:
    """Row 18: the network delivered the call twice."""
    world.add()
    world.ca.issues_at_once = False
    world.ca.changing.append(Mood.LOST_AFTER)
    world.run()
    first = world.ca.ledger[0]
    world.ca.ledger.append(replace(first, ca_order=CAOrder("O2", "C2")))
    world.until_due()
    assert world.run().ca_order == first.ca_order
    assert [bought.status for bought in world.ca.ledger] == ["pending", "cancelled"]
    assert any("double O2 was cancelled" in note for note in world.events())


def test_a_double_that_cannot_be_cancelled_raises_an_alarm(world: World) -> None:
    world.add()
    world.ca.changing.append(Mood.LOST_AFTER)
    world.run()
    world.ca.ledger.append(replace(world.ca.ledger[0], ca_order=CAOrder("O2", "C2")))
    world.until_due()
    world.run()
    assert any("ALARM: its double O2 could not be cancelled" in note for note in world.events())


def test_a_worker_that_was_stopped_before_the_call_does_not_send_it_late(world: World) -> None:
    """Row 58: stopped between the intent and the socket for longer than the deadline."""
    world.add()
    stopped: list[str] = []

    def stop(boundary: str) -> None:
        if boundary == "place:before" and not stopped:
            stopped.append(boundary)
            world.clock.advance(CALL_SECONDS + 1)

    world.ca.at_boundary = stop
    world.run()
    assert world.ca.ledger == []
    assert world.outcomes() == ["not_done"]


def test_a_crash_before_the_call_buys_once(world: World) -> None:
    """Row 1."""
    world.add()
    crash(world, "intent:after")
    assert world.settle().state is OrderState.ISSUED
    assert (len(world.ca.ledger), world.outcomes()) == (1, ["absent", "done"])


def test_a_crash_after_the_ca_acted_buys_once(world: World) -> None:
    """Rows 2 and 3."""
    world.add()
    world.ca.shows_after = timedelta(seconds=8)
    crash(world, "place:during")
    assert world.settle().state is OrderState.ISSUED
    assert (len(world.ca.ledger), world.outcomes()) == (1, ["done"])


def test_a_crash_after_the_commit_sends_nothing_again(world: World) -> None:
    """Row 4."""
    world.add()
    crash(world, "save:after")
    assert world.settle().state is OrderState.ISSUED
    assert world.ca.count("place") == 1


def test_an_answer_that_cannot_be_read_is_an_unclear_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add()

    def garbage(boundary: str) -> None:
        if boundary == "place:after":
            raise Invalid("This is no certificate.")

    world.ca.at_boundary = garbage
    assert world.run().state is OrderState.OUTCOME_UNKNOWN
    assert world.settle().state is OrderState.ISSUED
    assert len(world.ca.ledger) == 1


@pytest.mark.parametrize("operation", [Operation.REISSUE, Operation.DUPLICATE])
def test_a_lost_reissue_is_told_from_what_was_there_before(world: World, operation: Operation) -> None:
    """An earlier reissue with the same CSR is not taken for it."""
    world.add()
    csr = world.run().csr
    again = some_request(operation=operation, inside="O1")
    world.add(some_order(2, request=again))
    world.ca.at_boundary = lambda _: None
    world.run(2)
    earlier = world.order(2)
    world.add(some_order(3, request=again, csr=earlier.csr, key=earlier.key))
    world.ca.changing.append(Mood.LOST_AFTER)
    assert world.run(3).state is OrderState.OUTCOME_UNKNOWN
    assert world.settle(3).ca_order == CAOrder("O1", "C3")
    assert len(world.ca.ledger) == 3
    assert csr != earlier.csr


def test_a_reissue_whose_order_cannot_be_looked_at_opens_no_intent(world: World) -> None:
    world.add(some_order(request=some_request(operation=Operation.REISSUE, inside="O1")))
    world.ca.reading.append(Mood.DOWN)
    assert world.run().trouble == "unavailable"
    assert world.outcomes() == []
    assert world.ca.ledger == []


def test_an_order_the_ca_ended_at_once_ends_so_here(world: World) -> None:
    world.add()
    world.ca.issues_at_once = False

    def reject(boundary: str) -> None:
        if boundary == "place:during":
            world.ca.ledger[0].status = "rejected"

    world.ca.at_boundary = reject
    order: Order = world.run()
    assert (order.state, world.outcomes()) == (OrderState.REJECTED, ["done"])
    assert order.ca_order == CAOrder("O1", "C1")


def test_an_order_that_somebody_else_placed_before_under_the_same_reference_is_not_taken_for_ours(world: World) -> None:
    order = world.add()
    other = CAOrder("O-other", placed_at=order.created_at - timedelta(days=30))
    find = world.ca.find
    world.ca.find = lambda reference: (other, *find(reference))  # type: ignore[method-assign]
    world.ca.changing.append(Mood.LOST_AFTER)
    world.settle()
    assert world.order().state is OrderState.ISSUED
    assert world.order().ca_order != other
    assert len(world.ca.ledger) == 1

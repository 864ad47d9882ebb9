"""What advancing promises: what is committed when, and that every error of the family becomes an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from certwright.flow.advance import Step, Story, advance
from certwright.flow.answers import Answer, Done, Refuse, Wait
from certwright.flow.trouble import Talks
from certwright.model.errors import LostLease, Misconfigured, NotFound, Refused, Unavailable
from certwright.model.order import EventKind, Order
from certwright.model.ports import Ports
from certwright.model.words import OrderState, WaitingFor
from certwright.pki.errors import Invalid
from certwright.policy import cadence
from tests.cases.authority import NOW
from tests.fakes.world import World, some_order

Run = Callable[[Order, Ports], Answer]


def story(*runs: Run, talks: Talks = Talks.NOBODY) -> Story[Order]:
    """A story of these steps, called first, second, third."""
    names = ("first", "second", "third")
    return Story(
        steps=tuple(Step(name, talks, run=run) for name, run in zip(names, runs, strict=False)),
        fulfilled={"state": OrderState.ISSUED},
        refused={"state": OrderState.FAILED},
    )


def done(note: str = "", **changes: object) -> Run:
    return lambda order, at: Done(note, changes)


def raises(error: Exception) -> Run:
    def run(order: Order, at: Ports) -> Answer:
        raise error

    return run


def play(world: World, told: Story[Order], **change: object) -> Order:
    """Advance a fresh order through the story; returns it as committed."""
    if 1 not in world.orders.rows:
        world.add(some_order(step="first", **change))
    order = world.order_journal.claim(1)
    assert order is not None
    advance(order, told, world.order_journal, world.ports())
    return world.order()


def test_steps_that_need_not_be_kept_share_one_commit(world: World) -> None:
    order = play(world, story(done("a"), done("b"), done("c")))
    assert world.order_journal.saves == 1
    assert world.events() == ["a", "b", "c", "issued"]
    assert (order.state, order.step, order.next_action_at) == (OrderState.ISSUED, "", None)


def test_a_step_that_must_be_kept_is_committed_before_the_next_one_runs(world: World) -> None:
    seen: list[str] = []

    def look(order: Order, at: Ports) -> Answer:
        seen.append(world.order().step)
        return Done()

    play(world, story(lambda order, at: Done("a", must_be_kept=True), look))
    assert seen == ["second"]


def test_a_finished_step_is_not_run_again(world: World) -> None:
    ran: list[str] = []

    def once(order: Order, at: Ports) -> Answer:
        ran.append("first")
        return Done(must_be_kept=True)

    told = story(once, raises(Unavailable("away")))
    play(world, told)
    world.until_due()
    play(world, told)
    assert ran == ["first"]


def test_what_was_done_before_a_wait_is_committed_with_it(world: World) -> None:
    until = NOW + timedelta(hours=1)
    order = play(world, story(done("a", csr=b"csr"), lambda order, at: Wait(until, "not yet", advice="Wait.")))
    assert (order.csr, order.step, order.why, order.advice) == (b"csr", "second", "not yet", "Wait.")
    assert order.next_action_at == world.orders.rows[1].due == until
    assert world.orders.rows[1].owner == ""
    assert world.events() == ["a", "not yet"]


def test_waiting_for_the_same_thing_again_is_no_news(world: World) -> None:
    told = story(lambda order, at: Wait(at.clock.now() + timedelta(seconds=5), "not yet"))
    for _ in range(3):
        play(world, told)
        world.until_due()
    assert world.events() == ["not yet"]


def test_a_wait_may_send_the_order_back_to_an_earlier_step(world: World) -> None:
    told = story(done(), lambda order, at: Wait(NOW, "again", {"step": "first"}))
    assert play(world, told).step == "first"


def test_a_refusal_ends_the_story_in_its_usual_end(world: World) -> None:
    order = play(world, story(lambda order, at: Refuse("no", "Ask differently."), done("never")))
    assert (order.state, order.why, order.advice) == (OrderState.FAILED, "no", "Ask differently.")
    assert (order.step, world.orders.rows[1].due) == ("first", None)
    assert world.events() == ["failed: no"]


def test_a_refusal_may_name_another_end(world: World) -> None:
    told = story(lambda order, at: Refuse("no", changes={"state": OrderState.REJECTED}))
    assert play(world, told).state is OrderState.REJECTED


def test_the_end_leaves_no_trace_of_troubles_on_the_way(world: World) -> None:
    order = play(
        world,
        story(done()),
        why="away",
        advice="Wait.",
        trouble="unavailable",
        looks=9,
        waiting_for=WaitingFor.PROCESSING,
    )
    assert (order.why, order.advice, order.trouble, order.looks) == ("", "", "", 0)


def test_an_ended_order_is_left_alone(world: World) -> None:
    ended = some_order(step="first", state=OrderState.CANCELLED)
    world.add(ended)
    assert advance(ended, story(raises(ZeroDivisionError())), world.order_journal, world.ports()) is ended
    assert world.order_journal.saves == 0


@pytest.mark.parametrize("error", [Refused("no", advice="Change it."), NotFound("no", advice="Change it.")])
def test_a_refused_step_is_the_end(world: World, error: Refused) -> None:
    order = play(world, story(raises(error)))
    assert (order.state, order.why, order.advice) == (OrderState.FAILED, "no", "Change it.")


def test_bytes_that_cannot_be_read_are_the_end(world: World) -> None:
    order = play(world, story(raises(Invalid("This is no CSR.", advice="Make a new one."))))
    assert (order.state, order.why) == (OrderState.FAILED, "This is no CSR.")


@pytest.mark.parametrize("talks", [Talks.KEYS, Talks.NOBODY])
def test_a_token_that_is_away_is_waited_for_and_is_not_the_cas_fault(world: World, talks: Talks) -> None:
    told = story(raises(Unavailable("The token is away.", advice="Plug it in.")), talks=talks)
    pauses = []
    for _ in range(3):
        before = world.clock.now()
        order = play(world, told)
        assert order.next_action_at is not None
        pauses.append(order.next_action_at - before)
        world.until_due()
    assert pauses == [cadence.after_trouble(failures) for failures in range(3)]
    assert (order.state, order.trouble, order.advice) == (OrderState.DRAFT, "unavailable", "Plug it in.")
    assert world.standing.failures == 0


def test_a_ca_that_is_away_counts_against_its_account(world: World) -> None:
    order = play(world, story(raises(Unavailable("502")), talks=Talks.CA))
    assert (order.trouble, world.standing.failures) == ("unavailable", 1)


def test_a_ca_that_says_when_is_taken_at_its_word(world: World) -> None:
    order = play(world, story(raises(Unavailable("429", retry_after=90)), talks=Talks.CA))
    assert order.next_action_at == world.standing.quiet_until == NOW + timedelta(seconds=90)
    assert world.standing.failures == 0


def test_a_wrong_credential_pauses_the_ca_account(world: World) -> None:
    order = play(world, story(raises(Misconfigured("401", advice="Mend it.")), talks=Talks.CA))
    assert (order.trouble, world.standing.paused) == ("misconfigured", "401 Mend it.")


def test_a_wrong_pin_does_not_pause_the_ca_account(world: World) -> None:
    order = play(world, story(raises(Misconfigured("wrong PIN")), talks=Talks.KEYS))
    assert (order.trouble, world.standing.paused) == ("misconfigured", "")
    assert order.next_action_at == NOW + timedelta(minutes=15)


def test_trouble_is_forgotten_once_the_step_gets_on(world: World) -> None:
    play(world, story(raises(Unavailable("away")), done()))
    world.until_due()
    order = play(world, story(done(), lambda order, at: Wait(NOW + timedelta(hours=1), "x")))
    assert order.trouble == ""


def test_an_error_nobody_foresaw_escapes_and_nothing_is_written(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        play(world, story(done("a"), raises(ZeroDivisionError())))
    assert world.order_journal.saves == 0
    assert world.order().step == "first"


def test_a_worker_that_has_lost_its_lease_writes_nothing(world: World) -> None:
    def overtaken(order: Order, at: Ports) -> Answer:
        world.clock.advance(timedelta(minutes=6))
        assert world.order_journal.claim(1) is not None
        return Done("late")

    with pytest.raises(LostLease):
        play(world, story(overtaken))
    assert world.events() == []
    assert world.order().step == "first"


def test_a_step_with_nothing_to_do_is_a_programming_error(world: World) -> None:
    empty: Story[Order] = Story((Step("first", Talks.NOBODY),), fulfilled={}, refused={})
    with pytest.raises(TypeError, match="can neither run nor call"):
        play(world, empty)


def test_an_event_that_is_due_to_a_person_or_ca_keeps_its_kind(world: World) -> None:
    play(world, story(lambda order, at: Wait(NOW, "look at this", kind=EventKind.ALARM)))
    assert world.orders.rows[1].events[0].kind is EventKind.ALARM

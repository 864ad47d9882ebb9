"""Proofs: published where we can, seen by us first, and only then looked at by the CA."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certwright.model.ca import Proof
from certwright.model.errors import Misconfigured, Refused, Unavailable
from certwright.model.order import Order
from certwright.model.words import OrderState, WaitingFor
from tests.fakes.ca import Mood, ProvingCA
from tests.fakes.challenges import FakeChallenges
from tests.fakes.world import SHOP, World, some_order, some_request

LEASE = timedelta(minutes=5)  # as in store.journal


@pytest.fixture
def proving(world: World) -> World:
    world.challenges = FakeChallenges(serving=None)
    world.ca = ProvingCA(world.clock, published=world.challenges)
    return world


def test_a_proof_is_published_and_seen_before_the_ca_is_asked_to_look(proving: World) -> None:
    proving.challenges.seen_at = 2
    proving.add()
    order = proving.run()
    assert (order.step, order.waiting_for) == ("publish", WaitingFor.DOMAIN_CONTROL)
    assert "no such name" in order.why
    assert proving.ca.calls == ["place"]
    assert len(proving.challenges.standing) == 1
    order = proving.settle()
    assert order.state is OrderState.ISSUED
    assert proving.ca.calls == ["place", "check_control", "collect"]
    assert proving.challenges.looks == 3


def test_an_order_with_proofs_we_can_publish_is_issued_without_waiting(proving: World) -> None:
    proving.add()
    assert proving.run().state is OrderState.ISSUED
    assert proving.ca.calls == ["place", "check_control", "collect"]


def test_a_proof_that_a_person_must_publish_costs_the_ca_no_call(proving: World) -> None:
    proving.challenges.serving = ()
    proving.add()
    order = proving.run()
    assert (order.step, proving.ca.calls) == ("collect", ["place"])
    assert order.proofs == (Proof(SHOP, "dns-cname-token", f"_proof.{SHOP}", "first.value.example"),)


def test_after_a_lost_answer_the_proofs_are_asked_for_and_published(proving: World) -> None:
    proving.ca.changing.append(Mood.LOST_AFTER)
    proving.add()
    assert proving.settle().state is OrderState.ISSUED
    assert len(proving.ca.ledger) == 1
    assert proving.challenges.standing


def test_a_target_that_is_away_does_not_put_the_ca_to_rest(proving: World) -> None:
    proving.challenges.trouble = Unavailable("The DNS server does not answer.")
    proving.add()
    order = proving.run()
    assert (order.step, order.trouble) == ("publish", "unavailable")
    assert proving.standing.failures == 0
    proving.challenges.trouble = None
    assert proving.settle().state is OrderState.ISSUED


def test_a_wrong_credential_of_a_target_pauses_no_ca_account(proving: World) -> None:
    proving.challenges.trouble = Misconfigured("The TSIG key is wrong.")
    proving.add()
    assert proving.run().trouble == "misconfigured"
    assert proving.standing.paused == ""


def test_a_proof_that_we_never_see_is_left_to_the_ca_in_the_end(proving: World) -> None:
    proving.challenges.seen_at = 10_000
    proving.add()
    assert proving.settle().state is OrderState.ISSUED
    assert any("not seen by us" in note for note in proving.events())


def test_new_values_are_published_when_the_ca_gives_some(proving: World) -> None:
    proving.challenges.serving = None
    ca = proving.ca
    assert isinstance(ca, ProvingCA)
    proving.add()
    proving.challenges.seen_at = 1
    proving.run()
    ca.value = "second.value.example"  # the CA wants another one meanwhile
    order = proving.settle()
    assert order.state is OrderState.ISSUED
    assert [proof.value for proof in proving.challenges.standing] == ["first.value.example", "second.value.example"]


def test_a_cancelled_order_is_not_published_any_more(proving: World) -> None:
    proving.add(some_order(cancel_comment="not wanted"))
    assert proving.run().state is OrderState.CANCELLED
    assert proving.challenges.standing == []


def test_a_ca_that_wants_to_be_asked_seldom_is_asked_as_it_wants(world: World) -> None:
    world.ca.issues_at_once = False
    world.ca.looks = (60.0, 120.0, 10_800.0)
    world.add()
    pauses = []
    for _ in range(5):
        world.until_due()
        world.run()
        due = world.orders.rows[1].due
        assert due is not None
        pauses.append((due - world.clock.now()).total_seconds())
    assert pauses == [60, 120, 10_800, 10_800, 10_800]


def test_also_a_watched_order_is_not_looked_at_more_often_than_the_ca_allows(world: World) -> None:
    world.ca.issues_at_once = False
    world.ca.looks = (15.0, 60.0, 120.0)
    world.add(some_order(watched_until=world.clock.now() + timedelta(hours=1)))
    pauses = []
    for _ in range(4):
        world.until_due()
        world.run()
        due = world.orders.rows[1].due
        assert due is not None
        pauses.append((due - world.clock.now()).total_seconds())
    assert pauses == [15, 60, 60, 60]


def test_many_names_at_a_slow_target_are_published_in_several_turns_each_shorter_than_a_lease(proving: World) -> None:
    names = tuple(f"n{number}.{SHOP}" for number in range(100))
    publish, longest = proving.challenges.publish, timedelta()

    def slowly(order: Order, proof: Proof) -> str:
        if proof not in proving.challenges.standing:
            proving.clock.advance(timedelta(seconds=4))
        return publish(order, proof)

    proving.challenges.publish = slowly  # type: ignore[method-assign]
    proving.add(some_order(request=some_request(names=names, common_name=names[0])))
    while not proving.order().ended:
        proving.until_due()
        begun = proving.clock.now()
        proving.run()
        longest = max(longest, proving.clock.now() - begun)
    assert proving.order().state is OrderState.ISSUED
    assert len(proving.challenges.standing) == len(names)
    assert longest < LEASE


def test_looks_that_take_long_leave_the_lease_in_time_too(proving: World) -> None:
    names = tuple(f"n{number}.{SHOP}" for number in range(100))

    def slowly(order: Order, proof: Proof) -> str:
        proving.clock.advance(timedelta(seconds=5))
        return f"{proof.where}: no answer."

    proving.challenges.look = slowly  # type: ignore[method-assign]
    proving.add(some_order(request=some_request(names=names, common_name=names[0])))
    begun = proving.clock.now()
    order = proving.run()
    assert proving.clock.now() - begun < LEASE
    assert "no time to look at" in order.why
    assert proving.settle().state is OrderState.ISSUED


def test_a_target_that_never_takes_a_proof_keeps_nobody_from_asking_the_ca(proving: World) -> None:
    proving.challenges.trouble = Refused("Another record stands there.")
    proving.add()
    first = proving.run()
    assert (first.state, first.step, first.trouble) == (OrderState.PENDING, "publish", "misconfigured")
    order = proving.settle(turns=20)
    assert order.state is OrderState.PENDING
    assert proving.ca.count("check_control") >= 1
    assert any("Another record stands there." in note for note in proving.events())
    proving.challenges.trouble = None


def test_one_name_that_cannot_be_published_keeps_no_other_from_it(proving: World) -> None:
    names = (SHOP, "www." + SHOP)
    proving.add(some_order(request=some_request(names=names)))
    proving.challenges.trouble_at = frozenset({SHOP})
    proving.run()
    assert [proof.name for proof in proving.challenges.standing] == ["www." + SHOP]

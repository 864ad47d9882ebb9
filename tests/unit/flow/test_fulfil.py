"""The steps of an order before money is spent, and how it is placed and followed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from certwright.model.ca import CAOrder, Organization, Product
from certwright.model.errors import Misconfigured, Unavailable
from certwright.model.order import EventKind, KeyReference
from certwright.model.words import KeyKind, Operation, OrderState, WaitingFor
from certwright.pki import csr as csrs
from certwright.pki import keys as pki_keys
from certwright.pki.keys import KeySpec
from tests.cases.authority import new_key
from tests.fakes.ca import Mood, PlainCA
from tests.fakes.world import SHOP, World, some_order, some_request

IN_TOKEN = KeyReference(1, KeyKind.PKCS11, KeySpec.EC_P256, token="hsm", cka_id="ab" * 16)


# -- admit


def test_an_order_with_nothing_wrong_is_issued_in_one_ca_call(world: World) -> None:
    world.add()
    order = world.run()
    assert (order.state, order.request.organization) == (OrderState.ISSUED, "7")
    assert list(world.inventory.recorded.values()) == [1]
    assert world.ca.calls == ["place"]


def test_a_product_that_the_account_has_not_is_refused_before_money_is_spent(world: World) -> None:
    world.add(some_order(request=some_request(product="gold")))
    order = world.run()
    assert order.state is OrderState.FAILED
    assert "'gold'" in order.why
    assert world.ca.calls == []


@pytest.mark.parametrize("wanted", ["Other GmbH", "8"])
def test_an_organization_that_is_unknown_is_refused(world: World, wanted: str) -> None:
    world.add(some_order(request=some_request(organization=wanted)))
    assert wanted in world.run().why
    assert world.ca.calls == []


def test_which_of_several_organizations_it_is_for_is_left_to_the_ca_that_knows_the_names(world: World) -> None:
    world.catalogue.organizations.append(Organization("8", "Other GmbH"))
    world.add()
    assert world.run().state is OrderState.ISSUED
    assert world.ca.ledger[0].placement.organization == ""


def test_a_product_without_an_organization_is_ordered_without_one(world: World) -> None:
    world.catalogue.products[0] = Product("tls", "TLS DV", "dv", organization_required=False)
    world.catalogue.organizations.clear()
    world.add()
    assert world.run().state is OrderState.ISSUED
    assert world.ca.ledger[0].placement.organization == ""


@pytest.mark.parametrize("name", ["*.com", "intranet", "1.168.192.in-addr.arpa", "under_score.meadow.example"])
def test_a_name_that_no_ca_may_certify_is_refused_before_money_is_spent(world: World, name: str) -> None:
    world.add(some_order(request=some_request(names=(name,), common_name=name)))
    order = world.run()
    assert order.state is OrderState.FAILED
    assert order.advice
    assert world.ca.calls == []


def test_what_the_ca_is_known_to_refuse_is_not_asked_of_it(world: World) -> None:
    world.ca.objection = "Terms end at one year."
    world.add()
    assert world.run().why == "Terms end at one year."
    assert world.ca.calls == []


def test_an_order_cancelled_before_it_began_costs_nothing(world: World) -> None:
    world.add(some_order(cancel_comment="a mistake"))
    order = world.run()
    assert (order.state, order.why) == (OrderState.CANCELLED, "a mistake")
    assert world.keys.made == 0


# -- key and CSR


def test_a_key_and_a_csr_are_made_once(world: World) -> None:
    world.add()
    world.ca.changing.extend([Mood.DOWN] * 3)
    world.run()
    assert world.settle().state is OrderState.ISSUED
    assert (world.keys.made, world.keys.signed) == (1, 1)


def test_a_given_csr_is_sent_as_it_is(world: World) -> None:
    private = new_key()
    csr = csrs.build(private, [SHOP])
    key = KeyReference(1, KeyKind.EXTERNAL, public_key_sha256=pki_keys.public_key_sha256(private.public_key()))
    world.add(some_order(key=key, csr=csr))
    assert world.run().state is OrderState.ISSUED
    assert world.ca.ledger[0].placement.csr == csr
    assert (world.keys.made, world.keys.signed) == (0, 0)


def test_a_given_csr_with_names_nobody_ordered_is_refused(world: World) -> None:
    world.add(some_order(csr=csrs.build(new_key(), [SHOP, "other.meadow.example"])))
    order = world.run()
    assert order.state is OrderState.FAILED
    assert "other.meadow.example" in order.why


def test_an_order_whose_token_is_away_waits_and_goes_on_when_it_is_back(world: World) -> None:
    """P14, row 30: nothing is made in software instead."""
    world.add(some_order(key=IN_TOKEN))
    world.keys.trouble = Unavailable("Token hsm is away.", advice="Plug it in.")
    order = world.run()
    assert (order.step, order.trouble, order.advice) == ("key", "unavailable", "Plug it in.")
    world.keys.trouble = None
    assert world.settle().state is OrderState.ISSUED
    assert list(world.keys.token) == [IN_TOKEN.cka_id]


def test_an_order_whose_token_is_away_can_be_cancelled(world: World) -> None:
    order = world.add(some_order(key=IN_TOKEN))
    world.keys.trouble = Unavailable("Token hsm is away.")
    order = world.run()
    world.orders.rows[1].subject = replace(order, cancel_comment="no token any more")
    world.keys.trouble = None
    assert world.settle().state is OrderState.CANCELLED
    assert world.keys.token == {}


def test_a_wrong_pin_keeps_the_order_and_not_the_ca_account(world: World) -> None:
    world.add(some_order(key=IN_TOKEN))
    world.keys.trouble = Misconfigured("The PIN is wrong.", advice="Give the right one.")
    assert world.run().trouble == "misconfigured"
    assert world.standing.paused == ""


def test_a_token_key_made_before_a_crash_is_found_again(world: World) -> None:
    world.add(some_order(key=IN_TOKEN))
    world.keys.make(IN_TOKEN)
    assert world.run().state is OrderState.ISSUED
    assert world.keys.made == 1


# -- place


@pytest.mark.parametrize("operation", [Operation.REISSUE, Operation.DUPLICATE])
def test_a_ca_that_cannot_do_it_is_not_asked(world: World, operation: Operation) -> None:
    world.add(some_order(request=some_request(operation=operation, inside="O1")))
    order = world.run(ca=PlainCA(world.ca))
    assert order.state is OrderState.FAILED
    assert operation in order.why


@pytest.mark.parametrize("operation", [Operation.REISSUE, Operation.DUPLICATE])
def test_a_reissue_or_duplicate_happens_inside_its_ca_order(world: World, operation: Operation) -> None:
    world.add()
    world.run()
    world.add(some_order(2, request=some_request(operation=operation, inside="O1")))
    order = world.run(2)
    assert (order.state, order.ca_order) == (OrderState.ISSUED, CAOrder("O1", "C2"))
    assert [bought.kind for bought in world.ca.ledger] == ["new", operation]


# -- collect


@pytest.fixture
def pending(world: World) -> World:
    """A world with an order that waits for the CA's approver."""
    world.ca.issues_at_once = False
    world.add()
    order = world.run()
    assert (order.state, order.step, order.waiting_for) == (
        OrderState.PENDING,
        "collect",
        WaitingFor.CA_APPROVAL,
    )
    return world


def test_a_pending_order_is_collected_once_the_ca_has_issued(pending: World) -> None:
    pending.ca.issue(pending.ca.ledger[0])
    assert pending.settle().state is OrderState.ISSUED


def test_a_pending_order_is_looked_at_ever_more_rarely(pending: World) -> None:
    pauses = []
    for _ in range(8):
        pending.until_due()
        before = pending.clock.now()
        due = pending.run().next_action_at
        assert due is not None
        pauses.append(due - before)
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=2)


def test_the_ladder_begins_again_when_the_ca_waits_for_something_else(pending: World) -> None:
    for _ in range(5):
        pending.until_due()
        pending.run()
    pending.ca.waiting_for = WaitingFor.PROCESSING
    pending.until_due()
    order = pending.run()
    assert (order.looks, order.waiting_for) == (0, WaitingFor.PROCESSING)


def test_a_watched_order_is_looked_at_within_ten_seconds(world: World) -> None:
    world.ca.issues_at_once = False
    world.add(some_order(watched_until=world.clock.now() + timedelta(minutes=5)))
    for _ in range(10):
        world.until_due()
        due = world.run().next_action_at
        assert due is not None
        assert due - world.clock.now() <= timedelta(seconds=10)


@pytest.mark.parametrize(("status", "state"), [("rejected", OrderState.REJECTED), ("cancelled", OrderState.CANCELLED)])
def test_an_order_ended_at_the_ca_ends_here(pending: World, status: str, state: OrderState) -> None:
    pending.ca.ledger[0].status = status
    order = pending.settle()
    assert (order.state, order.waiting_for) == (state, None)
    assert len(pending.ca.ledger) == 1


@pytest.mark.parametrize("mood", [Mood.DOWN, Mood.THROTTLED, Mood.MISCONFIGURED, Mood.REFUSED])
def test_a_paid_order_outlives_every_answer_to_a_look(pending: World, mood: Mood) -> None:
    """Rows 8 to 10: the CA being down, throttling, turning us away or knowing nothing of it."""
    pending.ca.reading.append(mood)
    pending.until_due()
    order = pending.run()
    assert (order.state, order.step) == (OrderState.PENDING, "collect")
    assert order.trouble
    pending.ca.issue(pending.ca.ledger[0])
    assert pending.settle().state is OrderState.ISSUED


def test_a_ca_that_will_not_tell_raises_an_alarm(pending: World) -> None:
    pending.ca.reading.append(Mood.REFUSED)
    pending.until_due()
    pending.run()
    assert pending.orders.rows[1].events[-1].kind is EventKind.ALARM


# -- cancel


def cancel(world: World) -> None:
    row = world.orders.rows[1]
    row.subject, row.due = replace(row.subject, cancel_comment="not needed"), world.clock.now()


def test_a_pending_order_is_withdrawn_at_the_ca(pending: World) -> None:
    cancel(pending)
    order = pending.run()
    assert (order.state, order.why) == (OrderState.CANCELLED, "not needed")
    assert pending.ca.ledger[0].status == "cancelled"


def test_an_order_that_the_ca_will_not_withdraw_goes_on(pending: World) -> None:
    pending.ca.issue(pending.ca.ledger[0])
    cancel(pending)
    order = pending.run()
    assert "would not cancel" in order.why
    assert order.cancel_comment is None
    assert pending.settle().state is OrderState.ISSUED


def test_an_order_at_a_ca_without_cancelling_goes_on(pending: World) -> None:
    plain = PlainCA(pending.ca)
    cancel(pending)
    order = pending.run(ca=plain)
    assert (order.state, order.cancel_comment) == (OrderState.PENDING, None)
    assert "console" in order.advice
    pending.ca.issue(pending.ca.ledger[0])
    assert pending.settle().state is OrderState.ISSUED


def test_a_cancellation_is_tried_again_while_the_ca_is_down(pending: World) -> None:
    cancel(pending)
    pending.ca.reading.append(Mood.DOWN)
    assert pending.run().state is OrderState.PENDING
    assert pending.settle().state is OrderState.CANCELLED


def test_a_reissue_that_the_ca_gave_no_id_of_its_own_is_not_cancelled_by_the_number_of_the_order_in_use(
    world: World,
) -> None:
    world.add()
    world.run()
    again = some_request(operation=Operation.REISSUE, inside="O1")
    world.add(some_order(2, request=again, ca_order=CAOrder("O1"), step="collect", cancel_comment="not needed"))
    order = world.run(2)
    assert (order.ended, order.cancel_comment) == (False, None)
    assert "inside of" in order.why
    assert "cancel" not in world.ca.calls
    assert world.ca.ledger[0].status == "issued"

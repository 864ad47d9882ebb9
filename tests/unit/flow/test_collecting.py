"""The step that waits, at CAs of few: what is shown of before, what comes late, what is known by half."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from certwright.model.ca import CAOrder
from certwright.model.order import KeyReference, Order
from certwright.model.words import KeyKind, Operation, OrderState, WaitingFor
from certwright.pki import csr as csrs
from certwright.pki import keys as pki_keys
from certwright.pki.keys import KeySpec, PrivateKey
from tests.cases.authority import new_key
from tests.fakes.abilities import DraftingCA, ForgetfulCA, LaggingCA, LateCSRCA, RenewingCA
from tests.fakes.ca import Mood, PlainCA
from tests.fakes.world import SHOP, World, some_order, some_request

HOUR = timedelta(hours=1)


# -- what the CA renews by itself


@pytest.fixture
def renewed(world: World) -> World:
    """Order 1 has brought a certificate; order 2 waits for its renewal by the CA."""
    world.ca = RenewingCA(world.clock)
    world.add()
    first = world.run()
    assert first.ca_order is not None
    world.add(
        some_order(
            2,
            request=some_request(operation=Operation.CA_RENEWAL, inside=first.ca_order.order_id),
            state=OrderState.PENDING,
            step="collect",
            waiting_for=WaitingFor.CA_RENEWAL,
            ca_order=CAOrder(first.ca_order.order_id),
            csr=first.csr,
            key=first.key,
            replaces=first.fingerprint,
        )
    )
    world.ca.calls.clear()
    return world


def test_a_renewal_by_the_ca_waits_while_the_ca_shows_the_certificate_of_before(renewed: World) -> None:
    for _ in range(3):
        renewed.until_due(2)
        order = renewed.run(2)
        assert (order.state, order.waiting_for) == (OrderState.PENDING, WaitingFor.CA_RENEWAL)
        assert order.next_action_at is not None
        assert order.next_action_at - renewed.clock.now() >= HOUR, "it is due on a day, not in a minute"
    assert renewed.ca.calls == ["newest"] * 3
    assert len(renewed.inventory.recorded) == 1


def test_a_renewal_by_the_ca_is_collected_and_recorded_when_it_is_there(renewed: World) -> None:
    renewed.run(2)
    assert isinstance(renewed.ca, RenewingCA)
    renewed.ca.renew("O1")
    order = renewed.settle(2)
    assert order.state is OrderState.ISSUED
    assert order.fingerprint not in ("", renewed.order(1).fingerprint)
    assert set(renewed.ca.calls) == {"newest"}
    assert renewed.outcomes(2) == [], "nothing was bought"
    assert len(renewed.ca.ledger) == 1


def test_to_cancel_the_wait_for_a_renewal_asks_nothing_of_the_ca(renewed: World) -> None:
    """The order there is the one whose certificate is in use."""
    row = renewed.orders.rows[2]
    row.subject = replace(row.subject, cancel_comment="not needed")
    order = renewed.run(2)
    assert (order.state, order.why) == (OrderState.CANCELLED, "not needed")
    assert renewed.ca.calls == []
    assert renewed.ca.ledger[0].status == "issued"


def test_a_renewal_by_the_ca_ends_when_its_order_has_ended_there(renewed: World) -> None:
    assert isinstance(renewed.ca, RenewingCA)
    renewed.ca.ended = True
    order = renewed.run(2)
    assert (order.state, order.why) == (OrderState.CANCELLED, "Cancelled in the console.")


def test_a_renewal_by_the_ca_is_judged_like_everything_else(renewed: World) -> None:
    """P4: for another name, it is evidence and not installed."""
    assert isinstance(renewed.ca, RenewingCA)
    wrong = replace(renewed.ca.ledger[0])
    renewed.ca.issue(wrong, names=("other.example",))
    renewed.ca.renewals["O1"] = [wrong.certificates]
    order = renewed.settle(2)
    assert order.state is OrderState.FAILED
    assert order.collected
    assert len(renewed.inventory.recorded) == 1


# -- a reissue with the CSR of before


@pytest.fixture
def reissued(world: World) -> World:
    """Order 2 asks for a reissue of order 1's certificate with its CSR, at a CA that lags."""
    world.ca = LaggingCA(world.clock)
    world.add()
    first = world.run()
    assert first.ca_order is not None
    world.ca.issues_at_once = False
    request = some_request(operation=Operation.REISSUE, inside=first.ca_order.order_id)
    world.add(some_order(2, request=request, csr=first.csr, key=first.key, replaces=first.fingerprint))
    return world


def test_a_reissue_with_the_same_csr_waits_while_the_ca_shows_the_old_certificate(reissued: World) -> None:
    """Row 37."""
    assert isinstance(reissued.ca, LaggingCA)
    reissued.run(2)
    reissued.ca.issue(reissued.ca.ledger[1])
    reissued.ca.lags = True
    reissued.until_due(2)
    order = reissued.run(2)
    assert (order.state, order.waiting_for) == (OrderState.PENDING, WaitingFor.PROCESSING)
    assert "certificate of before" in order.why
    reissued.ca.lags = False
    order = reissued.settle(2)
    assert order.state is OrderState.ISSUED
    assert order.fingerprint != reissued.order(1).fingerprint
    assert reissued.ca.count("reissue") == 1


# -- a CSR that comes late


def late_order() -> Order:
    """An order whose CSR nobody has given yet."""
    return some_order(key=KeyReference(1, KeyKind.EXTERNAL))


@pytest.fixture
def late(world: World) -> World:
    """Placed without a CSR."""
    world.ca = LateCSRCA(world.clock)
    world.add(late_order())
    return world


def give(world: World, private: PrivateKey | None = None) -> PrivateKey:
    """What ``order submit-csr`` does with a CSR for the order's name."""
    private = private or new_key()
    public = pki_keys.public_key_sha256(private.public_key())
    row = world.orders.rows[1]
    key = replace(row.subject.key, spec=KeySpec.EC_P256, public_key_sha256=public)
    row.subject = replace(row.subject, csr=csrs.build(private, [SHOP]), key=key)
    return private


def test_an_order_without_a_csr_is_placed_once_and_waits_for_one(late: World) -> None:
    order = late.run()
    assert (order.state, order.waiting_for) == (OrderState.PENDING, WaitingFor.CSR)
    late.until_due()
    order = late.run()
    assert "order submit-csr 1" in order.advice
    assert late.ca.count("place") == 1
    assert late.ca.count("submit_csr") == 0
    assert (late.keys.made, late.keys.signed) == (0, 0)


def test_a_csr_that_is_given_late_is_handed_to_the_ca_once_and_the_order_issued(late: World) -> None:
    late.run()
    private = give(late)
    order = late.settle()
    assert order.state is OrderState.ISSUED
    assert late.ca.count("submit_csr") == 1
    assert late.ca.ledger[0].placement.csr == order.csr
    assert order.key.public_key_sha256 == pki_keys.public_key_sha256(private.public_key())
    assert "CSR submitted" in late.events()


def test_a_csr_that_the_ca_refuses_leaves_the_order_waiting_with_advice(late: World) -> None:
    """It is paid: only a person can mend it, with another CSR."""
    assert isinstance(late.ca, LateCSRCA)
    late.run()
    give(late)
    late.ca.dislikes = "The key is known."
    order = late.run()
    assert (order.state, order.waiting_for) == (OrderState.PENDING, WaitingFor.CSR)
    assert order.why == "The CA refused the CSR: The key is known."
    assert order.advice == "Make it anew. Give another one: certwright order submit-csr 1"
    late.ca.dislikes = ""
    give(late)
    assert late.settle().state is OrderState.ISSUED
    assert len(late.ca.ledger) == 1


def test_a_certificate_that_the_ca_issued_for_an_unknown_csr_waits_for_that_csr(late: World) -> None:
    """Somebody submitted one in the CA's console."""
    late.run()
    private = new_key()
    bought = late.ca.ledger[0]
    bought.placement = replace(bought.placement, csr=csrs.build(private, [SHOP]))
    late.ca.issue(bought)
    late.until_due()
    order = late.run()
    assert (order.state, order.waiting_for) == (OrderState.PENDING, WaitingFor.CSR)
    assert "not known here" in order.why
    assert "submit-csr" in order.advice
    give(late, private)
    assert late.settle().state is OrderState.ISSUED
    assert late.ca.count("submit_csr") == 0


def test_a_ca_that_takes_no_csr_late_gets_no_order_without_one(world: World) -> None:
    world.add(late_order())
    order = world.run(ca=PlainCA(world.ca))
    assert order.state is OrderState.FAILED
    assert world.ca.calls == []


def test_an_order_without_a_csr_can_be_cancelled(late: World) -> None:
    late.run()
    row = late.orders.rows[1]
    row.subject = replace(row.subject, cancel_comment="a mistake")
    assert late.run().state is OrderState.CANCELLED
    assert late.ca.ledger[0].status == "cancelled"


# -- known by its request alone


def test_a_draft_is_looked_at_by_its_request_until_it_is_an_order(world: World) -> None:
    world.ca = DraftingCA(world.clock)
    world.add()
    order = world.run()
    assert (order.state, order.waiting_for) == (OrderState.PENDING, WaitingFor.SUBMISSION)
    assert order.ca_order == CAOrder("", request_id="R7")
    world.until_due()
    assert world.run().ca_order == CAOrder("", request_id="R7")
    world.ca.submitted = True
    order = world.settle()
    assert order.state is OrderState.ISSUED
    assert order.ca_order is not None
    assert order.ca_order.order_id == "O1"
    assert world.ca.count("place") == 1


# -- no reference at the CA


@pytest.mark.parametrize("mood", [Mood.LOST_AFTER, Mood.LATE])
def test_a_lost_answer_is_found_by_what_was_placed(world: World, mood: Mood) -> None:
    """Row 5 at a CA that keeps no reference."""
    ca = ForgetfulCA(world.ca)
    world.add()
    world.ca.changing.append(mood)
    assert world.run(ca=ca).state is OrderState.OUTCOME_UNKNOWN
    for _ in range(60):
        world.until_due()
        world.run(ca=ca)
    assert world.order().state is OrderState.ISSUED
    assert (world.ca.count("place"), len(world.ca.ledger)) == (1, 1)
    assert world.outcomes() == ["done"]


def test_what_never_arrived_is_placed_again_when_it_can_no_longer_appear(world: World) -> None:
    ca = ForgetfulCA(world.ca)
    world.add()
    world.ca.changing.append(Mood.LOST_BEFORE)
    world.run(ca=ca)
    for _ in range(60):
        world.until_due()
        world.run(ca=ca)
    assert world.order().state is OrderState.ISSUED
    assert (len(world.ca.ledger), world.outcomes()) == (1, ["absent", "done"])


@pytest.mark.parametrize("heeds_time", [True, False])
def test_what_was_placed_with_the_csr_long_before_is_not_taken_for_this_order(world: World, heeds_time: bool) -> None:
    """Somebody's order of last month, found again by the same CSR."""
    ca = ForgetfulCA(world.ca, heeds_time)
    csr = csrs.build(new_key(), [SHOP])
    world.ca.place(replace(some_order().placement, csr=csr), deadline=world.clock.monotonic() + 60)
    world.clock.advance(timedelta(days=30))
    world.add(some_order(csr=csr, key=KeyReference(1, KeyKind.EXTERNAL), created_at=world.clock.now()))
    world.ca.changing.append(Mood.LOST_BEFORE)
    world.run(ca=ca)
    for _ in range(60):
        world.until_due()
        world.run(ca=ca)
    order = world.order()
    assert order.ca_order is not None
    assert order.ca_order.order_id == "O2"
    assert len(world.ca.ledger) == 2

"""What the CA delivered: judged, recorded once, put beside its key; a wrong one is evidence, never a new order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from certwright.model.errors import Unavailable
from certwright.model.order import EventKind, KeyReference, Order
from certwright.model.words import KeyKind, Operation, OrderState
from certwright.pki.keys import KeySpec
from tests.cases.authority import NOW, new_key, root
from tests.fakes.outside import refusing
from tests.fakes.world import World, some_order, some_request

REISSUE = some_order(request=some_request(operation=Operation.REISSUE, inside="O1"))
IN_TOKEN = KeyReference(1, KeyKind.PKCS11, KeySpec.EC_P256, token="hsm", cka_id="ab" * 16)


def deliver(world: World, order: Order | None = None, **wrong: Any) -> None:
    """Place an order and let the CA issue something wrong for it."""
    world.ca.issues_at_once = False
    world.add(order)
    world.run()
    world.ca.issue(world.ca.ledger[0], **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": new_key()},
        {"names": ("evil.example",)},
        {"names": ("shop.meadow.example", "evil.example")},
        {"names": ("*.meadow.example",)},
        {"not_after": NOW - timedelta(minutes=1)},
        {"not_before": NOW + timedelta(days=1)},
        {"not_before": NOW - timedelta(days=30), "not_after": NOW + timedelta(days=100)},
        {"not_after": NOW + timedelta(days=60)},
        {"not_after": NOW + timedelta(days=300)},
        {"ca": True},
    ],
    ids=["key", "name", "extra", "wider", "expired", "future", "older", "too-short", "too-long", "ca"],
)
def test_a_wrong_certificate_is_kept_as_evidence_and_never_ordered_again(world: World, wrong: dict[str, Any]) -> None:
    """P4, rows 32 to 36."""
    deliver(world, **wrong)
    order = world.settle()
    assert (order.state, order.step, order.fingerprint) == (OrderState.FAILED, "verify", "")
    assert order.collected == world.ca.ledger[0].certificates
    assert "evidence" in order.advice
    assert world.orders.rows[1].events[-1].kind is EventKind.ALARM
    assert world.inventory.recorded == {}
    assert len(world.ca.ledger) == 1


def test_a_certificate_of_another_root_is_not_recorded(world: World) -> None:
    world.ca.issuer = root("Somebody Else").intermediate()
    world.add()
    assert world.run().state is OrderState.FAILED
    assert world.inventory.recorded == {}


def test_rubbish_in_place_of_a_certificate_is_not_recorded(world: World) -> None:
    world.ca.issues_at_once = False
    world.add()
    world.run()
    bought = world.ca.ledger[0]
    bought.status, bought.certificates = "issued", (b"<html>Sorry</html>",)
    order = world.settle()
    assert (order.state, order.collected) == (OrderState.FAILED, (b"<html>Sorry</html>",))


def test_an_earlier_certificate_is_not_taken_for_the_new_one(world: World) -> None:
    """Row 37: after a reissue the CA goes on showing what was before."""
    deliver(world, REISSUE, not_before=NOW - timedelta(days=30), not_after=NOW + timedelta(days=100))
    world.until_due()
    order = world.run()
    assert (order.state, order.step, order.collected) == (OrderState.PENDING, "collect", ())
    world.ca.issue(world.ca.ledger[0])
    assert world.settle().state is OrderState.ISSUED


def test_a_ca_that_shows_the_earlier_certificate_for_a_day_raises_an_alarm(world: World) -> None:
    deliver(world, REISSUE, not_before=NOW - timedelta(days=30), not_after=NOW + timedelta(days=100))
    world.until_due()
    assert world.run().state is OrderState.PENDING
    world.clock.advance(timedelta(days=2))
    assert world.run().state is OrderState.FAILED
    assert world.orders.rows[1].events[-1].kind is EventKind.ALARM


def test_an_order_found_days_later_is_not_mistaken_for_an_earlier_one(world: World) -> None:
    """The worker died in the call on Friday; on Monday the certificate is three days old, and ours."""

    class Crash(BaseException):
        pass

    def crash(boundary: str) -> None:
        if boundary == "place:during":
            raise Crash

    world.add()
    world.ca.at_boundary = crash
    with pytest.raises(Crash):
        world.run()
    world.ca.at_boundary = lambda _: None
    world.clock.advance(timedelta(days=3))
    world.orders.rows[1].owner = ""
    assert world.settle().state is OrderState.ISSUED
    assert len(world.ca.ledger) == 1


def test_a_crash_after_recording_records_the_same_certificate_once(world: World) -> None:
    class Crash(BaseException):
        pass

    def crash(boundary: str) -> None:
        if boundary == "save:before" and world.inventory.recorded:
            raise Crash

    world.add()
    world.order_journal._at_boundary = crash
    with pytest.raises(Crash):
        world.run()
    world.order_journal._at_boundary = lambda _: None
    world.orders.rows[1].owner, world.orders.rows[1].due = "", world.clock.now()
    order = world.run()
    assert order.state is OrderState.ISSUED
    assert list(world.inventory.recorded) == [order.fingerprint]


def test_leaf_and_chain_are_put_beside_a_token_key(world: World) -> None:
    world.add(some_order(key=IN_TOKEN))
    assert world.run().state is OrderState.ISSUED
    chain = world.keys.chains[IN_TOKEN.cka_id]
    assert chain.leaf.der == world.ca.ledger[0].certificates[0]
    assert len(chain.intermediates) == 1


def test_a_token_that_goes_away_before_the_chain_is_stored_is_waited_for(world: World) -> None:
    """Row 30: the certificate is recorded already, and what the CA gave is still at hand afterwards."""
    world.add(some_order(key=IN_TOKEN))

    def pull(boundary: str) -> None:
        if boundary == "place:after":
            world.keys.trouble = Unavailable("Token hsm is away.")

    world.ca.at_boundary = pull
    order = world.run()
    assert (order.step, order.trouble) == ("store", "unavailable")
    assert order.fingerprint in world.inventory.recorded
    world.keys.trouble = None
    assert world.settle().state is OrderState.ISSUED
    assert IN_TOKEN.cka_id in world.keys.chains


def test_a_token_that_refuses_the_chain_does_not_lose_the_certificate(world: World) -> None:
    world.add(some_order(key=IN_TOKEN))

    def fill(boundary: str) -> None:
        if boundary == "place:after":
            world.keys.trouble = refusing()

    world.ca.at_boundary = fill
    order = world.run()
    assert order.ended
    assert order.fingerprint in world.inventory.recorded
    assert "full" in order.why


def test_a_late_worker_records_nothing(world: World) -> None:
    """Row 58: it was stopped after the CA's answer, and another one has gone on with the order."""
    world.add()
    world.ca.issues_at_once = False
    world.run()
    world.ca.issue(world.ca.ledger[0])
    late: list[str] = []

    def stop(boundary: str) -> None:
        if boundary == "collect:after" and not late:
            late.append(boundary)
            world.clock.advance(timedelta(minutes=6))
            world.run()
            assert world.order().state is OrderState.ISSUED

    world.until_due()
    world.ca.at_boundary = stop
    fence = world.orders.rows[1].fence
    world.run()
    assert world.orders.rows[1].fence == fence + 2
    assert len(world.inventory.recorded) == 1
    assert world.events().count("issued") == 1


def test_an_issued_order_never_goes_back(world: World) -> None:
    """Row 19: whatever the CA answers afterwards, nobody asks."""
    world.add()
    world.run()
    calls = len(world.ca.calls)
    world.ca.ledger[0].status = "pending"
    world.orders.rows[1].due = world.clock.now()
    assert world.run().state is OrderState.ISSUED
    assert len(world.ca.calls) == calls


def test_what_a_reissue_delivered_is_judged_by_its_own_key(world: World) -> None:
    world.add()
    first = world.run()
    world.add(some_order(2, request=some_request(operation=Operation.REISSUE, inside="O1")))
    second = world.run(2)
    assert second.state is OrderState.ISSUED
    assert first.fingerprint != second.fingerprint


def test_an_order_without_a_ca_order_cannot_be_collected(world: World) -> None:
    world.add(some_order(step="collect", state=OrderState.PENDING))
    with pytest.raises(TypeError, match="before it is placed"):
        world.run()

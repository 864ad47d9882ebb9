"""How a revocation goes: asked for exactly once, followed until it is through, never taken for rejected in haste."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certwright.model.order import Revocation
from certwright.model.words import RevocationState
from tests.fakes.ca import Mood, PlainCA
from tests.fakes.world import World, some_revocation


class CrashError(Exception):
    """Stands for SIGKILL."""


@pytest.fixture
def asked(world: World) -> World:
    """A world with a revocation that is due."""
    world.add_revocation()
    return world


def settle(world: World, turns: int = 50) -> Revocation:
    """Go on until the revocation ends."""
    for _ in range(turns):
        row = world.revocations.rows[1]
        if row.due is not None and row.due > world.clock.now():
            world.clock.advance(row.due - world.clock.now())
        if world.run_revocation().ended:
            break
    return world.revocations.rows[1].subject


def test_a_revocation_carried_out_at_once_is_marked_in_the_inventory(asked: World) -> None:
    revocation = asked.run_revocation()
    assert (revocation.state, revocation.step) == (RevocationState.REVOKED, "")
    assert asked.inventory.revocations == [1]
    assert asked.ca.calls == ["revoke"]


def test_a_revocation_that_needs_an_approver_waits_and_then_is_marked(asked: World) -> None:
    asked.ca.revokes_at_once = False
    revocation = asked.run_revocation()
    assert (revocation.state, revocation.request_id) == (RevocationState.PENDING, "R1")
    assert asked.inventory.revocations == []
    asked.ca.revocations[0].state = RevocationState.REVOKED
    assert settle(asked).state is RevocationState.REVOKED
    assert asked.inventory.revocations == [1]


def test_a_rejected_revocation_says_so(asked: World) -> None:
    asked.ca.revokes_at_once = False
    asked.run_revocation()
    asked.ca.revocations[0].state = RevocationState.REFUSED
    revocation = settle(asked)
    assert (revocation.state, revocation.why) == (RevocationState.REFUSED, "The revocation was rejected.")
    assert asked.inventory.revocations == []


def test_a_look_up_that_lags_is_not_taken_for_a_rejection(asked: World) -> None:
    """Row 19: the CA has said that it has it."""
    asked.ca.revokes_at_once = False
    asked.ca.shows_after = timedelta(minutes=3)
    assert asked.run_revocation().state is RevocationState.PENDING
    asked.ca.revocations[0].state = RevocationState.REVOKED
    assert settle(asked).state is RevocationState.REVOKED


@pytest.mark.parametrize("mood", [Mood.LOST_AFTER, Mood.LOST_BEFORE, Mood.DOWN])
def test_a_revocation_is_asked_for_once_whatever_happens_to_the_call(asked: World, mood: Mood) -> None:
    asked.ca.changing.append(mood)
    asked.ca.shows_after = timedelta(seconds=8)
    asked.run_revocation()
    assert settle(asked).state is RevocationState.REVOKED
    assert len(asked.ca.revocations) == 1


def test_a_refused_revocation_is_not_asked_for_again(asked: World) -> None:
    asked.ca.changing.append(Mood.REFUSED)
    assert asked.run_revocation().state is RevocationState.REFUSED
    assert asked.run_revocation().state is RevocationState.REFUSED
    assert asked.ca.calls == ["revoke"]


def test_a_ca_without_revocation_is_told_so(asked: World) -> None:
    revocation = asked.run_revocation(ca=PlainCA(asked.ca))
    assert revocation.state is RevocationState.REFUSED
    assert "console" in revocation.advice


def test_a_watched_revocation_is_looked_at_more_often(world: World) -> None:
    world.ca.revokes_at_once = False
    soon = world.clock.now() + timedelta(minutes=5)
    world.add_revocation(some_revocation(1, watched_until=soon))
    world.add_revocation(some_revocation(2))
    first, second = world.run_revocation(1), world.run_revocation(2)
    assert first.next_action_at is not None
    assert second.next_action_at is not None
    assert first.next_action_at < second.next_action_at


def test_marking_twice_is_harmless(asked: World) -> None:
    """A crash after the inventory was written repeats the step."""

    def crash(boundary: str) -> None:
        if boundary == "save:before" and asked.inventory.revocations:
            raise CrashError

    asked.revocation_journal._at_boundary = crash
    with pytest.raises(CrashError):
        asked.run_revocation()
    asked.revocation_journal._at_boundary = lambda _: None
    row = asked.revocations.rows[1]
    row.owner, row.due = "", asked.clock.now()
    assert asked.run_revocation().state is RevocationState.REVOKED
    assert asked.inventory.revocations == [1, 1]
    assert len(asked.ca.revocations) == 1

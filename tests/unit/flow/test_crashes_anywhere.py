"""Orders under every misfortune at once: workers that die or stop at any boundary, a CA that loses, lags, refuses and
throttles, a clock that leaps. Whatever hypothesis thinks of: one CA order per order, none lost, every order ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from certwright.flow import advance as advancing
from certwright.flow import paid
from certwright.model.errors import LostLease
from certwright.model.order import Event, EventKind, KeyReference, Order, Outcome
from certwright.model.words import KeyKind, Operation, OrderState
from certwright.pki.keys import KeySpec
from tests.fakes.ca import Mood, Purchase
from tests.fakes.journal import LEASE, FakeJournal
from tests.fakes.world import CALL_SECONDS, World, some_order, some_request

ENDS_WITHOUT = {OrderState.REJECTED, OrderState.CANCELLED, OrderState.FAILED}
READING = [Mood.DOWN, Mood.THROTTLED, Mood.REFUSED, Mood.MISCONFIGURED]
BOUNDARIES = 16  # more than one advance ever passes
STRIKES = st.lists(
    st.tuples(st.integers(1, BOUNDARIES), st.sampled_from(["crash", "stop"])), max_size=2, unique_by=lambda s: s[0]
)


class CrashError(BaseException):
    """Stands for SIGKILL: nothing catches it, nothing is tidied up."""


class Misfortunes(RuleBasedStateMachine):
    """One CA account, any number of workers."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.clock = self.world.clock
        self.leapt = False
        self.strikes: dict[int, str] = {}
        self.passed = 0
        self.at_work = 0
        self.world.ca.at_boundary = self.boundary
        self.patched: list[Callable[[], None]] = []
        self.patch(paid, "time", SimpleNamespace(monotonic=self.clock.monotonic))

    def patch(self, where: Any, name: str, value: object) -> None:
        """Replace it until the end of the example."""
        before = getattr(where, name)
        setattr(where, name, value)
        self.patched.append(lambda: setattr(where, name, before))

    # -- what people and time do

    @initialize(lag=st.sampled_from([25, 8, 0]), at_once=st.booleans(), mood=st.sampled_from(Mood), strikes=STRIKES)
    def ca(self, lag: int, at_once: bool, mood: Mood, strikes: list[tuple[int, str]]) -> None:
        """It lags more or less, and a first order is placed."""
        self.world.ca.shows_after = timedelta(seconds=lag)
        self.world.ca.issues_at_once = at_once
        self.order(Operation.NEW, KeyKind.SOFTWARE, mood)
        self.work(0, strikes)

    @precondition(lambda self: len(self.world.orders.rows) < 4)
    @rule(
        operation=st.sampled_from(Operation),
        kind=st.sampled_from([KeyKind.SOFTWARE, KeyKind.PKCS11]),
        mood=st.sampled_from(Mood),
    )
    def somebody_orders(self, operation: Operation, kind: KeyKind, mood: Mood) -> None:
        self.order(operation, kind, mood)

    def order(self, operation: Operation, kind: KeyKind, mood: Mood) -> None:
        """Record an order; the next call is taken in that mood."""
        self.world.ca.changing.append(mood)
        number = len(self.world.orders.rows) + 1
        inside = "" if operation is Operation.NEW else self.issued_order()
        wish = some_request(operation=operation, inside=inside) if inside else some_request()
        key = KeyReference(number, kind, KeySpec.EC_P256, cka_id=f"{number:02x}")
        self.world.add(some_order(number, request=wish, key=key, created_at=self.clock.now()))

    def issued_order(self) -> str:
        """The id of a CA order that something can be reissued in, or ""."""
        return next((bought.ca_order.order_id for bought in self.world.ca.ledger if bought.status == "issued"), "")

    @rule(mood=st.sampled_from(READING))
    def the_next_look_goes_wrong(self, mood: Mood) -> None:
        self.world.ca.reading.append(mood)

    @rule(seconds=st.sampled_from([1, 5, 29, 61, 600, 3 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: not self.leapt)
    @rule(days=st.sampled_from([-1, 1, 400]))
    def the_clock_leaps(self, days: int) -> None:
        self.leapt = True
        self.clock.leap(timedelta(days=days))

    @rule(issue=st.booleans())
    def the_ca_decides(self, issue: bool) -> None:
        for bought in self.world.ca.ledger:
            if bought.status == "pending":
                self.decide(bought, issue=issue)
                return

    def decide(self, bought: Purchase, *, issue: bool) -> None:
        """The CA's approver has looked at it."""
        if issue:
            self.world.ca.issue(bought)
        else:
            bought.status = "rejected"

    @precondition(lambda self: self.world.orders.rows)
    @rule(number=st.integers(0, 11))
    def somebody_cancels(self, number: int) -> None:
        row = self.world.orders.rows[number % len(self.world.orders.rows) + 1]
        if not row.subject.ended:
            row.subject = replace(row.subject, cancel_comment="not needed")
            row.due = self.clock.now()

    # -- what workers do

    @precondition(lambda self: self.world.orders.rows)
    @rule(number=st.integers(0, 11), strikes=STRIKES)
    def somebody_works(self, number: int, strikes: list[tuple[int, str]]) -> None:
        self.work(number, strikes)

    def work(self, number: int, strikes: list[tuple[int, str]]) -> None:
        """One worker takes an order, and is struck at those boundaries."""
        self.passed, self.strikes = 0, dict(strikes)
        self.advance(number % len(self.world.orders.rows) + 1)
        self.strikes = {}

    def advance(self, number: int) -> None:
        """What a worker does with one order, until it is through with it or dead."""
        self.at_work += 1
        name = f"worker-{self.at_work}"
        world = self.world
        world.order_journal = FakeJournal(world.orders, self.clock, name, at_boundary=self.boundary)
        order = world.order_journal.claim(number)
        if order is None:
            return
        try:
            advancing.advance(order, advancing_story(), world.order_journal, world.ports())
        except LostLease:
            pass
        except CrashError:
            row = world.orders.rows[number]
            if row.owner == name:
                row.owner, row.until, row.due = "", None, self.clock.now()

    def boundary(self, name: str) -> None:
        """Something outside is about to be, is being or has been changed: the worker may die or be stopped here."""
        self.passed += 1
        strike = self.strikes.pop(self.passed, "")
        if strike == "crash":
            raise CrashError(name)
        if strike == "stop":  # for longer than the lease, while others go on
            mine = self.world.order_journal
            self.clock.advance(LEASE + timedelta(seconds=1))
            for number in list(self.world.orders.rows):
                self.advance(number)
            self.world.order_journal = mine

    # -- what must hold

    def bought(self, order: Order) -> list[Purchase]:
        """The lines of the ledger that the order brought about."""
        return [bought for bought in self.world.ca.ledger if bought.reference == order.reference]

    @invariant()
    def nothing_is_bought_twice(self) -> None:
        for row in self.world.orders.rows.values():
            assert len(self.bought(row.subject)) <= 1, row

    @invariant()
    def only_the_last_intent_is_open(self) -> None:
        for row in self.world.orders.rows.values():
            assert not any(intent.open for intent in row.intents[:-1]), row.intents
            assert not (row.subject.ended and any(intent.open for intent in row.intents)), row

    def teardown(self) -> None:
        try:
            self.everything_heals()
            for row in self.world.orders.rows.values():
                self.ended_well(row.subject)
        finally:
            for undo in reversed(self.patched):
                undo()

    def everything_heals(self) -> None:
        """The CA works, decides, and workers go on until nothing is due any more."""
        self.strikes = {}
        self.world.ca.changing.clear()
        self.world.ca.reading.clear()
        for number, row in self.world.orders.rows.items():
            turns = 0
            while not row.subject.ended and turns < 400:  # a clock set back by a day makes it wait that long
                turns += 1
                for bought in self.bought(row.subject):
                    if bought.status == "pending":
                        self.decide(bought, issue=True)
                if row.due is not None and row.due > self.clock.now():
                    self.clock.advance(row.due - self.clock.now())
                self.advance(number)

    def ended_well(self, order: Order) -> None:
        """Issued and in the inventory, or in a named end that the CA agrees with; and the intents tell the same."""
        bought = self.bought(order)
        outcomes = [intent.outcome for intent in self.world.orders.rows[order.id].intents]
        assert order.ended or self.waits_for_another_certificate(order), order
        assert (Outcome.DONE in outcomes) == bool(bought), outcomes
        if bought:
            assert order.ca_order == bought[0].ca_order, "lost"
        if order.state is OrderState.ISSUED:
            assert self.world.inventory.recorded[order.fingerprint] == order.id
        elif order.ended:
            assert order.state in ENDS_WITHOUT
            assert not bought or bought[0].status != "issued" or (self.leapt and order.step == "verify"), order

    def waits_for_another_certificate(self, order: Order) -> bool:
        """After a leap our clock and the certificate's dates disagree: a person must look, nothing is bought."""
        return self.leapt and order.step == "collect" and "earlier certificate" in order.why


def advancing_story() -> Any:
    """The story of orders, looked up late so that a test may put another rule in its place."""
    from certwright.flow.fulfil import FULFIL

    return FULFIL


QUICK = settings(
    max_examples=300,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestMisfortunes = Misfortunes.TestCase
TestMisfortunes.settings = QUICK


# -- the machine has teeth: rules that look reasonable are caught by it


def sends_again(subject: Any, step: str, call: Any, news: Any, journal: Any, at: Any) -> Any:
    """The rule of most clients: what has no answer is sent again."""
    about = Event(EventKind.STEP, step, "about to ask the CA")
    subject = replace(subject, **(call.sending or {}))
    deadline = at.clock.now() + timedelta(seconds=CALL_SECONDS)
    subject, intent = journal.open_intent(subject, [*news, about], deadline=deadline, marks=())
    return subject, [], paid._send(subject, call, intent, paid.time.monotonic() + CALL_SECONDS, at)


def looks_once(subject: Any, step: str, call: Any, news: Any, journal: Any, at: Any) -> Any:
    """Look it up, and send again if it is not there: fails at a CA that takes its time to show it."""
    intent = journal.latest_intent(subject)
    if intent is not None and intent.open and (found := call.search(intent.marks)) is not None:
        return subject, news, replace(call.done(found), closes=(intent, Outcome.DONE))
    return sends_again(subject, step, call, news, journal, at)


def trusts_the_clock(subject: Any, step: str, call: Any, news: Any, journal: Any, at: Any) -> Any:
    """The right rule without its last look: fails when our clock leaps past the settle time."""
    sure = SimpleNamespace(
        save=journal.save,
        open_intent=journal.open_intent,
        latest_intent=lambda order: _overdue(journal.latest_intent(order)),
    )
    return paid.once(subject, step, call, news, sure, at)


def _overdue(intent: Any) -> Any:
    return replace(intent, outcome=Outcome.OVERDUE) if intent and intent.open else intent


@pytest.mark.parametrize("naive", [sends_again, looks_once, trusts_the_clock])
def test_a_naive_rule_is_caught(naive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advancing, "once", naive)
    many = settings(QUICK, max_examples=2000, phases=[Phase.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Misfortunes, settings=many)

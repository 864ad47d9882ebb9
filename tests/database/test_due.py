"""What is due, for whom, and what it costs to find out among very many orders."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from certwright.model.words import OrderState
from certwright.store import models
from certwright.store.accounts import AccountStanding
from tests.database.stock import ACCOUNT, Stock, some_account
from tests.fakes.clock import FakeClock

MANY = 3000


@pytest.fixture
def clock(stock: Stock) -> FakeClock:
    """The clock of the stock, as what it is."""
    assert isinstance(stock.clock, FakeClock)
    return stock.clock


def standing(stock: Stock, name: str = ACCOUNT) -> AccountStanding:
    return AccountStanding(stock.accounts.get(name), stock.clock)


def test_orders_of_a_paused_account_are_not_due_and_others_are(stock: Stock) -> None:
    """Row 9: one wrong credential stops one account."""
    stock.accounts.add(some_account("other"))
    stock.order()
    free = stock.order(account="other")
    standing(stock).pause("401")
    assert stock.journal().due(10) == [(free.id, 0)]
    stock.accounts.enable(ACCOUNT, enabled=True)
    assert len(stock.journal().due(10)) == 2


def test_orders_of_a_disabled_account_are_not_due(stock: Stock) -> None:
    stock.order()
    stock.accounts.enable(ACCOUNT, enabled=False)
    assert stock.journal().due(10) == []


def test_orders_of_a_quiet_account_are_due_when_its_quiet_ends(stock: Stock, clock: FakeClock) -> None:
    """P15: after a 429 nothing is asked before Retry-After."""
    stock.order()
    standing(stock).quiet(clock.now() + timedelta(seconds=90), "429")
    clock.advance(89)
    assert stock.journal().due(10) == []
    clock.advance(1)
    assert len(stock.journal().due(10)) == 1


def test_a_shorter_quiet_does_not_end_a_longer_one(stock: Stock, clock: FakeClock) -> None:
    at = standing(stock)
    at.quiet(clock.now() + timedelta(hours=1), "429")
    at.quiet(clock.now() + timedelta(seconds=5), "429")
    assert stock.accounts.get(ACCOUNT).quiet_until == clock.now() + timedelta(hours=1)


def test_the_third_failure_in_a_row_rests_the_whole_account(stock: Stock, clock: FakeClock) -> None:
    """Row 8: an hour of 503."""
    stock.order()
    at = standing(stock)
    for _ in range(2):
        at.failed("503")
    assert len(stock.journal().due(10)) == 1
    until = at.failed("503")
    assert stock.journal().due(10) == []
    assert stock.accounts.get(ACCOUNT).quiet_until == until
    clock.advance(until - clock.now())
    assert len(stock.journal().due(10)) == 1


def test_failures_rest_the_account_ever_longer_and_an_answer_forgets_them(stock: Stock, clock: FakeClock) -> None:
    at = standing(stock)
    rests = [at.failed("503") - clock.now() for _ in range(8)]
    assert rests == sorted(rests)
    assert rests[-1] == timedelta(minutes=15)
    at.answered()
    assert stock.accounts.get(ACCOUNT).quiet_until is None
    assert at.failed("503") - clock.now() == timedelta(seconds=1)


def test_an_answer_to_one_worker_forgets_the_failures_of_another(stock: Stock, clock: FakeClock) -> None:
    mine, theirs = standing(stock), standing(stock)
    mine.answered()
    theirs.failed("503")
    clock.advance(10)
    mine.answered()
    assert theirs.failed("503") - clock.now() == timedelta(seconds=1)


def test_failures_do_not_shorten_the_quiet_that_the_ca_asked_for(stock: Stock, clock: FakeClock) -> None:
    at = standing(stock)
    at.quiet(clock.now() + timedelta(hours=1), "429")
    for _ in range(4):
        at.failed("503")
    assert stock.accounts.get(ACCOUNT).quiet_until == clock.now() + timedelta(hours=1)


def test_an_answer_after_no_failure_writes_nothing(stock: Stock) -> None:
    at = standing(stock)
    at.answered()
    with CaptureQueriesContext(connection) as queries:
        at.answered()
    assert len(queries) == 0


def test_what_is_due_among_many_is_found_by_its_index_alone(stock: Stock, clock: FakeClock) -> None:
    """No scan of the table and no sorting: it costs what is due, not what there is."""
    first = stock.order()
    row = stock.row(first)
    later = clock.now() + timedelta(days=30)

    def copy(number: int) -> models.Order:
        fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
        unlike = {"id": None, "reference": f"copy-{number}"}
        ended = number % 2 == 0
        state = {"state": OrderState.ISSUED if ended else OrderState.PENDING}
        return models.Order(**{**fields, **unlike, **state, "next_action_at": None if ended else later})

    models.Order.objects.bulk_create([copy(number) for number in range(MANY)], batch_size=500)
    with CaptureQueriesContext(connection) as queries:
        assert stock.journal().due(200) == [(first.id, 0)]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + queries[0]["sql"])
        plan = [row[3] for row in cursor.fetchall()]
    assert any("USING INDEX order_due" in line for line in plan), plan
    assert not any("SCAN order" in line or "TEMP B-TREE" in line for line in plan), plan


def test_looking_for_dead_leases_reads_leased_rows_alone(stock: Stock) -> None:
    with CaptureQueriesContext(connection) as queries:
        stock.journal().free_dead_leases()
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + queries[0]["sql"])
        plan = [row[3] for row in cursor.fetchall()]
    assert any("order_leased" in line for line in plan), plan

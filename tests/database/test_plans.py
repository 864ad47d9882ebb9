"""What SQLite's planner does with the queries of lists, at some thousand certificates and with statistics.

Every statement that a page makes is explained as it was made: none may read the whole table of certificates.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from certwright.model.inventory import Find, Position, Query, Severity, Sort, SourceKind
from certwright.model.words import CertificateState
from certwright.store import indexes, models, reading, searching
from tests.cases.authority import NOW
from tests.database import finds
from tests.database.stock import ACCOUNT, Stock

ROWS = 5_000
FEW = 200
STRETCH = 800
SIZE = 50


@pytest.fixture(scope="module")
def full(database_file: Any) -> Iterator[Stock]:
    """Thousands of certificates of a few kinds each, and one of a kind of its own."""
    from tests.database.conftest import TABLES
    from tests.fakes.clock import FakeClock

    for table in TABLES:
        table.objects.all().delete()
    stock = Stock(FakeClock())
    account = models.CAAccount.objects.get().pk
    rare = lambda word, other="": lambda n: word if n == 77 else other  # noqa: E731
    ids = finds.add_rows(
        ROWS,
        account=lambda n: account if n % 3 else None,
        names=lambda n: f"n{n}.meadow.example www.n{n}.meadow.example",
        organization=rare("Rare Ltd", "Meadow Ltd"),
        product=rare("rare", "ssl_basic"),
        validation=rare("ev", "ov"),
        key_spec=rare("rsa-4096", "ec-p256"),
        owner=rare("anna"),
        state=rare("revoked", "valid"),
        severity=rare(3, 1),
        ca_order_id=lambda n: f"O{n}",
    )
    source = stock.sources.add("office", SourceKind.SCAN)
    models.Tag.objects.create(certificate_id=ids[77], tag="prod")
    models.Finding.objects.create(certificate_id=ids[77], rule="sha1", severity=3, detail="", found_at=NOW)
    stock.loading.take(source.id, None, [Find("tls://a:443", absent=True)])
    models.Certificate.objects.filter(pk__in=ids[1::10]).update(replaces=F("pk") - 1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    yield stock
    for table in TABLES:
        table.objects.all().delete()


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As at a million: most certificates are not few."""
    for module in (reading, searching):
        monkeypatch.setattr(module, "FEW", FEW)
    for name in ("_STRETCH", "_NAMED"):
        monkeypatch.setattr(reading, name, STRETCH)


@contextmanager
def explained() -> Iterator[list[str]]:
    """The plan of every statement that is made meanwhile."""
    plans: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT"):
            with context["connection"].cursor() as cursor:
                cursor.cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params or ())
                plans.extend(f"{row[3]} <- {sql}" for row in cursor.cursor.fetchall())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield plans


def full_scans(plans: list[str], *, everywhere: bool = False) -> list[str]:
    """Walks through the whole table; not those that end after a stretch of numbers, or (where what is looked for is
    ``everywhere``) when a few have been counted."""
    ending = (f"OFFSET {STRETCH}", f"LIMIT {FEW + 1}") if everywhere else (f"OFFSET {STRETCH}",)
    return [plan for plan in plans if plan.startswith("SCAN certificate <-") and not any(one in plan for one in ending)]


def given(query: Query) -> str:
    """What a query asks for."""
    return " ".join(name for name in Query.__slots__ if getattr(query, name) and name != "sort") or "all"


def read(stock: Stock, query: Query, after: Position | None = None) -> list[str]:
    """The plans of a page, which has something."""
    with explained() as plans:
        stock.browsing.page(query, after=after, size=SIZE)
    assert plans
    return plans


RARE = [
    Query(organization="Rare Ltd"),
    Query(product="rare"),
    Query(validation="ev"),
    Query(key_spec="rsa-4096"),
    Query(owner="anna"),
    Query(state=CertificateState.REVOKED),
    Query(severity=Severity.ERROR),
    Query(ends_from=finds.moment(399)),
    Query(name="n77.meadow"),
    Query(tag="prod"),
    Query(finding="sha1"),
    Query(source="office"),
]


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("query", RARE, ids=given)
def test_a_page_of_what_few_certificates_meet_reads_those_alone(full: Stock, query: Query, sort: Sort) -> None:
    plans = read(full, replace(query, sort=sort))
    assert full_scans(plans) == []


COMMON = [
    Query(),
    Query(organization="Meadow Ltd"),
    Query(account=ACCOUNT),
    Query(state=CertificateState.VALID),
    Query(owner="-"),
    Query(severity=Severity.NOTICE),
    Query(name="meadow"),
    Query(name="meadow", account=ACCOUNT, state=CertificateState.VALID),
]


@pytest.mark.parametrize("sort", [Sort.ENDS, Sort.NAME])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("query", COMMON, ids=given)
def test_a_page_of_what_many_meet_walks_the_index_of_its_order_and_sorts_nothing(
    full: Stock, query: Query, sort: Sort, descending: bool
) -> None:
    wanted = replace(query, sort=sort, descending=descending)
    first = full.browsing.page(wanted, size=SIZE)
    assert first.after is not None
    for after in (None, first.after):
        plans = read(full, wanted, after)
        assert full_scans(plans, everywhere=True) == []
        assert not [plan for plan in plans if "TEMP B-TREE FOR ORDER BY" in plan and f"LIMIT {SIZE + 1}" in plan]


def test_the_index_that_matches_a_search_is_the_one_of_trigrams(full: Stock) -> None:
    with explained() as plans:
        full.browsing.page(Query(name="n77.meadow"))
    assert any("certificate_search VIRTUAL TABLE INDEX" in plan for plan in plans), plans


def test_loading_and_matching_look_certificates_up(full: Stock) -> None:
    made = finds.leaf("new.example")
    with explained() as plans:
        full.loading.take(full.sources.get("office").id, None, [finds.find("tls://new:443", made)])
        full.inventory.get(made.fingerprint)
        list(models.Certificate.objects.filter(serial__in=[made.serial], is_leaf=True))
        list(models.Certificate.objects.filter(account=1, is_leaf=True, ca_order_id="O5").exclude(ca_order_id=""))
    assert full_scans(plans) == []


def test_the_figures_read_no_certificate(full: Stock) -> None:
    with explained() as plans:
        full.overview.figures()
    assert plans
    assert not [plan for plan in plans if "certificate" in plan.partition(" <- ")[0]], plans


def test_every_index_of_the_models_is_in_the_database(full: Stock) -> None:
    assert indexes.restore() == 0

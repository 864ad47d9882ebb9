"""Saved queries: kept by name, and heeded also where a later version knows more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certwright.model.errors import NotFound, Refused
from certwright.model.inventory import Query, Severity, Sort
from certwright.model.wanted import Wanted
from certwright.store import models
from certwright.store.saved_queries import SavedQueries
from tests.cases.authority import NOW
from tests.database.stock import Stock

SOON = Wanted(Query(owner="web", severity=Severity.WARNING, sort=Sort.ENDS), timedelta(days=30))


@pytest.fixture
def queries(stock: Stock) -> SavedQueries:
    """The saved queries: none yet."""
    return SavedQueries(stock.clock)


def test_a_saved_query_is_found_by_its_name_until_it_is_removed(queries: SavedQueries) -> None:
    kept = queries.save("ends soon", SOON)
    assert (kept.name, kept.wanted, kept.created_at) == ("ends soon", SOON, NOW)
    assert queries.get("ends soon") == kept
    assert queries.all() == [kept]
    queries.remove("ends soon")
    with pytest.raises(NotFound):
        queries.get("ends soon")
    with pytest.raises(NotFound):
        queries.remove("ends soon")


def test_saving_under_a_name_that_is_taken_replaces_the_query(queries: SavedQueries) -> None:
    queries.save("mine", SOON)
    queries.save("mine", Wanted(Query(tag="shop")))
    assert [one.wanted for one in queries.all()] == [Wanted(Query(tag="shop"))]


def test_a_condition_of_a_later_version_is_shown_and_the_query_is_not_used_without_it(queries: SavedQueries) -> None:
    models.SavedQuery.objects.create(name="later", query={"owner": "web", "colour": "green"}, created_at=NOW)
    kept = queries.get("later")
    assert (kept.wanted, kept.not_understood) == (Wanted(Query(owner="web")), ("colour",))
    with pytest.raises(Refused, match="colour"):
        kept.whole()


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "two\nlines"])
def test_a_name_that_cannot_be_shown_in_a_list_is_refused(queries: SavedQueries, name: str) -> None:
    with pytest.raises(Refused):
        queries.save(name, SOON)

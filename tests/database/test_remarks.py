"""Remarks: owners, tags and custom fields of one certificate and of many."""

from __future__ import annotations

import pytest

from certwright.model.errors import Refused
from certwright.model.inventory import Find, Query, SourceKind, Summary
from certwright.store import models
from certwright.store.remarks import RemarkChange, RemarkStore
from tests.cases.authority import root
from tests.database.stock import Stock

CA = root().intermediate()
STORE = RemarkStore()


def filled(stock: Stock, count: int = 3) -> list[Summary]:
    """So many certificates in the inventory."""
    source = stock.sources.add("here", SourceKind.UPLOAD)
    finds = [Find(f"file:/{number}", (CA.issue(f"n{number}.meadow.example").der,)) for number in range(count)]
    stock.loading.take(source.id, None, finds)
    return listed(stock)


def listed(stock: Stock, **query: str) -> list[Summary]:
    """The certificates of a query."""
    return list(stock.browsing.all(Query(**query)))  # type: ignore[arg-type] # the texts of a query


def test_an_owner_and_tags_and_fields_are_said_of_the_named_certificates_alone(stock: Stock) -> None:
    first, second, _ = filled(stock)
    change = RemarkChange("web", ("shop", "eu"), fields={"cost centre": "4711", "floor": "3"})
    assert STORE.change([first.id, second.id], change) == 2
    one, two, three = listed(stock)
    assert (one.owner, one.tags, one.fields) == ("web", ("eu", "shop"), {"cost centre": "4711", "floor": "3"})
    assert (two.owner, three.owner, three.tags, three.fields) == ("web", "", (), {})


def test_saying_it_again_changes_nothing(stock: Stock) -> None:
    numbers = [one.id for one in filled(stock)]
    change = RemarkChange("web", ("shop",), fields={"floor": "3"})
    STORE.change(numbers, change)
    before = listed(stock)
    STORE.change(numbers, change)
    assert listed(stock) == before
    assert models.Tag.objects.count() == 3


def test_what_is_taken_away_is_gone_and_what_is_not_named_stays(stock: Stock) -> None:
    first, *_ = filled(stock)
    STORE.change([first.id], RemarkChange("web", ("shop", "eu"), fields={"floor": "3", "room": "12"}))
    STORE.change([first.id], RemarkChange("-", untag=("shop", "never"), fields={"floor": ""}))
    one = listed(stock)[0]
    assert (one.owner, one.tags, one.fields) == ("", ("eu",), {"room": "12"})


def test_more_certificates_than_fit_in_one_statement_are_all_changed(stock: Stock) -> None:
    numbers = [one.id for one in filled(stock, 3)]
    row = models.Certificate.objects.get(pk=numbers[0])
    copies = []
    for number in range(1200):
        row.pk, row.fingerprint = None, f"{number:064x}"
        copies.append(models.Certificate(**{f.attname: getattr(row, f.attname) for f in row._meta.fields}))
    models.Certificate.objects.bulk_create(copies)
    every = (one.id for one in stock.browsing.all(Query(owner="-")))  # read while it is being changed
    assert STORE.change(every, RemarkChange("web", ("shop",), fields={"floor": "3"})) == 1203
    assert len(listed(stock, owner="web", tag="shop")) == 1203
    assert listed(stock, owner="-") == []


@pytest.mark.parametrize(
    "said",
    [
        {"owner": "x" * 201},
        {"owner": "two\nlines"},
        {"tag": ("",)},
        {"tag": (" shop",)},
        {"tag": ("x" * 101,)},
        {"fields": {"": "value"}},
        {"fields": {"name": "\x1b[2J"}},
        {"tag": ("shop",), "untag": ("shop",)},
    ],
)
def test_what_cannot_be_kept_or_shown_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(Refused):
        RemarkChange(**said)  # type: ignore[arg-type] # what a person may type

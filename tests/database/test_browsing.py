"""Reading the inventory: what a list shows is what filtering every certificate one by one would, in every way it is
read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certwright.model.errors import Refused
from certwright.model.inventory import Position, Query, Severity, Sort, SourceKind, Summary
from certwright.model.words import CertificateState
from certwright.store import browsing, models, reading, searching
from certwright.store.browsing import FACETS, SEVERITIES
from tests.cases.authority import NOW
from tests.database import finds
from tests.database.stock import ACCOUNT, Stock, some_account

NAMES = ("a_b.example", "a%b.example", "SHOP.Meadow.example", "müller.example", 'it\'s"quoted"', "back\\slash", "")
TEXTS = (
    "exa",
    "a_b",
    "a%b",
    "%_%",
    "shop.m",
    "MEADOW",
    "müller",
    "it's\"",
    "k\\s",
    "\\",
    "___",
    "b.exampl",
    " SHOP ",
    "'''",
)
ACCOUNTS = (None, ACCOUNT, "other", "third")
CAS = {ACCOUNT: "digicert", "other": "digicert", "third": "sectigo"}
ISSUERS = ("Issuer A", "Issuer B")
WORDS = ("", "x", "y")
DAYS = (-2, -1, 1, 1.5, 2, 40)
MANY = list(HealthCheck)


@dataclass(frozen=True)
class Known:
    """What the table of certificates does not have: tags, rules and places of each, by its id."""

    tags: dict[int, set[str]] = field(default_factory=dict)
    rules: dict[int, set[str]] = field(default_factory=dict)
    places: dict[int, set[str]] = field(default_factory=dict)


@pytest.fixture
def estate(stock: Stock) -> Stock:
    """The store with accounts and sources."""
    for name in ("other", "third"):
        stock.accounts.add(some_account(name, ca=CAS[name]))
    for name in ("here", "there"):
        stock.sources.add(name, SourceKind.SCAN)
    return stock


WAYS = {
    "walked": (0, 0, 0, 0),
    "walked to the end": (0, 0, 9, 10**9),
    "laid over": (0, 0, 9, 0),
    "both": (2, 2, 3, 0),
    "looked up": (5_000, 5_000, 150_000, 0),
}


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many are few and how many are many, and how far a walk goes: so that every way to a page is gone."""
    few, stretch, many, walked = request.param
    for module in (reading, searching):
        monkeypatch.setattr(module, "FEW", few)
    for name in ("_STRETCH", "_NAMED"):
        monkeypatch.setattr(reading, name, stretch)
    monkeypatch.setattr(reading, "_MANY", many)
    monkeypatch.setattr(reading, "_WALKED", walked)
    monkeypatch.setattr(reading, "_PIECE", max(few, 1))


def fill(draw: Any) -> Known:
    """An inventory of up to a dozen certificates of the most different kinds, and a CA certificate."""
    models.Certificate.objects.all().delete()
    accounts = dict(models.CAAccount.objects.values_list("name", "pk"))
    issuers = [finds.issuer(name).pk for name in ISSUERS]
    sources = dict(models.Source.objects.values_list("name", "pk"))
    known = Known()
    finds.add_rows(1, is_leaf=False)
    for _ in range(draw(st.integers(0, 12))):
        pick = lambda *of: draw(st.sampled_from(of))  # noqa: E731
        account = pick(*ACCOUNTS)
        (number,) = finds.add_rows(
            1,
            common_name=pick(*NAMES),
            names=" ".join(draw(st.lists(st.sampled_from(NAMES[:-1]), max_size=2))),
            account=accounts[account] if account else None,
            issuer=pick(*issuers),
            **{name: pick(*WORDS) for name in ("organization", "product", "validation", "key_spec", "owner")},
            state=pick("valid", "replaced", "revoked"),
            severity=pick(0, 1, 2, 3),
            not_after=finds.moment(pick(*DAYS)),
            recorded_at=finds.moment(pick(*DAYS)),
        )
        known.tags[number], known.rules[number], known.places[number] = (
            draw(st.sets(st.sampled_from(("x", "y")), max_size=2)) for _ in range(3)
        )
        models.Tag.objects.bulk_create(models.Tag(certificate_id=number, tag=one) for one in known.tags[number])
        models.Finding.objects.bulk_create(
            models.Finding(certificate_id=number, rule=one, severity=1, detail="", found_at=NOW)
            for one in known.rules[number]
        )
        for name, source in sources.items():
            gone = NOW if draw(st.booleans()) else None
            models.Sighting.objects.create(
                certificate_id=number, source_id=source, place=f"{number}", first_seen_at=NOW, last_seen_at=NOW,
                vanished_at=gone,
            )  # fmt: skip
            if gone is None:
                known.places[number].add(name)
    return known


MOMENTS = st.sampled_from(DAYS).map(finds.moment)
QUERIES = st.builds(
    Query,
    name=st.sampled_from(["", *(text for text in TEXTS if len(text.strip()) >= 3)]),
    state=st.none() | st.sampled_from(CertificateState),
    ca=st.sampled_from(["", "digicert", "sectigo", "emsign"]),
    account=st.sampled_from(["", ACCOUNT, "other", "nobody"]),
    issuer=st.sampled_from(["", *ISSUERS, "nobody"]),
    **{name: st.sampled_from(WORDS) for name in ("organization", "product", "validation", "key_spec")},
    owner=st.sampled_from([*WORDS, "-"]),
    tag=st.sampled_from(WORDS),
    finding=st.sampled_from(WORDS),
    source=st.sampled_from(["", "here", "there", "nowhere"]),
    severity=st.none() | st.sampled_from(Severity),
    ends_from=st.none() | MOMENTS,
    ends_before=st.none() | MOMENTS,
    recorded_from=st.none() | MOMENTS,
    recorded_before=st.none() | MOMENTS,
    sort=st.sampled_from(Sort),
    descending=st.booleans(),
)
NOTHING = Query()


def one_filter(draw: Any, some: Query, most: int) -> Query:
    """A query with so many of its conditions at most."""
    names = [name for name in Query.__slots__ if name not in ("sort", "descending")]
    kept = draw(st.lists(st.sampled_from(names), min_size=1, max_size=most, unique=True))
    return replace(NOTHING, sort=some.sort, descending=some.descending, **{name: getattr(some, name) for name in kept})


def meets(one: Summary, query: Query, known: Known) -> bool:
    """Whether a certificate is wanted, decided by what is shown of it."""
    text = query.name.strip().lower()
    named = not text or any(text in name.lower() for name in (one.common_name, *one.names))
    equal = all(
        getattr(query, name) in ("", getattr(one, name))
        for name in ("ca", "account", "organization", "product", "validation", "key_spec")
    )
    issuer = query.issuer in ("", one.issuer.removeprefix("CN="))
    owner = query.owner == "" or one.owner == ("" if query.owner == "-" else query.owner)
    severe = query.severity is None or SEVERITIES.index(one.severity) >= SEVERITIES.index(query.severity)
    state = query.state in (None, one.state)
    ends = (query.ends_from or one.not_after) <= one.not_after < (query.ends_before or NOW + timedelta(9999))
    since = (query.recorded_from or one.recorded_at) <= one.recorded_at
    recorded = since and one.recorded_at < (query.recorded_before or NOW + timedelta(9999))
    elsewhere = all(
        wanted == "" or wanted in of[one.id]
        for wanted, of in ((query.tag, known.tags), (query.finding, known.rules), (query.source, known.places))
    )
    return named and equal and issuer and owner and severe and state and ends and recorded and elsewhere


def in_order(found: list[Summary], query: Query) -> list[int]:
    """The numbers, sorted as the query says."""
    values = {
        Sort.RECORDED: lambda one: 0,
        Sort.ENDS: lambda one: one.not_after,
        Sort.NAME: lambda one: one.common_name,
    }
    value = values[query.sort]
    return [one.id for one in sorted(found, key=lambda one: (value(one), one.id), reverse=query.descending)]


@pytest.mark.usefixtures("ways")
@settings(max_examples=10, deadline=None, suppress_health_check=MANY, database=None)
@given(data=st.data())
def test_a_list_a_count_and_a_facet_show_what_filtering_one_by_one_would(estate: Stock, data: st.DataObject) -> None:
    known = fill(data.draw)
    everything = list(estate.browsing.all(NOTHING))
    assert {one.id for one in everything} == set(known.tags)
    for _ in range(6):
        query = one_filter(data.draw, data.draw(QUERIES), data.draw(st.sampled_from([1, 1, 2, 3, 17])))
        wanted = [one for one in everything if meets(one, query, known)]
        shown = [one.id for one in estate.browsing.all(query, size=data.draw(st.integers(1, 4)))]
        assert shown == in_order(wanted, query), query
        assert estate.browsing.count(query).number == len(wanted), query
        name = data.draw(st.sampled_from(list(FACETS)))
        counted = {value: count.number for value, count in estate.browsing.facet(query, name)}
        values = [one.issuer.removeprefix("CN=") if name == "issuer" else getattr(one, name) for one in wanted]
        assert counted == dict(Counter(map(str, values))), (query, name)


@pytest.mark.usefixtures("ways")
@pytest.mark.parametrize(("sort", "descending"), list(product(Sort, [False, True])))
def test_pages_show_every_certificate_once_while_others_come_in_between(
    stock: Stock, sort: Sort, descending: bool
) -> None:
    def add() -> list[int]:
        return finds.add_rows(
            6, common_name=lambda n: f"same{n // 3}", not_after=lambda n: finds.moment(n // 3), names="shop.example"
        )

    before = [*add(), *add()]
    for name in ("", "shop"):
        query, seen, after = Query(sort=sort, descending=descending, name=name), [], None
        while True:
            page = stock.browsing.page(query, after=after, size=2)
            seen += [one.id for one in page.certificates]
            if page.after is None or len(seen) > 60:
                break
            after = page.after
            if len(seen) < 8:
                finds.add_rows(2, common_name="same0", not_after=finds.moment(), names="shop.example")
        assert len(seen) == len(set(seen))
        assert set(before) <= set(seen)


@pytest.mark.usefixtures("ways")
@pytest.mark.parametrize("name", [*NAMES[:-1], "shop.MEADOW", "ÜLL", "üll"])
def test_a_name_is_found_by_each_of_its_parts_of_three_characters(stock: Stock, name: str) -> None:
    number = finds.add_rows(1, common_name=name, names="")[0]
    finds.add_rows(3)
    for start in range(len(name) - 2):
        part = name[start : start + 3]
        if len(part.strip()) == 3:
            assert number in {one.id for one in stock.browsing.all(Query(name=part))}, part


def test_letters_outside_of_ascii_are_found_in_either_case_where_few_have_them(stock: Stock) -> None:
    upper = finds.add_rows(1, common_name="MÜLLER", names="")[0]
    assert [one.id for one in stock.browsing.all(Query(name="MÜLLER"))] == [upper]


@pytest.mark.parametrize("name", ["ab", "  a  ", "a\0b.example", "a\nb"])
def test_what_cannot_be_looked_for_is_refused(stock: Stock, name: str) -> None:
    with pytest.raises(Refused, match="nothing to look for"):
        stock.browsing.page(Query(name=name))


def test_a_part_that_spans_two_names_is_in_neither(stock: Stock) -> None:
    finds.add_rows(1, common_name="c.example", names="a.example b.example")
    assert list(stock.browsing.all(Query(name="ample b.ex"))) == []
    assert list(stock.browsing.all(Query(name="ample c.ex"))) == []


def test_counting_stops_at_the_cap_and_says_so(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    finds.add_rows(12, product=lambda n: "p" if n % 3 else "q")
    assert str(stock.browsing.count(NOTHING)) == "12"
    monkeypatch.setattr(browsing, "CAP", 10)
    assert str(stock.browsing.count(NOTHING)) == "10+"
    assert all(count.capped for _, count in stock.browsing.facet(NOTHING, "product"))
    assert str(stock.browsing.count(Query(product="q"))) == "4"


def test_a_facet_shows_the_most_frequent_values_first(stock: Stock) -> None:
    finds.add_rows(6, product=lambda n: "abbccc"[n])
    shown = stock.browsing.facet(NOTHING, "product", most=2)
    assert [(value, count.number) for value, count in shown] == [("c", 3), ("b", 2)]


def test_a_page_behind_the_last_certificate_is_empty(stock: Stock) -> None:
    last = finds.add_rows(3)[-1]
    assert stock.browsing.page(NOTHING, after=Position("", last)).certificates == ()
    assert stock.browsing.page(NOTHING, size=3).after is None

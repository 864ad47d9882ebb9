"""Two hundred questions that people ask an inventory, the same ones for the same estate, and how long each takes."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection

from benchmarks.estate import TODAY, Estate
from benchmarks.estate_words import APPLICATIONS, ISSUERS, ORGANIZATIONS, TAGS, TEAMS
from benchmarks.inventory_parts import ACCOUNTS, opened
from certwright.model.inventory import Position, Query, Sort
from certwright.model.words import CertificateState
from certwright.store import models

SIZE = 100  # certificates of a page
_ROUNDS = 3
_LISTS = ("first page", "deep page", "one filter", "filters")
_SORTS = (
    Query(descending=True),
    Query(),
    Query(sort=Sort.ENDS),
    Query(sort=Sort.ENDS, descending=True),
    Query(sort=Sort.NAME),
)


_BARE = "SELECT * FROM certificate"


@dataclass(frozen=True, slots=True)
class _Time:
    """Milliseconds."""

    wall: float
    processor: float


@dataclass(frozen=True, slots=True)
class Question:
    """A query, from a position on."""

    kind: str
    query: Query
    after: Position | None = None


def questions(estate: Estate) -> list[Question]:
    """The mix: 20 first pages, 40 deep ones, 50 of one filter, 30 of several, 60 searches."""
    draw = random.Random(7)
    asked = [Question("first page", query) for query in _SORTS * 4]
    asked += [
        Question("deep page", _SORTS[number % 5], _behind(_SORTS[number % 5], draw.randrange(estate.count)))
        for number in range(40)
    ]
    single = [_sorted(query, number) for number, query in enumerate(_one_filter(draw))]
    asked += [Question("one filter", query) for query in single[:50]]
    asked += [Question("filters", _sorted(_several(draw), number)) for number in range(30)]
    asked += list(_searches(estate, draw))
    return asked


def browse(count: int) -> dict[str, Any]:
    """Milliseconds of pages and of counts, over all and by kind (median, 95th percentile, longest), in three rounds.

    Between them the same connection is asked for a certificate by its number, and for a page of them without
    conditions: what the machine gave at that time. ``processor`` is the time that this process computed, in which a
    machine that does other things too does not count; SQLite computes inside it, PostgreSQL does not.
    """
    certwright = opened()
    taken: dict[str, list[_Time]] = {}
    slow: list[tuple[float, str]] = []
    for number, one in enumerate(questions(Estate(count)) * _ROUNDS):
        page = _timed(partial(certwright.browsing.page, one.query, after=one.after, size=SIZE))
        slow.append((page.wall, f"{page.wall:.0f} ms {one.kind}: {_told(one)}"))
        taken.setdefault(one.kind, []).append(page)
        taken.setdefault("list" if one.kind in _LISTS else "search", []).append(page)
        counted = _timed(partial(certwright.browsing.count, one.query))
        taken.setdefault(f"count of {one.kind}", []).append(counted)
        taken.setdefault("count", []).append(counted)
        first = number * 7919 % count
        taken.setdefault("baseline_select", []).append(_timed(partial(_select, f"{_BARE} WHERE id = %s", [first])))
        bare = _timed(partial(_select, f"{_BARE} WHERE id > %s ORDER BY id LIMIT %s", [first, SIZE]))
        taken.setdefault("baseline_page", []).append(bare)
    overall = ("list", "search", "count", "baseline_select", "baseline_page")
    return {
        **{f"{name}_p95_ms": p95([one.wall for one in taken[name]]) for name in overall},
        **{f"{name}_p95_processor_ms": p95([one.processor for one in taken[name]]) for name in overall},
        "by_kind_ms": {kind: _spread([one.wall for one in of]) for kind, of in taken.items() if kind not in overall},
        "slowest": [told for _, told in sorted(slow, reverse=True)[:10]],
    }


def p95(taken: Sequence[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(taken, n=20, method="inclusive")[-1]


def median_ms(ask: Callable[[], Any], times: int) -> float:
    """The median of so many times, after one that warms up."""
    ask()
    return statistics.median(_timed(ask).wall for _ in range(times))


def _spread(taken: Sequence[float]) -> list[float]:
    return [round(value, 1) for value in (statistics.median(taken), p95(taken), max(taken))]


def _timed(ask: Callable[[], Any]) -> _Time:
    began, computed = time.perf_counter(), time.process_time()
    ask()
    return _Time((time.perf_counter() - began) * 1000, (time.process_time() - computed) * 1000)


def _select(statement: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _told(one: Question) -> str:
    """The question without what it does not ask for."""
    plain = Query()
    given = {name: getattr(one.query, name) for name in Query.__slots__}
    asked = " ".join(f"{name}={value}" for name, value in given.items() if value != getattr(plain, name))
    return asked + (" from a position on" if one.after else "")


def _behind(query: Query, number: int) -> Position:
    """The position behind the certificate with that number."""
    row = models.Certificate.objects.filter(pk__gte=number + 1).order_by("pk")[0]
    value = {Sort.RECORDED: "", Sort.ENDS: row.not_after.isoformat(), Sort.NAME: row.common_name}[query.sort]
    return Position(value, row.pk)


def _sorted(query: Query, number: int) -> Query:
    return replace(query, sort=_SORTS[number % 5].sort, descending=_SORTS[number % 5].descending)


def _one_filter(draw: random.Random) -> list[Query]:
    soon = [Query(ends_from=TODAY, ends_before=TODAY + timedelta(days=days)) for days in (1, 7, 30, 90)]
    return [
        *(Query(state=state) for state in CertificateState),
        *(Query(ca=ca) for ca in ("digicert", "sectigo", "emsign")),
        *(Query(account=account) for account in ACCOUNTS),
        *(Query(issuer=issuer.common_name) for issuer in draw.sample(ISSUERS, 6)),
        *(Query(organization=name) for name in draw.sample(ORGANIZATIONS, 5)),
        *(Query(product=name) for name in ("ssl_basic", "ssl_ev_basic", "489")),
        *(Query(validation=level) for level in ("dv", "ov", "ev")),
        *(Query(key_spec=spec) for spec in ("rsa-2048", "ec-p256", "ec-p384")),
        *(Query(owner=owner) for owner in (TEAMS[0], TEAMS[1], TEAMS[-1], "-", "nobody here")),
        *(Query(tag=tag) for tag in (*draw.sample(TAGS, 4), "no such tag")),
        *soon,
        Query(source="estate"),
        *(Query(ends_before=TODAY - timedelta(days=days)) for days in (1000, 3000)),
        Query(recorded_from=TODAY),
        Query(recorded_before=TODAY),
    ]


def _several(draw: random.Random) -> Query:
    """Two to four filters at once, as people narrow a list down."""
    found = Query(state=draw.choice((CertificateState.VALID, CertificateState.VALID, CertificateState.REVOKED)))
    for name, values in draw.sample(
        (
            ("account", ACCOUNTS),
            ("issuer", tuple(issuer.common_name for issuer in ISSUERS)),
            ("organization", ORGANIZATIONS),
            ("key_spec", ("rsa-2048", "rsa-4096", "ec-p256", "ec-p384")),
            ("owner", (*TEAMS[:20], "-")),
            ("tag", TAGS),
            ("validation", ("dv", "ov", "ev")),
            ("ends_before", (TODAY + timedelta(days=14), TODAY + timedelta(days=60))),
        ),
        draw.randint(1, 3),
    ):
        found = replace(found, **{name: draw.choice(values)})  # type: ignore[arg-type]
    return found


def _searches(estate: Estate, draw: random.Random) -> Iterator[Question]:
    for number in range(15):  # a whole host name, and the middle of one
        name = estate.plan(draw.randrange(estate.count)).names[0].removeprefix("*.")
        yield Question("search, rare", _sorted(Query(name=name if number % 2 else name[2:16]), number))
    common = ("www", ".prod", "example", "eu-west", "meadow", "river", "edge1", "shop0", *APPLICATIONS[:7])
    for number, part in enumerate(common):
        yield Question("search, common", _sorted(Query(name=part), number))
    absent = ("zzqx", "nowhere.test", "xylophone", "10.0.0.0.0", "meadow-nonesuch", "exampl3", "qqq", "api-prod-99x")
    for number, part in enumerate((*absent, "wwww", "vpnvpn", "shop.shop", "edge9999")):
        yield Question("search, absent", _sorted(Query(name=part), number))
    for number in range(18):
        part = draw.choice(("www", "shop", "meadow", "login0", "stage", "otter", "vpn", "quartz"))
        yield Question("search, filtered", _sorted(replace(_several(draw), name=part), number))

"""Reading the inventory: pages, counts and facets that stay quick at a million certificates.

A page goes on behind the last certificate of the one before: there are no offsets. Its numbers are found first, in one
table (see ``reading.py``), then its rows. A name is first looked for among the trigrams of all names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Case, F, Q, QuerySet, Value, When

from certwright.model.ca import CAOrder
from certwright.model.errors import Refused
from certwright.model.inventory import Count, Page, Position, Query, Severity, Sort, Summary
from certwright.model.order import KeyReference
from certwright.model.ports import Clock
from certwright.model.words import CertificateState
from certwright.store import bulk, models, rows
from certwright.store.reading import Condition, Numbers, Plan
from certwright.store.searching import SHORTEST, having, numbers_having

SEVERITIES = (None, Severity.NOTICE, Severity.WARNING, Severity.ERROR)  # by the number in the column
FACETS: Mapping[str, str] = {
    "ca": "account__ca",
    "account": "account__name",
    "issuer": "issuer__common_name",
    "organization": "organization",
    "product": "product",
    "validation": "validation",
    "key_spec": "key_spec",
    "state": "state",
    "owner": "owner",
}
CAP = 10_000  # certificates counted one by one
_COLUMNS = (
    "pk", "fingerprint", "serial", "common_name", "names", "issuer__name", "organization", "validation", "key_spec",
    "public_key_sha256", "not_before", "not_after", "state", "account__name", "account__ca", "ca_order_id",
    "ca_certificate_id", "product", "key", "replaces__fingerprint", "revoked_at", "revocation_reason", "owner",
    "fields", "severity", "recorded_at",
)  # fmt: skip
_COLUMN = {Sort.RECORDED: "pk", Sort.ENDS: "not_after", Sort.NAME: "common_name"}


class Browsing:
    """Answers queries."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def page(self, query: Query, *, after: Position | None = None, size: int = 100) -> Page:
        """The certificates of a query behind a position, so many at most. Raises Refused for too short a name."""
        ids = self._plan(query, after).page(size + 1)
        read = models.Certificate.objects.filter(pk__in=ids[:size]).values_list(*_COLUMNS, named=True)
        rows_of = {row.pk: row for row in read}
        found = [rows_of[pk] for pk in ids[:size] if pk in rows_of]
        return Page(self._summaries(found), _position(found[-1], query) if found and len(ids) > size else None)

    def all(self, query: Query, *, size: int = 500) -> Iterator[Summary]:
        """Every certificate of a query, read in pages."""
        page = self.page(query, size=size)
        yield from page.certificates
        while page.after is not None:
            page = self.page(query, after=page.after, size=size)
            yield from page.certificates

    def count(self, query: Query) -> Count:
        """How many certificates a query has, counted up to CAP."""
        number = self._any(query)[: CAP + 1].count()
        return Count(min(number, CAP), capped=number > CAP)

    def facet(self, query: Query, name: str, *, most: int = 20) -> tuple[tuple[str, Count], ...]:
        """The most frequent values of a facet (one of FACETS) among the first CAP certificates of a query."""
        return self.facets(query, (name,), most=most)[name]

    def facets(
        self, query: Query, names: Sequence[str] = tuple(FACETS), *, most: int = 20
    ) -> dict[str, tuple[tuple[str, Count], ...]]:
        """Several facets of the same certificates; as :meth:`facet`."""
        ids = list(self._any(query).values_list("pk", flat=True)[: CAP + 1])
        capped = len(ids) > CAP
        counters: list[Counter[str]] = [Counter() for _ in names]
        columns = [_state_now(self._clock.now()) if name == "state" else F(FACETS[name]) for name in names]
        for keys in bulk.pieces(ids[:CAP]):
            for row in models.Certificate.objects.filter(pk__in=keys).order_by().values_list(*columns):
                for counter, value in zip(counters, row, strict=True):
                    counter[value or ""] += 1
        return {
            name: tuple(
                (value, Count(n, capped=capped))
                for value, n in sorted(counter.items(), key=lambda one: (-one[1], one[0]))[:most]
            )
            for name, counter in zip(names, counters, strict=True)
        }

    def _any(self, query: Query) -> QuerySet[models.Certificate]:
        return self._plan(query, None).unsorted()

    def _plan(self, query: Query, after: Position | None) -> Plan:
        numbers, named, having = _named(query.name) if query.name else (None, None, None)
        return Plan(
            self._conditions(query),
            _elsewhere(query),
            behind=_behind(query, after) if after is not None else None,
            numbers=numbers,
            named=named,
            having=having,
            column=_COLUMN[query.sort],
            descending=query.descending,
        )

    def _conditions(self, query: Query) -> list[Condition]:
        """What a column decides, those first that few certificates may meet."""
        found = [
            Condition(column, value, ordered=True, partial=column == "product")
            for column in _PLAIN
            if (value := getattr(query, column))
        ]
        if query.owner:
            known = query.owner != "-"
            found.insert(0, Condition("owner", query.owner if known else "", ordered=known, partial=known))
        for column, table, named in (
            ("account", models.CAAccount, {"name": query.account}),
            ("account", models.CAAccount, {"ca": query.ca}),
            ("issuer", models.Issuer, {"common_name": query.issuer}),
        ):
            if all(named.values()):
                found.append(_one_of(column, list(table.objects.filter(**named).values_list("pk", flat=True))))
        if query.severity:
            found.append(Condition("severity", SEVERITIES.index(query.severity), "gte"))
        for column, bounds in (
            ("not_after", _ends(query, self._clock.now())),
            ("recorded_at", (query.recorded_from, query.recorded_before)),
        ):
            if bounds != (None, None):
                found.append(Condition(column, bounds, "between"))
        return found + _in_state(query.state)

    def _summaries(self, found: Sequence[Any]) -> tuple[Summary, ...]:
        """Values of rows, with what other tables have of them, asked once for the page."""
        ids = [row.pk for row in found]
        orders = dict(models.Order.objects.filter(certificate__in=ids).order_by("-pk").values_list("certificate", "pk"))
        successors = dict(
            models.Certificate.objects.filter(replaces__in=ids).order_by("pk").values_list("replaces", "fingerprint")
        )
        tags: dict[int, list[str]] = {}
        for certificate, tag in (
            models.Tag.objects.filter(certificate__in=ids).order_by("tag").values_list("certificate_id", "tag")
        ):
            tags.setdefault(certificate, []).append(tag)
        wanted = {row.key for row in found if row.key}
        keys = {row.pk: rows.key_value(row) for row in models.Key.objects.filter(pk__in=wanted)} if wanted else {}
        now, beside = self._clock.now(), _Beside(orders, successors, tags, keys)
        return tuple(_summary(row, now, beside) for row in found)


class _Beside(NamedTuple):
    """What other tables have of the certificates of a page, by their numbers; keys by their own."""

    orders: Mapping[int, int]
    successors: Mapping[int | None, str]
    tags: Mapping[int, Sequence[str]]
    keys: Mapping[int, KeyReference]


def state_of(row: Any, now: datetime) -> CertificateState:
    """What has become of a certificate by now: only time makes one expired, and a revoked one stays revoked."""
    state = CertificateState(row.state)
    if state is not CertificateState.REVOKED and row.not_after < now:
        return CertificateState.EXPIRED
    return state


def _state_now(now: datetime) -> Case:
    """What :func:`state_of` says, as the database can."""
    ended = When(~Q(state=CertificateState.REVOKED), not_after__lt=now, then=Value(CertificateState.EXPIRED))
    return Case(ended, default=F("state"))


def _in_state(state: CertificateState | None) -> list[Condition]:
    """What the column says; a certificate in another state than revoked is expired once its time is over."""
    if state is None:
        return []
    if state is CertificateState.EXPIRED:
        return [Condition("state", CertificateState.REVOKED, negated=True)]
    return [Condition("state", state, ordered=True)]


def _ends(query: Query, now: datetime) -> tuple[datetime | None, datetime | None]:
    """From when to before when the certificates of a query end, by what it asks for and by their state."""
    since, before = [query.ends_from], [query.ends_before]
    if query.state is CertificateState.EXPIRED:
        before.append(now)
    elif query.state not in (None, CertificateState.REVOKED):
        since.append(now)
    return max(filter(None, since), default=None), min(filter(None, before), default=None)


_PLAIN = ("product", "organization", "key_spec", "validation")


def _one_of(column: str, numbers: list[int]) -> Condition:
    if len(numbers) == 1:
        return Condition(column, numbers[0], ordered=True)
    return Condition(column, numbers, "in")


def _elsewhere(query: Query) -> list[QuerySet[Any]]:
    """The rows of other tables, of which a certificate must have one."""
    found: list[QuerySet[Any]] = []
    if query.tag:
        found.append(models.Tag.objects.filter(tag=query.tag))
    if query.finding:
        found.append(models.Finding.objects.filter(rule=query.finding))
    if query.source:
        found.append(models.Sighting.objects.filter(source__name=query.source, vanished_at=None))
    return found


def _named(name: str) -> tuple[list[int] | None, Q | None, Numbers | None]:
    """Certificates with that part of a name: their numbers where they are few, else what a row and the search say."""
    text = name.strip()
    if len(text) < SHORTEST or not text.isprintable():
        raise Refused(f"{name!r} is nothing to look for.", advice="Give three characters of a name or more.")
    few = numbers_having(text)
    if few is not None:
        return few, None, None
    named = Q(common_name__icontains=text)
    return None, named if " " in text else named | Q(names__icontains=text), having(text)


def _behind(query: Query, after: Position) -> Q:
    side = "lt" if query.descending else "gt"
    if query.sort is Sort.RECORDED:
        return Q(**{f"pk__{side}": after.id})
    column = _COLUMN[query.sort]
    value: Any = datetime.fromisoformat(after.value) if query.sort is Sort.ENDS else after.value
    # The first condition alone lets the index begin there.
    return Q(**{f"{column}__{side}e": value}) & (~Q(**{column: value}) | Q(**{f"pk__{side}": after.id}))


def _position(row: Any, query: Query) -> Position:
    value = {Sort.RECORDED: "", Sort.ENDS: row.not_after.isoformat(), Sort.NAME: row.common_name}[query.sort]
    return Position(value, row.pk)


def _summary(row: Any, now: datetime, beside: _Beside) -> Summary:
    return Summary(
        id=row.pk,
        fingerprint=row.fingerprint,
        serial=row.serial,
        common_name=row.common_name,
        names=tuple(row.names.split()),
        issuer=row.issuer__name,
        organization=row.organization,
        validation=row.validation,
        key_spec=row.key_spec,
        public_key_sha256=row.public_key_sha256,
        not_before=row.not_before,
        not_after=row.not_after,
        state=state_of(row, now),
        account=row.account__name or "",
        ca=row.account__ca or "",
        ca_order=CAOrder(row.ca_order_id, row.ca_certificate_id),
        product=row.product,
        order_id=beside.orders.get(row.pk),
        key=beside.keys.get(row.key),
        replaces=row.replaces__fingerprint or "",
        replaced_by=beside.successors.get(row.pk, ""),
        revoked_at=row.revoked_at,
        revocation_reason=row.revocation_reason,
        owner=row.owner,
        tags=tuple(beside.tags.get(row.pk, ())),
        fields=dict(row.fields),
        severity=SEVERITIES[row.severity],
        recorded_at=row.recorded_at,
    )

"""Reading the inventory: pages, counts and facets that stay quick at a million certificates.

A page goes on behind the last certificate of the one before (no offsets), by an index that has the order. A name is
first looked for among the trigrams of all names: where few have it, they alone are sorted; where many have it, some
of them are soon met in the order that is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count as CountOf
from django.db.models import Exists, OuterRef, Q, QuerySet

from certwright.model.ca import CAOrder
from certwright.model.errors import Refused
from certwright.model.inventory import Count, Page, Position, Query, Severity, Sort, Summary
from certwright.model.ports import Clock
from certwright.model.words import CertificateState
from certwright.store import models, rows

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
_FEW = 10_000  # with a name: so many are sorted for themselves
_SHORTEST = 3
_COLUMN = {Sort.RECORDED: "pk", Sort.ENDS: "not_after", Sort.NAME: "common_name"}


class Browsing:
    """Answers queries."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def page(self, query: Query, *, after: Position | None = None, size: int = 100) -> Page:
        """The certificates of a query behind a position, so many at most. Raises Refused for a name too short."""
        found = self._behind(self._wanted(query), query, after)
        ordered = found.order_by(*_order(query)).select_related("account", "issuer", "key", "replaces")
        fetched = list(ordered[: size + 1])
        summaries = self._summaries(fetched[:size])
        more = len(fetched) > size
        return Page(summaries, _position(fetched[size - 1], query) if more else None)

    def all(self, query: Query, *, size: int = 500) -> Iterator[Summary]:
        """Every certificate of a query, read in pages."""
        page = self.page(query, size=size)
        yield from page.certificates
        while page.after is not None:
            page = self.page(query, after=page.after, size=size)
            yield from page.certificates

    def count(self, query: Query) -> Count:
        """How many certificates a query has, counted up to CAP."""
        number = self._wanted(query).order_by()[: CAP + 1].count()
        return Count(min(number, CAP), capped=number > CAP)

    def facet(self, query: Query, name: str, *, most: int = 20) -> tuple[tuple[str, Count], ...]:
        """The most frequent values of a facet (one of FACETS) among the first CAP certificates of a query."""
        column = FACETS[name]
        sample = self._wanted(query).order_by().values("pk")[: CAP + 1]
        counted = (
            models.Certificate.objects.filter(pk__in=sample).order_by().values_list(column).annotate(n=CountOf("pk"))
        )
        found = sorted(((value or "", n) for value, n in counted), key=lambda one: (-one[1], one[0]))
        capped = sum(n for _, n in found) > CAP
        return tuple((value, Count(n, capped=capped)) for value, n in found[:most])

    def _wanted(self, query: Query) -> QuerySet[models.Certificate]:
        found = models.Certificate.objects.filter(is_leaf=True, **_plain(query))
        found = found.filter(_state(query.state, self._clock.now())) if query.state else found
        if query.ca:
            accounts = models.CAAccount.objects.filter(ca=query.ca)
            found = found.filter(account__in=list(accounts.values_list("pk", flat=True)))
        if query.account:
            found = found.filter(account__in=_numbers(models.CAAccount, name=query.account))
        if query.issuer:
            found = found.filter(issuer__in=_numbers(models.Issuer, common_name=query.issuer))
        if query.severity:
            found = found.filter(severity__gte=SEVERITIES.index(query.severity))
        if query.owner:
            found = found.filter(owner="" if query.owner == "-" else query.owner)
        for condition in _elsewhere(query):
            found = found.filter(condition)
        return self._named(found, query.name) if query.name else found

    def _named(self, found: QuerySet[models.Certificate], name: str) -> QuerySet[models.Certificate]:
        """Those with that part of a name: looked up by trigram where they are few."""
        text = name.strip().lower()
        if len(text) < _SHORTEST:
            raise Refused(f"{name!r} is too short to look for.", advice="Give three characters of a name or more.")
        few = _by_trigrams(text)
        if few is not None:
            return found.filter(pk__in=few)
        return found.filter(Q(names__icontains=text) | Q(common_name__icontains=text))

    def _behind(
        self, found: QuerySet[models.Certificate], query: Query, after: Position | None
    ) -> QuerySet[models.Certificate]:
        if after is None:
            return found
        side = "lt" if query.descending else "gt"
        if query.sort is Sort.RECORDED:
            return found.filter(**{f"pk__{side}": after.id})
        column = _COLUMN[query.sort]
        value: Any = datetime.fromisoformat(after.value) if query.sort is Sort.ENDS else after.value
        # The first condition alone lets the index begin there.
        return found.filter(
            Q(**{f"{column}__{side}e": value}) & (~Q(**{column: value}) | Q(**{f"pk__{side}": after.id}))
        )

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
        now = self._clock.now()
        return tuple(
            _summary(row, now, orders.get(row.pk), successors.get(row.pk, ""), tuple(tags.get(row.pk, ())))
            for row in found
        )


def state_of(row: models.Certificate, now: datetime) -> CertificateState:
    """What has become of a certificate by now: only time makes one expired, and a revoked one stays revoked."""
    state = CertificateState(row.state)
    if state is not CertificateState.REVOKED and row.not_after < now:
        return CertificateState.EXPIRED
    return state


def _state(state: CertificateState, now: datetime) -> Q:
    if state is CertificateState.REVOKED:
        return Q(state=state)
    if state is CertificateState.EXPIRED:
        return Q(not_after__lt=now) & ~Q(state=CertificateState.REVOKED)
    return Q(state=state, not_after__gte=now)


_PLAIN = ("organization", "product", "validation", "key_spec")
_BOUNDS = {
    "ends_from": "not_after__gte",
    "ends_before": "not_after__lt",
    "recorded_from": "recorded_at__gte",
    "recorded_before": "recorded_at__lt",
}


def _plain(query: Query) -> dict[str, Any]:
    equal = {name: getattr(query, name) for name in _PLAIN if getattr(query, name)}
    return equal | {column: value for name, column in _BOUNDS.items() if (value := getattr(query, name)) is not None}


def _elsewhere(query: Query) -> list[Exists]:
    """The conditions that another table knows."""
    mine = OuterRef("pk")
    conditions = []
    if query.tag:
        conditions.append(Exists(models.Tag.objects.filter(certificate=mine, tag=query.tag)))
    if query.finding:
        conditions.append(Exists(models.Finding.objects.filter(certificate=mine, rule=query.finding)))
    if query.source:
        here = models.Sighting.objects.filter(source__name=query.source, vanished_at=None)
        conditions.append(Exists(here.filter(certificate=mine)))
    return conditions


def _numbers(table: Any, **named: str) -> list[int]:
    return list(table.objects.filter(**named).values_list("pk", flat=True))


def _by_trigrams(text: str) -> list[int] | None:
    """The ids of the certificates with that part of a name; None when they are more than few."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    like = f"%{escaped}%"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT id FROM certificate WHERE lower(names || ' ' || common_name) LIKE %s AND is_leaf LIMIT %s",
                [like, _FEW + 1],
            )
            found = [int(row[0]) for row in cursor.fetchall()]
            return found if len(found) <= _FEW else None
        trigrams = dict.fromkeys(text[start : start + _SHORTEST] for start in range(len(text) - _SHORTEST + 1))
        wanted = " AND ".join('"' + trigram.replace('"', '""') + '"' for trigram in trigrams)
        cursor.execute(
            "SELECT rowid FROM certificate_search WHERE certificate_search MATCH %s LIMIT %s", [wanted, _FEW + 1]
        )
        candidates = [int(row[0]) for row in cursor.fetchall()]
        if len(candidates) > _FEW:
            return None
        cursor.execute(
            "SELECT id FROM certificate WHERE id IN (SELECT value FROM json_each(%s)) "
            "AND (names LIKE %s ESCAPE '\\' OR common_name LIKE %s ESCAPE '\\')",
            [str(candidates), like, like],
        )
        return [int(row[0]) for row in cursor.fetchall()]


def _order(query: Query) -> tuple[str, ...]:
    sign = "-" if query.descending else ""
    columns = ("pk",) if query.sort is Sort.RECORDED else (_COLUMN[query.sort], "pk")
    return tuple(f"{sign}{column}" for column in columns)


def _position(row: models.Certificate, query: Query) -> Position:
    value = {Sort.RECORDED: "", Sort.ENDS: row.not_after.isoformat(), Sort.NAME: row.common_name}[query.sort]
    return Position(value, row.pk)


def _summary(row: Any, now: datetime, order: int | None, successor: str, tags: tuple[str, ...]) -> Summary:
    return Summary(
        id=row.pk,
        fingerprint=row.fingerprint,
        serial=row.serial,
        common_name=row.common_name,
        names=tuple(row.names.split()),
        issuer=row.issuer.name,
        organization=row.organization,
        validation=row.validation,
        key_spec=row.key_spec,
        public_key_sha256=row.public_key_sha256,
        not_before=row.not_before,
        not_after=row.not_after,
        state=state_of(row, now),
        account=row.account.name if row.account else "",
        ca=row.account.ca if row.account else "",
        ca_order=CAOrder(row.ca_order_id, row.ca_certificate_id),
        product=row.product,
        order_id=order,
        key=rows.key_value(row.key) if row.key else None,
        replaces=row.replaces.fingerprint if row.replaces else "",
        replaced_by=successor,
        revoked_at=row.revoked_at,
        revocation_reason=row.revocation_reason,
        owner=row.owner,
        tags=tags,
        fields=dict(row.fields),
        severity=SEVERITIES[row.severity],
        recorded_at=row.recorded_at,
    )

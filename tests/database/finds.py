"""Certificates in the inventory, for tests: real ones to be found, and bare rows where only columns matter."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.db import connection, transaction
from django.db.models import Count

from certwright.model.inventory import Find
from certwright.pki.certificate import Certificate
from certwright.store import bulk, models
from tests.cases.authority import NOW, new_key, root

TOP = root()
CA = TOP.intermediate()
_KEY = new_key()
_NUMBERS = count(1)
_COLUMNS = (
    "id", "fingerprint", "serial", "issuer", "common_name", "names", "organization", "validation", "key_spec",
    "not_before", "not_after", "public_key_sha256", "is_leaf", "chain", "state", "revoked_at", "revocation_reason",
    "account", "ca_order_id", "ca_certificate_id", "product", "owner", "fields", "severity", "recorded_at",
)  # fmt: skip


def leaf(*names: str, **change: Any) -> Certificate:
    """A fresh certificate; all have one key, which is far quicker."""
    return CA.issue(*names, key=_KEY, **change)


def leaves(number: int) -> list[Certificate]:
    """So many, each of a name of its own."""
    return [leaf(f"n{one}.meadow.example") for one in range(number)]


def find(place: str, *certificates: Certificate, **change: Any) -> Find:
    """A find at a place, leaf first; of a certificate alone the place is where a scan meets it."""
    return Find(place, tuple(one.der for one in certificates), **change)


def finds(certificates: Sequence[Certificate], *above: Certificate) -> list[Find]:
    """One find for each, at ``tls://n0.example:443`` and so on."""
    return [find(f"tls://n{number}.example:443", one, *above) for number, one in enumerate(certificates)]


def issuer(common_name: str = "Meadow Test Intermediate") -> models.Issuer:
    """The issuer of bare rows."""
    return models.Issuer.objects.get_or_create(name=f"CN={common_name}", defaults={"common_name": common_name})[0]


def add_rows(number: int, **columns: Any) -> list[int]:
    """So many bare certificates with those columns; a column's value may be a function of the row's position."""
    with transaction.atomic():
        ids = list(bulk.numbers(models.Certificate, number))
        bulk.insert(models.Certificate, _COLUMNS, list(_rows(ids, columns)))
    return ids


def _rows(ids: Sequence[int], columns: dict[str, Any]) -> Iterator[list[Any]]:
    of = columns.pop("issuer", None) or issuer().pk
    for position, number in enumerate(ids):
        mark = hashlib.sha256(str(next(_NUMBERS)).encode()).hexdigest()
        row: dict[str, Any] = {
            "id": number,
            "fingerprint": mark,
            "serial": mark[:32],
            "issuer": of,
            "common_name": f"n{position}.meadow.example",
            "names": f"n{position}.meadow.example",
            "not_before": NOW - timedelta(days=1),
            "not_after": NOW + timedelta(days=position % 400),
            "public_key_sha256": mark,
            "is_leaf": True,
            "chain": [],
            "state": "valid",
            "revoked_at": None,
            "account": None,
            "fields": {},
            "severity": 0,
            "recorded_at": NOW,
        }
        row |= {name: value(position) if callable(value) else value for name, value in columns.items()}
        yield [row.get(name, "") for name in _COLUMNS]


def kept_counts() -> dict[tuple[str, int, str], int]:
    """What the rollup says: leaf certificates by (day, account, state)."""
    rows = models.Rollup.objects.exclude(count=0).values_list("day", "account", "state", "count")
    return {(str(day), account, state): number for day, account, state, number in rows}


def plain_counts() -> dict[tuple[str, int, str], int]:
    """The same, counted one by one."""
    counts: dict[tuple[str, int, str], int] = {}
    rows = models.Certificate.objects.filter(is_leaf=True).values_list("not_after", "account_id", "state")
    for not_after, account, state in rows:
        key = (str(not_after.date()), account or 0, str(state))
        counts[key] = counts.get(key, 0) + 1
    return counts


def kept_findings() -> dict[str, int]:
    """How many findings each rule has, as the triggers count them."""
    return dict(models.FindingCount.objects.exclude(count=0).values_list("rule", "count"))


def plain_findings() -> dict[str, int]:
    """The same, counted one by one."""
    return dict(models.Finding.objects.order_by().values_list("rule").annotate(n=Count("pk")))


def searched(text: str) -> set[int]:
    """The leaves that the table of trigrams (SQLite) has for a word; every leaf on PostgreSQL, which has an index."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT rowid FROM certificate_search WHERE certificate_search MATCH %s", [f'"{text[:3]}"'])
        else:
            cursor.execute("SELECT id FROM certificate WHERE is_leaf AND names LIKE %s", [f"%{text[:3]}%"])
        return {int(row[0]) for row in cursor.fetchall()}


def moment(days: float = 0) -> datetime:
    """So many days from NOW."""
    return NOW + timedelta(days=days)

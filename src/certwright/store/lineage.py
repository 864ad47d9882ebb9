"""Lineage: the certificates that came before and after one, serving the same purpose; and its siblings at the CA."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certwright.model.ports import Clock
from certwright.model.words import CertificateState
from certwright.store import models
from certwright.store.browsing import state_of

MOST = 200  # certificates of one lineage that are read; a lineage of ten years of monthly renewals has 120
_COLUMNS = (
    "fingerprint", "serial", "common_name", "not_before", "not_after", "state", "replaces", "recorded_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Relative:
    """A certificate of a lineage; ``replaces`` is the fingerprint of the one before it, "" at the beginning."""

    id: int
    fingerprint: str
    serial: str
    common_name: str
    not_before: datetime
    not_after: datetime
    state: CertificateState
    replaces: str


def lineage(certificate: int, clock: Clock) -> tuple[Relative, ...]:
    """The lineage of the certificate with our id, itself included: each after the one that it replaces.

    Reads MOST certificates at most; where there are more, those nearest to it.
    """
    family = {certificate: _row(certificate)}
    _predecessors(family, certificate)
    _successors(family)
    now = clock.now()
    return tuple(_relative(row, family, now) for row in _in_order(family))


def siblings(certificate: int, clock: Clock) -> tuple[Relative, ...]:
    """The other certificates of its CA order, reissues and duplicates, oldest first; MOST at most."""
    row = models.Certificate.objects.only("account", "ca_order_id").get(pk=certificate)
    if row.account_id is None or not row.ca_order_id:
        return ()
    mine = models.Certificate.objects.only(*_COLUMNS).filter(account=row.account_id, ca_order_id=row.ca_order_id)
    others = mine.exclude(ca_order_id="").filter(is_leaf=True).exclude(pk=certificate)  # the first: the index's own
    now = clock.now()
    found = sorted(others.order_by("pk")[:MOST], key=lambda one: (one.not_before, one.pk))
    return tuple(_relative(one, {other.pk: other for other in found}, now) for one in found)


def link_reissue(row: models.CAOrder) -> None:
    """Have the certificate of a CA order succeed the one that the CA says a reissue put it in the place of, and
    precede the one that took its own; as soon as both are tied. What is known to replace another already stays so.
    """
    if row.certificate_id is None or not row.ca_certificate_id or not (row.replaces or row.reissues):
        return
    same = models.CAOrder.objects.filter(account=row.account_id, ca_order_id=row.ca_order_id, certificate__isnull=False)
    before = same.filter(ca_certificate_id=row.replaces) if row.replaces else same.none()
    after = same.filter(replaces=row.ca_certificate_id)
    pairs = [(number, row.certificate_id) for number in before.values_list("certificate_id", flat=True)]
    pairs += [(row.certificate_id, number) for number in after.values_list("certificate_id", flat=True)]
    for one, following in pairs:
        if one != following:
            models.Certificate.objects.filter(pk=following, replaces=None).update(replaces=one)


def _row(certificate: int) -> Any:
    return models.Certificate.objects.only(*_COLUMNS).get(pk=certificate)


def _predecessors(family: dict[int, Any], certificate: int) -> None:
    """Half of what is read may be predecessors."""
    before = family[certificate].replaces_id
    while before is not None and before not in family and len(family) < MOST // 2:
        family[before] = _row(before)
        before = family[before].replaces_id


def _successors(family: dict[int, Any]) -> None:
    """Of every one in the family, generation by generation."""
    newest = list(family)
    while newest and len(family) < MOST:
        rows = models.Certificate.objects.only(*_COLUMNS).filter(replaces__in=newest).order_by("pk")
        found = {row.pk: row for row in rows[: 2 * MOST] if row.pk not in family}
        newest = list(found)[: MOST - len(family)]
        family.update((number, found[number]) for number in newest)


def _in_order(family: dict[int, Any]) -> list[Any]:
    """Depth first from the beginning, elder branches first."""
    children: dict[int | None, list[Any]] = {}
    for row in sorted(family.values(), key=lambda row: (row.not_before, row.pk)):
        children.setdefault(row.replaces_id if row.replaces_id in family else None, []).append(row)
    waiting = list(reversed(children.get(None) or [next(iter(family.values()))]))  # a circle has no beginning
    ordered: dict[int, Any] = {}
    while waiting:
        row = waiting.pop()
        if row.pk not in ordered:
            ordered[row.pk] = row
            waiting += reversed(children.get(row.pk, []))
    return list(ordered.values())


def _relative(row: Any, family: dict[int, Any], now: datetime) -> Relative:
    before = family.get(row.replaces_id)
    return Relative(
        id=row.pk,
        fingerprint=row.fingerprint,
        serial=row.serial,
        common_name=row.common_name,
        not_before=row.not_before,
        not_after=row.not_after,
        state=state_of(row, now),
        replaces=before.fingerprint if before else "",
    )

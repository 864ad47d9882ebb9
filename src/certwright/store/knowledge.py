"""What is known of one certificate, and who told it when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certwright.model.ca import Domain, ReportedOrder
from certwright.model.inventory import Finding, Position, Query, SourceKind, Summary
from certwright.model.order import Order, Revocation
from certwright.model.ports import Clock
from certwright.pki.certificate import Certificate, from_der
from certwright.store import bulk, models, rows
from certwright.store.browsing import SEVERITIES, Browsing
from certwright.store.ca_orders import value_of as reported
from certwright.store.inventory import Inventory
from certwright.store.issuing import authority_id
from certwright.store.lineage import Relative, lineage, siblings
from certwright.store.listings import domain_value
from certwright.store.sources import Sources

SIGHTINGS = 100  # that are read of one certificate: what is there now first, then what was there last
_FEW = 50  # orders, CA orders and the like of one certificate


@dataclass(frozen=True, slots=True)
class Told:
    """What a CA told of the certificate: the CA order as its list showed it at ``seen_at``.

    ``detailed_at`` is when the CA was asked for this one order, None when never. ``silent_since`` is set where the
    integration that tells of it has not succeeded for too long: what it told may be outdated. ``vanished_at`` is
    since when complete listings of the CA account's orders have not had it, None while they have.
    """

    account: str
    ca: str
    reference: str
    order: ReportedOrder
    seen_at: datetime
    detailed_at: datetime | None
    silent_since: datetime | None
    vanished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Control:
    """What a CA account knows of the control over a name: its closest domain, as last seen at ``seen_at``.

    ``domain`` is None where the account has no such domain; ``vanished_at`` is when it no longer was in the list.
    """

    name: str
    account: str
    domain: Domain | None
    seen_at: datetime | None
    vanished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sight:
    """Where the certificate was seen, from when to when, and by which source. See ``store.models.Sighting``."""

    place: str
    source: str
    kind: SourceKind
    address: str
    protocol: str
    has_key: bool
    first_seen_at: datetime
    last_seen_at: datetime
    vanished_at: datetime | None
    trouble: str
    silent_since: datetime | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding that is open, and since when."""

    finding: Finding
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything about one certificate.

    ``certificate`` is what its own bytes say and ``intermediates`` its chain, the issuer first; ``summary`` is what a
    list shows. ``sightings`` are SIGHTINGS at most of ``seen`` many; ``siblings`` are of the same CA order.
    """

    certificate: Certificate
    intermediates: tuple[Certificate, ...]
    summary: Summary
    told: tuple[Told, ...]
    control: tuple[Control, ...]
    sightings: tuple[Sight, ...]
    seen: int
    faults: tuple[Fault, ...]
    lineage: tuple[Relative, ...]
    siblings: tuple[Relative, ...]
    orders: tuple[Order, ...]
    revocations: tuple[Revocation, ...]


class Knowing:
    """Puts together what is known."""

    def __init__(self, clock: Clock, inventory: Inventory, browsing: Browsing, sources: Sources) -> None:
        self._clock = clock
        self._inventory = inventory
        self._browsing = browsing
        self._sources = sources

    def of(self, wanted: str) -> Knowledge:
        """What is known of the certificate that ``Inventory.get`` finds; raises what that raises."""
        entry = self._inventory.get(wanted)
        summary = self.summary(entry.id)
        told = self._told(entry.id)
        sightings = models.Sighting.objects.filter(certificate=entry.id)
        return Knowledge(
            certificate=entry.certificate,
            intermediates=tuple(self._inventory.chain(entry).intermediates),
            summary=summary,
            told=told,
            control=_control(summary.names, {summary.account, *(one.account for one in told)} - {""}),
            sightings=self._sights(sightings),
            seen=sightings.count(),
            faults=_faults(entry.id),
            lineage=lineage(entry.id, self._clock),
            siblings=siblings(entry.id, self._clock),
            orders=_orders(entry.id),
            revocations=_revocations(entry.id),
        )

    def summary(self, number: int) -> Summary:
        """The certificate with our id as lists show it: the first of all behind the one before."""
        (found,) = self._browsing.page(Query(), after=Position("", number - 1), size=1).certificates
        return found

    def bytes_of(self, numbers: Sequence[int]) -> list[Certificate]:
        """The certificates with our ids, in that order."""
        found = bulk.look_up(
            lambda some: models.CertificateBytes.objects.filter(certificate__in=some).values_list("certificate", "der"),
            numbers,
        )
        by_number = {number: from_der(bytes(der)) for number, der in found}
        return [by_number[number] for number in numbers if number in by_number]

    def faults(self, wanted: str) -> tuple[Fault, ...]:
        """The open findings of a certificate, the worst first; a CA's is known by its fingerprint alone."""
        authority = authority_id(wanted)
        return _faults(self._inventory.get(wanted).id if authority is None else authority)

    def lineage(self, wanted: str) -> tuple[Relative, ...]:
        """The lineage of a certificate; see :func:`certwright.store.lineage.lineage`."""
        return lineage(self._inventory.get(wanted).id, self._clock)

    def _told(self, certificate: int) -> tuple[Told, ...]:
        found = models.CAOrder.objects.filter(certificate=certificate).select_related("account").order_by("-pk")
        ca_orders = list(found[:_FEW])
        integrations = models.Source.objects.filter(account__in={row.account_id for row in ca_orders})
        names = dict(integrations.values_list("account", "name"))
        silent = self._silent(names.values())
        return tuple(
            Told(
                account=row.account.name,
                ca=row.account.ca,
                reference=row.account.reference,
                order=reported(row),
                seen_at=row.seen_at,
                detailed_at=row.detailed_at,
                silent_since=silent.get(names.get(row.account_id, "")),
                vanished_at=row.vanished_at,
            )
            for row in ca_orders
        )

    def _sights(self, sightings: Any) -> tuple[Sight, ...]:
        here = sightings.filter(vanished_at=None).select_related("source").order_by("-last_seen_at", "pk")
        gone = sightings.exclude(vanished_at=None).select_related("source").order_by("-vanished_at", "pk")
        found = list(here[:SIGHTINGS])
        found += gone[: SIGHTINGS - len(found)]
        silent = self._silent({row.source.name for row in found})
        return tuple(
            Sight(
                place=row.place,
                source=row.source.name,
                kind=SourceKind(row.source.kind),
                address=row.address,
                protocol=row.protocol,
                has_key=row.has_key,
                first_seen_at=row.first_seen_at,
                last_seen_at=row.last_seen_at,
                vanished_at=row.vanished_at,
                trouble=row.trouble,
                silent_since=silent[row.source.name],
            )
            for row in found
        )

    def _silent(self, names: Iterable[str]) -> dict[str, datetime | None]:
        """Since when each of these sources has been silent."""
        return {name: self._sources.silent_since(self._sources.get(name)) for name in names}


def _control(names: Sequence[str], accounts: set[str]) -> tuple[Control, ...]:
    """For each name and CA account what that knows of it."""
    wanted = list(dict.fromkeys(parent for name in names for parent in _upwards(name)))
    known: dict[tuple[str, str], Any] = {}
    for row in bulk.look_up(
        lambda some: models.Domain.objects.filter(name__in=some, account__name__in=accounts).select_related("account"),
        wanted if accounts else [],
    ):
        at = (row.account.name, row.name)
        if at not in known or row.vanished_at is None:  # one that the CA still lists, where a name is there twice
            known[at] = row
    found = []
    for name in names:
        for account in sorted(accounts):
            row = next((known[account, parent] for parent in _upwards(name) if (account, parent) in known), None)
            found.append(
                Control(name, account, domain_value(row), row.seen_at, row.vanished_at)
                if row
                else Control(name, account, None, None, None)
            )
    return tuple(found)


def _upwards(name: str) -> tuple[str, ...]:
    """A name and the domains above it, the closest first; of a wildcard also the domain below which it stands."""
    labels = name.split(".")
    return tuple(".".join(labels[start:]) for start in range(len(labels) - 1)) or (name,)


def _faults(certificate: int) -> tuple[Fault, ...]:
    found = models.Finding.objects.filter(certificate=certificate).order_by("-severity", "rule")
    return tuple(
        Fault(Finding(row.rule, severity, row.detail, row.advice, row.source), row.found_at)
        for row in found[: 2 * _FEW]
        if (severity := SEVERITIES[row.severity])
    )


def _orders(certificate: int) -> tuple[Order, ...]:
    """Ours: that got it, and that are to get its successor."""
    found = models.Order.objects.select_related("account", "key", "certificate", "replaces")
    mine = found.filter(certificate=certificate).order_by("pk")[:_FEW]
    next_ones = found.filter(replaces=certificate).exclude(certificate=certificate).order_by("pk")[:_FEW]
    return tuple(rows.order_value(row) for row in (*mine, *next_ones))


def _revocations(certificate: int) -> tuple[Revocation, ...]:
    """Our wishes to revoke it, newest first."""
    found = models.Revocation.objects.filter(certificate=certificate).select_related("account", "certificate")
    return tuple(rows.revocation_value(row) for row in found.order_by("-pk")[:_FEW])

"""What the CAs list of an account: groups, organizations, domains, products, each as it was last seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import transaction
from django.db.models import Q

from certwright.model.ca import Domain, Group, Login, Organization, Product
from certwright.model.ports import Clock
from certwright.model.words import Listing
from certwright.store import models

Item = TypeVar("Item", Domain, Group, Organization, Product)
_BATCH = 500
_LONGEST = 200  # characters of a text column


@dataclass(frozen=True, slots=True)
class Synced:
    """What one reading of a list brought: how much is listed, and of that new, changed or no longer there."""

    listed: int
    new: int = 0
    changed: int = 0
    vanished: int = 0


@dataclass(frozen=True, slots=True)
class SyncTime:
    """When a list was last read (UTC), when that was last tried, and why it could not be read since."""

    listing: Listing
    synced_at: datetime | None
    tried_at: datetime
    listed: int
    trouble: str


@dataclass(frozen=True, slots=True)
class Seen(Generic[Item]):
    """Something that was listed, and since when it no longer is."""

    item: Item
    seen_at: datetime
    vanished_at: datetime | None


class Listings:
    """The lists of every CA account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def keep(self, account: str, listing: Listing, items: Sequence[Any]) -> Synced:
        """Take a list over as the CA shows it now, in one transaction. What is missing in it is marked, not deleted."""
        now = self._clock.now()
        owner = models.CAAccount.objects.get(name=account)
        table = _TABLES[listing]
        by_id = {columns["ca_id"]: columns for columns in map(_columns, items)}
        with transaction.atomic():
            rows = {row.ca_id: row for row in table.objects.filter(account=owner)}
            new = [
                table(account=owner, seen_at=now, **columns) for ca_id, columns in by_id.items() if ca_id not in rows
            ]
            changed = [
                row
                for ca_id, columns in by_id.items()
                if (row := rows.get(ca_id)) and (row.vanished_at or _differs(row, columns))
            ]
            for row in changed:
                for column, value in by_id[row.ca_id].items():
                    setattr(row, column, value)
                row.vanished_at = None
            table.objects.bulk_create(new, batch_size=_BATCH)
            if changed:
                written = [*by_id[changed[0].ca_id], "vanished_at"]
                table.objects.bulk_update(changed, written, batch_size=_BATCH // len(written))
            gone = [row.pk for ca_id, row in rows.items() if ca_id not in by_id and row.vanished_at is None]
            for first in range(0, len(gone), _BATCH):
                table.objects.filter(pk__in=gone[first : first + _BATCH]).update(vanished_at=now)
            table.objects.filter(account=owner, vanished_at=None).update(seen_at=now)
            self._note(owner, listing, tried_at=now, synced_at=now, listed=len(by_id), trouble="")
        return Synced(len(by_id), len(new), len(changed), len(gone))

    def keep_login(self, account: str, login: Login) -> Synced:
        """Keep what the CA said of the credential."""
        now = self._clock.now()
        owner = models.CAAccount.objects.get(name=account)
        told = {field.name: getattr(login, field.name) for field in fields(login)}
        with transaction.atomic():
            models.CAAccount.objects.filter(pk=owner.pk).update(login=told)
            self._note(owner, Listing.ACCOUNT, tried_at=now, synced_at=now, listed=1, trouble="")
        return Synced(1, new=int(not owner.login), changed=int(bool(owner.login) and owner.login != told))

    def failed(self, account: str, listing: Listing, why: str) -> None:
        """Remember that a list could not be read; what was read before stays."""
        owner = models.CAAccount.objects.get(name=account)
        self._note(owner, listing, tried_at=self._clock.now(), trouble=why)

    def _note(self, owner: models.CAAccount, listing: Listing, **columns: Any) -> None:
        models.Sync.objects.update_or_create(account=owner, listing=listing, defaults=columns)

    def times(self, account: str) -> dict[Listing, SyncTime]:
        """When each list of the account was last read; one that never was tried is absent."""
        rows = {row.listing: row for row in models.Sync.objects.filter(account__name=account)}
        return {
            listing: SyncTime(listing, row.synced_at, row.tried_at, row.listed, row.trouble)
            for listing in Listing
            if (row := rows.get(listing)) is not None
        }

    def is_due(self, account: str, listing: Listing, *, every: timedelta, after_trouble: timedelta) -> bool:
        """Whether a list was read so long ago, or could not be and it is time for another try.

        A time that lies ahead as far comes from a clock that was wrong: it counts as long ago.
        """
        known = self.times(account).get(listing)
        if known is None:
            return True
        now = self._clock.now()
        fresh = known.synced_at is not None and abs(now - known.synced_at) < every
        return not fresh and abs(now - known.tried_at) >= (after_trouble if known.trouble else timedelta(0))

    def groups(self, account: str) -> list[Seen[Group]]:
        """The groups, by name."""
        return _seen(
            models.CAGroup, account, lambda row: Group(row.ca_id, row.name, row.default, row.balance, row.active)
        )

    def organizations(self, account: str) -> list[Seen[Organization]]:
        """The organizations, by name."""
        return _seen(models.Organization, account, _organization)

    def domains(self, account: str) -> list[Seen[Domain]]:
        """The domains, by name."""
        return _seen(models.Domain, account, domain_value)

    def products(self, account: str) -> list[Seen[Product]]:
        """The products, by the CA's id."""
        return sorted(_seen(models.Product, account, _product), key=lambda seen: seen.item.ca_id)

    def product(self, account_id: int, ca_id: str) -> Product | None:
        """The product of that id that is still listed; None when there is none."""
        row = models.Product.objects.filter(account_id=account_id, ca_id=ca_id, vanished_at=None).first()
        return _product(row) if row else None

    def organization(self, account_id: int, wanted: str) -> Organization | None:
        """The one active organization of that id or name, for "" the only one; None when there is not exactly one."""
        active = models.Organization.objects.filter(account_id=account_id, active=True, vanished_at=None)
        fitting = list((active.filter(Q(ca_id=wanted) | Q(name__iexact=wanted)) if wanted else active)[:2])
        return _organization(fitting[0]) if len(fitting) == 1 else None


def _seen(table: Any, account: str, value: Callable[[Any], Item]) -> list[Seen[Item]]:
    rows = table.objects.filter(account__name=account).order_by("name", "ca_id")
    return [Seen(value(row), row.seen_at, row.vanished_at) for row in rows]


def _organization(row: Any) -> Organization:
    return Organization(row.ca_id, row.name, row.active, row.status)


def domain_value(row: Any) -> Domain:
    return Domain(
        row.ca_id, row.name, row.proven, row.active, row.organization, row.method, row.status, row.proven_until
    )


def _product(row: Any) -> Product:
    return Product(
        row.ca_id,
        row.name,
        row.validation,
        row.public_trust,
        row.organization_required,
        row.kind,
        tuple(row.years),
    )


_TABLES: Mapping[Listing, Any] = {
    Listing.GROUPS: models.CAGroup,
    Listing.ORGANIZATIONS: models.Organization,
    Listing.DOMAINS: models.Domain,
    Listing.PRODUCTS: models.Product,
}


def _columns(item: Any) -> dict[str, Any]:
    """The item's fields as columns; texts of a CA that are longer than a column are cut."""
    return {field.name: _column(getattr(item, field.name)) for field in fields(item)}


def _column(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_LONGEST]
    return list(value) if isinstance(value, tuple) else value


def _differs(row: Any, columns: Mapping[str, Any]) -> bool:
    return any(getattr(row, column) != value for column, value in columns.items())

"""Sync: what a CA account has, read from the CA on demand and on a schedule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from certwright.engine.run import PortsFor
from certwright.flow.trouble import Talks, trouble
from certwright.model.errors import CertwrightError, Refused
from certwright.model.ports import HasCatalogue, ListsDomains, ListsGroups, TestsLogin
from certwright.model.words import Listing
from certwright.store.accounts import Account, Accounts
from certwright.store.listings import Listings, Synced

PERIOD = timedelta(minutes=5)
EVERY_HOURS = 24.0  # unless the account's setting sync_hours says otherwise
_AFTER_TROUBLE = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How one list is read: the port that has it, and its method."""

    port: type
    read: Callable[[Any], Any]


_READINGS = {
    Listing.ACCOUNT: _Reading(TestsLogin, lambda ca: ca.login()),
    Listing.GROUPS: _Reading(ListsGroups, lambda ca: ca.groups()),
    Listing.ORGANIZATIONS: _Reading(HasCatalogue, lambda ca: ca.organizations()),
    Listing.DOMAINS: _Reading(ListsDomains, lambda ca: ca.domains()),
    Listing.PRODUCTS: _Reading(HasCatalogue, lambda ca: ca.products()),
}


def listings_of(ca: object) -> tuple[Listing, ...]:
    """The lists that a CA has."""
    return tuple(listing for listing, reading in _READINGS.items() if isinstance(ca, reading.port))


def sync_one(listings: Listings, account: str, ca: object, listing: Listing) -> Synced:
    """Read one list and keep it; raises the CA's error, having remembered it."""
    if listing not in listings_of(ca):
        raise Refused(f"This CA lists no {listing} over its API.")
    try:
        found: Any = _READINGS[listing].read(ca)
    except CertwrightError as error:
        listings.failed(account, listing, str(error))
        raise
    if listing is Listing.ACCOUNT:
        return listings.keep_login(account, found)
    return listings.keep(account, listing, found)


def sync(
    listings: Listings, account: str, ca: object, only: Collection[Listing] = ()
) -> tuple[dict[Listing, Synced], dict[Listing, CertwrightError]]:
    """Read the lists given, or all that the CA has. One that fails keeps none of the others from being read."""
    done: dict[Listing, Synced] = {}
    failed: dict[Listing, CertwrightError] = {}
    for listing in only or listings_of(ca):
        try:
            done[listing] = sync_one(listings, account, ca, listing)
        except CertwrightError as error:
            failed[listing] = error
    return done, failed


class Syncing:
    """The schedule: every list of every CA account once in ``sync_hours``, after trouble again in an hour."""

    def __init__(self, accounts: Accounts, listings: Listings, ports_for: PortsFor) -> None:
        self._accounts = accounts
        self._listings = listings
        self._ports_for = ports_for

    def turn(self) -> None:
        """Read what is due, of the accounts that may be asked now; what goes wrong with one keeps no other waiting."""
        for account in self._accounts.all():
            if not self._accounts.may_be_asked(account):
                continue
            try:
                self._account(account)
            except (CertwrightError, ValueError) as error:
                log.warning("not synced", account=account.name, why=str(error))
            except Exception:
                log.exception("not synced", account=account.name)

    def _account(self, account: Account) -> None:
        every = timedelta(hours=float(account.settings.get("sync_hours", EVERY_HOURS)))
        if every <= timedelta(0):
            return
        at = self._ports_for(account.name)
        due: Sequence[Listing] = [
            listing
            for listing in listings_of(at.ca)
            if self._listings.is_due(account.name, listing, every=every, after_trouble=_AFTER_TROUBLE)
        ]
        if not due:
            return
        _, failed = sync(self._listings, account.name, at.ca, due)
        for listing, why in failed.items():
            log.warning("not synced", account=account.name, listing=str(listing), why=str(why))
        if failed:
            trouble(next(iter(failed.values())), Talks.CA, 0, at)
        else:
            at.standing.answered()

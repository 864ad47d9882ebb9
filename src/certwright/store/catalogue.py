"""What one CA account may order, as orders ask for it."""

from __future__ import annotations

from collections.abc import Callable

from certwright.model.ca import Organization, Product
from certwright.model.words import Listing
from certwright.store.accounts import Account
from certwright.store.listings import Listings

Refresh = Callable[[Listing], object]  # reads one list from the CA and keeps it


class AccountCatalogue:
    """What one account may order: our copy first, the CA when something is not in it.

    ``refresh`` is None where the CA has no catalogue; then every product is taken for one.
    """

    def __init__(self, listings: Listings, account: Account, refresh: Refresh | None) -> None:
        self._listings = listings
        self._account = account
        self._refresh = refresh

    def product(self, ca_id: str) -> Product | None:
        """See :class:`certwright.model.ports.Catalogue`."""
        if self._refresh is None:
            return Product(ca_id, ca_id)
        known = self._listings.product(self._account.id, ca_id)
        if known is None:
            self._refresh(Listing.PRODUCTS)
            known = self._listings.product(self._account.id, ca_id)
        return known

    def organization(self, wanted: str) -> Organization | None:
        """See :class:`certwright.model.ports.Catalogue`. The account's setting ``organization`` is its default."""
        wanted = wanted or str(self._account.settings.get("organization", ""))
        found = self._listings.organization(self._account.id, wanted)
        # That there are several does not change by asking again.
        worth_asking = wanted or not self._listings.organizations(self._account.name)
        if found is None and worth_asking and self._refresh is not None:
            self._refresh(Listing.ORGANIZATIONS)
            found = self._listings.organization(self._account.id, wanted)
        return found

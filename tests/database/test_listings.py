"""What a CA account lists: synced list by list, marked when it vanished, and asked for once by orders."""

from __future__ import annotations

from functools import partial

from certwright.engine.syncing import sync, sync_one
from certwright.model.ca import Organization, Product
from certwright.store.catalogue import AccountCatalogue
from tests.database.stock import ACCOUNT, Stock
from tests.fakes.clock import FakeClock


def catalogue_of(stock: Stock, ca: object) -> AccountCatalogue:
    """The catalogue that orders ask, in front of that CA."""
    return AccountCatalogue(stock.listings, stock.accounts.get(ACCOUNT), partial(sync_one, stock.listings, ACCOUNT, ca))


class HeldCatalogue:
    """A CA's catalogue that a test changes."""

    def __init__(self) -> None:
        self.asked = 0
        self.known = [Organization("7", "Meadow GmbH")]

    def organizations(self) -> list[Organization]:
        self.asked += 1
        return self.known

    def products(self) -> list[Product]:
        return [Product("tls", "TLS", "ov")]


def test_the_catalogue_asks_the_ca_once_for_what_it_does_not_have(stock: Stock) -> None:
    ca = HeldCatalogue()
    catalogue = catalogue_of(stock, ca)
    for _ in range(3):
        assert catalogue.product("tls") == Product("tls", "TLS", "ov")
        assert catalogue.organization("") == Organization("7", "Meadow GmbH")
        assert catalogue.organization("meadow gmbh") == Organization("7", "Meadow GmbH")
    assert ca.asked == 1  # for each list, once
    assert catalogue.product("gold") is None


def test_an_organization_that_has_vanished_is_not_ordered_for(stock: Stock) -> None:
    ca = HeldCatalogue()
    catalogue = catalogue_of(stock, ca)
    assert catalogue.organization("7") is not None
    ca.known = [Organization("8", "Other GmbH")]
    assert isinstance(stock.clock, FakeClock)
    stock.clock.advance(1)
    sync(stock.listings, ACCOUNT, ca)
    assert catalogue.organization("7") is None
    assert catalogue.organization("") == Organization("8", "Other GmbH")


def test_of_two_organizations_none_is_guessed(stock: Stock) -> None:
    ca = HeldCatalogue()
    ca.known = [Organization("7", "Meadow GmbH"), Organization("8", "Other GmbH")]
    catalogue = catalogue_of(stock, ca)
    assert catalogue.organization("") is None
    assert catalogue.organization("8") == Organization("8", "Other GmbH")

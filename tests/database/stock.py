"""The store with something in it, for tests."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from certwright.model.order import Order
from certwright.model.ports import Clock
from certwright.model.words import KeyKind
from certwright.pki.keys import KeySpec
from certwright.store import models
from certwright.store.accounts import Account, Accounts
from certwright.store.browsing import Browsing
from certwright.store.inventory import Inventory
from certwright.store.journal import OrderJournal, RevocationJournal
from certwright.store.listings import Listings
from certwright.store.loading import Loading
from certwright.store.orders import KeyWish, Orders
from certwright.store.overview import Overview
from certwright.store.sources import Sources
from tests.cases.authority import NOW
from tests.fakes.world import some_request

ACCOUNT = "meadow"
_NUMBERS = count(1)


def some_account(name: str = ACCOUNT, **change: Any) -> Account:
    """A CA account as ``account add`` would enter it."""
    fields: dict[str, Any] = {
        "id": 0,
        "name": name,
        "ca": "digicert",
        "url": "https://127.0.0.1:1/",
        "settings": {},
        "reference": "",
        "read_only": False,
        "enabled": True,
        "paused_because": "",
        "quiet_until": None,
        "quiet_because": "",
        "created_at": NOW,
        "synced_at": None,
        "sealed_secrets": b"sealed",
    }
    return Account(**{**fields, **change})


class Stock:
    """Everything of the store, on one clock."""

    def __init__(self, clock: Clock, *, with_account: bool = True) -> None:
        self.clock = clock
        self.orders = Orders(clock)
        self.accounts = Accounts(clock)
        self.inventory = Inventory(clock)
        self.listings = Listings(clock)
        self.browsing = Browsing(clock)
        self.loading = Loading(clock)
        self.overview = Overview(clock)
        self.sources = Sources(clock, "worker", lambda _: True)
        if with_account:
            self.accounts.add(some_account())

    def order(self, *, kind: KeyKind = KeyKind.SOFTWARE, account: str = ACCOUNT, **request: Any) -> Order:
        """Record a new order, due now."""
        reference = request.pop("reference", f"reference-{next(_NUMBERS)}")
        wish = KeyWish(kind, KeySpec.EC_P256, token="hsm" if kind is KeyKind.PKCS11 else "")
        order, _ = self.orders.create(account, some_request(**request), wish, reference=reference)
        return order

    def journal(self, owner: str = "worker", alive: Callable[[str], bool] = lambda _: True) -> OrderJournal:
        """The journal of orders as that process sees it."""
        return OrderJournal(self.clock, owner, alive)

    def revocations(self, owner: str = "worker") -> RevocationJournal:
        """The journal of revocations as that process sees it."""
        return RevocationJournal(self.clock, owner, lambda _: True)

    def row(self, order: Order | int) -> models.Order:
        """The order's row as it is in the file."""
        return models.Order.objects.get(pk=order if isinstance(order, int) else order.id)

"""emSign's office: every record it keeps, and how they are found."""

from __future__ import annotations

from bisect import insort
from collections import deque
from datetime import datetime

from certwright_sandbox.emsign.records import Account, Order, UsedCsr
from certwright_sandbox.ledger import Entry
from certwright_sandbox.office import AnyOffice
from certwright_sandbox.playing import World

CA_NAME = "emsign"
FIRST_REQUEST_NUMBER = 3_812_000_001
FIRST_ORDER_NUMBER = 6_625_000_001


def _placed_at(order: Order) -> datetime:
    return order.placed_at


class Office(AnyOffice):
    """The records, and how they are found."""

    ca_name = CA_NAME

    def __init__(self, world: World) -> None:
        """Go on with what the state holds."""
        super().__init__(world)
        state = world.state
        self.accounts = state.table("emsign.account", Account)
        self.orders = state.table("emsign.order", Order)
        self.used_csrs = state.table("emsign.used_csr", UsedCsr)
        self.txns: dict[str, set[str]] = {}  # used, by account
        self.placements: dict[str, deque[datetime]] = {}  # the latest, by account
        self.blocked_until: dict[str, datetime] = {}
        self._by_time: dict[str, list[Order]] = {}
        self.accounts_by_number = self.accounts.index(lambda account: account.number)
        self.orders_by_number = self.orders.index(lambda order: order.number or None)
        self.orders_by_name = self.orders.index(lambda order: (order.account, order.common_name))
        self.family_of = self.orders.index(lambda order: order.base_id)
        self.hidden_of = self.orders.index(lambda order: order.account if order.visible_from else None)
        self.revoked_by = self.orders.index(lambda order: order.authority if order.revoked_at is not None else None)
        self._last_number = max(
            (int(order.number) for order in self.orders if order.number.isdecimal()), default=FIRST_ORDER_NUMBER - 1
        )
        for order in self.orders:
            self._file(order)

    def add(self, order: Order) -> Order:
        """Keep a new order."""
        self.orders.add(order)
        self._file(order)
        return order

    def by_time(self, account: str) -> list[Order]:
        """The account's orders by the time they were placed, oldest first; not to be changed."""
        return self._by_time.get(account, [])

    def new_request_number(self) -> int:
        """The next requestNumber."""
        return self.new_id(self.orders, FIRST_REQUEST_NUMBER)

    def new_order_number(self) -> str:
        """The next orderNumber."""
        self._last_number += 1
        return str(self._last_number)

    def account_of(self, order: Order) -> Account:
        """The account that placed an order."""
        return self.accounts[order.account]

    def entry(self, order: Order) -> Entry:
        """The ledger's entry of the bought order."""
        return self.world.ledger.entry(CA_NAME, self.orders[order.base_id].number)

    def set_state(self, order: Order, state: str) -> None:
        """Move an order on; the ledger follows it once it was bought."""
        order.state = state
        if order.number and order.base_id == order.request_number:
            self.entry(order).status = "issued" if state == "downloaded" else state

    def _file(self, order: Order) -> None:
        rows = self._by_time.setdefault(order.account, [])
        if rows and rows[-1].placed_at > order.placed_at:  # the clock was set back
            insort(rows, order, key=_placed_at)
        else:
            rows.append(order)

"""emSign's office: every record it keeps, and how they are found."""

from __future__ import annotations

from bisect import insort
from collections import deque
from datetime import datetime

from certwright_sandbox.emsign.records import Account, Domain, Order, UsedCsr, UsedTxn
from certwright_sandbox.ledger import Entry
from certwright_sandbox.office import AnyOffice
from certwright_sandbox.playing import World

CA_NAME = "emsign"
FIRST_REQUEST_NUMBER = 3_812_000_001
FIRST_ORDER_NUMBER = 6_625_000_001
MOST_TXNS = 250_000  # older ones are forgotten, so that an endurance run cannot fill the memory


def placed_at(order: Order) -> datetime:
    """When an order was placed, or a draft made."""
    return order.placed_at


class Office(AnyOffice):
    """The records, and how they are found."""

    ca_name = CA_NAME

    def __init__(self, world: World) -> None:
        """Go on with what the state holds."""
        super().__init__(world)
        state = world.state
        self.accounts = state.table("emsign.account", Account)
        self.domains = state.table("emsign.domain", Domain)
        self.orders = state.table("emsign.order", Order)
        self.used_csrs = state.table("emsign.used_csr", UsedCsr)
        self._txns = state.table("emsign.txn", UsedTxn)
        self._txns_in_turn = deque(str(txn.id) for txn in self._txns)
        self.placements: dict[str, deque[datetime]] = {}  # the latest, by account
        self.blocked_until: dict[str, datetime] = {}
        self._by_time: dict[str, list[Order]] = {}
        self.accounts_by_number = self.accounts.index(lambda account: account.number)
        self.domains_of = self.domains.index(lambda domain: domain.account)
        self.orders_by_number = self.orders.index(lambda order: order.number or None)
        self.orders_by_name = self.orders.index(lambda order: (order.account, order.common_name))
        self.drafts_of = self.orders.index(lambda order: order.account if order.state == "draft" else None)
        self.orders_by_serial = self.orders.index(lambda order: order.serial or None)
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

    def place(self, order: Order) -> None:
        """A draft is placed now: it gets its number, and its place among the orders."""
        rows = self._by_time[order.account]
        del rows[next(at for at in reversed(range(len(rows))) if rows[at] is order)]
        order.number = self.new_order_number()
        order.state = "pending"
        order.placed_at = self.now()
        self._file(order)

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

    def domain(self, account: str, name: str) -> Domain | None:
        """The account's domain of this name, however its proof stands."""
        return self.domains.get(f"{account}/{name}")

    def use_txn(self, account: Account, txn: str) -> bool:
        """Note the `txn` of a call; whether it was a new one."""
        txn_id = f"{account.id}/{txn}"
        if self._txns.get(txn_id) is not None:
            return False
        self._txns.add(UsedTxn(txn_id))
        self._txns_in_turn.append(txn_id)
        if len(self._txns_in_turn) > MOST_TXNS:
            self._txns.remove(self._txns[self._txns_in_turn.popleft()])
        return True

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
            insort(rows, order, key=placed_at)
        else:
            rows.append(order)

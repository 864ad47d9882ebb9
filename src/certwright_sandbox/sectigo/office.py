"""Sectigo's office: every record it keeps, and how they are found."""

from __future__ import annotations

from bisect import insort
from datetime import datetime

from certwright_sandbox.ledger import Entry
from certwright_sandbox.office import AnyOffice
from certwright_sandbox.playing import World
from certwright_sandbox.sectigo.records import Account, Collected, CompromisedKey, Grant, Order, Proven

CA_NAME = "sectigo"
FIRST_ORDER_NUMBER = 701_000_001
FIRST_CERTIFICATE_ID = 90_071_000_001
CERTIFICATE_ID_STEP = FIRST_CERTIFICATE_ID - FIRST_ORDER_NUMBER  # an order has one certificate, numbered alike


def _placed_at(order: Order) -> datetime:
    return order.placed_at


class Office(AnyOffice):
    """The records, and how they are found."""

    ca_name = CA_NAME

    def __init__(self, world: World) -> None:
        """Go on with what the state holds."""
        super().__init__(world)
        state = world.state
        self.accounts = state.table("sectigo.account", Account)
        self.orders = state.table("sectigo.order", Order)
        self.grants = state.table("sectigo.grant", Grant)
        self.proven = state.table("sectigo.proven", Proven)
        self.compromised_keys = state.table("sectigo.compromised_key", CompromisedKey)
        self.collected = state.table("sectigo.collected", Collected)
        self.wrong_passwords: dict[str, int] = {}  # in a row, by account
        self.last_collects: dict[int, datetime] = {}  # by order number
        self._by_time: dict[str, list[Order]] = {}
        self.orders_referred = self.orders.index(
            lambda order: (order.account, order.reference) if order.reference else None
        )
        self.family_of = self.orders.index(lambda order: order.base_number)
        self.orders_by_serial = self.orders.index(lambda order: order.serial or None)
        self.pending_tokens = self.orders.index(
            lambda order: (order.account, order.request_token) if order.state == "pending" else None
        )
        self.hidden_of = self.orders.index(lambda order: order.account if order.visible_from else None)
        self.revoked_by = self.orders.index(
            lambda order: order.authority if order.revoked_at is not None and order.in_crl else None
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

    def new_number(self) -> int:
        """The next order number."""
        return self.new_id(self.orders, FIRST_ORDER_NUMBER)

    def order_of_certificate(self, certificate_id: int) -> Order | None:
        """The order whose certificate has this id."""
        return self.orders.get(certificate_id - CERTIFICATE_ID_STEP)

    def family(self, order: Order) -> list[Order]:
        """The order's family, the first one first."""
        return self.family_of.find(order.base_number)

    def account_of(self, order: Order) -> Account:
        """The account that placed an order."""
        return self.accounts[order.account]

    def entry(self, order: Order) -> Entry:
        """The ledger's entry of the order's family."""
        return self.world.ledger.entry(CA_NAME, order.base_number)

    def set_state(self, order: Order, state: str, reason: str = "") -> None:
        """Move an order on; the ledger follows the newest of a family."""
        order.state = state
        order.changed_at = self.now()
        if reason:
            order.reason = reason
        if self.family(order)[-1] is order or not order.is_replacement:
            self.entry(order).status = state

    def _file(self, order: Order) -> None:
        rows = self._by_time.setdefault(order.account, [])
        if rows and rows[-1].placed_at > order.placed_at:  # the clock was set back
            insort(rows, order, key=_placed_at)
        else:
            rows.append(order)

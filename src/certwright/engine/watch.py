"""Ask a CA once which orders changed, instead of asking for each pending one: hints that make orders due."""

from __future__ import annotations

from datetime import timedelta

import structlog

from certwright.engine.run import PortsFor
from certwright.flow.trouble import Talks, trouble
from certwright.model.errors import CertwrightError
from certwright.model.ports import ListsChanges
from certwright.store.orders import Orders

PERIOD = timedelta(minutes=1)
_OVERLAP = timedelta(seconds=30)  # clocks differ, and a turn may come late

log = structlog.get_logger(__name__)


class Watch:
    """Follows the change feeds of CAs that have one, for accounts with orders that would else be looked at late."""

    def __init__(self, orders: Orders, ports_for: PortsFor) -> None:
        self._orders = orders
        self._ports_for = ports_for

    def turn(self) -> None:
        """One look at each account's feed: one call each. What it tells becomes due; nothing else is believed."""
        for account in self._orders.accounts_to_watch(PERIOD):
            try:
                self._look(account)
            except CertwrightError as error:
                log.warning("change feed not read", account=account, why=error.detail)

    def _look(self, account: str) -> None:
        at = self._ports_for(account)
        if not isinstance(at.ca, ListsChanges):
            return
        try:
            changed = at.ca.changes(PERIOD + _OVERLAP)
        except CertwrightError as error:
            trouble(error, Talks.CA, 0, at)
            raise
        for ca_order in changed:
            self._orders.hint(account, ca_order.order_id)

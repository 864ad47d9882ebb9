"""The import of a DigiCert account as a process of its own, with a database of its own.

It reads its task as JSON from standard input: ``folder``, ``url``, ``api_key``, ``settings``, and ``die_after``, the
page after which it drops dead, or 0 for none. Its last line tells in JSON what it took and what is kept.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from certwright.cas.digicert import DigiCert
from certwright.engine.importing import Import
from certwright.model.inventory import Query
from certwright.store import setup
from certwright.store.browsing import Browsing
from certwright.store.ca_orders import CAOrders
from certwright.store.inventory import Inventory

ACCOUNT = "meadow"


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)


def main() -> None:
    """Import everything, then tell."""
    task = json.load(sys.stdin)
    setup.use(Path(task["folder"]) / "certwright.sqlite")
    setup.migrate()
    from tests.database.stock import Stock, some_account  # the models want to know the database first

    stock = Stock(SystemClock(), with_account=False)
    if not list(stock.accounts.all()):
        stock.accounts.add(some_account(ACCOUNT))
    ca_orders, inventory = CAOrders(stock.clock), Inventory(stock.clock)
    pages = 0

    def on_page(_: int, __: int | None) -> None:
        nonlocal pages
        pages += 1
        if pages == task["die_after"]:
            os._exit(9)

    with DigiCert(url=task["url"], api_key=task["api_key"], settings=task["settings"]) as ca:
        run = Import(ACCOUNT, ca, ca_orders, inventory, stock.clock)
        taken = run.orders(on_page)
        collected = run.certificates(lambda _, __: None)
    certificates = list(Browsing(stock.clock).all(Query()))
    print(
        json.dumps(
            {
                "taken": [taken.new, taken.changed, taken.known],
                "recorded": collected.recorded,
                "missing": collected.missing,
                "orders": [[row.ca_order.order_id, row.state, row.serial] for _, row in ca_orders.browse()],
                "serials": sorted(one.serial for one in certificates),
                "pages": pages,
            }
        )
    )


if __name__ == "__main__":
    main()

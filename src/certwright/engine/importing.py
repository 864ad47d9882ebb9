"""Import of a CA account's orders, page by page: repeatable, and after an interruption it goes on where it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from certwright.model.ca import CAOrder, ReportedOrder, ReportPage
from certwright.model.errors import NotFound, Refused, Unavailable
from certwright.model.ports import Clock, ReportsOrders
from certwright.model.words import CertificateState
from certwright.pki import chain as chains
from certwright.pki.certificate import from_der
from certwright.pki.errors import Invalid
from certwright.store import ca_order_changes
from certwright.store.ca_orders import CAOrders, LeftOut, Taken
from certwright.store.inventory import Inventory
from certwright.store.known import held

Read = TypeVar("Read")
_IN_A_ROW = 5  # orders whose certificate cannot be had now
_IN_FORCE = (CertificateState.VALID, CertificateState.REPLACED)
OnPage = Callable[[int, int | None], None]  # orders so far, and in all where the CA tells
OnCertificate = Callable[[int, int], None]  # certificates so far, and in all


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of the certificates: how many are new in the inventory, and why others were not had.

    ``gone`` counts those that are over and that the CA does not give out any more, ``known`` those that the inventory
    had, ordered or found by ourselves, ``ca_certificates`` what was new of the chains.
    """

    recorded: int = 0
    missing: tuple[str, ...] = ()
    gone: int = 0
    known: int = 0
    ca_certificates: int = 0

    def __add__(self, later: Collected) -> Collected:
        """Together with a later try at the same: what is missing still is missing."""
        return Collected(
            self.recorded + later.recorded,
            later.missing,
            later.gone,
            self.known + later.known,
            self.ca_certificates + later.ca_certificates,
        )


@dataclass(frozen=True, slots=True)
class Import:
    """The import of one CA account. Where the CA says how long to leave it alone, the import waits so long."""

    account: str
    ca: ReportsOrders
    ca_orders: CAOrders
    inventory: Inventory
    clock: Clock
    rest: Callable[[float], None] = time.sleep  # so many seconds, when the CA wants to be left alone so long

    def orders(self, on_page: OnPage) -> Taken:
        """Take over the CA's list, from where an interrupted import stopped; one call a page. At its end it is known
        what the list does not have any more.

        The CA is at the next page while this one is stored: the import takes as long as the CA takes for its pages.
        """
        listing = ca_order_changes.begin(self.account)
        taken, total = Taken(), None
        seen: set[int] = set()
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self._page, self.ca_orders.cursor(self.account))
            while True:
                page = coming.result()
                if page.orders and hash(page.orders) in seen:
                    raise Unavailable("The CA shows the same page of its list again and again.", advice="Ask the CA.")
                seen.add(hash(page.orders))
                if page.cursor:
                    coming = reader.submit(self._page, page.cursor)
                taken += self.ca_orders.take(self.account, page)
                total = page.total or total
                on_page(taken.new + taken.changed + taken.known, total)
                if not page.cursor:
                    vanished = ca_order_changes.complete(self.account, listing, self.clock.now())
                    return taken + Taken(vanished=vanished)

    def certificates(self, on_certificate: OnCertificate, leave_out: Collection[LeftOut] = ()) -> Collected:
        """Download and record what is not in the inventory yet, one at a time, but for the kinds left out.

        Of a certificate that is over, a CA need not give the bytes any more: that is counted, not listed.
        """
        total = self.ca_orders.count_without_certificate(self.account, leave_out)
        recorded, had, of_cas, gone, failures, missing = 0, 0, 0, 0, 0, []
        for done, (row, order) in enumerate(self.ca_orders.without_certificate(self.account, leave_out), 1):
            try:
                fingerprint, new = self._have(order)
                self.ca_orders.link(row, fingerprint)
                recorded += fingerprint in new
                had += fingerprint not in new
                of_cas += len(new - {fingerprint})
                failures = 0
            except Unavailable as error:
                failures += 1
                if failures >= _IN_A_ROW:  # it is the CA, not this one order
                    raise
                missing.append(f"{_named(order.ca_order)}: {error.detail}")
            except (NotFound, Refused, Invalid) as error:
                if order.certificate_state in _IN_FORCE:
                    missing.append(f"{_named(order.ca_order)}: {error.detail}")
                else:
                    gone += 1
            on_certificate(done, total)
        return Collected(recorded, tuple(missing), gone, had, of_cas)

    def _page(self, cursor: str) -> ReportPage:
        return self._patiently(lambda: self.ca.report_page(cursor))

    def _patiently(self, read: Callable[[], Read]) -> Read:
        """What the CA answers, after as many rests as it asks for; raises what else it answers."""
        while True:
            try:
                return read()
            except Unavailable as error:
                if error.retry_after is None:
                    raise
                self.rest(error.retry_after)

    def _have(self, order: ReportedOrder) -> tuple[str, set[str]]:
        """The fingerprint of its certificate, and those of all that are new in the inventory with it."""
        if known := self.inventory.known(self.account, order.ca_order):  # what we ordered ourselves
            return known, set()
        given = self._patiently(lambda: self.ca.download(order.ca_order))
        chain = chains.build([from_der(der) for der in given])
        state = order.certificate_state or CertificateState.VALID
        came = [one.fingerprint for one in chain.certificates]
        here = held(came)
        self.inventory.take(self.account, order.ca_order, chain, state, base_order_id=order.base_order_id)
        return chain.leaf.fingerprint, {*came} - here


def _named(ca_order: CAOrder) -> str:
    return f"{ca_order} {ca_order.certificate_id}".rstrip()

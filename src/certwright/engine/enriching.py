"""A run of an integration: what a CA tells of its account, its orders and its certificates, into the inventory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from certwright.engine.discovering import Looked, OnStep
from certwright.engine.importing import Collected, Import
from certwright.engine.run import PortsFor
from certwright.engine.syncing import listings_of, sync, sync_one
from certwright.flow.trouble import Talks, trouble
from certwright.model.ca import ReportedOrder
from certwright.model.errors import CertwrightError, Refused, Unavailable
from certwright.model.inventory import Run, Source, Tally
from certwright.model.ports import DetailsOrders, Ports, ReportsOrders, Trust
from certwright.pki import chain as chains
from certwright.pki import verify
from certwright.pki.errors import Invalid
from certwright.store.ca_orders import DETAILS_LAST, CAOrders, LeftOut, Taken
from certwright.store.inventory import Inventory
from certwright.store.listings import Listings
from certwright.store.sources import Sources

DETAILS_PER_RUN = 1000  # orders asked for one by one: the rest is for the next runs
_IN_A_ROW = 5
_TOLD = 3


@dataclass(frozen=True, slots=True)
class Enriching:
    """Reads a CA account: its lists, then all its orders, then what of them is still missing.

    The settings of its source are ``certificates`` (whether to fetch those nobody has found), ``details`` (whether to
    ask for single orders), ``leave_out`` (see ``LeftOut``) and ``again`` (whether to ask for orders in force whose
    details are known already).
    """

    sources: Sources
    listings: Listings
    ca_orders: CAOrders
    inventory: Inventory
    ports_for: PortsFor

    def __call__(self, source: Source, run: Run, step: OnStep) -> Looked:
        """See ``discovering.Look``. A CA that fails is rested as the stories of orders do."""
        at = self.ports_for(source.account)
        try:
            looked = self._read(source, run, at, step)
        except CertwrightError as error:
            trouble(error, Talks.CA, source.failures, at)
            raise
        at.standing.answered()
        return looked

    def _read(self, source: Source, run: Run, at: Ports, step: OnStep) -> Looked:
        ca: object = at.ca
        if not isinstance(ca, ReportsOrders):
            raise Refused("This CA lists no orders over its API.", advice="Its certificates are found by scans.")
        told = self._lists(source, ca, step)
        task = Import(source.account, ca, self.ca_orders, self.inventory, at.clock)
        taken = task.orders(lambda done, total: self._step(run, step, "orders", done, total))
        matched = self.ca_orders.match(source.account, self._claim(source.account, at.trust))
        collected = self._certificates(source, run, task, step)
        if isinstance(ca, DetailsOrders) and source.settings.get("details", True):
            told += self._details(source, run, ca, step)
            collected += self._certificates(source, run, task, step)  # duplicates and reissues that only they tell of
        self.sources.progress(run, _tally(taken, collected, matched))
        return Looked(" ".join([*told, *_missing(collected)]), complete=True)

    def _lists(self, source: Source, ca: object, step: OnStep) -> list[str]:
        """The login first: a key that is turned away there is turned away everywhere, and need not be tried again."""
        step("lists", 0, None)
        first, *others = listings_of(ca)
        sync_one(self.listings, source.account, ca, first)
        _, failed = sync(self.listings, source.account, ca, others) if others else ({}, {})
        return [f"The list of {listing} could not be read: {error.detail}" for listing, error in failed.items()]

    def _certificates(self, source: Source, run: Run, task: Import, step: OnStep) -> Collected:
        if not source.settings.get("certificates", True):
            return Collected()
        leave_out = [LeftOut(str(one)) for one in _list(source.settings.get("leave_out", ()))]
        return task.certificates(lambda done, total: self._step(run, step, "certificates", done, total), leave_out)

    def _claim(self, account: str, trust: Trust) -> Callable[[str, ReportedOrder], bool]:
        def claim(fingerprint: str, order: ReportedOrder) -> bool:
            if not self._is_genuine(fingerprint, trust):  # then it is fetched, and known by its SHA-256
                return False
            self.inventory.claim(account, order, fingerprint)
            return True

        return claim

    def _is_genuine(self, fingerprint: str, trust: Trust) -> bool:
        """Whether a certificate that was found elsewhere is signed, link by link, up to a root of this CA account."""
        found = self.inventory.chain(self.inventory.get(fingerprint))
        try:
            chain = chains.build(found.certificates, known=(*trust.known, *trust.roots))
        except Invalid:
            return False
        return not verify.verify_path(chain, trust.roots, at=chain.leaf.not_before)

    def _details(self, source: Source, run: Run, ca: DetailsOrders, step: OnStep) -> list[str]:
        """What the CA tells of single orders only, of those that were never asked for or have changed since."""
        last = timedelta() if source.settings.get("again") else DETAILS_LAST
        wanted = self.ca_orders.without_details(source.account, DETAILS_PER_RUN, last=last)
        had, failures, refused, why = 0, 0, "", ""
        for ca_order in wanted:
            try:
                self.ca_orders.take_details(source.account, ca.details(ca_order))
                had, failures = had + 1, 0
            except Refused as error:  # NotFound among them: of one order, and it need not be asked for again soon
                self.ca_orders.without_more(source.account, ca_order)
                had, refused = had + 1, refused or f"Details of order {ca_order} are refused: {error.detail}"
            except Unavailable as error:
                failures, why = failures + 1, error.detail
                if failures >= _IN_A_ROW or error.retry_after is not None:
                    break
            self._step(run, step, "details", had, len(wanted))
        left = f"Details of {len(wanted) - had} orders are left for the next run: {why}" if had < len(wanted) else ""
        return [one for one in (refused, left) if one]

    def _step(self, run: Run, step: OnStep, what: str, done: int, total: int | None) -> None:
        self.sources.progress(run, Tally())
        step(what, done, total)


def _tally(taken: Taken, collected: Collected, matched: int) -> Tally:
    return Tally(
        looked=taken.new + taken.changed + taken.known,
        found=collected.recorded + collected.known + matched,
        new=collected.recorded,
        ca_certificates=collected.ca_certificates,
        known=collected.known + matched,
        changed=taken.changed,
        vanished=taken.vanished,
        failed=len(collected.missing),
    )


def _missing(collected: Collected) -> list[str]:
    if not collected.missing:
        return []
    return [f"{len(collected.missing)} certificates could not be fetched: {'; '.join(collected.missing[:_TOLD])}"]


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []

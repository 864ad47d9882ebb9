"""Renewal by itself: each certificate that is due gets its successor, once, inside the paid term where it can be.

What is found due becomes an order like any other, under a reference that everyone who finds it due computes alike;
so two workers, or one that was killed in between, order it once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from certwright.engine import succession
from certwright.engine.run import PortsFor
from certwright.flow.trouble import Talks, trouble
from certwright.model.errors import CertwrightError, NotFound
from certwright.model.order import Order
from certwright.model.ports import Clock, Ports, Reissues, RenewsItself, ReportsOrders
from certwright.model.words import AutoRenew, CertificateState, KeyKind, Operation, OrderState
from certwright.policy.renewal import Act, Situation, decide, late_at, paid_until
from certwright.store.accounts import Accounts
from certwright.store.inventory import Entry, Inventory
from certwright.store.orders import KeyWish, Orders
from certwright.store.renewals import Renewals

PERIOD = timedelta(minutes=1)
_BATCH = 200
_SOON = timedelta(hours=1)
_DAY = timedelta(days=1)
_TRIES = 3  # so many orders that came to nothing, and a person must look

log = structlog.get_logger(__name__)


class Renewing:
    """Looks at each bought order when its renewal is due. ``id_length`` tells how long a token's key ids are."""

    def __init__(
        self,
        clock: Clock,
        accounts: Accounts,
        orders: Orders,
        inventory: Inventory,
        renewals: Renewals,
        ports_for: PortsFor,
        id_length: Callable[[str], int],
    ) -> None:
        self._clock = clock
        self._accounts = accounts
        self._orders = orders
        self._inventory = inventory
        self._renewals = renewals
        self._ports_for = ports_for
        self._id_length = id_length

    def turn(self) -> int:
        """Look at all that is due now; returns how many orders that were."""
        found = self._renewals.due(_BATCH)
        for order_id in found:
            with suppress(NotFound):  # forgotten just now
                self._one(self._orders.get_by_id(order_id))
        return len(found)

    def _one(self, order: Order) -> None:
        """Look at one order; whatever goes wrong with it keeps no other from being renewed."""
        try:
            self._look(order)
        except CertwrightError as error:
            self._later(order, f"not renewed yet: {error}")
            log.warning("not renewed", order=order.id, why=str(error))
        except Exception:
            self._later(order, "not renewed yet: something went wrong that the log of the worker tells")
            log.exception("not renewed", order=order.id)

    def _later(self, order: Order, note: str) -> None:
        self._renewals.plan(order, self._clock.now() + _SOON, note, alarm=True)

    def _look(self, order: Order) -> None:
        now = self._clock.now()
        if order.auto_renew is AutoRenew.OFF or (order.ended and order.state is not OrderState.ISSUED):
            self._renewals.plan(order, None, "")
        elif not order.fingerprint:
            self._renewals.plan(order, now + _SOON, "")
        else:
            self._renew(order, self._inventory.get(self._renewals.issued(order)[-1].fingerprint), now)

    def _renew(self, order: Order, entry: Entry, now: datetime) -> None:
        if entry.state is CertificateState.REVOKED:
            self._renewals.plan(order, None, "its certificate was revoked: not renewed by itself")
            return
        known = self._renewals.successors(entry.certificate.fingerprint)
        if known.order is not None:
            self._follow(order, entry, known.order, now)
            return
        if known.cancelled is not None:
            note = f"order {known.cancelled} was to bring the successor and was cancelled: none is ordered by itself"
            self._renewals.plan(order, now + _DAY, note, alarm=True)
            return
        if known.spent is not None:
            note = f"order {known.spent} was to bring the successor, the CA had it, and it failed: a person must look"
            self._renewals.plan(order, now + _DAY, note, alarm=True)
            return
        at = self._ports_for(order.account)
        situation = self._situation(order, entry, at)
        act = decide(situation, now)
        if act is not Act.WAIT and not self._accounts.may_be_asked(self._accounts.get(order.account)):
            self._later(order, f"due, but its CA account {order.account} is not asked at present")
            return
        if act is not Act.WAIT and (told := _term_ends(at, order)):
            order = self._told(order, told)
            situation = self._situation(order, entry, at)
            act = decide(situation, now)
        self._act(act, situation, order, entry, known.failed)

    def _follow(self, order: Order, entry: Entry, successor: Order, now: datetime) -> None:
        """A successor is under way, or was bought and is an order with a renewal of its own."""
        leaf = entry.certificate
        if successor.state is OrderState.ISSUED:
            self._renewals.plan(order, None, f"succeeded by order {successor.id}")
        elif now >= late_at(leaf.not_before, leaf.not_after, successor.created_at):
            note = f"LATE: order {successor.id} has not brought a successor yet: {successor.why or successor.state}"
            self._renewals.plan(order, now + _SOON, note, alarm=True)
        else:
            self._renewals.plan(order, now + _SOON, f"order {successor.id} is to bring the successor")

    def _situation(self, order: Order, entry: Entry, at: Ports) -> Situation:
        leaf = entry.certificate
        return Situation(
            not_before=leaf.not_before,
            not_after=leaf.not_after,
            fingerprint=leaf.fingerprint,
            paid_until=paid_until(order.request.term, order.placed_at or order.created_at, order.paid_until),
            mode=order.auto_renew,
            days=order.renew_days,
            can_reissue=isinstance(at.ca, Reissues),
            ca_renews_days=at.ca.renews_before(order.placement) if isinstance(at.ca, RenewsItself) else None,
        )

    def _told(self, order: Order, ends: datetime) -> Order:
        self._renewals.plan(order, order.renewal_due_at, order.renewal_note, paid_until=ends)
        return self._orders.get_by_id(order.id)

    def _act(self, act: Act, situation: Situation, order: Order, entry: Entry, failed: int) -> None:
        now = self._clock.now()
        if act is Act.WAIT:
            self._renewals.plan(order, situation.due_at, "")
        elif act is Act.END:
            note = f"the paid term ends on {situation.paid_until:%Y-%m-%d}: nothing is bought by itself"
            self._renewals.plan(order, None, note, alarm=True)
        elif act is Act.ASK:
            note = (
                f"the term is paid until {situation.paid_until:%Y-%m-%d}, but this CA renews inside it in its console "
                f"only. Reissue it there, then: certwright account import {order.account}; or buy another: "
                f"certwright cert renew {entry.certificate.fingerprint[:16]}"
            )
            self._renewals.plan(order, now + _DAY, note, alarm=True)
        elif failed >= _TRIES:
            self._renewals.plan(order, now + _DAY, f"{failed} renewals came to nothing: a person must look", alarm=True)
        else:
            successor = self._order(act, order, entry, failed)
            self._renewals.plan(order, now + _SOON, f"order {successor.id} is to bring the successor")

    def _order(self, act: Act, order: Order, entry: Entry, failed: int) -> Order:
        latest = self._orders.get_by_id(entry.order_id) if entry.order_id else order
        if act is Act.BUY:
            ca = self._accounts.get(order.account).ca
            request = succession.anew(order, latest, entry, succession.remaining(ca, entry, self._clock.now()))
        else:
            operation = Operation.CA_RENEWAL if act is Act.AWAIT_CA else Operation.REISSUE
            request = succession.inside(order, latest, entry, operation)
        key, csr = self._key(act, latest, entry)
        successor, _ = self._orders.create(
            order.account,
            request,
            key,
            reference=succession.reference(order, entry, failed),
            csr=csr,
            replaces=entry.certificate.fingerprint,
            auto_renew=order.auto_renew if act is Act.BUY else AutoRenew.OFF,
            renew_days=order.renew_days if act is Act.BUY else None,
            at_ca=entry.ca_order if act is Act.AWAIT_CA else None,
        )
        return successor

    def _key(self, act: Act, latest: Order, entry: Entry) -> tuple[KeyWish, bytes]:
        """A new key where the old one lives. What the CA renews by itself, or somebody else's key, keeps its CSR."""
        ours = entry.key is not None and entry.key.kind is not KeyKind.EXTERNAL
        if ours and act is not Act.AWAIT_CA:
            return succession.same_place(entry.key, latest.request.common_name, self._id_length), b""
        return KeyWish(latest.key.kind, latest.key.spec, existing=latest.key.id), latest.csr


def _term_ends(at: Ports, order: Order) -> datetime | None:
    """When the CA says that the order ends; None when it does not say. Its trouble counts for the whole account."""
    if order.ca_order is None or not isinstance(at.ca, ReportsOrders):
        return None
    try:
        found = at.ca.report((order.ca_order.order_id,))
    except CertwrightError as error:
        trouble(error, Talks.CA, 0, at)
        raise
    at.standing.answered()
    return next((one.term_ends_at for one in found if one.term_ends_at is not None), None)

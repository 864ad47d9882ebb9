"""Bought orders with certificates, and the renewal that looks at them, on the real store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

from certwright.engine.renewing import Renewing
from certwright.model.ca import CAOrder, Placement, Progress, ReportedOrder, ReportPage, Term
from certwright.model.errors import CertwrightError
from certwright.model.order import Order
from certwright.model.words import AutoRenew, KeyKind, OrderState
from certwright.pki.chain import Chain
from certwright.pki.keys import KeySpec
from certwright.store import models
from certwright.store.accounts import AccountStanding
from certwright.store.orders import KeyWish
from certwright.store.renewals import Renewals
from tests.cases.authority import NOW, Authority, root
from tests.database.stock import ACCOUNT, Stock
from tests.fakes.world import some_request

TOP = root()
CA: Authority = TOP.intermediate(not_after=NOW + timedelta(days=3000))
DAY = timedelta(days=1)
LIFE = 99
_NUMBERS = count(1)


class PlainCA:
    """A CA that can nothing that renewal asks for."""


class ReissuingCA:
    """A CA that reissues; renewal only asks whether it can."""

    def marks(self, order_id: str) -> frozenset[str]:
        raise AssertionError("renewal orders, it does not ask the CA")

    def reissue(self, order_id: str, placement: Placement, *, deadline: float) -> Progress:
        raise AssertionError("renewal orders, it does not ask the CA")

    def find_reissue(self, order_id: str, placement: Placement, known: object) -> tuple[CAOrder, ...]:
        raise AssertionError("renewal orders, it does not ask the CA")


class RenewingCA:
    """A CA that renews by itself, thirty days before the end."""

    def renews_before(self, placement: Placement) -> int | None:
        return 30

    def newest(self, ca_order: CAOrder, placement: Placement, *, public_key_sha256: str) -> Progress:
        raise AssertionError("renewal orders, it does not ask the CA")


@dataclass
class TellingCA(ReissuingCA):
    """A CA that tells when an order ends."""

    ends: datetime | None = None
    trouble: CertwrightError | None = None
    asked: list[str] = field(default_factory=list)

    def report(self, order_ids: Sequence[str]) -> tuple[ReportedOrder, ...]:
        self.asked.extend(order_ids)
        if self.trouble is not None:
            raise self.trouble
        return tuple(ReportedOrder(CAOrder(one), OrderState.ISSUED, term_ends_at=self.ends) for one in order_ids)

    def report_page(self, cursor: str) -> ReportPage:
        raise AssertionError("renewal asks for one order, not for all")

    def download(self, ca_order: CAOrder) -> tuple[bytes, ...]:
        raise AssertionError("renewal downloads nothing")


def bought(
    stock: Stock,
    mode: AutoRenew = AutoRenew.COVERED,
    *,
    days: int | None = None,
    life: int = LIFE,
    age: int = 0,
    **request: Any,
) -> Order:
    """A bought order of a term of two years; its certificate lives ``life`` days, of which ``age`` are over."""
    request = {"term": Term(years=2), **request}
    wish = KeyWish(KeyKind.SOFTWARE, KeySpec.EC_P256)
    reference = f"bought-{next(_NUMBERS)}"
    order, _ = stock.orders.create(
        ACCOUNT, some_request(**request), wish, reference=reference, auto_renew=mode, renew_days=days
    )
    return issue(stock, order, life=life, age=age)


def issue(stock: Stock, order: Order, *, life: int = LIFE, age: int = 0) -> Order:
    """Let an order bring a certificate that lives so many days, of which some are over."""
    now = stock.clock.now().replace(microsecond=0)
    number = order.request.inside or f"O{order.id}"
    columns: dict[str, Any] = {"state": OrderState.ISSUED, "step": "", "next_action_at": None}
    columns |= {"ca_order_id": number, "ca_certificate_id": f"C{order.id}", "placed_at": now}
    models.Order.objects.filter(pk=order.id).update(**columns)
    leaf = CA.issue(*order.request.names, not_before=now - age * DAY, not_after=now + (life - age) * DAY)
    stock.inventory.record(stock.orders.get_by_id(order.id), Chain(leaf, (CA.certificate,)))
    return stock.orders.get_by_id(order.id)


def end(order: Order, state: OrderState) -> None:
    """Let an order come to nothing."""
    models.Order.objects.filter(pk=order.id).update(state=state, next_action_at=None)


def renewing(stock: Stock, ca: object) -> Renewing:
    """What looks at renewals, with that CA behind every account."""

    def ports_for(name: str) -> Any:
        standing = AccountStanding(stock.accounts.get(name), stock.clock)
        return SimpleNamespace(ca=ca, clock=stock.clock, standing=standing)

    renewals = Renewals(stock.clock)
    return Renewing(stock.clock, stock.accounts, stock.orders, stock.inventory, renewals, ports_for, lambda token: 16)


def successors(order: Order) -> list[models.Order]:
    """Every order that was to succeed the order's certificate."""
    return list(models.Order.objects.filter(replaces__fingerprint=order.fingerprint).order_by("pk"))


def notes(stock: Stock, order: Order, kind: str = "") -> list[str]:
    """What the journal says about the order's renewal."""
    events = stock.orders.events(order.id)
    return [event["note"] for event in events if event["step"] == "renew" and kind in ("", event["kind"])]

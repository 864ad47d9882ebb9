"""CAs in memory with abilities that few have: no reference of ours, a CSR that comes late, renewals of their own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from certwright.model.ca import CAOrder, Ended, Issued, Pending, Placement, Progress
from certwright.model.errors import NotFound, Refused
from certwright.model.words import OrderState, WaitingFor
from tests.cases.authority import NOW
from tests.fakes.ca import FakeCA, PlainCA, Purchase


@dataclass
class ForgetfulCA(PlainCA):
    """A CA that keeps no reference: what was ordered is found by its CSR and its time alone.

    ``heeds_time`` is whether its search leaves out what was placed before the time it is asked for.
    """

    heeds_time: bool = True

    def find_placed(self, placement: Placement, since: datetime) -> tuple[CAOrder, ...]:
        """As :class:`certwright.model.ports.FindsByPlacement`."""
        self.whole._read("find_placed")
        found = [
            replace(bought.ca_order, placed_at=NOW + bought.at)
            for bought in self.whole.shown()
            if bought.kind == "new" and bought.placement.csr == placement.csr
        ]
        return tuple(one for one in found if one.placed_at is None or one.placed_at > since or not self.heeds_time)


@dataclass
class LateCSRCA(FakeCA):
    """A CA that takes an order without a CSR; ``dislikes`` is what it has against the one that it gets."""

    dislikes: str = ""

    def place(self, placement: Placement, *, deadline: float) -> Progress:
        """A new order, which waits for its CSR when there is none."""
        self.issues_at_once = bool(placement.csr)
        return super().place(placement, deadline=deadline)

    def collect(self, ca_order: CAOrder, *, public_key_sha256: str) -> Progress:
        """How the order stands, whatever key it is for."""
        self._read("collect")
        return self._progress(self.purchase(ca_order))

    def submit_csr(self, ca_order: CAOrder, placement: Placement) -> None:
        """As :class:`certwright.model.ports.TakesCSRLate`."""
        self._read("submit_csr")
        if self.dislikes:
            raise Refused(self.dislikes, advice="Make it anew.")
        bought = self.purchase(ca_order)
        bought.placement = placement
        self.issue(bought)

    def _progress(self, bought: Purchase) -> Progress:
        if bought.status == "pending" and not bought.placement.csr:
            return Pending(bought.ca_order, WaitingFor.CSR)
        return super()._progress(bought)


@dataclass
class RenewingCA(FakeCA):
    """A CA that renews by itself: under its order there comes one certificate after the other."""

    renewals: dict[str, list[tuple[bytes, ...]]] = field(default_factory=dict)  # by the CA's order id
    ended: bool = False

    def renews_before(self, placement: Placement) -> int | None:
        """As :class:`certwright.model.ports.RenewsItself`."""
        return 30

    def newest(self, ca_order: CAOrder, placement: Placement, *, public_key_sha256: str) -> Progress:
        """As :class:`certwright.model.ports.RenewsItself`."""
        self._read("newest")
        if self.ended:
            return Ended(ca_order, OrderState.CANCELLED, "Cancelled in the console.")
        first = self.first(ca_order.order_id)
        later = self.renewals.get(ca_order.order_id)
        return Issued(ca_order, later[-1] if later else first.certificates)

    def renew(self, order_id: str) -> None:
        """Do what the CA does on its day."""
        again = replace(self.first(order_id))
        self.issue(again)
        self.renewals.setdefault(order_id, []).append(again.certificates)

    def first(self, order_id: str) -> Purchase:
        """What was bought."""
        for bought in self.ledger:
            if bought.ca_order.order_id == order_id:
                return bought
        raise NotFound(f"There is no order {order_id}.")


@dataclass
class LaggingCA(FakeCA):
    """A CA that answers a reissue at once, and for a while shows of it the certificate of before."""

    lags: bool = False

    def collect(self, ca_order: CAOrder, *, public_key_sha256: str) -> Progress:
        """The newest certificate of the key, or the first while it lags."""
        self._read("collect")
        own = [bought for bought in self.ledger if bought.ca_order.order_id == ca_order.order_id]
        shown = own[0] if self.lags else own[-1]
        return replace(self._progress(shown), ca_order=ca_order)


@dataclass
class DraftingCA(FakeCA):
    """A CA that keeps what was ordered as a draft, known by its request alone, until somebody submits it."""

    submitted: bool = False

    def place(self, placement: Placement, *, deadline: float) -> Progress:
        """A draft."""
        super().place(placement, deadline=deadline)
        return self._draft()

    def collect(self, ca_order: CAOrder, *, public_key_sha256: str) -> Progress:
        """The order that the draft has become."""
        self._read("collect")
        if ca_order.request_id != "R7":
            raise NotFound("There is no such draft.")
        return self._progress(self.ledger[0]) if self.submitted else self._draft()

    def _draft(self) -> Pending:
        return Pending(CAOrder("", request_id="R7"), WaitingFor.SUBMISSION, "It is a draft.")

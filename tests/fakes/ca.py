"""A CA in memory that fits every port of a CA, keeps a ledger, signs real certificates, and misbehaves when told to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from types import SimpleNamespace
from typing import Any

from certwright.model.ca import (
    CAOrder,
    Ended,
    Issued,
    Pending,
    Placement,
    Progress,
    Proof,
    RevocationProgress,
    RevocationTarget,
)
from certwright.model.errors import CertwrightError, Misconfigured, NotFound, Refused, Unavailable, Unknown
from certwright.model.words import DCVMethod, OrderState, RevocationReason, RevocationState, WaitingFor
from certwright.pki import csr as csrs
from certwright.pki.certificate import Certificate
from tests.cases.authority import Authority, root
from tests.fakes.challenges import FakeChallenges
from tests.fakes.clock import FakeClock


class Mood(Enum):
    """How the CA takes its next call."""

    GOOD = "good"
    LOST_BEFORE = "the call never arrives, and we cannot know it"
    LOST_AFTER = "the call is carried out, its answer is lost"
    LATE = "as lost after, and it is carried out only at the very end of its deadline"
    DOWN = "turned away before anything was done"
    THROTTLED = "turned away, with a time to come back"
    REFUSED = "no"
    MISCONFIGURED = "a wrong credential"


@dataclass
class Purchase:
    """One line of the ledger: what a call brought about. ``at`` is in true time."""

    kind: str  # new, reissue, duplicate
    ca_order: CAOrder
    reference: str
    placement: Placement
    at: timedelta
    status: str = "pending"  # issued, rejected, cancelled
    certificates: tuple[bytes, ...] = ()


@dataclass
class Asked:
    """A revocation that the CA has."""

    target: RevocationTarget
    reason: RevocationReason
    at: timedelta
    state: RevocationState


Boundary = Callable[[str], None]


@dataclass
class FakeCA:
    """See the module. ``shows_after`` is how long look-ups lag; ``at_boundary`` is called with ``place:before``,
    ``place:during`` (carried out, not yet answered) and ``place:after``, and so for each call."""

    clock: FakeClock
    top: Authority = field(default_factory=root)
    settle_time: timedelta = timedelta(seconds=30)
    looks: tuple[float, ...] = ()
    shows_after: timedelta = timedelta()
    issues_at_once: bool = True
    revokes_at_once: bool = True
    waiting_for: WaitingFor = WaitingFor.CA_APPROVAL
    at_boundary: Boundary = lambda _: None
    objection: str = ""  # what check() refuses with
    ledger: list[Purchase] = field(default_factory=list)
    revocations: list[Asked] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    changing: deque[Mood] = field(default_factory=deque)  # of the next calls that change something
    reading: deque[Mood] = field(default_factory=deque)
    closed: bool = False

    def __post_init__(self) -> None:
        self.issuer = self.top.intermediate()

    # -- CertificateAuthority

    def check(self, placement: Placement) -> None:
        """Refuse what the test objects to."""
        if self.objection:
            raise Refused(self.objection, advice="Ask for something else.")

    def place(self, placement: Placement, *, deadline: float) -> Progress:
        """A new order."""

        def act() -> Purchase:
            return self._buy("new", CAOrder(f"O{len(self.ledger) + 1}"), placement)

        return self._progress(self._change("place", deadline, act))

    def collect(self, ca_order: CAOrder, *, public_key_sha256: str) -> Progress:
        """How the order stands; as the real ones, by the key."""
        self._read("collect")
        for bought in self.ledger:
            same_key = csrs.decode(bought.placement.csr).public_key_sha256 == public_key_sha256
            same_certificate = ca_order.certificate_id in ("", bought.ca_order.certificate_id)
            if bought.ca_order.order_id == ca_order.order_id and same_key and same_certificate:
                return self._progress(bought)
        raise NotFound(f"There is no order {ca_order.order_id}.")

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    # -- FindsByReference

    def find(self, reference: str) -> tuple[CAOrder, ...]:
        """The orders with that reference that look-ups show by now."""
        self._read("find")
        return tuple(
            bought.ca_order for bought in self.shown() if bought.kind == "new" and bought.reference == reference
        )

    # -- Reissues, Duplicates

    def marks(self, order_id: str) -> frozenset[str]:
        """Ids of the certificates under the order."""
        self._read("marks")
        return frozenset(
            bought.ca_order.certificate_id for bought in self.shown() if bought.ca_order.order_id == order_id
        )

    def reissue(self, order_id: str, placement: Placement, *, deadline: float) -> Progress:
        """A changed certificate."""
        return self._inside("reissue", order_id, placement, deadline)

    def find_reissue(self, order_id: str, placement: Placement, known: Collection[str]) -> tuple[CAOrder, ...]:
        """The new ones with the placement's key."""
        return self._find_inside("reissue", order_id, placement, known)

    def duplicate(self, order_id: str, placement: Placement, *, deadline: float) -> Progress:
        """One more certificate."""
        return self._inside("duplicate", order_id, placement, deadline)

    def find_duplicate(self, order_id: str, placement: Placement, known: Collection[str]) -> tuple[CAOrder, ...]:
        """The new ones with the placement's key."""
        return self._find_inside("duplicate", order_id, placement, known)

    # -- Revokes

    def revoke(
        self, target: RevocationTarget, reason: RevocationReason, comment: str, *, deadline: float
    ) -> RevocationProgress:
        """Ask for a revocation."""

        def act() -> Asked:
            state = RevocationState.REVOKED if self.revokes_at_once else RevocationState.PENDING
            self.revocations.append(Asked(target, reason, self.clock.true, state))
            return self.revocations[-1]

        return RevocationProgress(self._change("revoke", deadline, act).state, request_id="R1")

    def revocation(self, target: RevocationTarget) -> RevocationProgress | None:
        """What look-ups show of it by now."""
        self._read("revocation")
        for asked in self.revocations:
            if asked.target == target and self.clock.true >= asked.at + self.shows_after:
                return RevocationProgress(asked.state, request_id="R1")
        return None

    # -- Cancels, Approves

    def cancel(self, ca_order: CAOrder, comment: str) -> None:
        """Withdraw an unfinished order."""
        self._read("cancel")
        bought = self.purchase(ca_order)
        if bought.status == "issued":
            raise Refused("An issued order cannot be cancelled.")
        bought.status = "cancelled"

    def approve(self, ca_order: CAOrder, comment: str) -> None:
        """Issue."""
        self._read("approve")
        self.issue(self.purchase(ca_order))

    def reject(self, ca_order: CAOrder, comment: str) -> None:
        """Say no."""
        self._read("reject")
        self.purchase(ca_order).status = "rejected"

    # -- what tests do and see at the CA itself

    def purchase(self, ca_order: CAOrder) -> Purchase:
        """The line of the ledger."""
        return next(bought for bought in self.ledger if bought.ca_order == ca_order)

    def shown(self) -> list[Purchase]:
        """What look-ups show by now; ended orders are not the concern of a search."""
        lag = self.clock.true - self.shows_after
        return [bought for bought in self.ledger if bought.at <= lag and bought.status != "cancelled"]

    def issue(self, bought: Purchase, **wrong: Any) -> Certificate:
        """Issue now; ``wrong`` are arguments of ``Authority.issue`` for a certificate that does not match."""
        csr = csrs.decode(bought.placement.csr)
        now = self.clock.now()
        arguments: dict[str, Any] = {
            "key": SimpleNamespace(public_key=lambda: csr.public_key),
            "not_before": now - timedelta(hours=1),
            "not_after": now + timedelta(days=180),
            **wrong,
        }
        names = arguments.pop("names", bought.placement.names)
        leaf = self.issuer.issue(*names, **arguments)
        bought.certificates = (leaf.der, self.issuer.certificate.der)
        bought.status = "issued"
        return leaf

    def count(self, call: str) -> int:
        """How often that call arrived."""
        return self.calls.count(call)

    # -- inside

    def _buy(self, kind: str, ca_order: CAOrder, placement: Placement) -> Purchase:
        ca_order = CAOrder(ca_order.order_id, f"C{len(self.ledger) + 1}")
        bought = Purchase(kind, ca_order, placement.reference, placement, self.clock.true)
        self.ledger.append(bought)
        if self.issues_at_once:
            self.issue(bought)
        return bought

    def _inside(self, kind: str, order_id: str, placement: Placement, deadline: float) -> Progress:
        return self._progress(self._change(kind, deadline, lambda: self._buy(kind, CAOrder(order_id), placement)))

    def _find_inside(
        self, kind: str, order_id: str, placement: Placement, known: Collection[str]
    ) -> tuple[CAOrder, ...]:
        self._read(f"find_{kind}")
        return tuple(
            bought.ca_order
            for bought in self.shown()
            if bought.kind == kind
            and bought.ca_order.order_id == order_id
            and bought.ca_order.certificate_id not in known
            and bought.placement.csr == placement.csr
        )

    def _progress(self, bought: Purchase) -> Progress:
        match bought.status:
            case "issued":
                return Issued(bought.ca_order, bought.certificates)
            case "rejected":
                return Ended(bought.ca_order, OrderState.REJECTED, "The approver said no.")
            case "cancelled":
                return Ended(bought.ca_order, OrderState.CANCELLED, "Cancelled.")
        return Pending(bought.ca_order, self.waiting_for, f"waiting for {self.waiting_for}")

    def _read(self, call: str) -> None:
        self.at_boundary(f"{call}:before")
        self.calls.append(call)
        mood = self.reading.popleft() if self.reading else Mood.GOOD
        if mood is not Mood.GOOD:
            raise _error(mood, reading=True)
        self.at_boundary(f"{call}:after")

    def _change(self, call: str, deadline: float, act: Callable[[], Any]) -> Any:
        """Carry a call out, or not, as the mood is. The transport's part: nothing is sent after the deadline."""
        self.at_boundary(f"{call}:before")
        if self.clock.monotonic() >= deadline:
            raise Unavailable("The deadline has passed; nothing was sent.")
        mood = self.changing.popleft() if self.changing else Mood.GOOD
        self.calls.append(call)
        if mood not in (Mood.GOOD, Mood.LOST_AFTER, Mood.LATE):
            raise _error(mood)
        result = act()
        if mood is Mood.LATE:
            result.at = timedelta(seconds=deadline)
            raise _error(mood)
        self.at_boundary(f"{call}:during")
        if mood is Mood.LOST_AFTER or self.clock.monotonic() >= deadline:
            raise _error(Mood.LOST_AFTER)
        self.at_boundary(f"{call}:after")
        return result


@dataclass
class ProvingCA(FakeCA):
    """Wants to see, for each name, a CNAME that stands among the published proofs; then it issues."""

    waiting_for: WaitingFor = WaitingFor.DOMAIN_CONTROL
    issues_at_once: bool = False
    published: FakeChallenges = field(default_factory=FakeChallenges)
    value: str = "first.value.example"  # what every proof is to say

    def proofs(self, ca_order: CAOrder, placement: Placement) -> tuple[Proof, ...]:
        """One for each name."""
        self._read("proofs")
        return self._wanted(placement)

    def check_control(self, ca_order: CAOrder, placement: Placement) -> bool:
        """Look now."""
        self._read("check_control")
        if not all(proof in self.published.standing for proof in self._wanted(placement)):
            return False
        self.issue(self.purchase(ca_order))
        return True

    def change_method(
        self, ca_order: CAOrder, placement: Placement, method: str, *, name: str = ""
    ) -> tuple[Proof, ...]:
        """There is one method only."""
        raise Refused("There is no other method.")

    def _wanted(self, placement: Placement) -> tuple[Proof, ...]:
        return tuple(Proof(name, DCVMethod.DNS_CNAME, f"_proof.{name}", self.value) for name in placement.names)

    def _progress(self, bought: Purchase) -> Progress:
        progress = super()._progress(bought)
        if isinstance(progress, Pending):
            return replace(progress, proofs=self._wanted(bought.placement))
        return progress


@dataclass
class PlainCA:
    """A CA that can do no more than every CA can: no search, no reissue, no revocation, no cancelling."""

    whole: FakeCA

    @property
    def settle_time(self) -> timedelta:
        """As the whole one's."""
        return self.whole.settle_time

    @property
    def looks(self) -> tuple[float, ...]:
        """As the whole one's."""
        return self.whole.looks

    def check(self, placement: Placement) -> None:
        """As the whole one's."""
        self.whole.check(placement)

    def place(self, placement: Placement, *, deadline: float) -> Progress:
        """As the whole one's."""
        return self.whole.place(placement, deadline=deadline)

    def collect(self, ca_order: CAOrder, *, public_key_sha256: str) -> Progress:
        """As the whole one's."""
        return self.whole.collect(ca_order, public_key_sha256=public_key_sha256)

    def close(self) -> None:
        """As the whole one's."""
        self.whole.close()


def _error(mood: Mood, *, reading: bool = False) -> CertwrightError:
    match mood:
        case Mood.REFUSED:
            return Refused("The product is sold out.", advice="Choose another.", code="sold_out")
        case Mood.MISCONFIGURED:
            return Misconfigured("The credential is revoked.", advice="Make a new one.")
        case Mood.THROTTLED:
            return Unavailable("Too many requests.", retry_after=120.0)
        case Mood.LOST_BEFORE | Mood.LOST_AFTER | Mood.LATE if not reading:
            return Unknown("The connection broke.")
    return Unavailable("The CA is down.")

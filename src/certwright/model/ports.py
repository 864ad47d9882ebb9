"""What the flow asks of the outside. The flow knows only these; adapters of CAs, keys and the store fit them.

Every CA method raises only the family of ``errors.py``. A method that changes something at the CA takes
``deadline``, a moment of ``time.monotonic()`` after which the call must not be sent and its answer not be awaited,
and raises ``Unknown`` when it cannot tell whether the CA acted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar, runtime_checkable

from certwright.model.ca import (
    Authorization,
    CAOrder,
    Domain,
    Group,
    Hint,
    Login,
    Organization,
    Placement,
    Product,
    Progress,
    Proof,
    ReportedOrder,
    ReportPage,
    RevocationProgress,
    RevocationTarget,
)
from certwright.model.order import Event, Intent, KeyReference, Order, Outcome, Revocation
from certwright.model.words import RevocationReason
from certwright.pki.certificate import Certificate
from certwright.pki.chain import Chain

Subject = TypeVar("Subject", Order, Revocation)


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


@runtime_checkable
class CertificateAuthority(Protocol):
    """What every CA can do."""

    @property
    def settle_time(self) -> timedelta:
        """How long after a call's deadline the CA may need to show in its look-ups what the call did."""
        ...

    @property
    def looks(self) -> Sequence[float]:
        """Seconds before the first, second … look at an order that waits there, the last one repeating.

        Empty where the CA has no wish and we look as often as is sensible.
        """
        ...

    def check(self, placement: Placement) -> None:
        """Raise Refused if this placement cannot succeed, as far as that is known without sending it to the CA.

        Asked before there is a CSR too: then ``placement.csr`` is empty and is not looked at. A CA whose products say
        only in its own list what they allow may be asked for that list.
        """
        ...

    def place(self, placement: Placement, *, deadline: float) -> Progress:
        """Place a new order: this costs money. Never repeated by the adapter."""
        ...

    def collect(self, ca_order: CAOrder, *, public_key_sha256: str) -> Progress:
        """See how the order stands; fetch the certificate of that key (hex SHA-256 of its SPKI) if it is there."""
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...


@runtime_checkable
class FindsByReference(Protocol):
    """A CA that can be searched by our own reference."""

    def find(self, reference: str) -> tuple[CAOrder, ...]:
        """Every order that carries the reference, oldest first; empty when there is none."""
        ...


@runtime_checkable
class FindsByPlacement(Protocol):
    """A CA that keeps no reference of ours, or not surely, but shows what was ordered with which CSR."""

    def find_placed(self, placement: Placement, since: datetime) -> tuple[CAOrder, ...]:
        """Every order of this placement that was placed after ``since`` (UTC), oldest first; empty when none was."""
        ...


@runtime_checkable
class Reissues(Protocol):
    """A CA that can change the certificate of an order.

    ``marks`` tells what is there before the call (ids of certificates and requests); after an unclear answer
    ``find_reissue`` tells what is new since then and carries the placement's key.
    """

    def marks(self, order_id: str) -> frozenset[str]:
        """Ids of all that exists under the CA order now."""
        ...

    def reissue(self, order_id: str, placement: Placement, *, deadline: float) -> Progress:
        """Ask for a changed certificate. Never repeated by the adapter."""
        ...

    def find_reissue(self, order_id: str, placement: Placement, known: Collection[str]) -> tuple[CAOrder, ...]:
        """The reissues of this placement that are not among the known marks."""
        ...


@runtime_checkable
class Duplicates(Protocol):
    """A CA that can issue one more certificate beside the first of an order. As :class:`Reissues`."""

    def marks(self, order_id: str) -> frozenset[str]:
        """Ids of all that exists under the CA order now."""
        ...

    def duplicate(self, order_id: str, placement: Placement, *, deadline: float) -> Progress:
        """Ask for a duplicate. Never repeated by the adapter."""
        ...

    def find_duplicate(self, order_id: str, placement: Placement, known: Collection[str]) -> tuple[CAOrder, ...]:
        """The duplicates of this placement that are not among the known marks."""
        ...


@runtime_checkable
class Revokes(Protocol):
    """A CA that can revoke."""

    def revoke(
        self, target: RevocationTarget, reason: RevocationReason, comment: str, *, deadline: float
    ) -> RevocationProgress:
        """Ask for the revocation. Never repeated by the adapter; already revoked is success."""
        ...

    def revocation(self, target: RevocationTarget) -> RevocationProgress | None:
        """What the CA knows of a revocation of the target: None when there is neither one nor a request for one."""
        ...


@runtime_checkable
class Cancels(Protocol):
    """A CA whose unfinished orders can be withdrawn."""

    def cancel(self, ca_order: CAOrder, comment: str) -> None:
        """Withdraw the order (or, of a reissue, the reissue). Already withdrawn is success."""
        ...


@runtime_checkable
class Approves(Protocol):
    """A CA whose requests wait for an approver that may be us."""

    def approve(self, ca_order: CAOrder, comment: str) -> None:
        """Approve the order's open request. Already approved is success."""
        ...

    def reject(self, ca_order: CAOrder, comment: str) -> None:
        """Reject the order's open request. Already rejected is success."""
        ...


@runtime_checkable
class ChecksCSR(Protocol):
    """A CA that can be asked, before anything is ordered, what it thinks of a CSR."""

    def check_csr(self, placement: Placement) -> None:
        """Ask the CA about the placement's CSR; raises Refused with what it does not like."""
        ...


@runtime_checkable
class TakesCSRLate(Protocol):
    """A CA that takes an order without a CSR and waits for it."""

    def submit_csr(self, ca_order: CAOrder, placement: Placement) -> None:
        """Give the CA the placement's CSR. Looks before it sends: a CSR that is there already is success."""
        ...


@runtime_checkable
class TakesAgreementLate(Protocol):
    """A CA that takes an order without the subscriber's agreement and waits for it."""

    def agree(self, ca_order: CAOrder, placement: Placement) -> None:
        """Accept the subscriber agreement as the placement's options say. Accepted already is success."""
        ...


@runtime_checkable
class RenewsItself(Protocol):
    """A CA that renews the certificates of an order by itself while its term lasts."""

    def renews_before(self, placement: Placement) -> int | None:
        """How many days before a certificate's end the CA renews it; None when the order was placed without that."""
        ...

    def newest(self, ca_order: CAOrder, placement: Placement, *, public_key_sha256: str) -> Progress:
        """As ``collect``, of the newest certificate that the CA has put in the place of the order's first."""
        ...


@runtime_checkable
class ProvesControl(Protocol):
    """A CA that can be asked to look at our proofs now. ``placement`` is what the order was placed with."""

    def proofs(self, ca_order: CAOrder, placement: Placement) -> tuple[Proof, ...]:
        """What must be published where, at this moment, for the names that are not proven."""
        ...

    def check_control(self, ca_order: CAOrder, placement: Placement) -> bool:
        """Ask the CA to look now; True when it then says that every name of the order is proven."""
        ...

    def change_method(
        self, ca_order: CAOrder, placement: Placement, method: str, *, name: str = ""
    ) -> tuple[Proof, ...]:
        """Switch the order, or only one of its names, to another DCV method and return all its proofs."""
        ...


@runtime_checkable
class ProvesEachName(Protocol):
    """A CA whose order can be seen and changed name by name."""

    def authorizations(self, ca_order: CAOrder) -> tuple[Authorization, ...]:
        """How each name of the order stands."""
        ...

    def resend(self, ca_order: CAOrder, address: str) -> None:
        """Have the validation mail sent once more."""
        ...

    def remove_name(self, ca_order: CAOrder, name: str) -> None:
        """Take an unproven name out of an unfinished order. Already gone is success."""
        ...


@runtime_checkable
class ListsAddresses(Protocol):
    """A CA that tells by which e-mail addresses a name can be proven."""

    def dcv_addresses(self, name: str) -> tuple[str, ...]:
        """The addresses for the name, each once."""
        ...


@runtime_checkable
class CallsBack(Protocol):
    """A CA that confirms an organization by telephone. Each method returns what the CA says of it."""

    def schedule_call_back(
        self, ca_order: CAOrder, at: datetime, *, by_person: bool = False, extension: str = ""
    ) -> str:
        """Have the organization called at that time, by a person where a machine would not do."""
        ...

    def replace_phone(self, ca_order: CAOrder, phone: str) -> str:
        """Give another telephone number to call."""
        ...

    def replace_call_back_address(self, ca_order: CAOrder, address: str) -> str:
        """Give another e-mail address for the link of the call-back."""
        ...

    def send_call_back_mail(self, ca_order: CAOrder) -> str:
        """Have the mail with the link of the call-back sent."""
        ...


@runtime_checkable
class ClicksThrough(Protocol):
    """A CA that wants the subscriber to agree by a link in a mail. Each method returns what the CA says of it."""

    def resend_click_through(self, ca_order: CAOrder) -> str:
        """Have the mail with the link sent once more."""
        ...

    def replace_click_through_address(self, ca_order: CAOrder, address: str) -> str:
        """Have it sent to another address."""
        ...


@runtime_checkable
class ReportsOrders(Protocol):
    """A CA that lists everything that was ever ordered with the credential."""

    def report(self, order_ids: Sequence[str]) -> tuple[ReportedOrder, ...]:
        """How those CA orders stand; one that it does not know is left out."""
        ...

    def report_page(self, cursor: str) -> ReportPage:
        """The page that the cursor asks for, "" for the first. A cursor stays good for days."""
        ...

    def download(self, ca_order: CAOrder) -> tuple[bytes, ...]:
        """The certificate of the CA order with whatever chain the CA gives (DER, any order); raises NotFound."""
        ...


@runtime_checkable
class DetailsOrders(Protocol):
    """A CA whose list leaves out what it tells of a single order: contacts, notes, duplicates, who revoked it."""

    def details(self, ca_order: CAOrder) -> tuple[ReportedOrder, ...]:
        """All that the CA tells of one order: a value for each of its certificates, duplicates and reissues too.

        Costs more than one call; raises NotFound when the CA does not show such an order.
        """
        ...


@runtime_checkable
class HasCatalogue(Protocol):
    """A CA that tells what an account may order and for whom."""

    def organizations(self) -> Sequence[Organization]:
        """All organizations the credential sees."""
        ...

    def products(self) -> Sequence[Product]:
        """All products the credential may order."""
        ...


@runtime_checkable
class ListsGroups(Protocol):
    """A CA whose account has divisions."""

    def groups(self) -> Sequence[Group]:
        """All groups the credential sees."""
        ...


@runtime_checkable
class ListsDomains(Protocol):
    """A CA that keeps domains whose control counts for later orders."""

    def domains(self) -> Sequence[Domain]:
        """All domains the credential sees."""
        ...


@runtime_checkable
class TestsLogin(Protocol):
    """A CA whose credential can be tested without effect."""

    def login(self) -> Login:
        """Try the credential; raises Misconfigured with the causes to check when the CA turns it away."""
        ...


@runtime_checkable
class ListsChanges(Protocol):
    """A CA that tells which orders changed lately."""

    def changes(self, since: timedelta) -> tuple[CAOrder, ...]:
        """The orders that changed within the last ``since``."""
        ...


class Receiver(Protocol):
    """Reads what a CA pushes to us."""

    def is_genuine(self, headers: Mapping[str, str]) -> bool:
        """Whether it comes from the CA; ``headers`` by lower-case name."""
        ...

    def read(self, query: str, body: bytes) -> Hint | None:
        """What to look at; None when query string and body are nothing the CA would send."""
        ...


class Keys(Protocol):
    """Where private keys live. They never come out of here."""

    def make(self, key: KeyReference) -> KeyReference:
        """Make the key that is described; an already made one is returned. Repeatable, also after a crash."""
        ...

    def sign_csr(self, key: KeyReference, names: Sequence[str], common_name: str) -> bytes:
        """A CSR (DER) for the names, signed by the key and checked."""
        ...

    def store_chain(self, key: KeyReference, chain: Chain) -> str:
        """Put the chain beside the key where it belongs there (a token). Says where, or "" if nowhere. Repeatable."""
        ...


class Journal(Protocol[Subject]):
    """The durable side of a story: every write names the lease it happens under and refuses a late writer."""

    def save(
        self,
        subject: Subject,
        events: Sequence[Event],
        *,
        closes: tuple[Intent, Outcome] | None = None,
    ) -> Subject:
        """Write the subject's new state, its journal lines and the intent's outcome in one transaction.

        The intent's deadline is written as it is in ``closes``: an overdue one has been given another.
        """
        ...

    def latest_intent(self, subject: Subject) -> Intent | None:
        """The intent of the highest attempt, None before the first."""
        ...

    def open_intent(
        self, subject: Subject, events: Sequence[Event], *, deadline: datetime, marks: Collection[str]
    ) -> tuple[Subject, Intent]:
        """As :meth:`save`, and commit the intent of the next attempt in the same transaction."""
        ...


class Inventory(Protocol):
    """The certificates we know."""

    def record(self, order: Order, chain: Chain) -> str:
        """Keep leaf and intermediates, tied to order and key; returns the leaf's fingerprint. Repeatable."""
        ...

    def revoked(self, revocation: Revocation, at: datetime) -> int:
        """Mark what the revocation was about; returns how many certificates that were."""
        ...


class Catalogue(Protocol):
    """What one CA account may order, as last seen at the CA."""

    def product(self, ca_id: str) -> Product | None:
        """The product by the CA's id of it; None when neither our copy nor the CA has it."""
        ...

    def organization(self, wanted: str) -> Organization | None:
        """The organization by id or name, or for "" the only active one; None when there is none such."""
        ...


class Challenges(Protocol):
    """Publishes proofs where a target of ours serves the name, and takes them away again.

    What is published is written down before, so that it is taken away also after a crash.
    """

    def serves(self, proof: Proof) -> bool:
        """Whether one of our targets publishes such a proof; without it a person has to."""
        ...

    def publish(self, order: Order, proof: Proof) -> str:
        """Publish a proof that is served and say where, in a few words. Repeatable, and cheap once it stands there.

        Raises Unavailable or Misconfigured when the target did not take it.
        """
        ...

    def look(self, order: Order, proof: Proof) -> str:
        """Look at a published proof as a CA would; "" when it stands there, else a sentence that says what does."""
        ...

    def withdraw(self, order: Order) -> int:
        """Take away whatever is published for the order; returns how many that were. Repeatable.

        Raises Unavailable or Misconfigured for the first that could not be taken away, after trying all.
        """
        ...


class Standing(Protocol):
    """Whether one CA account may be asked at present; shared by every worker."""

    def quiet(self, until: datetime, why: str) -> None:
        """Ask nothing of this CA account before then."""
        ...

    def failed(self, why: str) -> datetime:
        """One more failure in a row; returns when to try again. Many in a row quieten the whole account."""
        ...

    def answered(self) -> None:
        """The CA answered sensibly: failures are forgotten."""
        ...

    def pause(self, why: str) -> None:
        """A person must mend our side; nothing is asked until ``account enable`` or a successful test."""
        ...


@dataclass(frozen=True, slots=True)
class Trust:
    """What a certificate of one CA account is judged by.

    ``roots`` are the pinned trust anchors; ``known`` intermediates that may repair a chain. Reserved names
    (RFC 2606: .example, .test) are allowed only where the CA is a sandbox on loopback.
    """

    roots: tuple[Certificate, ...]
    known: tuple[Certificate, ...] = ()
    reserved_names: bool = False


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside as one order or revocation sees it: its own CA account and what all share."""

    clock: Clock
    ca: CertificateAuthority
    keys: Keys
    orders: Journal[Order]
    revocations: Journal[Revocation]
    inventory: Inventory
    challenges: Challenges
    catalogue: Catalogue
    standing: Standing
    trust: Trust
    call_seconds: float = 60.0
    settle_seconds: float | None = None

    @property
    def settle_time(self) -> timedelta:
        """How long after a call's deadline its effect may stay invisible: the CA's own figure unless set here."""
        return self.ca.settle_time if self.settle_seconds is None else timedelta(seconds=self.settle_seconds)

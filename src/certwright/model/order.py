"""Our durable records as values: an order, a revocation, their keys, and the intents of calls made exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from certwright.model.ca import CAOrder, Placement, Proof, Requirement, RevocationTarget, Term
from certwright.model.words import (
    AutoRenew,
    KeyKind,
    Operation,
    OrderState,
    RevocationReason,
    RevocationState,
    WaitingFor,
)
from certwright.pki.keys import KeySpec


@dataclass(frozen=True, slots=True)
class KeyReference:
    """A key we have or are about to make.

    ``token`` and ``cka_id`` (hex) say where a token key lives; the id is chosen and stored before the token is
    asked, so that making it can be repeated. ``sealed`` is a software key in its envelope. ``public_key_sha256``
    is empty until the key exists.
    """

    id: int
    kind: KeyKind
    spec: KeySpec | None = None
    token: str = ""
    cka_id: str = ""
    label: str = ""
    public_key_sha256: str = ""
    sealed: bytes = field(default=b"", repr=False)

    @property
    def made(self) -> bool:
        """True once the key exists."""
        return bool(self.public_key_sha256)


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted, before any CA knows. Fields as in :class:`~certwright.model.ca.Placement`.

    ``inside`` is the CA's id of the order that a reissue or duplicate happens in.
    """

    operation: Operation
    names: tuple[str, ...]
    common_name: str
    product: str
    organization: str = ""
    term: Term | None = None
    lifetime_days: int | None = None
    renewal_of: str = ""
    inside: str = ""
    dcv_method: str = ""
    dcv_methods: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """Our durable record that turns one request into a certificate.

    ``replaces`` is the fingerprint of the certificate that this one succeeds. ``auto_renew`` says what is done by
    itself when the certificate of a *new* order is due, ``renew_days`` how many days before its end that is (None:
    when two thirds of its life are over); ``paid_until`` is when the CA order ends as the CA told it,
    ``renewal_due_at`` when its renewal is looked at next, and ``renewal_note`` what was found then.
    ``trouble`` is ``unavailable`` or ``misconfigured`` while an error keeps it from going on, else empty.
    ``step`` names the first unfinished step of its story. ``looks`` counts the looks at the CA since the order
    last changed. ``placed_at`` is when the CA was last asked for it. ``collected`` is what the CA gave us (DER, any
    order) before it is judged. ``fence`` is the number of the lease under which it is being advanced.
    ``cancel_comment`` is set while a person wants it withdrawn; a step that has to give that up sets it to "".
    Times are UTC.
    """

    id: int
    reference: str
    account: str
    state: OrderState
    step: str
    request: Request
    key: KeyReference
    created_at: datetime
    csr: bytes = b""
    ca_order: CAOrder | None = None
    waiting_for: WaitingFor | None = None
    why: str = ""
    advice: str = ""
    trouble: str = ""
    proofs: tuple[Proof, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    collected: tuple[bytes, ...] = ()
    fingerprint: str = ""
    replaces: str = ""
    looks: int = 0
    cancel_comment: str | None = None
    watched_until: datetime | None = None
    placed_at: datetime | None = None
    next_action_at: datetime | None = None
    auto_renew: AutoRenew = AutoRenew.OFF
    renew_days: int | None = None
    paid_until: datetime | None = None
    renewal_due_at: datetime | None = None
    renewal_note: str = ""
    fence: int = 0

    @property
    def ended(self) -> bool:
        """True when nothing more will happen by itself."""
        return self.state.ended

    @property
    def placement(self) -> Placement:
        """What the CA is told."""
        wish = self.request
        return Placement(
            reference=self.reference,
            csr=self.csr,
            names=wish.names,
            common_name=wish.common_name,
            product=wish.product,
            organization=wish.organization,
            term=wish.term,
            lifetime_days=wish.lifetime_days,
            renewal_of=wish.renewal_of,
            dcv_method=wish.dcv_method,
            dcv_methods=wish.dcv_methods,
            comment=wish.comment,
            options=wish.options,
        )


@dataclass(frozen=True, slots=True)
class Revocation:
    """Our durable record of a wish to revoke one certificate, or all of a CA order."""

    id: int
    order_id: int
    account: str
    target: RevocationTarget
    reason: RevocationReason
    comment: str
    state: RevocationState
    step: str
    created_at: datetime
    fingerprint: str = ""
    request_id: str = ""
    why: str = ""
    advice: str = ""
    trouble: str = ""
    looks: int = 0
    watched_until: datetime | None = None
    next_action_at: datetime | None = None
    fence: int = 0

    @property
    def ended(self) -> bool:
        """True when nothing more will happen by itself."""
        return self.state is RevocationState.REFUSED or not self.step


class Outcome(StrEnum):
    """What became of an intent. Only the first two may still turn out to have had an effect at the CA."""

    OPEN = "open"
    OVERDUE = "overdue"  # as open: its time has passed and the CA showed nothing, which gets as long once more
    DONE = "done"
    REFUSED = "refused"  # the CA said no
    NOT_DONE = "not_done"  # it never left us, or the CA turned it away before acting
    ABSENT = "absent"  # looked up until deadline and settle time had passed: the CA never did it


@dataclass(frozen=True, slots=True)
class Intent:
    """The row committed before a call that costs money or cannot be undone: unique on (subject, attempt).

    ``deadline`` is the moment (UTC) after which the call is not sent and its answer not awaited. ``marks`` is
    what existed at the CA before the call, where only that tells old from new.
    """

    id: int
    attempt: int
    deadline: datetime
    marks: frozenset[str]
    outcome: Outcome

    @property
    def open(self) -> bool:
        """True while the call may still turn out to have had an effect."""
        return self.outcome in (Outcome.OPEN, Outcome.OVERDUE)


class EventKind(StrEnum):
    """Who or what a line of the journal comes from."""

    STEP = "step"  # a step finished
    CA = "ca"  # an answer of the CA that changed something
    WAIT = "wait"  # it waits, and for what
    PERSON = "person"  # somebody's act
    ALARM = "alarm"  # a person must look
    END = "end"  # it ended


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal."""

    kind: EventKind
    step: str
    note: str

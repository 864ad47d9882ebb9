"""What passes between the flow and a CA adapter: values in our words, never a vendor's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from certwright.model.errors import Refused
from certwright.model.words import CertificateState, OrderState, RevocationState, WaitingFor


@dataclass(frozen=True, slots=True)
class Term:
    """How long an order (not a certificate) is to run at the CA: exactly one of the three is set."""

    years: int | None = None
    days: int | None = None
    until: date | None = None

    @classmethod
    def parse(cls, text: str) -> Term:
        """Read ``1y``, ``90d`` or ``2027-05-01``; raises Refused for anything else."""
        if match := re.fullmatch(r"([1-9]\d{0,3})([yd])", text.strip().lower()):
            count = int(match[1])
            return cls(years=count) if match[2] == "y" else cls(days=count)
        try:
            return cls(until=date.fromisoformat(text.strip()))
        except ValueError:
            raise Refused(
                f"{text!r} is not a term.", advice="Give years (1y), days (90d) or an end date (2027-05-01)."
            ) from None

    def __str__(self) -> str:
        """The form that :meth:`parse` reads."""
        if self.years is not None:
            return f"{self.years}y"
        return f"{self.days}d" if self.days is not None else str(self.until)


@dataclass(frozen=True, slots=True)
class Placement:
    """Everything a CA is told when it is asked for a certificate.

    ``csr`` is DER; ``names`` are normalised A-labels, the common name among them; ``organization`` is the CA's id
    of it or empty; ``options`` are the CA's own extras by the names its ``about.toml`` lists. ``dcv_method`` is
    that of every name which ``dcv_methods`` (by name) does not list: one of ``DCVMethod`` or of the CA's own, and
    of e-mail with the address, ``email:hostmaster@shop.example``.
    """

    reference: str
    csr: bytes
    names: tuple[str, ...]
    common_name: str
    product: str
    organization: str = ""
    term: Term | None = None
    lifetime_days: int | None = None
    renewal_of: str = ""
    dcv_method: str = ""
    dcv_methods: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CAOrder:
    """The CA's record of an order, by its ids as text, each empty while the CA has not told it.

    A draft may have a ``request_id`` alone.

    ``dcv_value`` is what the CA gave to stand in the proofs of this order, where it gives one for all names.
    ``placed_at`` (UTC) is when a search says that it was placed; it is not part of what the order is known by.
    """

    order_id: str
    certificate_id: str = ""
    request_id: str = ""
    dcv_value: str = ""
    placed_at: datetime | None = field(default=None, compare=False)

    def is_same(self, other: CAOrder) -> bool:
        """Whether both are records of one order: a draft gets its order id only once it is submitted."""
        if self.order_id and other.order_id:
            return self.order_id == other.order_id
        return bool(self.request_id) and self.request_id == other.request_id

    def __str__(self) -> str:
        """What a person calls it."""
        return self.order_id or f"(request {self.request_id})"


@dataclass(frozen=True, slots=True)
class Proof:
    """What the CA asks us to publish to prove control of ``name``.

    ``where`` is a DNS name or a URL, ``value`` what must stand there, ``expires_at`` in UTC.
    """

    name: str
    method: str
    where: str
    value: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """The CA's record of one name on its way through DCV; ``status`` in the CA's words."""

    name: str
    method: str
    proven: bool
    status: str = ""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing the CA wants before it issues, and whether it has it; ``note`` in the CA's words."""

    what: WaitingFor
    done: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """The CA has issued. ``certificates`` are DER, in whatever order the CA gave them."""

    ca_order: CAOrder
    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """Not yet. ``why`` is in the CA's words; ``proofs`` what it wants to see published.

    ``requirements`` is all it wants where it tells, of which ``waiting_for`` is the first that lacks.
    """

    ca_order: CAOrder
    waiting_for: WaitingFor
    why: str = ""
    proofs: tuple[Proof, ...] = ()
    requirements: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """The CA ended the order without a certificate. ``state`` is one of our ends."""

    ca_order: CAOrder
    state: OrderState
    why: str = ""


Progress = Issued | Pending | Ended


@dataclass(frozen=True, slots=True)
class RevocationTarget:
    """What to revoke. ``serial`` is lower-case hex; ``whole_order`` means every certificate of the CA order."""

    order_id: str
    certificate_id: str = ""
    serial: str = ""
    whole_order: bool = False


@dataclass(frozen=True, slots=True)
class RevocationProgress:
    """What the CA says of a revocation; ``request_id`` names its request where an approver must act."""

    state: RevocationState
    request_id: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization the CA account may order for. ``status`` in the CA's words, where it tells more."""

    ca_id: str
    name: str
    active: bool = True
    status: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """A product the CA account may order. ``validation`` is ``dv``, ``ov`` or ``ev``, empty where not told.

    ``kind`` is ``single``, ``wildcard``, ``multi`` or ``multi-wildcard``, ``years`` are the terms it is sold for;
    both are empty where not told.
    """

    ca_id: str
    name: str
    validation: str = ""
    public_trust: bool = True
    organization_required: bool = True
    kind: str = ""
    years: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A division of a CA account that orders are placed in: DigiCert's container, emSign's group.

    ``default`` is the one that orders go to when they name none; ``balance`` is what the CA says it can spend.
    """

    ca_id: str
    name: str
    default: bool = False
    balance: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain the CA account has. ``proven``: control of it was proven, and counts for orders until ``proven_until``.

    ``ca_id`` is the CA's id of it, or its name where it has none. ``organization`` is the CA's id of its
    organization; ``method`` one of ``DCVMethod`` or in the CA's own words; ``status`` in the CA's words; times UTC.
    """

    ca_id: str
    name: str
    proven: bool = False
    active: bool = True
    organization: str = ""
    method: str = ""
    status: str = ""
    proven_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReportedOrder:
    """One certificate of a CA order as the CA's own list shows it, also when it was ordered elsewhere.

    ``base_order_id`` is the first order of its family where reissues get order ids of their own, else empty.
    ``state`` is that of the order, ``certificate_state`` what has become of its certificate, None without one.
    ``product`` and ``why`` are in the CA's words; ``serial`` is lower-case hex; times are UTC; ``term_ends_at`` is
    when the order (not the certificate) ends. ``validation`` is ``dv``, ``ov`` or ``ev``, ``group`` the name of the
    division it was placed in, ``requester`` whoever asked for it and ``contacts`` the others, as ``Name <address>``,
    ``auto_renew`` what the CA will do by itself in its words, ``cost`` a number with the currency where told.
    ``fields`` are its custom fields by label, ``notes`` what people wrote to it. ``issuer`` is the common name of the
    CA certificate that signs, ``duplicates`` and ``reissues`` how many of them there are. ``replaces`` is the CA's id
    of the certificate of the same order that a reissue put this one in the place of. ``detailed`` tells that the CA was
    asked for this one order, so that what only then is told is known and empty fields are really empty.
    All of it is empty, or None, where the CA does not tell.
    """

    ca_order: CAOrder
    state: OrderState
    certificate_state: CertificateState | None = None
    base_order_id: str = ""
    product: str = ""
    names: tuple[str, ...] = ()
    common_name: str = ""
    organization: str = ""
    serial: str = ""
    placed_at: datetime | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    term_ends_at: datetime | None = None
    cost: str = ""
    why: str = ""
    validation: str = ""
    group: str = ""
    requester: str = ""
    contacts: tuple[str, ...] = ()
    auto_renew: str = ""
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    notes: tuple[str, ...] = ()
    issuer: str = ""
    duplicates: int | None = None
    reissues: int | None = None
    replaces: str = ""
    revoked_at: datetime | None = None
    revocation_reason: str = ""
    detailed: bool = False


@dataclass(frozen=True, slots=True)
class ReportPage:
    """One page of a CA's list of orders. ``cursor`` asks for the next, "" after the last; ``total`` is a hint."""

    orders: tuple[ReportedOrder, ...]
    cursor: str
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """What a successful test login tells: the CA's account number, whose credential it is and what it may do."""

    account_id: str
    user: str
    role: str


@dataclass(frozen=True, slots=True)
class Hint:
    """What a CA's push told us to look at: its order id, or "" for whatever waits at that CA account."""

    order_id: str

"""What emSign's office keeps: accounts with what they have, and orders with the certificate in force of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from certwright_sandbox.state import Id, Record

Look = str | int  # "look", "auto", "never", or the number of the check that succeeds
TXT_HOSTS = ("{}", "_emsign-validation.{}", "_emudhra-challenge.{}")  # emsign.md §6.10


@dataclass(frozen=True)
class Group:
    """A group of an account."""

    number: str
    name: str
    is_default: bool
    balance: str


@dataclass(frozen=True)
class Organization:
    """An organization of an account."""

    number: str
    name: str
    is_vetted: bool
    country: str = "GB"
    locality: str = "Leeds"
    postal_code: str = "LS1 4AP"


@dataclass(eq=False, slots=True)
class Account(Record):
    """An account and its switches; `id` is its name. See docs/reference/sandbox.md."""

    profile: str
    number: str
    access_key: str
    requestor_email: str
    groups: tuple[Group, ...] = ()
    orgs: tuple[Organization, ...] = ()
    dcv: Look = "look"
    prove_seconds: float | None = None
    dcv_slot_seconds: float = 0.0
    dcv_gate_seconds: float = 0.0
    issue_seconds: float = 0.0
    approve_seconds: float | None = None
    pem_style: str = "pem"
    chain_depth: int = 2
    ca_certificate: bool = True
    burst_limit: int | None = None
    burst_seconds: float = 30.0
    ts_window_seconds: float = 900.0
    failure_status: str = "0"
    failure_block: str = "absent"
    blanks: str = "null"
    http_refusals: bool = False
    enabled: bool = True
    groups_needed: bool = False
    group_details: str = "v1"
    first_product_code: int = 838
    field_placement: str = "order"
    txt_hosts: tuple[str, ...] = TXT_HOSTS
    renewal: str = "same"

    @property
    def owner(self) -> Id:
        """Itself."""
        return self.id

    def __repr__(self) -> str:
        """Without its access key."""
        return f"Account({self.id!r})"


@dataclass(eq=False, slots=True)
class Domain(Record):
    """A name whose control an account has proven, and so that of every name below it; `id` is "account/name"."""

    account: str
    name: str
    verified_at: datetime
    valid_till: datetime

    @property
    def owner(self) -> Id:
        """The account."""
        return self.account


@dataclass(frozen=True)
class Name:
    """A name of an order on its way through DCV. `caa` is 1 allowed, 2 forbidden."""

    name: str
    proven_at: datetime | None = None
    method: str = ""
    checks: int = 0
    caa: str = "1"
    is_rejected: bool = False  # by the staff


@dataclass(eq=False, slots=True)
class Order(Record):
    """An order with the certificate in force; `id` is its request number.

    `number` is the orderNumber, empty for a draft; `base_id` the id of the bought order, which is its own unless it
    renews or reissues another. `state` is draft, pending, approved, issued, downloaded, download_rejected, revoked,
    cancelled, rejected, auto_rejected or expired. Times are UTC.
    """

    account: str
    number: str
    base_id: int
    product: str
    product_type: str
    state: str
    placed_at: datetime
    names: tuple[Name, ...]
    common_name: str
    requestor_name: str
    requestor_email: str
    years: int
    auto_renew: bool
    renew_days: int
    group: str
    seed: str = ""  # what its DCV tokens are made of
    tags: tuple[str, ...] = ()
    custom_fields: tuple[tuple[str, str], ...] = ()
    remarks: str = ""
    csr: str = ""
    agreed: bool = False
    organization: str = ""
    pre_vetted: bool = False
    approved: bool = False
    in_discrepancy: bool = False
    shown_status: int | None = None
    price: int = 0
    subscription_ends: datetime | None = None  # from the day of placing; None for a draft
    authority: str = ""
    serial: str = ""  # decimal
    not_before: datetime | None = None
    not_after: datetime | None = None
    pem: str = ""  # empty for a certificate of the stock, which is signed when it is shown
    shown: tuple[str, ...] = ()  # the chain as shown, where it is to be a wrong one
    defect: str | None = None
    revoked_at: datetime | None = None
    reason_id: str = ""
    renewals: int = 0
    visible_from: datetime | None = None

    @property
    def owner(self) -> Id:
        """The account."""
        return self.account

    @property
    def request_number(self) -> int:
        """The requestNumber."""
        return int(self.id)

    @property
    def is_in_force(self) -> bool:
        """Whether there is a certificate that nobody has ended; its time may be over."""
        return self.state in ("issued", "downloaded")

    def is_expired(self, now: datetime) -> bool:
        """Whether the certificate's time is over."""
        return self.not_after is not None and self.not_after < now

    @property
    def unproven(self) -> list[Name]:
        """The names whose control is not proven."""
        return [name for name in self.names if name.proven_at is None]


@dataclass(eq=False, slots=True)
class UsedCsr(Record):
    """A CSR that an order was placed with; `id` is the SHA-256 of its DER, hex."""

    order: int


@dataclass(eq=False, slots=True)
class UsedTxn(Record):
    """That a call was made with a `txn`; `id` is "account/txn"."""

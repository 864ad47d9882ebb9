"""What Sectigo's office keeps: accounts, orders with the certificate each of them is for, granted addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from certwright_sandbox.state import Id, Record

Look = str | int  # "look", "auto", "never", or the number of the check that succeeds
STEPS = ("organization", "call_back", "click_through", "brand")  # what people look at, in the order of `flags`
NOT_REQUIRED, NOT_DONE, DONE, IN_PROGRESS = -1, 0, 1, 2  # the status flags of sectigo.md §3


@dataclass(eq=False, slots=True)
class Account(Record):
    """A reseller login and its switches; `id` is its name and its loginName. See docs/reference/sandbox.md."""

    profile: str
    password: str
    dcv: Look = "look"
    organization_seconds: float | None = None
    call_back_seconds: float | None = None
    click_through_seconds: float | None = None
    credit: float | None = None
    pays_later: bool = False
    test_allowed: bool = False
    ip_allowed: bool = True
    enabled: bool = True
    locked: bool = False
    lock_after: int | None = None
    unique_value: str = "echo"
    signing_seconds: float = 0.0
    poll_seconds: float | None = None
    brand_words: tuple[str, ...] = ()
    compromised_keys: tuple[str, ...] = ()
    report_rows: str = "index"
    push_url: str = ""
    push_user: str = ""
    push_password: str = ""
    push_certificates: bool = False
    client_certificate: str = ""
    client_key: str = ""
    client_fingerprint: str = ""

    @property
    def owner(self) -> Id:
        """Itself."""
        return self.id

    def __repr__(self) -> str:
        """Without its secrets."""
        return f"Account({self.id!r})"


@dataclass(frozen=True)
class Name:
    """A name of an order: how its control is proven, and since when it is."""

    name: str
    method: str
    email: str = ""
    proven_at: datetime | None = None


@dataclass(frozen=True)
class Subject:
    """The organization in the certificate; every field may be empty."""

    organization: str = ""
    unit: str = ""  # kept for reports alone: OUs are gone from public certificates (sectigo.md §18)
    post_office_box: str = ""
    street: tuple[str, ...] = ()
    locality: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    jurisdiction: str = ""
    company_number: str = ""


@dataclass(frozen=True)
class Vetting:
    """The status flags of what people must look at, and when the telephone call-back is due."""

    organization: int = NOT_REQUIRED
    call_back: int = NOT_REQUIRED
    click_through: int = NOT_REQUIRED
    brand: int = NOT_REQUIRED
    call_back_at: datetime | None = None

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is missing any more."""
        return all(flag in (NOT_REQUIRED, DONE) for flag in self.flags)

    @property
    def flags(self) -> tuple[int, int, int, int]:
        """The four flags."""
        return self.organization, self.call_back, self.click_through, self.brand

    def finished(self, what: str) -> Vetting:
        """The same with one of STEPS done; what was not required stays so."""
        done = {
            name: DONE for name, flag in zip(STEPS, self.flags, strict=True) if name == what and flag != NOT_REQUIRED
        }
        return Vetting(**{**dict(zip(STEPS, self.flags, strict=True)), **done}, call_back_at=self.call_back_at)


@dataclass(eq=False, slots=True)
class Order(Record):
    """An order and the one certificate it is for; `id` is its orderNumber.

    `state` is unpaid, pending, signing, issued, rejected or failed; what was revoked or replaced is still
    issued, and says so by `revoked_at` and `replaced_by`. A replacement is an order of its own with the same
    `base_number`. Times are UTC.
    """

    account: str
    base_number: int
    certificate_id: int
    product: int
    state: str
    placed_at: datetime
    changed_at: datetime
    csr: str
    request_token: str  # MD5 of the CSR's DER in hex, and the unique value
    names: tuple[Name, ...]
    common_name: str
    days: int
    cost: int
    reference: str = ""
    unique_value: str = ""
    companion: str = ""  # the other of x and www.x, or a wildcard's base, as far as it got into the certificate
    subject: Subject = field(default_factory=Subject)
    vetting: Vetting = field(default_factory=Vetting)
    server_software: int = -1
    phone: str = ""
    admin_email: str = ""
    mail_to: str = ""
    is_test: bool = False
    authority_kind: str = ""  # r or e where the request chose one
    checks: int = 0
    reason: str = ""  # why it was rejected or failed
    caa_forbids: bool = False
    removed_names: tuple[str, ...] = ()
    term_start: datetime | None = None
    term_end: datetime | None = None
    authority: str = ""
    serial: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    pem: str = ""  # empty for a certificate of the stock, which is signed when it is shown
    shown: tuple[str, ...] = ()  # the chain as shown, where it is to be a wrong one
    defect: str | None = None
    revoked_at: datetime | None = None
    revocation_reason: str = "unspecified"
    in_crl: bool = True
    replaced_by: int | None = None
    visible_from: datetime | None = None

    @property
    def owner(self) -> Id:
        """The account."""
        return self.account

    @property
    def number(self) -> int:
        """The orderNumber."""
        return int(self.id)

    @property
    def is_replacement(self) -> bool:
        """Whether it replaces a certificate of an earlier order."""
        return self.number != self.base_number

    @property
    def unproven(self) -> list[Name]:
        """The names whose control is not proven."""
        return [name for name in self.names if name.proven_at is None]


@dataclass(eq=False, slots=True)
class Grant(Record):
    """A mail address that an account may use for DCV until a time (UTC), for a name; `id` tells all three."""

    until: datetime
    domain: str


@dataclass(eq=False, slots=True)
class Proven(Record):
    """That an account has proven control over a name, and when (UTC); `id` tells both."""

    at: datetime


@dataclass(eq=False, slots=True)
class CompromisedKey(Record):
    """A key that nobody may order with any more; `id` is the SHA-256 of its SubjectPublicKeyInfo, hex."""


@dataclass(eq=False, slots=True)
class Collected(Record):
    """That an order's certificate has been collected; no change of the order, so that reading changes nothing."""

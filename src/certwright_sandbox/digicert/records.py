"""What DigiCert's office keeps: accounts, people, organizations, domains, orders, certificates, requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from certwright_sandbox.state import Id, Record

Look = str | int  # "look", "auto", "never", or the number of the check that succeeds


@dataclass(eq=False, slots=True)
class Account(Record):
    """A CertCentral account and the switches that concern all its users."""

    name: str
    root_container_id: int
    auto_approve: bool
    two_step_approval: bool = False
    revoke_ends_order: bool = False
    dcv: Look = "look"
    organization_seconds: float | None = None
    primary_organization_id: int | None = None

    @property
    def owner(self) -> Id:
        """Itself."""
        return self.id


@dataclass(eq=False, slots=True)
class ApiKey(Record):
    """A key of a user; `id` is the name by which the management door knows it."""

    profile: str
    account_id: int
    user_id: int
    secret: str
    key_role: str = "none"
    ip_allowed: bool = True
    xml: bool = True
    rate_limit: bool = True
    is_revoked: bool = False

    def __repr__(self) -> str:
        """Without the secret."""
        return f"ApiKey({self.id!r})"


@dataclass(eq=False, slots=True)
class Owned(Record):
    """Anything that belongs to one account."""

    account_id: int

    @property
    def owner(self) -> Id:
        """The account."""
        return self.account_id


@dataclass(eq=False, slots=True)
class User(Owned):
    """A user of the account with one role."""

    username: str
    first_name: str
    last_name: str
    role: str
    container_id: int
    job_title: str = "PKI lead"
    telephone: str = "+441110000000"


@dataclass(eq=False, slots=True)
class Container(Owned):
    """A division of the account."""

    name: str
    parent_id: int
    public_id: str
    description: str = ""
    is_active: bool = True
    allowed_domain_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vetting:
    """One validation type of an organization: pending until staff says otherwise."""

    type: str
    status: str
    date_created: datetime
    validated_until: datetime | None = None
    verified_users: tuple[int, ...] = ()


@dataclass(frozen=True)
class Contact:
    """A person named for an organization or an order."""

    first_name: str
    last_name: str
    email: str
    job_title: str = ""
    telephone: str = ""
    telephone_extension: str = ""
    contact_type: str = ""
    user_id: int | None = None


@dataclass(eq=False, slots=True)
class Organization(Owned):
    """An organization that certificates may name."""

    name: str
    container_id: int
    address: str
    city: str
    state: str
    zip: str
    country: str
    telephone: str
    contact: Contact
    assumed_name: str = ""
    address2: str = ""
    is_active: bool = True
    vettings: tuple[Vetting, ...] = ()

    @property
    def display_name(self) -> str:
        """The name, with the assumed one in brackets where there is one."""
        return f"{self.name} ({self.assumed_name})" if self.assumed_name else self.name


@dataclass(eq=False, slots=True)
class Domain(Owned):
    """A domain of the account, with the proof of control over it, its method and its current random value."""

    name: str
    organization_id: int
    container_id: int
    date_created: datetime
    dcv_method: str = "email"
    types: tuple[str, ...] = ("ov",)
    is_active: bool = True
    token: str | None = None
    token_expires: datetime | None = None
    proven_at: datetime | None = None
    proven_until: datetime | None = None
    is_exact: bool = False  # proven by a file, so for this very name alone (CA/B Forum ballot SC45)
    checks: int = 0


@dataclass(frozen=True)
class Term:
    """A lifetime as it was asked for: years, days, or the last valid day."""

    years: int | None = None
    days: int | None = None
    until: date | None = None


@dataclass(frozen=True)
class CustomValue:
    """What an order carries in a custom field."""

    metadata_id: int
    value: str


@dataclass(frozen=True)
class Note:
    """A note on an order."""

    id: int
    text: str


@dataclass(eq=False, slots=True)
class Order(Owned):
    """An order; `certificate_id` is the primary certificate, `pending_certificate_id` the awaited one."""

    product: str
    user_id: int
    key_name: str
    status: str
    date_created: datetime
    status_changed_at: datetime
    container_id: int
    organization_id: int | None
    term: Term
    price: int
    certificate_id: int
    pending_certificate_id: int | None
    dcv_method: str
    visible_from: datetime | None = None
    reference: str | None = None
    valid_from: date | None = None
    valid_till: date | None = None
    renewal_of: int | None = None
    renewed_by: int | None = None
    is_marked_renewed: bool = False
    payment_method: str = "balance"
    comments: str = ""
    auto_renew: int = 0
    auto_reissue: int = 0
    disable_renewal_notifications: bool = False
    disable_ct: bool = False
    disable_issuance_email: bool = False
    approver_id: int | None = None
    contacts: tuple[Contact, ...] = ()
    technical_contact: Contact | None = None
    additional_emails: tuple[str, ...] = ()
    custom_values: tuple[CustomValue, ...] = ()
    notes: tuple[Note, ...] = ()
    assigned_ids: tuple[int, ...] = ()  # the users it is assigned to


@dataclass(eq=False, slots=True)
class Certificate(Owned):
    """A certificate of an order, from the moment it is asked for.

    `state` is waiting (for approval), pending (for validation), issued, revoked or rejected; `kind` is order,
    reissue or duplicate. `shown` is the chain as this CA shows it where a fault made it wrong. `pem` and `thumbprint`
    are empty for a certificate of the stock, which is signed when somebody looks (`Signed`).
    """

    order_id: int
    kind: str
    state: str
    common_name: str
    names: tuple[str, ...]
    csr: str
    key_size: int
    authority: str
    hash_name: str
    server_platform: int
    units: tuple[str, ...]
    date_created: datetime
    term: Term | None
    dcv_method: str
    profile_option: str = ""
    requested_by: int = 0
    approved_names: tuple[str, ...] = ()
    random_value: str | None = None
    random_value_expires: datetime | None = None
    domain_ids: tuple[tuple[str, int], ...] = ()
    checks: int = 0
    caa_forbidden: tuple[str, ...] = ()
    defect: str | None = None
    has_waited: bool = False
    keep_replaced: bool = False
    sub_id: str | None = None
    pem: str = ""
    shown: tuple[str, ...] = ()
    serial: str = ""
    thumbprint: str = ""
    date_issued: datetime | None = None
    valid_from: date | None = None
    valid_till: date | None = None
    revoked_at: datetime | None = None
    revocation_reason: str = ""

    @property
    def was_issued(self) -> bool:
        """Whether it exists, revoked or not."""
        return self.date_issued is not None


@dataclass(eq=False, slots=True)
class Signed(Record):
    """A certificate of the stock that somebody has looked at; `id` is the certificate's. Nobody's own, so that
    looking changes nothing of an account.
    """

    account_id: int
    pem: str
    thumbprint: str


@dataclass(eq=False, slots=True)
class Approval(Owned):
    """What this API calls a request: something that an approver says yes or no to."""

    order_id: int
    type: str
    status: str
    date: datetime
    requester_id: int
    certificate_ids: tuple[int, ...] = ()
    comments: str = ""
    processor_comment: str = ""
    date_processed: datetime | None = None
    reviewer_id: int | None = None
    processor_id: int | None = None
    revocation_reason: str = "unspecified"
    is_order_revoke: bool = False

    @property
    def is_open(self) -> bool:
        """Whether nobody has said yes or no yet."""
        return self.status in ("submitted", "pending")


@dataclass(eq=False, slots=True)
class CustomField(Owned):
    """A custom order field of the account."""

    label: str
    is_required: bool
    is_active: bool
    data_type: str | None
    description: str = ""
    show_in_receipt: bool = True


@dataclass(eq=False, slots=True)
class Webhook(Owned):
    """The account's webhook and its challenge."""

    endpoint: str
    secret: str
    events: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]
    frequency: tuple[int, ...] = ()
    is_active: bool = False
    challenge: str | None = None
    challenge_expires: datetime | None = None

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Webhook({self.id!r})"


@dataclass(eq=False, slots=True)
class WebhookEvent(Owned):
    """A delivery in the account's event log."""

    name: str
    text: str
    sent_at: datetime

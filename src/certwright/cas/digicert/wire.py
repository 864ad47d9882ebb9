"""DigiCert's answers as typed values, and its words for states turned into ours."""

from __future__ import annotations

from functools import cache
from typing import Any, Self

import structlog
from pydantic import Field, model_validator

from certwright.cas.digicert.shapes import Count, Flag, Many, Moment, Named, One, Rows, Shape, Some, Text, Texts
from certwright.cas.digicert.wire_told import CustomValue, Note, OrderedProduct, Person
from certwright.model.words import OrderState, WaitingFor

LOG = structlog.get_logger("certwright.cas")


class Certificate(Shape):
    """A certificate as an order or a list shows it. Undated until issued."""

    id: str = ""
    serial_number: Text = ""
    thumbprint: Text = ""
    common_name: Text = ""
    dns_names: Texts = ()
    status: Text = ""
    csr: str = ""
    valid_from: Text = ""
    valid_till: Text = ""
    sub_id: Text = ""
    ca_cert: One[Named] = Named()


class OrderCopy(Shape):
    """The copy of an order inside a request; it may be cut down, and stale (§10.2)."""

    id: str = ""
    certificate: Certificate = Certificate()


class Request(Shape):
    """A request that may wait for an approver."""

    id: str
    type: str = ""
    status: str = ""
    date: Moment = None
    date_processed: Moment = None
    comments: Text = ""
    processor_comment: Text = ""
    requester: One[Person] = Person()
    order: OrderCopy | None = None

    @property
    def is_open(self) -> bool:
        """Whether an approver has yet to act."""
        return self.status in ("pending", "submitted")


class ChainItem(Shape):
    """One certificate of a chain."""

    subject_common_name: str = ""
    pem: str


class Token(Shape):
    """A random value that proves control when published."""

    token: str = ""
    status: str = ""
    expiration_date: Moment = None
    http_token_url: str = ""
    verification_value: str = ""


class OrderedDomain(Shape):
    """A name of an order that is still to be proven; its field is called one way or the other."""

    id: str = ""
    name: str = ""
    dns_name: str = ""
    dcv_token: Token = Token()

    @property
    def either_name(self) -> str:
        """The name."""
        return self.dns_name or self.name


class Placed(Shape):
    """The answer to an order, a reissue or a duplicate. Its three kinds are told apart by what is there."""

    id: str
    requests: Many[Request] = ()
    certificate_id: str = ""
    certificate_chain: Many[ChainItem] = ()
    dcv_random_value: str = ""
    domains: Many[OrderedDomain] = ()


class Order(Shape):
    """An order, from the list or alone (then with more fields)."""

    id: str
    status: str
    certificate: Certificate = Certificate()
    date_created: Moment = None
    order_valid_till: Text = ""
    is_renewal: Flag = None
    is_renewed: Flag = None
    renewed_order_id: Text = ""
    renewal_of_order_id: Text = ""
    organization: One[Named] = Named()
    container: One[Named] = Named()
    product: One[OrderedProduct] = OrderedProduct()
    product_name_id: Text = ""
    price: Text = ""
    currency: Text = ""
    requests: Many[Request] = ()
    dcv_method: Text = ""
    alternative_order_id: Text = ""
    duplicates_count: Count = None
    reissues_count: Count = None
    auto_renew: Text = ""
    auto_reissue: Text = ""
    is_multi_year_plan: Flag = None
    user: One[Person] = Person()
    organization_contact: One[Person] = Person()
    technical_contact: One[Person] = Person()
    verified_contacts: Some[Person] = ()
    user_assignments: Some[Person] = ()
    additional_emails: Texts = ()
    custom_fields: Some[CustomValue] = ()
    notes: Some[Note] = ()
    caa_status_message: dict[str, Any] = Field(default_factory=dict)


class Orders(Rows):
    """A page of orders."""

    orders: Many[Order] = ()


class OrderStatus(Shape):
    """A row of a look-up or of the changes."""

    order_id: str
    certificate_id: str = ""
    status: str = ""


class OrderStatuses(Rows):
    """A page of such rows."""

    orders: Many[OrderStatus] = ()


class Requests(Rows):
    """A page of requests."""

    requests: Many[Request] = ()


class Certificates(Rows):
    """Reissues or duplicates of an order."""

    certificates: Many[Certificate] = ()


class Intermediates(Rows):
    """A chain; of one certificate it has the leaf first."""

    intermediates: Many[ChainItem] = ()


class OrganizationValidation(Shape):
    """How far the vetting of an organization is."""

    type: str = ""
    status: str = ""


class NameValidation(Shape):
    """How far the proof of some names of an order is."""

    domain_id: str = ""
    name_scope: str = ""
    status: str = ""
    method: str = ""
    dns_name: str = ""
    dns_names: Many[str] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names it covers."""
        return self.dns_names or tuple(filter(None, (self.dns_name or self.name_scope,)))

    @property
    def is_done(self) -> bool:
        """Whether control is proven."""
        return self.status in ("approved", "active", "valid", "complete")


class OrderValidation(Shape):
    """What an order is waiting for."""

    order_status: str = ""
    organization_name: str = ""
    organization_validations: Many[OrganizationValidation] = ()
    dns_name_validations: Many[NameValidation] = ()


class CheckedControl(Shape):
    """The answer to a check of an order's proofs."""

    order_status: str = ""
    dcv_status: str = ""
    certificate_id: str = ""
    dns_name_validations: Many[NameValidation] = ()


class RandomValue(Shape):
    """A new random value of an order."""

    dcv_random_value: str = ""
    expiration_date: Moment = None


class Role(Shape):
    """What a user may do."""

    id: str = ""
    name: str = ""


class User(Shape):
    """A person or program with an API key."""

    id: str
    username: str = ""
    account_id: str = ""
    container: Named = Named()
    first_name: str = ""
    last_name: str = ""
    status: str = ""
    access_roles: Many[Role] = ()


class Error(Shape):
    """One thing that was wrong."""

    code: str = ""
    message: str = ""


class Errors(Shape):
    """What was wrong; a list, or now and then a lone object."""

    errors: Many[Error] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(error.code or error.message for error in self.errors):
            raise ValueError("errors are missing")
        return self


_WAITING = {
    "needs_approval": WaitingFor.CA_APPROVAL,
    "needs_csr": WaitingFor.CSR,
    "processing": WaitingFor.PROCESSING,
    "waiting_pickup": WaitingFor.PROCESSING,
    "approved": WaitingFor.PROCESSING,
}
_UNFINISHED = frozenset({"pending", "reissue_pending", "duplicate_pending"})
_ENDED = {
    "rejected": OrderState.REJECTED,
    "denied": OrderState.REJECTED,
    "canceled": OrderState.CANCELLED,
    "revoked": OrderState.FAILED,
    "expired": OrderState.EXPIRED,
}
ISSUED = "issued"
REVOKED = "revoked"
CANCELLED = "canceled"
APPROVED = "approved"
REJECTED = "rejected"
NEEDS_APPROVAL = "needs_approval"
ANOTHER_PENDING = frozenset({"reissue_pending", "duplicate_pending"})


def ending(status: str) -> OrderState | None:
    """The end of ours that DigiCert's status means; None when it is not one."""
    return _ENDED.get(status)


def waiting_for(status: str) -> WaitingFor | None:
    """What an order in that status waits for; None when only its validation can tell.

    A status we have never seen means "not yet", and a warning.
    """
    if status not in _WAITING and status not in _UNFINISHED:
        _warn_of(status[:60])
        return WaitingFor.PROCESSING
    return _WAITING.get(status)


@cache
def _warn_of(status: str) -> None:
    """Once per status and process: the poll that comes by every few minutes need not say it again."""
    LOG.warning("ca_status_unknown", ca="DigiCert", status=status)

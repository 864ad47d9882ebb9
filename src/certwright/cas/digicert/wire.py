"""DigiCert's answers as typed values, and its words for states turned into ours.

One shape reads JSON and XML alike: the numbers, booleans and dates that come as texts, lists that come as an
object of one field (XML) or as a lone object, fields that are left out, null or empty. Ids are text.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Self, TypeVar

import structlog
from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError, model_validator

from certwright.model.words import OrderState, WaitingFor

LOG = structlog.get_logger("certwright.cas")
T = TypeVar("T")
_MOMENT = TypeAdapter(datetime)


def _many(value: Any) -> Any:
    """A list, whatever stands for it: nothing, an XML parent with its items, a lone item."""
    if value is None or value == "":
        return []
    if isinstance(value, dict):
        items = list(value.values())
        return (items[0] if isinstance(items[0], list) else items) if len(items) == 1 else [value]
    return value


def moment(value: Any) -> datetime | None:
    """A moment in UTC; None for what is none, since nothing of weight is decided by DigiCert's dates."""
    try:
        read = _MOMENT.validate_python(value)
    except ValidationError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


Many = Annotated[tuple[T, ...], BeforeValidator(_many)]
Moment = Annotated[datetime | None, BeforeValidator(moment)]


class Shape(BaseModel):
    """A frozen value; unknown fields are ignored, empty ones count as left out."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty_fields(cls, value: Any) -> Any:
        if value == "":
            return {}
        if not isinstance(value, dict):
            return value
        return {name: field for name, field in value.items() if field is not None and field != ""}


class Named(Shape):
    """An id with a name."""

    id: str = ""
    name: str = ""


class Page(Shape):
    """Where a page of a list lies."""

    total: int = 0
    limit: int = 0
    offset: int = 0


class Rows(Shape):
    """A page of a list. An empty answer is an empty list; one without the list is none of ours."""

    page: Page = Page()

    @model_validator(mode="before")
    @classmethod
    def _holds_the_list(cls, value: Any) -> Any:
        fields = [name for name in cls.model_fields if name != "page"]
        if isinstance(value, dict) and value and not {*fields, "page"} & set(value):
            raise ValueError(f"{fields[0]} is missing")
        return value


class Certificate(Shape):
    """A certificate as an order or a list shows it. Undated until issued."""

    id: str = ""
    serial_number: str = ""
    thumbprint: str = ""
    common_name: str = ""
    dns_names: Many[str] = ()
    status: str = ""
    csr: str = ""
    valid_from: str = ""
    valid_till: str = ""
    sub_id: str = ""


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
    comments: str = ""
    processor_comment: str = ""
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
    order_valid_till: str = ""
    is_renewal: bool = False
    is_renewed: bool = False
    renewed_order_id: str = ""
    renewal_of_order_id: str = ""
    organization: Named = Named()
    product_name_id: str = ""
    price: str = ""
    currency: str = ""
    requests: Many[Request] = ()
    dcv_method: str = ""
    alternative_order_id: str = ""
    duplicates_count: int | None = None
    reissues_count: int | None = None
    caa_status_message: dict[str, Any] = {}


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

"""One call that the gate has let in, and how answers are filled: what is missing is null, blank or absent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from certwright_sandbox.emsign import errors
from certwright_sandbox.emsign.errors import refuse
from certwright_sandbox.emsign.office import Office
from certwright_sandbox.emsign.records import Account, Order
from certwright_sandbox.playing import Twist

Block = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """Who asks, with which body."""

    endpoint: str
    account: Account
    body: Block
    twist: Twist

    def block(self, *names: str) -> Block:
        """The first of these objects of the body that is there; an empty one when none is."""
        return next((block_of(self.body, name) for name in names if block_of(self.body, name)), {})


def block_of(block: Block, name: str) -> Block:
    """An object inside an object; an empty one when it is absent or none."""
    found = block.get(name)
    return found if isinstance(found, Mapping) else {}


def text(block: Block, name: str) -> str:
    """A value as text without blanks around it; numbers are taken, too."""
    value = block.get(name)
    if value is None or isinstance(value, bool | Mapping | list):
        return ""
    return str(value).strip()


def texts(block: Block, name: str) -> tuple[str, ...]:
    """A list of texts."""
    value = block.get(name)
    return tuple(str(item).strip() for item in value if str(item).strip()) if isinstance(value, list) else ()


def filled(account: Account, values: Block) -> dict[str, Any]:
    """The values with what is missing (None) as the account's switch `blanks` wants it."""
    if account.blanks == "absent":
        return {name: value for name, value in values.items() if value is not None}
    missing = None if account.blanks == "null" else ""
    return {name: missing if value is None else value for name, value in values.items()}


def moment(at: datetime | None) -> str | None:
    """A time as reports write it: UTC, without saying so."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if at is not None else None


def order_of(office: Office, call: Call, details: Block, *, drafts: bool = False) -> Order:
    """The account's order that `details` names; a draft by its request number where `drafts`.

    Raises Refusal; an order that is hidden yet is unknown. Who asks must be known to the account.
    """
    number, asking = text(details, "orderNumber"), text(details, "requestorEmail")
    if asking and not is_known(call.account, asking):
        raise refuse(errors.REQUESTOR)
    found = [order for order in office.orders_by_number.find(number) if order.account == call.account.id]
    if not found and drafts and number.isdecimal():
        draft = office.orders.get(int(number))
        found = [draft] if draft is not None and draft.account == call.account.id else []
    if not found or not is_visible(office, found[0]):
        raise refuse(errors.ORDER_UNKNOWN)
    return found[0]


def is_known(account: Account, email: str) -> bool:
    """Whether an e-mail address is one that the account knows."""
    return email.lower() == account.requestor_email.lower()


def is_visible(office: Office, order: Order) -> bool:
    """Whether look-ups and lists show the order already."""
    return order.visible_from is None or order.visible_from <= office.now()

"""Which order a call means: by its number, its certificate, or its family (sectigo.md §6, §9, §13)."""

from __future__ import annotations

from certwright_sandbox.sectigo.call import WHOLE, Call
from certwright_sandbox.sectigo.errors import Refusal, invalid, missing
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.records import Order


def is_visible(office: Office, call: Call, order: Order | None) -> bool:
    """Whether the account may see the order: its own, and recorded already."""
    if order is None or order.account != call.account.id:
        return False
    return order.visible_from is None or order.visible_from <= office.now()


def by_order_number(office: Office, call: Call, item: str = "orderNumber") -> Order:
    """The order of a number. Raises Refusal -3 and, for none and for somebody else's, -4."""
    text = call.wanted(item)
    order = office.orders.get(int(text)) if WHOLE.match(text) else None
    if order is None or not is_visible(office, call, order):
        raise invalid(item)
    return order


def by_certificate_id(office: Office, call: Call) -> Order:
    """The order of a certificate. Raises Refusal -4."""
    order = office.order_of_certificate(call.number("certificateID") or 0)
    if order is None or not is_visible(office, call, order):
        raise invalid("certificateID")
    return order


def newest(office: Office, call: Call, order: Order) -> Order:
    """The newest order of the family that the account may see."""
    return [other for other in office.family(order) if is_visible(office, call, other)][-1]


def one_of(call: Call, *items: str) -> str:
    """The one of these parameters that is there. Raises Refusal -3 for none of them, -4 for more than one."""
    given = [item for item in items if call.text(item)]
    if not given:
        raise missing(items[0])
    if len(given) > 1:
        raise invalid(given[1])
    return given[0]


def refusal_of_end(order: Order, rejected: Refusal, revoked: Refusal) -> Refusal | None:
    """What an order that has ended is answered; None for any other."""
    if order.state == "rejected":
        return rejected
    return revoked if order.revoked_at is not None else None

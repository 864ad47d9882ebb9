"""What DigiCert tells of an order beside its states and dates, in our words (§10).

The list tells less of an order than DigiCert does when asked for it alone. Where it tells half of a thing it tells
nothing here, so that the next reading of the list never unsays what is known.
"""

from __future__ import annotations

from collections.abc import Mapping

from certwright.cas import told
from certwright.cas.digicert import wire
from certwright.cas.digicert.wire_account import Product
from certwright.cas.digicert.wire_told import Person

_KINDS = ("dv", "ov", "ev")
_OFF = ("0", "", "false")


def validation(order: wire.Order) -> str:
    """``dv``, ``ov`` or ``ev``: told with a single order, else read from the name of a product for TLS."""
    if order.product.validation_type in _KINDS:
        return order.product.validation_type
    name_id = order.product_name_id or order.product.name_id
    if not name_id or order.product.validation_type:
        return ""
    product = Product(name_id=name_id, type=order.product.type)
    return product.validation if product.is_tls and not product.is_private else ""


def requester(order: wire.Order) -> str:
    """Whoever placed the order: its user, else whoever made its first request."""
    if order.user != Person():
        return _words(order.user)
    return next((_words(one.requester) for one in order.requests if one.type in ("new_request", "")), "")


def contacts(order: wire.Order) -> tuple[str, ...]:
    """Everybody else the order names: its contacts, the users it is assigned to, more addresses for its mails."""
    people = (
        order.organization_contact,
        order.technical_contact,
        *order.verified_contacts,
        *order.user_assignments,
    )
    found = told.words((*map(_words, people), *order.additional_emails))
    return tuple(one for one in found if one != requester(order))


def auto_renew(order: wire.Order) -> str:
    """What DigiCert does by itself (§13): ``auto_renew 1, auto_reissue 1, multi-year plan``; ``off``; empty."""
    switches = {"auto_renew": order.auto_renew, "auto_reissue": order.auto_reissue}
    on = [f"{name} {told.word(value)}" for name, value in switches.items() if value not in _OFF]
    if not any(switches.values()):  # the list, which tells of the plan alone
        return ""
    plan = ["multi-year plan"] if order.is_multi_year_plan else []
    return ", ".join([*(on or ["off"]), *plan])


def cost(order: wire.Order) -> str:
    """The price with its currency; the list gives a number alone."""
    return told.word(f"{order.price} {order.currency}") if order.price else ""


def fields(order: wire.Order) -> Mapping[str, str]:
    """Its custom fields by label, by number where none is told."""
    return told.fields((one.label or one.metadata_id, one.value) for one in order.custom_fields)


def _words(person: Person) -> str:
    return told.person(f"{person.first_name} {person.last_name}", person.email)

"""What time does by itself: people approve, names are proven, certificates are signed and renewed."""

from __future__ import annotations

from collections.abc import Callable

from certwright_sandbox.emsign import control, issuing
from certwright_sandbox.emsign.office import CA_NAME, Office
from certwright_sandbox.emsign.records import Order
from certwright_sandbox.emsign.validity import renewal_due
from certwright_sandbox.state import Id


def teach(office: Office) -> None:
    """Tell the agenda how this office's appointments are kept."""
    deeds: dict[str, Callable[[Office, Order], None]] = {
        "approve": approve,
        "prove": prove,
        "look": look,
        "issue": issue,
        "renew": renew,
    }

    def on_order(deed: Callable[[Office, Order], None]) -> Callable[[Id], None]:
        return lambda number: deed(office, office.orders[number])

    for name, deed in deeds.items():
        office.world.agenda.teach(f"{CA_NAME}.{name}", on_order(deed))


def approve(office: Office, order: Order) -> None:
    """People have said yes."""
    if order.state == "pending":
        issuing.approve(office, order)
        office.in_background(lambda: issuing.advance(office, order))


def prove(office: Office, order: Order) -> None:
    """The names are proven, whoever did it."""
    if order.state == "pending":
        control.prove_all(office, order)
        office.in_background(lambda: issuing.advance(office, order))


def look(office: Office, order: Order) -> None:
    """Look again whether CAA records still forbid issuance."""
    if order.state == "pending":
        office.in_background(lambda: issuing.advance(office, order))


def issue(office: Office, order: Order) -> None:
    """The certificate that was approved is generated."""
    if order.state == "approved":
        issuing.issue(office, order, office.now())


def renew(office: Office, order: Order) -> None:
    """CA-side auto-renewal, as of the day when it was due, however late the clock says it is.

    Only the newest of a family is renewed; an appointment of an earlier certificate is none for the one in force.
    """
    due = renewal_due(order)
    is_newest = office.family_of.find(order.base_id)[-1] is order
    if due is None or due > office.now() or not order.is_in_force or not is_newest:
        return
    if office.account_of(order).renewal != "never":
        issuing.renew(office, order, due)

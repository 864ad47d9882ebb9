"""What time does by itself: looks go on, people finish, certificates get signed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from certwright_sandbox.sectigo import issuing, vetting
from certwright_sandbox.sectigo.office import CA_NAME, Office
from certwright_sandbox.sectigo.records import Order
from certwright_sandbox.state import Id

LAST_POLL = timedelta(days=30)  # the life of a request token (sectigo.md §7.2)


def teach(office: Office) -> None:
    """Tell the agenda how this office's appointments are kept."""

    def on_order(deed: Callable[[Office, Order], None]) -> Callable[[Id], None]:
        return lambda number: deed(office, office.orders[number])

    office.world.agenda.teach(f"{CA_NAME}.poll", on_order(poll))
    office.world.agenda.teach(f"{CA_NAME}.sign", on_order(sign))
    office.world.agenda.teach(
        f"{CA_NAME}.organization", on_order(lambda office, order: finish(office, order, "organization"))
    )
    office.world.agenda.teach(
        f"{CA_NAME}.click_through", on_order(lambda office, order: finish(office, order, "click_through"))
    )
    office.world.agenda.teach(f"{CA_NAME}.call_back", on_order(call_back))


def poll(office: Office, order: Order) -> None:
    """Look again at an order that waits, at intervals that double."""
    if order.state != "pending":
        return
    office.in_background(lambda: issuing.look(office, order, asked=False))
    waited = max(office.now() - order.placed_at, issuing.FIRST_POLL)
    if waited < LAST_POLL:
        office.later(waited, "poll", order.number)


def sign(office: Office, order: Order) -> None:
    """The signature that was under way is made."""
    if order.state == "signing":
        issuing.issue(office, order)


def finish(office: Office, order: Order, what: str) -> None:
    """People are done with a step."""
    if order.state == "pending":
        vetting.finish(office, order, what)
        office.in_background(lambda: issuing.advance(office, order))


def call_back(office: Office, order: Order) -> None:
    """The telephone call is made, unless it was put off meanwhile."""
    if vetting.call_is_due(office, order):
        finish(office, order, "call_back")

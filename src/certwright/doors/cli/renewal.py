"""``certwright order renewal``, and what ``order show`` tells of it: the paid term and the certificates inside it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from certwright.doors.cli.options import AsJSON, RenewDays, Which
from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import cell, moment, print_json, say, state, table
from certwright.model.order import Order
from certwright.model.words import AutoRenew, OrderState
from certwright.policy.renewal import paid_until
from certwright.store.renewals import Issued
from certwright.wiring import Certwright


def renewal(
    which: Which,
    mode: Annotated[
        AutoRenew | None,
        typer.Argument(help="off; covered: inside the paid term, nothing is bought; always: a new order after it."),
    ] = None,
    days: RenewDays = None,
    as_json: AsJSON = False,
) -> None:
    """Show how an order is renewed by itself, or change that."""
    with opened() as certwright:
        order = certwright.orders.get(which)
        if mode is not None:
            certwright.renewals.set(order, mode, days if days is not None else order.renew_days)
            certwright.renewing.turn()
            order = certwright.orders.get(order.reference)
        if as_json:
            print_json({"id": order.id, **coverage_json(certwright, order)})
        else:
            show_coverage(certwright, order)


def coverage_json(certwright: Certwright, order: Order) -> dict[str, Any]:
    """The paid term of the CA order that an order belongs to, and its certificates."""
    bought, issued = _coverage(certwright, order)
    return {
        "bought_by": bought.id,
        "paid_until": _paid_until(bought),
        "auto_renew": bought.auto_renew,
        "renew_days": bought.renew_days,
        "next_due": bought.renewal_due_at,
        "note": bought.renewal_note or None,
        "certificates": [
            {
                "fingerprint": one.fingerprint,
                "serial": one.serial,
                "not_before": one.not_before,
                "not_after": one.not_after,
                "state": one.state,
            }
            for one in issued
        ],
    }


def show_coverage(certwright: Certwright, order: Order) -> None:
    """The same for people; nothing of an order that has brought no certificate and is not renewed by itself."""
    bought, issued = _coverage(certwright, order)
    if order.state is not OrderState.ISSUED and bought.auto_renew is AutoRenew.OFF:
        return
    whose = "" if bought.id == order.id else f" with order {bought.id}"
    days = f", {bought.renew_days} days before the end" if bought.renew_days is not None else ""
    due = f", next looked at {moment(bought.renewal_due_at)}" if bought.renewal_due_at else ""
    say(f"Paid{whose} until {moment(_paid_until(bought))[:10]}. Auto-renewal: {bought.auto_renew}{days}{due}.")
    if bought.renewal_note:
        say(cell(bought.renewal_note))
    if issued:
        table(
            "Certificates of the paid term",
            ("fingerprint", "serial", "from (UTC)", "until (UTC)", "state"),
            (
                (
                    one.fingerprint[:16],
                    cell(one.serial),
                    moment(one.not_before),
                    moment(one.not_after),
                    state(one.state),
                )
                for one in issued
            ),
        )


def _coverage(certwright: Certwright, order: Order) -> tuple[Order, list[Issued]]:
    bought = certwright.renewals.bought(order)
    return bought, certwright.renewals.issued(bought)


def _paid_until(bought: Order) -> Any:
    if bought.placed_at is None and bought.paid_until is None:
        return None
    return paid_until(bought.request.term, bought.placed_at or bought.created_at, bought.paid_until)

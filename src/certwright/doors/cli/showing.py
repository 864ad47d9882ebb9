"""How an order or a revocation stands, shown to a person or a script."""

from __future__ import annotations

from certwright.doors.cli import follow
from certwright.doors.cli.shapes import order_json
from certwright.doors.cli.terminal import cell, fields, moment, print_json, state, table
from certwright.model.ca import CAOrder
from certwright.model.order import Order, Revocation
from certwright.model.words import OrderState, WaitingFor
from certwright.wiring import Certwright


def finish(certwright: Certwright, order: Order, wait: float | None, *, as_json: bool) -> int:
    """Advance or follow the order, show how it stands, and give the exit code that tells it."""
    order = follow.order(certwright, order, wait)
    if as_json:
        print_json(order_json(order))
    else:
        show_short(order)
    return exit_code(order, waited=wait is not None)


def exit_code(order: Order, *, waited: bool) -> int:
    """The exit code that tells a script how the order stands; ``waited`` for its end in vain is one of its own."""
    if order.state is OrderState.ISSUED:
        return 0
    if order.ended:
        return 1
    if order.trouble:
        return {"unavailable": 3, "misconfigured": 4}[order.trouble]
    return 3 if waited else 0


def show_short(order: Order) -> None:
    """An order, for a person: how it stands, what it waits for, what is to be done."""
    placed = order.ca_order or CAOrder("")
    key = order.key
    fields(
        f"order {order.id}",
        {
            "state": state(order.state) + (f" [dim]({cell(order.waiting_for)})[/]" if order.waiting_for else ""),
            "why": "" if order.why == f"waiting for {order.waiting_for}" else cell(order.why),
            "advice": f"[cyan]{cell(order.advice)}[/]" if order.advice else "",
            "names": cell(", ".join(order.request.names)),
            "account": cell(f"{order.account} · {order.request.product}"),
            "reference": cell(order.reference),
            "CA order": cell(str(placed) if order.ca_order else ""),
            "key": cell(f"{key.kind} {key.spec or ''} {key.token} {key.cka_id}".strip()),
            "certificate": cell(order.fingerprint),
            "next look": moment(order.next_action_at),
        },
    )
    if order.requirements and not order.ended:
        table(
            "What the CA wants before it issues",
            ("what", "state", "in its words"),
            (
                (cell(one.what), "[green]done[/]" if one.done else "[yellow]waits[/]", cell(one.note))
                for one in order.requirements
            ),
        )
    if order.proofs and not order.ended and not _names_are_proven(order):
        table(
            "To be published",
            ("name", "method", "where", "value"),
            ((cell(p.name), cell(p.method), cell(p.where), cell(p.value)) for p in order.proofs),
        )


def _names_are_proven(order: Order) -> bool:
    return any(one.done for one in order.requirements if one.what is WaitingFor.DOMAIN_CONTROL)


def show_revocation(revocation: Revocation) -> None:
    """A revocation, for a person."""
    whole = revocation.target.whole_order
    fields(
        f"revocation {revocation.id}",
        {
            "state": state(revocation.state),
            "why": cell(revocation.why),
            "advice": cell(revocation.advice),
            "of": f"the whole CA order {cell(revocation.target.order_id)}" if whole else revocation.fingerprint,
            "reason": cell(revocation.reason),
        },
    )

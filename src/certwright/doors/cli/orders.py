"""``certwright order``: place, follow, approve, cancel, forget."""

from __future__ import annotations

from typing import Annotated

import typer

from certwright.doors.cli import ca_orders, control, follow, placing, renewal
from certwright.doors.cli.options import AsJSON, Comment, Which
from certwright.doors.cli.session import opened
from certwright.doors.cli.shapes import order_json, revocation_json
from certwright.doors.cli.showing import exit_code, finish, show_revocation, show_short
from certwright.doors.cli.terminal import cell, moment, print_json, say, state, table, warn
from certwright.model.ca import CAOrder
from certwright.model.errors import CertwrightError, Refused
from certwright.model.order import Order
from certwright.model.ports import Approves, ProvesControl
from certwright.model.words import Operation, OrderState, WaitingFor
from certwright.wiring import Certwright

app = typer.Typer()


@app.command("list")
def list_orders(
    account: Annotated[str, typer.Option(help="Only of this CA account.")] = "",
    wanted: Annotated[OrderState | None, typer.Option("--state", help="Only in this state.")] = None,
    name: Annotated[str, typer.Option(help="Only with this common name.")] = "",
    as_json: AsJSON = False,
) -> None:
    """List orders, oldest first."""
    with opened() as certwright:
        orders = certwright.orders.browse(account=account, state=wanted or "", name=name)
        if as_json:
            for order in orders:
                print_json(order_json(order))
            return
        table(
            "Orders",
            ("order", "names", "state", "waiting for", "account", "product", "CA order", "since"),
            (
                (
                    str(order.id),
                    cell(_names(order)),
                    state(order.state),
                    cell(order.waiting_for or ""),
                    cell(order.account),
                    cell(order.request.product),
                    cell(order.ca_order.order_id if order.ca_order else ""),
                    moment(order.created_at)[:10],
                )
                for order in orders
            ),
        )


def _names(order: Order) -> str:
    names = order.request.names
    return ", ".join(names[:2]) + (f" +{len(names) - 2}" if len(names) > 2 else "")


@app.command()
def show(which: Which, as_json: AsJSON = False) -> None:
    """Show what an order is doing and why, from its journal."""
    with opened() as certwright:
        order = certwright.orders.get(which)
        journal = certwright.orders.events(order.id)
        intents = certwright.orders.intents(order.id)
        if as_json:
            coverage = renewal.coverage_json(certwright, order)
            print_json({**order_json(order), "coverage": coverage, "journal": journal, "intents": intents})
            return
        show_short(order)
        renewal.show_coverage(certwright, order)
        table(
            "Journal",
            ("at (UTC)", "kind", "step", "what"),
            ((moment(line["at"]), cell(line["kind"]), cell(line["step"]), cell(line["note"])) for line in journal),
        )
        if intents:
            table(
                "Calls made exactly once",
                ("attempt", "opened (UTC)", "outcome", "closed (UTC)"),
                (
                    (str(row["attempt"]), moment(row["opened_at"]), cell(row["outcome"]), moment(row["closed_at"]))
                    for row in intents
                ),
            )


@app.command()
def check(which: Which, as_json: AsJSON = False) -> int:
    """Look at the CA now. Is the order there once only? Does a certificate that was turned down fit by now?"""
    with opened() as certwright:
        order = certwright.orders.get(which)
        if order.ended:  # whoever ended it may have died before it took its proofs away
            _withdraw_proofs(certwright, order)
        if order.ca_order is not None or order.ended:
            _look_for_doubles(certwright, order)
        revocation = certwright.orders.pending_revocation(order)
        if revocation is not None:
            certwright.orders.wake_revocation(revocation)
            follow.revocation(certwright, revocation, None)
        if order.ended and not certwright.orders.judge_again(order):
            return finish(certwright, order, None, as_json=as_json)
        if order.waiting_for in (WaitingFor.DOMAIN_CONTROL, WaitingFor.CAA) and not order.ended:
            _look_at_the_names(certwright, order)
        certwright.orders.wake(order)
        if certwright.others_at_work():
            return finish(certwright, order, 10, as_json=as_json)
        return finish(certwright, order, None, as_json=as_json)


def _look_at_the_names(certwright: Certwright, order: Order) -> None:
    """Publish and look anew where the proofs are ours to publish; else only ask the CA to look now."""
    ports = certwright.ports(order.account)
    unproven = order.waiting_for is WaitingFor.DOMAIN_CONTROL
    if unproven and any(ports.challenges.serves(proof) for proof in order.proofs):
        with certwright.runner.held(order.id) as held:
            held.save("asked to look at the proofs again", step="publish", looks=0)
    elif isinstance(ports.ca, ProvesControl) and order.ca_order is not None:
        try:
            told = "proven" if ports.ca.check_control(order.ca_order, order.placement) else "not yet"
        except Refused as error:  # it may have ended there, which collecting finds out
            told = error.detail
        certwright.orders.note(order, f"asked the CA to check the names now: {told}")


def _look_for_doubles(certwright: Certwright, order: Order) -> None:
    """Withdraw what else the CA has under the order's reference: the network delivered the order twice."""
    from certwright.flow.placing import placed_orders, withdraw_double

    if order.request.operation is not Operation.NEW:
        return
    for extra in placed_orders(order, certwright.ports(order.account).ca) or ():
        if order.ca_order is None or not extra.is_same(order.ca_order):
            note = f"the CA has a second order with this reference: {extra}. "
            note += withdraw_double(order, extra, certwright.ports(order.account))
            certwright.orders.note(order, note)
            warn(note)


@app.command("wait")
def wait_for(
    which: Which,
    seconds: Annotated[float, typer.Argument(help="At most so long.")] = 3600,
    as_json: AsJSON = False,
) -> int:
    """Wait until an order has its certificate, or has ended without one."""
    with opened() as certwright:
        order = certwright.orders.get(which)
        certwright.orders.watch(order, seconds)
        return finish(certwright, order, seconds, as_json=as_json)


@app.command()
def approve(which: Which, comment: Comment = "", as_json: AsJSON = False) -> int:
    """Approve what waits at the CA: an order's request, or the revocation that was asked for it."""
    return _decide(which, comment, approve=True, as_json=as_json)


@app.command()
def reject(which: Which, comment: Comment = "", as_json: AsJSON = False) -> int:
    """Reject what waits at the CA: an order's request, or the revocation that was asked for it."""
    return _decide(which, comment, approve=False, as_json=as_json)


def _decide(which: str, comment: str, *, approve: bool, as_json: bool) -> int:
    with opened() as certwright:
        order = certwright.orders.get(which)
        revocation = certwright.orders.pending_revocation(order)
        if order.ca_order is None or (order.ended and revocation is None):
            raise Refused(f"Order {order.id} has nothing to decide at the CA: it is {order.state}.")
        ca = certwright.ports(order.account).ca
        if not isinstance(ca, Approves):
            raise Refused(
                "This CA has no approval over its API.",
                advice="" if approve else f"An order is withdrawn with: certwright order cancel {order.id}",
            )
        decide = ca.approve if approve else ca.reject
        placed = order.ca_order
        decide(CAOrder(placed.order_id, request_id=revocation.request_id) if revocation else placed, comment)
        what = "the revocation" if revocation else "the order"
        certwright.orders.note(order, f"{'approved' if approve else 'rejected'} {what} at the CA. {comment}".rstrip())
        if revocation is not None:
            certwright.orders.wake_revocation(revocation)
            revocation = follow.revocation(certwright, revocation, 0)
            if as_json:
                print_json(revocation_json(revocation))
            else:
                show_revocation(revocation)
            return 0
        certwright.orders.wake(order)
        finish(certwright, certwright.orders.get(which), None, as_json=as_json)
        return 0


@app.command()
def cancel(which: Which, comment: Comment = "cancelled by the operator", as_json: AsJSON = False) -> int:
    """Withdraw an unfinished order, here and at the CA."""
    with opened() as certwright:
        order = certwright.orders.get(which)
        certwright.orders.ask_to_cancel(order, comment)
        wait = 10 if certwright.others_at_work() else None
        order = follow.order(certwright, order, wait)
        if as_json:
            print_json(order_json(order))
        else:
            show_short(order)
        if order.state is OrderState.CANCELLED:
            return 0
        return exit_code(order, waited=True)


@app.command()
def forget(which: Which, as_json: AsJSON = False) -> None:
    """Delete an order here only: the CA is not told, and its certificate stays in the inventory."""
    with opened() as certwright:
        order = certwright.orders.get(which)
        _withdraw_proofs(certwright, order)
        certwright.renewals.forgotten(order)
        certwright.orders.forget(order)
        if as_json:
            print_json({"forgotten": order.id, "reference": order.reference, "certificate": order.fingerprint or None})
        else:
            say(f"order {order.id} is forgotten; its certificate and key stay")


def _withdraw_proofs(certwright: Certwright, order: Order) -> None:
    try:
        certwright.challenges.withdraw(order)
    except CertwrightError as error:
        warn(f"a proof of it still stands, and a worker will try to take it away: {error}")


app.command()(placing.place)
app.command()(placing.submit_csr)
app.command()(placing.agree)
app.command()(renewal.renewal)
app.command()(ca_orders.report)
app.command()(control.dcv)
app.command()(control.remove_name)
app.command()(control.call_back)
app.command()(control.click_through)

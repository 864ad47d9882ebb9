"""``certwright account import``, ``addresses`` and ``order report``: what a CA knows, whoever ordered it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.shapes import ca_order_json
from certwright.doors.cli.terminal import cell, err, moment, print_json, say, state, table, warn
from certwright.model.ca import ReportedOrder
from certwright.model.errors import NotFound, Refused
from certwright.model.ports import ListsAddresses, ReportsOrders
from certwright.model.words import OrderState
from certwright.store.ca_orders import LeftOut
from certwright.wiring import Certwright

Account = Annotated[str, typer.Argument(metavar="NAME", help="The CA account.")]
OnStep = Callable[[int, int | None], None]
_SHOWN_MISSING = 10


def import_orders(
    name: Account,
    certificates: Annotated[
        bool, typer.Option("--certificates/--no-certificates", help="Also fetch the certificates into the inventory.")
    ] = True,
    leave_out: Annotated[
        list[LeftOut] | None,
        typer.Option(help="Do not fetch these certificates; their orders come in all the same. Once for each."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Begin anew where an interrupted import would go on.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Take over every order the CA account has, also those placed elsewhere. Again changes only what has changed."""
    from certwright.engine.importing import Collected, Import

    with opened() as certwright:
        ca = _reporter(certwright, name)
        if again:
            certwright.ca_orders.start_over(name)
        task = Import(name, ca, certwright.ca_orders, certwright.inventory, certwright.clock)
        with _progress("orders") as step:
            taken = task.orders(step)
        collected = Collected()
        if certificates:
            with _progress("certificates") as step:
                collected = task.certificates(step, leave_out or ())
        if as_json:
            print_json(
                {
                    "name": name,
                    "new": taken.new,
                    "changed": taken.changed,
                    "known": taken.known,
                    "vanished": taken.vanished,
                    "certificates": collected.recorded,
                    "certificates_known": collected.known,
                    "ca_certificates": collected.ca_certificates,
                    "missing": list(collected.missing),
                    "gone": collected.gone,
                }
            )
            return
        say(f"{taken.new} CA orders are new, {taken.changed} have changed, {taken.known} are as they were.")
        if taken.vanished:
            say(f"{taken.vanished} are no longer in the CA's list; what it told of them stays.")
        if certificates:
            say(f"{collected.recorded} certificates are new in the inventory, {collected.known} were known.")
        if collected.gone:
            say(f"{collected.gone} that are over are not given out any more.")
        for line in collected.missing[:_SHOWN_MISSING]:
            warn(f"no certificate for {line}")
        if len(collected.missing) > _SHOWN_MISSING:
            warn(f"and {len(collected.missing) - _SHOWN_MISSING} more; --json lists them")


@contextmanager
def _progress(what: str) -> Iterator[OnStep]:
    """A bar on standard error; where that is no terminal, a line now and then."""
    columns = (
        TextColumn(f"{what:>12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        told = 0

        def step(done: int, total: int | None) -> None:
            nonlocal told
            bar.update(task, completed=done, total=total)
            if not err.is_terminal and done >= told + 5000:
                told = done
                err.print(f"{what}: {done}" + (f" of {total}" if total else ""))

        yield step


def report(
    which: Annotated[list[str] | None, typer.Argument(metavar="[CA_ORDER]...", help="The CA's ids of orders.")] = None,
    account: Annotated[str, typer.Option(help="Of this CA account.")] = "",
    wanted: Annotated[OrderState | None, typer.Option("--state", help="Only in this state.")] = None,
    name: Annotated[str, typer.Option(help="Only with this common name.")] = "",
    as_json: AsJSON = False,
) -> None:
    """Show CA orders: those given as the CA has them now, without one all as last imported."""
    with opened() as certwright:
        if which:
            if not account:
                raise Refused("At which CA?", advice="Give --account.")
            found = _reporter(certwright, account).report(which)
            for unknown in sorted(set(which) - {order.ca_order.order_id for order in found}):
                warn(f"the CA shows no order {unknown}")
            if not found:
                raise NotFound("The CA shows none of them.", advice="Is it another CA account's order?")
            rows = iter([(account, order) for order in found])
        else:
            rows = certwright.ca_orders.browse(account=account, state=wanted or "", name=name)
        if as_json:
            for owner, order in rows:
                print_json(ca_order_json(owner, order))
            return
        table(
            "CA orders" if not which else "CA orders, as the CA has them now",
            ("CA order", "names", "state", "certificate", "valid until", "product", "account", "placed", "why"),
            (_cells(owner, order) for owner, order in rows),
        )


def _cells(owner: str, order: ReportedOrder) -> tuple[str, ...]:
    more = len(order.names) - 1
    first = order.common_name or (order.names[0] if order.names else "")
    return (
        cell(str(order.ca_order)),
        cell(f"{first} +{more}" if more > 0 else first),
        state(order.state),
        state(order.certificate_state) if order.certificate_state else "",
        moment(order.not_after)[:10],
        cell(order.product),
        cell(owner),
        moment(order.placed_at)[:10],
        cell(order.why),
    )


def addresses(
    name: Account,
    domain: Annotated[str, typer.Argument(help="The name to be proven.")],
    as_json: AsJSON = False,
) -> None:
    """List the e-mail addresses by which the CA lets control of a name be proven."""
    with opened() as certwright:
        ca = certwright.adapter(certwright.accounts.get(name))
        if not isinstance(ca, ListsAddresses):
            raise Refused("This CA lists no addresses over its API.")
        found = ca.dcv_addresses(domain)
        if as_json:
            print_json({"name": domain, "addresses": list(found)})
        else:
            for address in found:
                say(address)


def _reporter(certwright: Certwright, account: str) -> ReportsOrders:
    ca = certwright.adapter(certwright.accounts.get(account))
    if not isinstance(ca, ReportsOrders):
        raise Refused("This CA lists no orders over its API.")
    return ca

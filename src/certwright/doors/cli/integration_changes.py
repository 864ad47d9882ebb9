"""``certwright integration changes``: CA orders that are new, have changed or are no longer in the CA's list."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

import typer

from certwright.doors.cli.durations import span
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.shapes import ca_order_json
from certwright.doors.cli.terminal import cell, moment, print_json, say, state, table, warn
from certwright.model.errors import NotFound, Refused
from certwright.model.inventory import Outcome, Run, SourceKind
from certwright.store import ca_order_changes
from certwright.store.ca_order_changes import Became, OrderChange
from certwright.wiring import Certwright

_SHOWN = 200
_COLOURS = {Became.NEW: "green", Became.CHANGED: "yellow", Became.VANISHED: "red"}


def show_order_changes(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name it was added with.")],
    since: Annotated[
        str,
        typer.Option(
            metavar="WHEN", help="From then on: 7d for the last 7 days, or 2026-11-01, 2026-11-01T09:30 (UTC)."
        ),
    ] = "",
    as_json: AsJSON = False,
) -> None:
    """What is new, has changed or has vanished from the CA's list, by CA order: since its last run began, or --since.

    An order has vanished when a complete list does not have it; what was told of it stays.
    """
    with opened() as certwright:
        source = certwright.sources.get(name, SourceKind.CA)
        begin = _when(since, certwright.clock.now()) if since else _last_run(certwright, name).started_at
        changes = ca_order_changes.since(source.account, begin)
        if as_json:
            for change in changes:
                print_json(
                    {"change": change.became, "changed_at": change.at, **ca_order_json(source.account, change.order)}
                )
            return
        shown = list(islice(changes, _SHOWN + 1))
        table(
            f"Changes since {moment(begin)} UTC",
            ("change", "at (UTC)", "CA order", "CA certificate", "name", "state", "certificate"),
            map(_cells, shown[:_SHOWN]),
        )
        if len(shown) > _SHOWN:
            say("There are more: --json lists all.")
        if not since and _last_run(certwright, name).outcome in (Outcome.FAILED, Outcome.RUNNING):
            warn(f"the last run of {name} did not come to its end; --since shows what earlier ones brought")


def _cells(change: OrderChange) -> tuple[str, ...]:
    order = change.order
    return (
        f"[{_COLOURS[change.became]}]{change.became}[/]",
        moment(change.at)[:16],
        cell(str(order.ca_order)),
        cell(order.ca_order.certificate_id),
        cell(order.common_name or next(iter(order.names), "")),
        state(order.state),
        state(order.certificate_state) if order.certificate_state else "",
    )


def _last_run(certwright: Certwright, name: str) -> Run:
    """The last run; raises NotFound before the first."""
    runs = certwright.sources.runs(name, most=1)
    if not runs:
        raise NotFound(f"{name} has never been looked at.")
    return runs[0]


def _when(text: str, now: datetime) -> datetime:
    """A time that somebody typed, as so long ago or as a date or time, UTC unless it says; raises Refused."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            return now - span(text)
        except Refused:
            raise Refused(
                f"{text!r} is no time.", advice="Write 7d for the last 7 days, 2026-11-01 or 2026-11-01T09:30."
            ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)

"""``certwright cert facets``: what the certificates have in common, counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from certwright.doors.cli.bars import bar
from certwright.doors.cli.filters import Filters, with_options
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import cell, print_json, say, table
from certwright.model.errors import Refused
from certwright.model.inventory import Count, Query
from certwright.model.words import CertificateState
from certwright.store.browsing import CAP, FACETS, Browsing

_USUAL = ("state", "account", "issuer", "validation", "key_spec", "owner")


@with_options()
def show_facets(
    filters: Filters,
    wanted_facets: Annotated[
        list[str] | None,
        typer.Argument(metavar="FACET...", help=f"{', '.join(FACETS)}; the usual ones by default."),
    ] = None,
    most: Annotated[int, typer.Option(min=1, max=1000, help="So many values of each, the most frequent.")] = 10,
    as_json: AsJSON = False,
) -> None:
    """Count the certificates by state, account, issuer and the like, the most frequent values first."""
    names = [_facet(name) for name in wanted_facets or _USUAL]
    with opened() as certwright:
        query = filters.wanted(certwright).at(certwright.clock.now())
        found = {name: _counts(certwright.browsing, query, name, most) for name in names}
        if as_json:
            for name, counts in found.items():
                for value, count in counts:
                    print_json({"facet": name, "value": value or None, "count": count.number, "capped": count.capped})
            return
        for name, counts in found.items():
            _show(name, counts)
        if any(count.capped for name, counts in found.items() for _, count in counts if name != "state"):
            say(f"There are more than {CAP:,} such certificates: so many are counted, and + stands for the others.")


def _counts(browsing: Browsing, query: Query, name: str, most: int) -> tuple[tuple[str, Count], ...]:
    """A facet. What is over is told by time and not by a column, so states are counted one by one."""
    if name == "state":
        asked = (query.state,) if query.state else tuple(CertificateState)
        counts = [(str(state), browsing.count(replace(query, state=state))) for state in asked]
        return tuple(one for one in sorted(counts, key=lambda one: -one[1].number)[:most] if one[1].number)
    found = browsing.facet(query, name, most=most)
    return tuple((value, Count(min(count.number, CAP), capped=count.capped)) for value, count in found)


def _facet(name: str) -> str:
    found = "key_spec" if name == "key" else name.replace("-", "_")
    if found not in FACETS:
        raise Refused(f"There is no facet {name!r}.", advice=f"There are {', '.join(FACETS)}.")
    return found


def _show(name: str, counts: tuple[tuple[str, Count], ...]) -> None:
    most = max((count.number for _, count in counts), default=0)
    table(
        name.replace("_", " "),
        ("value", "certificates", ""),
        (
            (
                cell(value) or "[dim]none[/]",
                f"{count!s:>9}",
                f"[cyan]{bar(count.number, most)}[/]",
            )
            for value, count in counts
        ),
    )

"""``certwright cert query``: queries of the inventory that are kept under a name."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from certwright.doors.cli.durations import text_of
from certwright.doors.cli.filters import Filters, InOrder, with_options
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import cell, fields, print_json, say, table
from certwright.model.wanted import to_json
from certwright.store.saved_queries import SavedQuery

app = typer.Typer()
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the query.")]


@app.command()
@with_options()
def save(as_name: Name, filters: Filters, order: InOrder) -> None:
    """Keep a query under a name, in the place of one that has it; a span of time moves on with the calendar."""
    with opened() as certwright:
        kept = certwright.saved_queries.save(as_name, order.of(filters.wanted(certwright)))
        say(f"{kept.name}: {_text(kept)}")


@app.command("list")
def list_queries(as_json: AsJSON = False) -> None:
    """List the saved queries."""
    with opened() as certwright:
        kept = certwright.saved_queries.all()
        if as_json:
            for one in kept:
                print_json(query_json(one))
        else:
            table("Saved queries", ("name", "wants"), ((cell(one.name), cell(_text(one))) for one in kept))


@app.command()
def show(as_name: Name, as_json: AsJSON = False) -> None:
    """Show a saved query, and how many certificates it has now."""
    with opened() as certwright:
        kept = certwright.saved_queries.get(as_name)
        count = certwright.browsing.count(kept.whole().at(certwright.clock.now()))
        if as_json:
            print_json({**query_json(kept), "count": count.number, "capped": count.capped})
        else:
            fields(kept.name, {**{name: cell(text) for name, text in _words(kept).items()}, "certificates": str(count)})


@app.command()
def remove(as_name: Name) -> None:
    """Forget a saved query."""
    with opened() as certwright:
        certwright.saved_queries.remove(as_name)
        say(f"{as_name} is forgotten.")


def query_json(kept: SavedQuery) -> dict[str, Any]:
    """A saved query; ``query`` has only what it wants."""
    return {
        "name": kept.name,
        "query": to_json(kept.wanted),
        "not_understood": list(kept.not_understood),
        "created_at": kept.created_at,
    }


def _words(kept: SavedQuery) -> dict[str, str]:
    words = {name.replace("_", "-"): str(value) for name, value in to_json(kept.wanted).items()}
    if kept.wanted.ends_within is not None:
        words["ends-within"] = text_of(kept.wanted.ends_within)
    if kept.not_understood:
        words["not understood"] = ", ".join(kept.not_understood)
    return words


def _text(kept: SavedQuery) -> str:
    return ", ".join(f"{name} {value}" for name, value in _words(kept).items()) or "every certificate"

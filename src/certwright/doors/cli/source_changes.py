"""What a run of a source found that was new, changed or vanished."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import cell, moment, print_json, say, table
from certwright.model.errors import NotFound
from certwright.model.inventory import Run, SourceKind
from certwright.store.sources import Change
from certwright.wiring import Certwright

_CHANGES_SHOWN = 200


def show_changes(*kinds: SourceKind) -> Callable[..., None]:
    """The command ``changes`` for sources of those kinds."""

    def command(
        name: Annotated[str, typer.Argument(metavar="NAME", help="The name it was added with.")],
        run: Annotated[int | None, typer.Option(help="The number of an earlier run.")] = None,
        as_json: AsJSON = False,
    ) -> None:
        with opened() as certwright:
            certwright.sources.get(name, *kinds)
            chosen = _run_of(certwright, name, run)
            changes = certwright.sources.changes(chosen.id)
            if as_json:
                for change in changes:
                    print_json(
                        {"place": change.place, "before": change.before or None, "now": change.now or None}
                        | {"change": _word_of(change)}
                    )
                return
            shown = list(zip(range(_CHANGES_SHOWN + 1), changes, strict=False))
            table(
                f"Changes of run {chosen.id}, {moment(chosen.started_at)}",
                ("change", "where", "before", "now"),
                (
                    (_word_of(change), cell(change.place), change.before[:16], change.now[:16])
                    for _, change in shown[:_CHANGES_SHOWN]
                ),
            )
            if len(shown) > _CHANGES_SHOWN:
                say("There are more: --json lists all.")

    return command


def _run_of(certwright: Certwright, name: str, number: int | None) -> Run:
    """A run of a source, by its number, or its last; raises NotFound."""
    if number is None:
        runs = certwright.sources.runs(name, most=1)
        if not runs:
            raise NotFound(f"{name} has never been looked at.")
        return runs[0]
    run = certwright.sources.run(number)
    if run.source != name:
        raise NotFound(f"Run {number} is not one of {name}.", advice=f"The command show lists the runs of {name}.")
    return run


def _word_of(change: Change) -> str:
    """new, changed or vanished."""
    if not change.before:
        return "new"
    return "changed" if change.now else "vanished"

"""``certwright inventory``: the inventory on one screen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import islice
from typing import Any

import typer

from certwright.doors.cli.bars import bar
from certwright.doors.cli.cert_show import show_finding_counts
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.sources import show_sources, source_json
from certwright.doors.cli.terminal import cell, fields, out, print_json, say
from certwright.store.overview import Figures
from certwright.store.sources import Standing
from certwright.wiring import Certwright

app = typer.Typer(invoke_without_command=True)
_WEEKS = 13  # that are shown to people
_RULES = 10
_ACCOUNTS = 20


@app.callback()
def show_inventory(context: typer.Context, as_json: AsJSON = False) -> None:
    """Show the inventory on one screen: totals, what ends when, accounts, findings, and how its sources stand."""
    if context.invoked_subcommand is not None:
        return
    with opened() as certwright:
        figures = certwright.overview.figures()
        standings = _standings(certwright)
        if as_json:
            print_json(
                {**figures_json(figures), "sources": [source_json(certwright, standing) for standing in standings]}
            )
            return
        _show_totals(figures)
        _show_weeks(figures.weeks)
        _show_accounts(figures.accounts)
        show_finding_counts(dict(islice(figures.findings.items(), _RULES)))
        show_sources(standings, certwright.clock.now())


@app.command("sources")
def show_all_sources(as_json: AsJSON = False) -> None:
    """List everything that tells us of certificates: integrations, scans, folders, tokens; and which went silent."""
    with opened() as certwright:
        standings = _standings(certwright)
        if as_json:
            for standing in standings:
                print_json(source_json(certwright, standing))
        else:
            show_sources(standings, certwright.clock.now())


def _standings(certwright: Certwright) -> list[Standing]:
    return [certwright.sources.standing(source) for source in certwright.sources.all()]


def figures_json(figures: Figures) -> dict[str, Any]:
    """The figures; weeks by their Monday, days by their number."""
    return {
        "states": dict(figures.states),
        "ending": {str(days): count for days, count in figures.ending.items()},
        "weeks": {monday.isoformat(): count for monday, count in figures.weeks.items()},
        "accounts": [{"account": name or None, "count": count} for name, count in figures.accounts.items()],
        "findings": dict(figures.findings),
    }


def _show_totals(figures: Figures) -> None:
    fields(
        f"Inventory: {sum(figures.states.values()):,} certificates",
        {
            **{word: f"{count:,}" for word, count in figures.states.items()},
            "of the valid end": ", ".join(f"{count:,} in {days} days" for days, count in figures.ending.items()),
        },
    )


def _show_weeks(weeks: Mapping[date, int]) -> None:
    """What ends in the coming weeks, week by week."""
    shown = dict(islice(weeks.items(), _WEEKS))
    most = max(shown.values(), default=0)
    if most:
        _bars("Valid certificates that end in the week of", {f"{day}": count for day, count in shown.items()})


def _show_accounts(accounts: Mapping[str, int]) -> None:
    shown = sorted(accounts.items(), key=lambda one: -one[1])
    if shown:
        _bars("Valid certificates by CA account", {name or "none": count for name, count in shown[:_ACCOUNTS]})
    if len(shown) > _ACCOUNTS:
        say(f"{len(shown)} accounts in all; --json shows them.")


def _bars(title: str, counts: Mapping[str, int]) -> None:
    """A chart of counts, a line each."""
    most = max(counts.values())
    width = max(map(len, counts))
    out.print(f"[bold]{title}[/]")
    for name, count in counts.items():
        out.print(f"  [dim]{cell(f'{name:<{width}}')}[/] {count:>9,} [cyan]{bar(count, most)}[/]", soft_wrap=True)

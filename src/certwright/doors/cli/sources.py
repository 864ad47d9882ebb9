"""What all sources have in common on the command line: list, show, run, schedule, changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from certwright.doors.cli import judging
from certwright.doors.cli.app import exit_code_of
from certwright.doors.cli.durations import span, text_of
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.source_changes import show_changes
from certwright.doors.cli.terminal import cell, err, fields, moment, print_json, say, say_error, table, warn
from certwright.engine.discovering import OnStep
from certwright.model.errors import CertwrightError, Refused
from certwright.model.inventory import Outcome, Run, Source, SourceKind
from certwright.store.sources import Standing
from certwright.wiring import Certwright

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name it was added with.")]
Every = Annotated[str, typer.Option(metavar="SPAN", help="How often: 30m, 6h, 1d, never.")]
_OUTCOMES = {Outcome.DONE: "green", Outcome.PARTLY: "yellow", Outcome.FAILED: "red", Outcome.RUNNING: "cyan"}
_SETTINGS_SHOWN = 20
_SELDOM = timedelta(days=3650)


def add_commands(app: typer.Typer, noun: str, *kinds: SourceKind, without: Collection[str] = ()) -> None:
    """Give a group the commands that sources of those kinds share; ``noun`` is what people call one.

    ``without`` names those that the group has of its own, or not at all.
    """
    for name, make, about in (
        ("list", _list, f"List: each {noun} with its last run, its outcome, and the next."),
        ("show", _show, f"Show one {noun} with its settings and its last runs."),
        ("run", _run, "Run it now, with progress; an interrupted run goes on where it was."),
        ("schedule", _schedule, "Change how often it runs by itself."),
        ("enable", _enable, "Let it run by its schedule; the first time at once."),
        ("disable", _disable, "Let it run no more."),
        ("changes", show_changes, "What its last run found that was new, changed or vanished."),
    ):
        if name not in without:
            app.command(name, help=about)(make(*kinds))


def _list(*kinds: SourceKind) -> Callable[..., None]:
    def command(as_json: AsJSON = False) -> None:
        with opened() as certwright:
            standings = [certwright.sources.standing(source) for source in certwright.sources.all(*kinds)]
            if as_json:
                for standing in standings:
                    print_json(source_json(certwright, standing))
                return
            show_sources(standings, certwright.clock.now())

    return command


def show_sources(standings: Sequence[Standing], now: datetime) -> None:
    """A table of sources."""
    table(
        "Sources",
        ("name", "kind", "every", "last run (UTC)", "outcome", "next run (UTC)", "places"),
        (
            (
                cell(standing.source.name),
                standing.source.kind,
                text_of(standing.source.every),
                moment(standing.last.started_at)[:16] if standing.last else "never",
                outcome(standing),
                _next(standing, now),
                f"{standing.places:,}",
            )
            for standing in standings
        ),
    )


def outcome(standing: Standing) -> str:
    """How a source stands, in colour: markup."""
    if standing.last is None:
        return "[dim]never run[/]"
    word = _in_colour(standing.last, interrupted=standing.interrupted)
    return f"{word}, [red]silent since {moment(standing.silent_since)[:10]}[/]" if standing.silent_since else word


def _in_colour(run: Run, *, interrupted: bool = False) -> str:
    """How a run ended, in colour: markup. One that nobody is at any more is no running one."""
    return "[yellow]interrupted[/]" if interrupted else f"[{_OUTCOMES[run.outcome]}]{run.outcome}[/]"


def _next(standing: Standing, now: datetime) -> str:
    source = standing.source
    if not source.enabled:
        return "[dim]disabled[/]"
    if standing.paused_because:
        return "[red]paused[/]"
    if source.next_run_at is None:
        return "[dim]on demand[/]"
    return "due" if source.next_run_at <= now else moment(source.next_run_at)[:16]


def period(every: str) -> timedelta | None:
    """How often, as somebody typed it; None for never. Raises Refused for anything that is no schedule."""
    if every == "never":
        return None
    found = span(every)
    if not timedelta(0) < found <= _SELDOM:
        raise Refused(f"{every} is no schedule.", advice="From 1s to 3650d, or never.")
    return found


def _show(*kinds: SourceKind) -> Callable[..., None]:
    def command(name: Name, as_json: AsJSON = False) -> None:
        with opened() as certwright:
            source = certwright.sources.get(name, *kinds)
            standing = certwright.sources.standing(source)
            runs = certwright.sources.runs(name)
            if as_json:
                print_json({**source_json(certwright, standing), "runs": [run_json(run) for run in runs]})
                return
            fields(
                source.name,
                {
                    "kind": source.kind,
                    "CA account": cell(_account(certwright, source)),
                    "every": text_of(source.every),
                    "next run": _next(standing, certwright.clock.now()),
                    "paused because": cell(standing.paused_because),
                    "last success": moment(standing.succeeded_at),
                    "silent since": moment(standing.silent_since),
                    "places": f"{standing.places:,}",
                    **_trouble(standing),
                    **{key: cell(_plain(value)) for key, value in source.settings.items()},
                },
            )
            table(
                "Runs",
                ("run", "started (UTC)", "outcome", "looked", "found", "new", "changed", "gone", "failed"),
                (_run_cells(run, interrupted=standing.interrupted and run.id == _last(standing)) for run in runs),
            )

    return command


def _trouble(standing: Standing) -> dict[str, str]:
    """What went wrong in the last run and what to do; not again what has paused its CA account."""
    if standing.last is None:
        return {}
    told = {"trouble": standing.last.trouble, "advice": standing.last.advice}
    return {name: cell(text) for name, text in told.items() if text not in standing.paused_because}


def _last(standing: Standing) -> int | None:
    return standing.last.id if standing.last else None


def _run_cells(run: Run, *, interrupted: bool) -> tuple[str, ...]:
    tally = run.tally
    counts = (tally.looked, tally.found, tally.new, tally.changed, tally.vanished, tally.failed)
    return (
        str(run.id),
        moment(run.started_at)[:16],
        _in_colour(run, interrupted=interrupted),
        *(f"{count:,}" for count in counts),
    )


def _account(certwright: Certwright, source: Source) -> str:
    if not source.account:
        return ""
    account = certwright.accounts.get(source.account)
    reference = f", reference {account.reference}" if account.reference else ""
    return f"{account.name} ({account.ca}{', read-only' if account.read_only else ''}{reference})"


def _plain(value: object) -> str:
    """A setting on one line; of a long list its beginning."""
    if not isinstance(value, list):
        return str(value)
    shown = ", ".join(map(str, value[:_SETTINGS_SHOWN]))
    more = len(value) - _SETTINGS_SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown


def _run(*kinds: SourceKind) -> Callable[..., int]:
    def command(name: Name, as_json: AsJSON = False) -> int:
        with opened() as certwright:
            return run_now(certwright, certwright.sources.get(name, *kinds), as_json=as_json)

    return command


def run_now(certwright: Certwright, source: Source, *, as_json: bool = False, silent: bool = False) -> int:
    """Look at a source now and tell how it went, unless ``silent``.

    Returns the exit code: 4 where a person must mend something.
    """
    why: list[CertwrightError] = []
    try:
        with progress() as step:
            run = certwright.discovering.now(source, step, why.append)
    except KeyboardInterrupt:
        warn(f"{source.name}: interrupted; what was found is kept, and the next run goes on there.")
        raise
    with progress() as step:
        judging.at_once(certwright, step)
    if as_json:
        print_json(run_json(run))
    elif not silent:
        tell(run)
    if run.outcome in (Outcome.DONE, Outcome.PARTLY):
        return 0
    if certwright.sources.standing(source).paused_because:
        return 4
    return exit_code_of(why[0]) if why else 3


def tell(run: Run) -> None:
    """How a run went, in a sentence or two."""
    tally = run.tally
    if run.outcome is Outcome.FAILED:
        say_error(f"{run.source} could not be read. {run.trouble}", run.advice)
        return
    if run.outcome is Outcome.RUNNING:
        say(f"{run.source}: interrupted after {tally.looked:,}; the next run goes on there.")
        return
    of_cas = f" New CA certificates: {tally.ca_certificates:,}." if tally.ca_certificates else ""
    say(
        f"{run.source}: {tally.looked:,} looked at, {tally.found:,} certificates found, {tally.new:,} of them new; "
        f"{tally.changed:,} changed, {tally.vanished:,} vanished.{of_cas}"
    )
    if run.trouble:
        say(run.trouble)


@contextmanager
def progress() -> Iterator[OnStep]:
    """A bar on standard error for each thing that is counted; no more than silence where that is no terminal."""
    columns = (
        TextColumn("{task.description:>12}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def step(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield step


def _schedule(*kinds: SourceKind) -> Callable[..., None]:
    def command(name: Name, every: Every, as_json: AsJSON = False) -> None:
        wanted = period(every)
        with opened() as certwright:
            source = certwright.sources.get(name, *kinds)
            if source.kind is SourceKind.UPLOAD and wanted:
                raise Refused(f"{name} is not looked at: it was handed in.", advice="Hand it in once more.")
            certwright.sources.change(name, every=wanted)
            told = f"{name} runs {'on demand only' if wanted is None else f'every {text_of(wanted)}'}."
            _told(certwright, name, told, as_json=as_json)

    return command


def _told(certwright: Certwright, name: str, text: str, *, as_json: bool) -> None:
    """What was done to a source: a sentence, or the source as it is now."""
    if as_json:
        print_json(source_json(certwright, certwright.sources.standing(certwright.sources.get(name))))
    else:
        say(text)


def _enable(*kinds: SourceKind) -> Callable[..., int]:
    def command(name: Name, as_json: AsJSON = False) -> int:
        with opened() as certwright:
            source = certwright.sources.get(name, *kinds)
            if source.account:
                certwright.accounts.enable(source.account, enabled=True)
            certwright.sources.enable(name, enabled=True)
            if not as_json:
                say(f"{name} is enabled.")
            return first_run(certwright, certwright.sources.get(name), as_json=as_json)

    return command


def first_run(certwright: Certwright, source: Source, *, as_json: bool = False) -> int:
    """Have a source that is due looked at: by the worker that is at work, or here where none is.

    As JSON, the source as it is then.
    """
    code, told = 0, ""
    if source.next_run_at is None:
        told = "It runs when somebody says so." if source.enabled else "It is disabled, and runs once it is enabled."
    elif certwright.others_at_work():
        told = "The worker looks at it within seconds: certwright inventory sources shows how it went."
    else:
        code = run_now(certwright, source, silent=as_json)
    if told or as_json:
        _told(certwright, source.name, told, as_json=as_json)
    return code


def _disable(*kinds: SourceKind) -> Callable[..., None]:
    def command(name: Name, as_json: AsJSON = False) -> None:
        with opened() as certwright:
            certwright.sources.get(name, *kinds)
            certwright.sources.enable(name, enabled=False)
            _told(certwright, name, f"{name} is disabled; what it told stays, and ages.", as_json=as_json)

    return command


def remove(certwright: Certwright, source: Source, *, as_json: bool) -> None:
    """Forget a source with its sightings, and tell it as it was."""
    was = source_json(certwright, certwright.sources.standing(source))
    certwright.sources.remove(source.name)
    if as_json:
        print_json(was)
    else:
        say(f"{source.name} is removed; the certificates it found stay.")


def source_json(certwright: Certwright, standing: Standing) -> dict[str, Any]:
    """A source."""
    source = standing.source
    account = certwright.accounts.get(source.account) if source.account else None
    return {
        "name": source.name,
        "kind": source.kind,
        "account": source.account or None,
        "ca": account.ca if account else None,
        "reference": account.reference or None if account else None,
        "read_only": account.read_only if account else None,
        "enabled": source.enabled,
        "every_seconds": int(source.every.total_seconds()) if source.every else None,
        "next_run_at": source.next_run_at,
        "paused_because": standing.paused_because or None,
        "settings": dict(source.settings),
        "places": standing.places,
        "succeeded_at": standing.succeeded_at,
        "silent_since": standing.silent_since,
        "interrupted": standing.interrupted,
        "last_run": run_json(standing.last) if standing.last else None,
        "created_at": source.created_at,
    }


def run_json(run: Run) -> dict[str, Any]:
    """A run."""
    tally = run.tally
    return {
        "id": run.id,
        "source": run.source,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "outcome": run.outcome,
        "trouble": run.trouble or None,
        "advice": run.advice or None,
        "looked": tally.looked,
        "found": tally.found,
        "new": tally.new,
        "ca_certificates": tally.ca_certificates,
        "known": tally.known,
        "changed": tally.changed,
        "vanished": tally.vanished,
        "failed": tally.failed,
        "total": run.total,
    }

"""``certwright scan``: TLS servers on the network, looked at for their certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from certwright.doors.cli import sources
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import say
from certwright.engine.looks import CONCURRENCY, PER_HOST, SECONDS, Scans
from certwright.model.errors import NotFound, Refused
from certwright.model.inventory import Source, SourceKind
from certwright.policy.egress import networks
from certwright.targets.scan.wanted import Exclusions, read_targets, words_of, words_of_file
from certwright.wiring import Certwright

app = typer.Typer()
Target = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TARGET]...",
        help="shop.example, 192.0.2.7:8443, 192.0.2.0/24, 192.0.2.10-20, smtp://mx.example:25",
    ),
]
TargetFile = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="A list of targets: words, with # before comments.")
]
Port = Annotated[list[int] | None, typer.Option("--port", help="Of targets that name none; 443 by default.")]
Exclude = Annotated[list[str] | None, typer.Option(metavar="TARGET", help="Never connect there.")]
Concurrency = Annotated[int, typer.Option(min=1, max=2000, help="Targets looked at at once.")]
PerHost = Annotated[int, typer.Option(min=1, max=2000, help="Connections to one address at once.")]
Seconds = Annotated[int, typer.Option(min=1, max=30, help="So long for one target, from look-up to handshake.")]
_ONCE = "scan"


@app.command()
def add(
    name: sources.Name,
    target: Target = None,
    file: TargetFile = None,
    port: Port = None,
    exclude: Exclude = None,
    concurrency: Concurrency = CONCURRENCY,
    per_host: PerHost = PER_HOST,
    seconds: Seconds = SECONDS,
    every: sources.Every = "1d",
    disabled: Annotated[bool, typer.Option("--disabled", help="Let it run only once it is enabled.")] = False,
    as_json: AsJSON = False,
) -> int:
    """Add a scan that runs by a schedule; the first time at once."""
    settings = _settings(target, file, port, exclude, concurrency, per_host, seconds)
    period = sources.period(every)
    with opened() as certwright:
        _check(certwright, settings)
        source = certwright.sources.add(name, SourceKind.SCAN, settings=settings, every=period, enabled=not disabled)
        if not as_json:
            say(f"Scan {name} is kept.")
        return sources.first_run(certwright, source, as_json=as_json)


@app.command()
def change(
    name: sources.Name,
    target: Target = None,
    file: TargetFile = None,
    port: Port = None,
    exclude: Exclude = None,
    concurrency: Concurrency = CONCURRENCY,
    per_host: PerHost = PER_HOST,
    seconds: Seconds = SECONDS,
    as_json: AsJSON = False,
) -> int:
    """Look at these targets from now on, instead of those before; its schedule stays."""
    settings = _settings(target, file, port, exclude, concurrency, per_host, seconds)
    with opened() as certwright:
        _check(certwright, settings)
        known = certwright.sources.get(name, SourceKind.SCAN)
        certwright.sources.change(name, settings=settings, every=known.every)
        if not as_json:
            say(f"Scan {name} looks at {len(settings['targets']):,} targets from now on.")
        return sources.first_run(certwright, certwright.sources.get(name), as_json=as_json)


@app.command()
def once(
    target: Target = None,
    file: TargetFile = None,
    port: Port = None,
    exclude: Exclude = None,
    concurrency: Concurrency = CONCURRENCY,
    per_host: PerHost = PER_HOST,
    seconds: Seconds = SECONDS,
    name: Annotated[str, typer.Option("--as", help="The source that what is found is kept under.")] = _ONCE,
    as_json: AsJSON = False,
) -> int:
    """Look at targets now and keep what is found, without a schedule."""
    settings = _settings(target, file, port, exclude, concurrency, per_host, seconds)
    with opened() as certwright:
        _check(certwright, settings)
        return sources.run_now(certwright, _source(certwright, name, settings), as_json=as_json)


def _source(certwright: Certwright, name: str, settings: dict[str, Any]) -> Source:
    """The source without a schedule that such looks are kept under, with these settings now."""
    try:
        known = certwright.sources.get(name, SourceKind.SCAN)
    except NotFound:
        return certwright.sources.add(name, SourceKind.SCAN, settings=settings)
    if known.every is not None:
        raise Refused(f"{name} is a scan with a schedule.", advice=f"certwright scan run {name}, or another --as NAME.")
    certwright.sources.change(name, settings=settings, every=None)
    return certwright.sources.get(name)


def _settings(
    target: list[str] | None,
    file: Path | None,
    port: list[int] | None,
    exclude: list[str] | None,
    concurrency: int,
    per_host: int,
    seconds: int,
) -> dict[str, Any]:
    """The settings of a scan; raises when they cannot be read, before anything is kept."""
    targets = [word for text in target or () for word in words_of(text)]
    if file is not None:
        targets += words_of_file(file)
    if not targets:
        raise Refused("There is nothing to scan.", advice="Name targets, or a --file with a list of them.")
    excluded = [word for text in exclude or () for word in words_of(text)]
    read_targets(targets, ports=port or (443,), excluded=Exclusions.read(excluded))
    return {
        "targets": targets,
        "ports": port or [443],
        "exclude": excluded,
        "concurrency": concurrency,
        "per_host": per_host,
        "seconds": seconds,
    }


def _check(certwright: Certwright, settings: dict[str, Any]) -> None:
    """Refuse targets that the egress rules forbid as a whole; raises Refused."""
    Scans(networks(certwright.settings.scan_allow)).check(settings["targets"])


@app.command()
def remove(name: sources.Name, as_json: AsJSON = False) -> None:
    """Delete a scan with its sightings; the certificates stay."""
    with opened() as certwright:
        sources.remove(certwright, certwright.sources.get(name, SourceKind.SCAN), as_json=as_json)


sources.add_commands(app, "scan", SourceKind.SCAN)

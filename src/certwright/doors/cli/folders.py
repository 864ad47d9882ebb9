"""``certwright source``: folders and tokens that are looked at for certificates, and whatever else tells of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from certwright.doors.cli import sources
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import say
from certwright.engine.looks import passwords_in
from certwright.model.errors import Refused
from certwright.model.inventory import SourceKind

app = typer.Typer()
_KINDS = (SourceKind.FOLDER, SourceKind.TOKEN, SourceKind.UPLOAD)
Disabled = Annotated[bool, typer.Option("--disabled", help="Let it run only once it is enabled.")]


@app.command()
def add_folder(
    name: sources.Name,
    path: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Folders or files of this machine.")],
    include: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Only files like this.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="No files or folders like this.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="Its lines are tried on PKCS#12, JKS and private keys; read at each run.")
    ] = None,
    every: sources.Every = "1d",
    disabled: Disabled = False,
    as_json: AsJSON = False,
) -> int:
    """Look at folders for certificate files (PEM, DER, PKCS#7, PKCS#12, JKS), by a schedule."""
    missing = [one for one in path if not one.exists()]
    if missing:
        raise Refused(f"There is no {missing[0]}.", advice="Name folders or files that are there.")
    settings: dict[str, object] = {
        "paths": [str(one.absolute()) for one in path],
        "include": include or [],
        "exclude": exclude or [],
    }
    if password_file is not None:
        passwords_in(password_file)
        settings["password_file"] = str(password_file.absolute())
    return _add(name, SourceKind.FOLDER, settings, every, disabled=disabled, as_json=as_json)


@app.command()
def add_token(
    name: sources.Name,
    token: Annotated[str, typer.Option(help="The name of its profile, or its label.")],
    every: sources.Every = "1d",
    disabled: Disabled = False,
    as_json: AsJSON = False,
) -> int:
    """Look at a PKCS#11 token for certificates, by a schedule."""
    return _add(name, SourceKind.TOKEN, {"token": token}, every, disabled=disabled, as_json=as_json)


def _add(name: str, kind: SourceKind, settings: dict[str, object], every: str, *, disabled: bool, as_json: bool) -> int:
    period = sources.period(every)
    with opened() as certwright:
        source = certwright.sources.add(name, kind, settings=settings, every=period, enabled=not disabled)
        if not as_json:
            say(f"Source {name} is kept.")
        return sources.first_run(certwright, source, as_json=as_json)


@app.command()
def remove(name: sources.Name, as_json: AsJSON = False) -> None:
    """Delete a source with its sightings; the certificates stay."""
    with opened() as certwright:
        sources.remove(certwright, certwright.sources.get(name, *_KINDS), as_json=as_json)


sources.add_commands(app, "source", *_KINDS)

"""``certwright token``: PKCS#11 tokens."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Annotated

import typer

from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import cell, fields, print_json, say, table
from certwright.keys.pkcs11.policy import KeyPolicy
from certwright.keys.pkcs11.profile import TokenProfile
from certwright.model.errors import Refused

app = typer.Typer()
Name = Annotated[str, typer.Argument(metavar="NAME", help="Our name of the token.")]


@app.command()
def add(
    name: Name,
    module: Annotated[Path, typer.Option(help="The vendor's PKCS#11 library.")],
    label: Annotated[str, typer.Option(help="The token's label; NAME by default.")] = "",
    serial: Annotated[str, typer.Option(help="The token's serial number, if the label is not enough.")] = "",
    pin_file: Annotated[Path | None, typer.Option(help="A file (0600) with the user PIN.")] = None,
) -> None:
    """Keep a profile of a token in the state folder; its further fields are in the docs."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", name):
        raise Refused(f"{name!r} cannot name a token.", advice="Letters, digits, - and _ will do.")
    lines = {"module": str(module.absolute()), "label": label or ("" if serial else name), "serial": serial}
    TokenProfile.from_mapping(lines)
    if pin_file is not None:
        lines["pin_file"] = str(pin_file.absolute())
    with opened() as certwright:
        folder = certwright.home / "tokens"
        folder.mkdir(mode=0o700, exist_ok=True)
        target = folder / f"{name}.toml"
        if target.exists():
            raise Refused(f"There is a token {name!r} already.", advice=f"Edit its profile: {target}")
        target.write_text("".join(f"{field} = {_toml(value)}\n" for field, value in lines.items() if value))
        say(f"token {name} is kept; try it with: certwright token check {name}")


def _toml(value: str) -> str:
    """A TOML basic string."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@app.command("list")
def list_tokens(as_json: AsJSON = False) -> None:
    """List the tokens there are profiles of."""
    with opened() as certwright:
        names = sorted(path.stem for path in (certwright.home / "tokens").glob("*.toml"))
        if as_json:
            for name in names:
                print_json({"name": name})
            return
        table("Tokens", ("name",), ((cell(name),) for name in names))


@app.command()
def check(
    name: Name,
    one_more_login: Annotated[
        bool, typer.Option("--one-more-login", help="Log in although a login failed before: mind the token's count.")
    ] = False,
    as_json: AsJSON = False,
) -> int:
    """Log in, make a passing key, sign with it, and tell what the token can do; exit code 1 when it can do nothing."""
    with opened() as certwright:
        report = certwright.token(name).check(one_more_login=one_more_login)
        if as_json:
            print_json(dataclasses.asdict(report))
            return int(not report.usable)
        shown = ("label", "serial", "manufacturer", "model", "firmware", "stores_certificates")
        fields(name, {field.replace("_", " "): cell(getattr(report, field)) for field in shown})
        table(
            "Key specs",
            ("spec", "state", "what", "policy"),
            (
                (
                    cell(trial.spec),
                    "[green]works[/]" if trial.works else "[red]no[/]",
                    cell(trial.detail),
                    cell(_policy(trial.policy)),
                )
                for trial in report.trials
            ),
        )
        say(f"\nA profile that says all this, for tokens/{name}.toml in the state folder:\n")
        say(report.profile_toml())
        return int(not report.usable)


def _policy(policy: KeyPolicy | None) -> str:
    """What the token says of a key it made: the attributes that are true, by their PKCS#11 names."""
    if policy is None:
        return ""
    return ", ".join(name.replace("_", " ") for name, value in dataclasses.asdict(policy).items() if value)

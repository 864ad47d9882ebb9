"""``certwright target``: the systems where Certwright publishes DCV proofs itself."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from certwright.doors.cli import wishes
from certwright.doors.cli.fields import content, secrets
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.shapes import challenge_json, target_json
from certwright.doors.cli.terminal import cell, fields, moment, print_json, say, table
from certwright.engine.challenges import trial
from certwright.model.errors import CertwrightError, Refused
from certwright.pki import names as pki_names
from certwright.store.targets import Challenge, Target
from certwright.targets.dcv.kinds import Kind, kinds
from certwright.targets.dcv.publisher import open_publisher
from certwright.wiring import Certwright

app = typer.Typer()
Name = Annotated[str, typer.Argument(metavar="NAME", help="The target.")]
_UNAVAILABLE = 3  # the exit code of `app`
_LOOK_AGAIN_SECONDS = 0.5


@app.command()
def add(
    name: Name,
    kind: Annotated[str, typer.Option(help=f"Which kind: {', '.join(kinds())}.")],
    domain: Annotated[list[str], typer.Option(help="A domain: the target serves it and all names below it.")],
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A setting of the kind; VALUE may be @FILE."),
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=@FILE", help="A secret, read from a file (or @- for stdin), never from argv."),
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Add a target; its secrets are stored sealed and never shown again. Nothing is published yet."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", name):
        raise Refused(f"{name!r} cannot name a target.", advice="Letters, digits, dots, - and _ will do.")
    about = Kind.load(kind)
    settings = {field: content(value) for field, value in wishes.pairs(setting or []).items()}
    opened_secrets = secrets(about.secrets, wishes.pairs(secret or []), about.title)
    open_publisher(kind, settings, opened_secrets)
    with opened() as certwright:
        target = certwright.targets.add(
            Target(
                id=0,
                name=name,
                kind=kind,
                domains=_domains(domain),
                settings=settings,
                enabled=True,
                created_at=datetime.now(UTC),
                sealed_secrets=certwright.seal_target_secrets(name, opened_secrets),
            )
        )
        _say(target, f"target {name} is kept; try it with: certwright target test {name}", as_json=as_json)


@app.command()
def change(
    name: Name,
    domain: Annotated[list[str] | None, typer.Option(help="The domains from now on, all of them.")] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Another value of a setting; FIELD= takes it away."),
    ] = None,
    secret: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=@FILE", help="Another value of a secret, read from a file.")
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Change domains, settings or secrets of a target, such as a key that was replaced."""
    with opened() as certwright:
        target = certwright.targets.get(name)
        about = Kind.load(target.kind)
        given = {field: content(value) for field, value in wishes.pairs(setting or []).items()}
        settings = {field: value for field, value in {**target.settings, **given}.items() if value}
        new = secrets(about.secrets, wishes.pairs(secret or []), about.title, complete=False)
        opened_secrets = {**certwright.target_secrets(target), **new}
        open_publisher(target.kind, settings, opened_secrets)
        certwright.targets.change(
            replace(
                target,
                domains=_domains(domain) if domain else target.domains,
                settings=settings,
                sealed_secrets=certwright.seal_target_secrets(name, opened_secrets),
            )
        )
        text = f"target {name} is changed; try it with: certwright target test {name}"
        _say(certwright.targets.get(name), text, as_json=as_json)


@app.command("list")
def list_targets(as_json: AsJSON = False) -> None:
    """List the targets."""
    with opened() as certwright:
        targets = list(certwright.targets.all())
        if as_json:
            for target in targets:
                print_json(target_json(target))
            return
        table(
            "Targets",
            ("name", "kind", "domains", "standing"),
            (
                (cell(target.name), cell(target.kind), cell(" ".join(target.domains)), _standing(target))
                for target in targets
            ),
        )


@app.command()
def show(name: Name, as_json: AsJSON = False) -> None:
    """Show a target, and what stands there."""
    with opened() as certwright:
        target = certwright.targets.get(name)
        challenges = certwright.challenges.store.standing_at(target)
        if as_json:
            print_json({**target_json(target), "challenges": [challenge_json(one) for one in challenges]})
            return
        fields(
            target.name,
            {
                "kind": cell(target.kind),
                "domains": cell(" ".join(target.domains)),
                "serves": cell(" ".join(sorted(Kind.load(target.kind).serves))),
                "standing": _standing(target),
                **{field: cell(value) for field, value in target.settings.items()},
            },
        )
        table(
            "Proofs",
            ("order", "name", "where", "value", "published (UTC)", "trouble"),
            (
                (
                    cell(one.order_id or ""),
                    cell(one.proof.name),
                    cell(one.proof.where),
                    cell(one.proof.value),
                    moment(one.published_at),
                    cell(one.trouble),
                )
                for one in challenges
            ),
        )


@app.command()
def test(
    name: Name,
    wait: Annotated[float, typer.Option(metavar="SECONDS", help="How long to look for it.")] = 10.0,
    as_json: AsJSON = False,
) -> int:
    """Publish a random harmless proof at or below the target's first domain, look at it, and take it away again.

    Exit code 3 when it was published and is not to be seen.
    """
    with opened() as certwright:
        challenge = trial(certwright.challenges, certwright.targets.get(name))
        tell = _silent if as_json else say
        try:
            certwright.challenges.put(challenge)
            tell(f"published: {challenge.proof.where} says {challenge.proof.value}")
            missing = _look(certwright, challenge, wait)
            tell(f"not seen: {missing}" if missing else "seen there")
        except CertwrightError:
            with suppress(CertwrightError):  # the first trouble is the one to tell
                certwright.challenges.take_away([challenge])
            raise
        certwright.challenges.take_away([challenge])
        tell("withdrawn")
        if as_json:
            proof = {"where": challenge.proof.where, "value": challenge.proof.value}
            print_json({"name": name, **proof, "seen": not missing, "why": missing or None, "withdrawn": True})
        return _UNAVAILABLE if missing else 0


def _look(certwright: Certwright, challenge: Challenge, seconds: float) -> str:
    """What is there instead of the proof when the time is over; "" as soon as it is seen."""
    publisher, until = certwright.publisher(challenge.target), time.monotonic() + seconds
    while (missing := publisher.look(challenge.proof)) and time.monotonic() < until:
        time.sleep(_LOOK_AGAIN_SECONDS)  # nobody tells when a name server has taken it over
    return missing


@app.command()
def enable(name: Name, as_json: AsJSON = False) -> None:
    """Let proofs be published at a target again."""
    with opened() as certwright:
        certwright.targets.enable(name, enabled=True)
        _say(certwright.targets.get(name), f"{name} is enabled", as_json=as_json)


@app.command()
def disable(name: Name, as_json: AsJSON = False) -> None:
    """Publish nothing more at a target; what stands there is still taken away."""
    with opened() as certwright:
        certwright.targets.enable(name, enabled=False)
        _say(certwright.targets.get(name), f"{name} is disabled", as_json=as_json)


@app.command()
def remove(name: Name, as_json: AsJSON = False) -> None:
    """Delete a target where nothing of ours stands."""
    with opened() as certwright:
        target = certwright.targets.get(name)
        certwright.targets.remove(name)
        _say(target, f"{name} is removed", as_json=as_json)


def _domains(words: Sequence[str]) -> tuple[str, ...]:
    """In one spelling, each once; a wildcard stands for what is below it anyway."""
    return tuple(dict.fromkeys(pki_names.normalise(word).removeprefix("*.") for word in words))


def _standing(target: Target) -> str:
    return "[green]ready[/]" if target.enabled else "[dim]disabled[/]"


def _say(target: Target, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(target_json(target))
    else:
        say(text)


def _silent(_: str) -> None:
    """Where only JSON is to be printed."""

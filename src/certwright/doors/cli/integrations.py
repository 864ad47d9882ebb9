"""``certwright integration``: CA accounts that are read to enrich the inventory."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from certwright.doors.cli import accounts, sources
from certwright.doors.cli.integration_changes import show_order_changes
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import print_json, say, warn
from certwright.model.errors import CertwrightError, Misconfigured, Refused
from certwright.model.inventory import SourceKind
from certwright.store.ca_orders import LeftOut
from certwright.wiring import Certwright, connect

app = typer.Typer()
_DAILY = "1d"


@app.command()
def add(
    name: sources.Name,
    ca: Annotated[str, typer.Option(help="Which CA: digicert, emsign, sectigo.")] = "",
    url: Annotated[str, typer.Option(help="Base URL of its API; the CA's own by default.")] = "",
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A setting of the CA; VALUE may be @FILE."),
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=@FILE", help="A secret, such as the read-only key, from a file (or @- for stdin)."),
    ] = None,
    reference: Annotated[str, typer.Option(help="A note of yours, such as the account number.")] = "",
    account: Annotated[str, typer.Option(help="Read this CA account, which is there already, instead.")] = "",
    every: sources.Every = _DAILY,
    leave_out: Annotated[
        list[LeftOut] | None, typer.Option(help="Do not fetch these certificates; their orders come in all the same.")
    ] = None,
    certificates: Annotated[
        bool, typer.Option("--certificates/--no-certificates", help="Fetch certificates that nobody has found yet.")
    ] = True,
    details: Annotated[
        bool, typer.Option("--details/--no-details", help="Ask for orders one by one what the CA's list leaves out.")
    ] = True,
    disabled: Annotated[
        bool, typer.Option("--disabled", help="Keep it, but let it run only once it is enabled.")
    ] = False,
    as_json: AsJSON = False,
) -> int:
    """Add an integration: a read-only CA account whose orders and certificates enrich the inventory.

    It is tested, and kept also when that fails; it runs at once unless it is disabled.
    """
    period = sources.period(every)
    with opened() as certwright:
        if account:
            if ca or url or setting or secret:
                raise Refused("--account names a CA account that has all that.", advice="Give --account alone.")
            certwright.accounts.get(account)
        else:
            if not ca:
                raise Refused("Which CA is it?", advice="Give --ca, or --account for a CA account that is there.")
            made, secrets = accounts.new_account(
                certwright, name, ca, url, setting or [], secret or [], reference, read_only=True
            )
            connect(made, secrets).close()
            certwright.accounts.add(made)
        settings = {"certificates": certificates, "details": details, "leave_out": [*map(str, leave_out or ())]}
        try:
            source = certwright.sources.add(
                name,
                SourceKind.CA,
                account=account or name,
                every=period,
                enabled=not disabled,
                settings=settings,
            )
        except Refused:  # the name is another source's
            if not account:
                certwright.accounts.remove(name)
            raise
        if not as_json:
            say(f"Integration {name} is kept{'' if not account else f', on the CA account {account}'}.")
        trouble = _test(certwright, account or name, as_json=as_json, silent=as_json)
        if trouble is not None:
            warn(f"it is kept, but its login does not work yet: {trouble}")
            warn(f"when that is mended: certwright integration test {name}")
        elif source.enabled:
            return sources.first_run(certwright, source, as_json=as_json)
        if as_json:
            print_json(sources.source_json(certwright, certwright.sources.standing(source)))
        return 0


def _test(certwright: Certwright, account: str, *, as_json: bool, silent: bool = False) -> CertwrightError | None:
    """Try the login of a CA account. A working one ends a pause, one that the CA turns away begins one.

    The error is returned.
    """
    kept = certwright.accounts.get(account)
    try:
        login = accounts.login_of(certwright.adapter(kept))
    except CertwrightError as error:
        if isinstance(error, Misconfigured):
            certwright.ports(account).standing.pause(str(error))
        return error
    certwright.listings.keep_login(account, login)
    certwright.accounts.enable(account, enabled=kept.enabled)
    if silent:
        return None
    if as_json:
        print_json({"name": account, "login": accounts.login_json(login)})
    else:
        accounts.say_login(login)
    return None


@app.command()
def test(name: sources.Name, as_json: AsJSON = False) -> int:
    """Try its key without any effect at the CA; a failing one says what the CA said, and what to check."""
    with opened() as certwright:
        source = certwright.sources.get(name, SourceKind.CA)
        trouble = _test(certwright, source.account, as_json=as_json)
        if trouble is not None:
            raise trouble
        if source.enabled and source.failures:
            certwright.sources.enable(name, enabled=True)  # due at once, from a clean slate
        return 0


@app.command()
def run(
    name: sources.Name,
    again: Annotated[
        bool, typer.Option("--again", help="Ask anew for what only single orders tell, such as notes: a call each.")
    ] = False,
    as_json: AsJSON = False,
) -> int:
    """Run it now, with progress; an interrupted run goes on where it was."""
    with opened() as certwright:
        source = certwright.sources.get(name, SourceKind.CA)
        if again:
            source = replace(source, settings={**source.settings, "again": True})
        return sources.run_now(certwright, source, as_json=as_json)


@app.command()
def remove(name: sources.Name) -> None:
    """Delete an integration, and its read-only CA account; the certificates stay."""
    with opened() as certwright:
        source = certwright.sources.get(name, SourceKind.CA)
        account = certwright.accounts.get(source.account)
        certwright.sources.remove(name)
        if account.read_only and account.name == name:
            certwright.accounts.remove(account.name)
        say(f"Integration {name} is removed; its certificates stay.")


# What an integration changes is no place but a CA order.
app.command("changes")(show_order_changes)
sources.add_commands(app, "integration", SourceKind.CA, without=("run", "changes"))

"""``certwright account``: our credentials at the CAs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from certwright.cas.about import About
from certwright.doors.cli import ca_orders, listings, wishes
from certwright.doors.cli.fields import content
from certwright.doors.cli.fields import secrets as secrets_from
from certwright.doors.cli.listings import listings_json, show_listings
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.shapes import account_json
from certwright.doors.cli.terminal import cell, fields, moment, print_json, say, table, warn
from certwright.engine.syncing import sync
from certwright.model.ca import Login
from certwright.model.errors import CertwrightError, Refused
from certwright.model.ports import TestsLogin
from certwright.model.words import Listing
from certwright.store.accounts import Account
from certwright.wiring import COMMON_SETTINGS, Certwright, connect, trust_of

app = typer.Typer()
Name = Annotated[str, typer.Argument(metavar="NAME", help="The CA account.")]


@app.command()
def add(
    name: Name,
    ca: Annotated[str, typer.Option(help="Which CA: digicert, emsign, sectigo.")],
    url: Annotated[str, typer.Option(help="Base URL of its API; the CA's own by default.")] = "",
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A setting of the CA; VALUE may be @FILE."),
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=@FILE", help="A secret, read from a file (or @- for stdin), never from argv."),
    ] = None,
    reference: Annotated[str, typer.Option(help="A note of yours, such as the account number.")] = "",
    read_only: Annotated[bool, typer.Option("--read-only", help="Never send anything but reading calls.")] = False,
    only_test: Annotated[bool, typer.Option("--only-test", help="Try the credential and keep nothing.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Add a CA account; its secrets are stored sealed and never shown again."""
    with opened() as certwright:
        account, secrets = new_account(
            certwright, name, ca, url, setting or [], secret or [], reference, read_only=read_only
        )
        if only_test:
            _only_test(account, secrets, as_json=as_json)
            return
        connect(account, secrets).close()
        account = certwright.accounts.add(account)
        login, trouble = _try(certwright, account)
        account = certwright.accounts.get(name)
        if as_json:
            print_json({**account_json(account), "login": login_json(login)})
        else:
            say(f"CA account {name} is kept.")
            say_login(login)
        if trouble is not None:
            warn(f"the CA account is kept, but its login does not work yet: {trouble}")


def new_account(
    certwright: Certwright,
    name: str,
    ca: str,
    url: str,
    setting: Sequence[str],
    secret: Sequence[str],
    reference: str,
    *,
    read_only: bool,
) -> tuple[Account, dict[str, str]]:
    """A CA account as its options describe it, not kept yet, and its secrets; raises when they do not fit."""
    about = About.load(ca)
    settings = {field: content(value) for field, value in wishes.pairs(setting).items()}
    about.parse_settings({field: value for field, value in settings.items() if field not in COMMON_SETTINGS})
    secrets = secrets_from(about.secrets, wishes.pairs(secret), about.title)
    account = Account(
        id=0,
        name=name,
        ca=ca,
        url=url or about.url,
        settings=settings,
        reference=reference,
        read_only=read_only,
        enabled=True,
        paused_because="",
        quiet_until=None,
        quiet_because="",
        created_at=datetime.now(UTC),
        synced_at=None,
        sealed_secrets=certwright.seal_secrets(name, secrets),
    )
    trust_of(account)
    return account, secrets


@app.command()
def change(
    name: Name,
    url: Annotated[str, typer.Option(help="Another base URL.")] = "",
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Another value of a setting; FIELD= takes it away."),
    ] = None,
    secret: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=@FILE", help="Another value of a secret, read from a file.")
    ] = None,
) -> None:
    """Change settings or secrets of a CA account, such as an API key that was replaced; then test it."""
    with opened() as certwright:
        account = certwright.accounts.get(name)
        about = About.load(account.ca)
        given = {field: content(value) for field, value in wishes.pairs(setting or []).items()}
        merged = {field: value for field, value in {**account.settings, **given}.items() if value}
        about.parse_settings({field: value for field, value in merged.items() if field not in COMMON_SETTINGS})
        secrets = {
            **certwright.secrets_of(account),
            **secrets_from(about.secrets, wishes.pairs(secret or []), about.title, complete=False),
        }
        changed = replace(
            account,
            url=url or account.url,
            settings=merged,
            sealed_secrets=certwright.seal_secrets(name, secrets),
        )
        trust_of(changed)
        connect(changed, secrets).close()
        certwright.accounts.change(changed)
        say(f"CA account {name} is changed; now: certwright account test {name}")


def _only_test(account: Account, secrets: Mapping[str, str], *, as_json: bool) -> None:
    adapter = connect(account, secrets)
    try:
        login = login_of(adapter)
    finally:
        adapter.close()
    if as_json:
        print_json({"name": account.name, "login": login_json(login)})
    else:
        say_login(login)


def login_of(adapter: object) -> Login:
    if not isinstance(adapter, TestsLogin):
        raise Refused("This CA has no login to test.")
    return adapter.login()


def _try(certwright: Certwright, account: Account) -> tuple[Login | None, CertwrightError | None]:
    """Log in and read all lists of the account; an error is returned, for the account is kept all the same."""
    adapter = certwright.adapter(account)
    done, failed = sync(certwright.listings, account.name, adapter)
    login = certwright.accounts.get(account.name).login if Listing.ACCOUNT in done else None
    return login, next(iter(failed.values()), None)


def login_json(login: Login | None) -> dict[str, str] | None:
    return {"account_id": login.account_id, "user": login.user, "role": login.role} if login else None


def say_login(login: Login | None) -> None:
    if login is not None:
        told = ", ".join(text for text in (f"account {login.account_id}", login.user, login.role) if text)
        say(f"The CA knows us: {told}.")


@app.command("list")
def list_accounts(as_json: AsJSON = False) -> None:
    """List the CA accounts."""
    with opened() as certwright:
        accounts = list(certwright.accounts.all())
        if as_json:
            for account in accounts:
                print_json(account_json(account))
            return
        table(
            "CA accounts",
            ("name", "CA", "URL", "reference", "standing", "synced (UTC)"),
            (
                (
                    cell(account.name),
                    cell(account.ca),
                    cell(account.url),
                    cell(account.reference),
                    _standing(account, certwright.clock.now()),
                    moment(account.synced_at),
                )
                for account in accounts
            ),
        )


def _standing(account: Account, now: datetime) -> str:
    if not account.enabled:
        return "[dim]disabled[/]"
    if account.paused_because:
        return f"[red]paused: {cell(account.paused_because.partition('. ')[0])}[/]"
    if account.quiet_until is not None and account.quiet_until > now:
        return f"[yellow]quiet until {moment(account.quiet_until)}: {cell(account.quiet_because)}[/]"
    return "[green]read-only[/]" if account.read_only else "[green]ready[/]"


@app.command()
def show(name: Name, as_json: AsJSON = False) -> None:
    """Show a CA account with all that was synced of it: what it may order, for whom, and where."""
    with opened() as certwright:
        account = certwright.accounts.get(name)
        if as_json:
            print_json({**account_json(account), **listings_json(certwright.listings, name)})
            return
        fields(
            account.name,
            {
                "CA": cell(account.ca),
                "URL": cell(account.url),
                "reference": cell(account.reference),
                "standing": _standing(account, certwright.clock.now()),
                "paused because": cell(account.paused_because),
                **{key: cell(value) for key, value in account.settings.items() if "-----BEGIN" not in value},
            },
        )
        show_listings(certwright.listings, name)


@app.command()
def test(name: Name, as_json: AsJSON = False) -> None:
    """Try the credential, without any effect at the CA; a working one ends a pause."""
    with opened() as certwright:
        account = certwright.accounts.get(name)
        login = login_of(certwright.adapter(account))
        certwright.listings.keep_login(name, login)
        certwright.accounts.enable(name, enabled=account.enabled)
        if as_json:
            print_json({"name": name, "login": login_json(login)})
        else:
            say_login(login)


@app.command()
def enable(name: Name) -> None:
    """Let a CA account be asked again, from a clean slate."""
    with opened() as certwright:
        certwright.accounts.enable(name, enabled=True)
        say(f"{name} is enabled")


@app.command()
def disable(name: Name) -> None:
    """Stop asking a CA account anything; its orders rest."""
    with opened() as certwright:
        certwright.accounts.enable(name, enabled=False)
        say(f"{name} is disabled")


@app.command()
def remove(name: Name) -> None:
    """Delete a CA account that has no orders."""
    with opened() as certwright:
        certwright.accounts.remove(name)
        say(f"{name} is removed")


app.command("sync")(listings.sync_account)
app.command("import")(ca_orders.import_orders)
app.command()(ca_orders.addresses)

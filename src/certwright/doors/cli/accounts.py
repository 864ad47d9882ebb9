"""``certwright account``: our credentials at the CAs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from certwright.cas.about import About
from certwright.doors.cli import ca_orders, wishes
from certwright.doors.cli.fields import content
from certwright.doors.cli.fields import secrets as secrets_from
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.shapes import account_json
from certwright.doors.cli.terminal import cell, fields, moment, print_json, say, table, warn
from certwright.model.ca import Login
from certwright.model.errors import CertwrightError, Refused
from certwright.model.ports import HasCatalogue, TestsLogin
from certwright.store.accounts import Account
from certwright.wiring import COMMON_SETTINGS, Certwright, connect, trust_of

app = typer.Typer()
Name = Annotated[str, typer.Argument(metavar="NAME", help="The CA account.")]


@app.command()
def add(
    name: Name,
    ca: Annotated[str, typer.Option(help="Which CA: digicert, sectigo.")],
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
    as_json: AsJSON = False,
) -> None:
    """Add a CA account; its secrets are stored sealed and never shown again."""
    about = About.load(ca)
    settings = {field: content(value) for field, value in wishes.pairs(setting or []).items()}
    about.parse_settings({field: value for field, value in settings.items() if field not in COMMON_SETTINGS})
    secrets = secrets_from(about.secrets, wishes.pairs(secret or []), about.title)
    with opened() as certwright:
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
        connect(account, secrets).close()
        account = certwright.accounts.add(account)
        login, trouble = _try(certwright, account)
        account = certwright.accounts.get(name)
        if as_json:
            print_json({**account_json(account), "login": _login_json(login)})
        else:
            say(f"CA account {name} is kept.")
            _say_login(login)
        if trouble is not None:
            warn(f"the CA account is kept, but its login does not work yet: {trouble}")


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


def _try(certwright: Certwright, account: Account) -> tuple[Login | None, CertwrightError | None]:
    """Log in and read what may be ordered; an error is returned, for the account is kept all the same."""
    adapter = certwright.adapter(account)
    try:
        login = adapter.login() if isinstance(adapter, TestsLogin) else None
        if isinstance(adapter, HasCatalogue):
            certwright.accounts.sync(account.name, adapter)
    except CertwrightError as error:
        return None, error
    return login, None


def _login_json(login: Login | None) -> dict[str, str] | None:
    return {"account_id": login.account_id, "user": login.user, "role": login.role} if login else None


def _say_login(login: Login | None) -> None:
    if login is not None:
        say(f"The CA knows us: account {login.account_id}, {login.user}, {login.role}.")


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
    """Show a CA account with what it may order and for whom."""
    with opened() as certwright:
        account = certwright.accounts.get(name)
        organizations = certwright.accounts.organizations(name)
        products = certwright.accounts.products(name)
        if as_json:
            print_json(
                {
                    **account_json(account),
                    "organizations": [{"id": o.ca_id, "name": o.name, "active": o.active} for o in organizations],
                    "products": [{"id": p.ca_id, "name": p.name, "validation": p.validation} for p in products],
                }
            )
            return
        fields(
            account.name,
            {
                "CA": cell(account.ca),
                "URL": cell(account.url),
                "reference": cell(account.reference),
                "standing": _standing(account, certwright.clock.now()),
                "paused because": cell(account.paused_because),
                "synced": moment(account.synced_at),
                **{key: cell(value) for key, value in account.settings.items() if key != "roots"},
            },
        )
        table(
            "Organizations",
            ("id", "name", "active"),
            ((cell(o.ca_id), cell(o.name), "yes" if o.active else "no") for o in organizations),
        )
        table(
            "Products",
            ("id", "name", "validation"),
            ((cell(p.ca_id), cell(p.name), cell(p.validation)) for p in products),
        )


@app.command()
def test(name: Name, as_json: AsJSON = False) -> None:
    """Try the credential, without any effect at the CA; a working one ends a pause."""
    with opened() as certwright:
        account = certwright.accounts.get(name)
        adapter = certwright.adapter(account)
        if not isinstance(adapter, TestsLogin):
            raise Refused("This CA has no login to test.")
        login = adapter.login()
        certwright.accounts.enable(name, enabled=account.enabled)
        if as_json:
            print_json({"name": name, "login": _login_json(login)})
        else:
            _say_login(login)


@app.command()
def sync(name: Name, as_json: AsJSON = False) -> None:
    """Read organizations and products from the CA."""
    with opened() as certwright:
        adapter = certwright.adapter(certwright.accounts.get(name))
        if not isinstance(adapter, HasCatalogue):
            raise Refused("This CA has nothing to sync.")
        organizations, products = certwright.accounts.sync(name, adapter)
        if as_json:
            print_json({"name": name, "organizations": organizations, "products": products})
        else:
            say(f"{organizations} organizations, {products} products")


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


app.command("import")(ca_orders.import_orders)
app.command()(ca_orders.addresses)

"""``certwright key``: what keys we hold."""

from __future__ import annotations

from typing import Annotated

import typer

from certwright.doors.cli import wishes
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.shapes import key_json
from certwright.doors.cli.terminal import cell, print_json, say, table
from certwright.model.errors import Refused

app = typer.Typer()


@app.command("list")
def list_keys(as_json: AsJSON = False) -> None:
    """List the keys we hold, or hold a CSR of."""
    with opened() as certwright:
        keys = certwright.keys.all()
        if as_json:
            for key in keys:
                print_json(key_json(key))
            return
        table(
            "Keys",
            ("key", "kind", "spec", "token", "CKA_ID", "label", "public key (SHA-256)"),
            (
                (
                    str(key.id),
                    cell(key.kind),
                    cell(key.spec or ""),
                    cell(key.token),
                    cell(key.cka_id),
                    cell(key.label),
                    cell(key.public_key_sha256[:16]),
                )
                for key in keys
            ),
        )


@app.command()
def create(
    key: Annotated[str, typer.Argument(metavar="PLACE", help="software:ec-p256, pkcs11:TOKEN:rsa-2048 …")],
    label: Annotated[str, typer.Option(help="A name for people.")] = "certwright",
    as_json: AsJSON = False,
) -> None:
    """Make a key."""
    with opened() as certwright:
        wish = wishes.key(certwright, key, None, label=label)
        planned = certwright.keys.plan(wish.kind, wish.spec, token=wish.token, label=label, id_length=wish.id_length)
        made = certwright.keyring.make(planned)
        certwright.keys.made(made)
        if as_json:
            print_json(key_json(made))
        else:
            say(f"key {made.id}: {made.kind} {made.spec} {made.token} {made.cka_id}".rstrip())


@app.command()
def uri(key: Annotated[int, typer.Argument(metavar="KEY", help="Our number of the key.")]) -> None:
    """Print the PKCS#11 URI of a key in a token, for a TLS server's configuration."""
    with opened() as certwright:
        found = certwright.keys.get(key)
        if not found.made:
            raise Refused(f"Key {key} has not been made yet.")
        say(certwright.keyring.key_uri(found))

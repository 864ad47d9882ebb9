"""``certwright kek``: the key-encryption key."""

from __future__ import annotations

from typing import Annotated

import typer

from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import print_json, say

app = typer.Typer()


@app.command("list")
def list_keks(as_json: AsJSON = False) -> None:
    """List the ids of the key-encryption keys, the newest first."""
    with opened() as certwright:
        for place, kek_id in enumerate(certwright.kek_ring.ids):
            if as_json:
                print_json({"id": kek_id, "newest": place == 0})
            else:
                say(f"{kek_id}{' newest' if place == 0 else ''}")


@app.command()
def rewrap() -> None:
    """Put everything sealed under the newest key-encryption key, after one was put in front in a secret."""
    with opened() as certwright:
        count = certwright.rewrap()
        say(f"{count} envelopes are under the newest key-encryption key")


@app.command()
def forget(kek_id: Annotated[str, typer.Argument(metavar="ID", help="As kek list shows it.")]) -> None:
    """Delete a former key-encryption key; everything sealed is put under the newest one first."""
    with opened() as certwright:
        certwright.rewrap()
        certwright.kek_ring.forget(kek_id)
        say(f"{kek_id} is forgotten; keep it for as long as you keep backups from before")


@app.command()
def rotate() -> None:
    """Make a new key-encryption key and put everything sealed under it; may be repeated after a crash."""
    with opened() as certwright:
        newest = certwright.kek_ring.rotate()
        count = certwright.rewrap()
        say(f"{count} envelopes are under the new key-encryption key {newest.id.hex()}; the former ones are kept")

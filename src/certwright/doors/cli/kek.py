"""``certwright kek``: the key-encryption key."""

from __future__ import annotations

import typer

from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import say

app = typer.Typer()


@app.callback()
def group() -> None:
    """The key-encryption key that seals what is secret."""


@app.command()
def rotate() -> None:
    """Make a new key-encryption key and put everything sealed under it; may be repeated after a crash."""
    with opened() as certwright:
        newest = certwright.kek_ring.rotate()
        count = certwright.rewrap()
        say(f"{count} envelopes are under the new key-encryption key {newest.id.hex()}; the former ones are kept")

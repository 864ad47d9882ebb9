"""``certwright init``: make the state folder ready."""

from __future__ import annotations

from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import say


def init() -> None:
    """Make the state folder, its database and its key-encryption key; harmless when they are there."""
    with opened() as certwright:
        _ = certwright.kek_ring
        say(f"ready: {certwright.home}")

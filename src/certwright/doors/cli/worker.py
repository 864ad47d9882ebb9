"""``certwright worker``: the engine alone."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import say
from certwright.store.workers import HEARTBEAT


def worker(
    concurrency: Annotated[int | None, typer.Option(help="How many orders are advanced at a time.")] = None,
) -> None:
    """Advance due orders and revocations until told to stop (SIGTERM or Ctrl-C)."""
    with opened("worker") as certwright:
        engine = certwright.engine(concurrency)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: engine.stop())
        name = certwright.identity.name
        certwright.workers.beat(name)
        say(f"worker {name} is at work in {certwright.home}")
        try:
            engine.run(lambda: certwright.workers.beat(name), HEARTBEAT.total_seconds())
        finally:
            certwright.workers.gone(name)

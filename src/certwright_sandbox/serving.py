"""Puts the sandbox together and runs it until a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from certwright_sandbox.agenda import Agenda
from certwright_sandbox.ca import Hierarchy
from certwright_sandbox.calls import CallLog
from certwright_sandbox.clock import Clock
from certwright_sandbox.digicert.play import DigiCert
from certwright_sandbox.dns import DnsServer
from certwright_sandbox.dns_update import Updates
from certwright_sandbox.dns_zone import Zone
from certwright_sandbox.door import CADoor
from certwright_sandbox.emsign.play import EmSign
from certwright_sandbox.faults import Faults, Weather
from certwright_sandbox.ledger import Ledger
from certwright_sandbox.mails import Mails
from certwright_sandbox.management import ManagementDoor
from certwright_sandbox.mischief import Holds
from certwright_sandbox.playing import World
from certwright_sandbox.publication import Publication
from certwright_sandbox.push import Push
from certwright_sandbox.sectigo.play import Sectigo
from certwright_sandbox.server import Door
from certwright_sandbox.state import State
from certwright_sandbox.tls import door_context
from certwright_sandbox.validators import Validators

PLAYED = (DigiCert, Sectigo, EmSign)  # every CA the sandbox plays
HEARTBEAT_SECONDS = 0.25  # how late an appointment may be kept while nobody calls


@dataclass(frozen=True)
class Settings:
    """What the command line decides. `resolver` is (address, port), None for the sandbox's own DNS server."""

    port: int
    management_port: int
    seed: int
    faults: str
    state: Path | None
    http_port: int
    https_port: int
    tls_port: int | None
    https_only: bool
    resolver: tuple[str, int] | None


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; say so once every door listens. Raises OSError, sqlite3.Error."""
    state = State(settings.state)
    clock = Clock(state)
    zone = Zone(state)
    updates = Updates(state, zone)
    dns = DnsServer(zone, updates)
    await dns.open()
    resolver = settings.resolver or ("127.0.0.1", dns.port)
    world = World(
        state=state,
        clock=clock,
        agenda=Agenda(state, clock),
        hierarchy=Hierarchy(state),
        ledger=Ledger(state),
        validators=Validators(zone, resolver, settings.http_port, settings.https_port, settings.resolver is None),
        push=Push(clock),
        mails=Mails(state),
        https_only=settings.https_only,
        seed=settings.seed,
    )
    cas = [play(world) for play in PLAYED]
    calls, holds = CallLog(state), Holds()
    faults = Faults(state, Weather(settings.faults, settings.seed))
    ca_door, management_door = Door(), Door()
    publication = Publication(world, cas)
    management = ManagementDoor(world, cas, publication, calls, faults, holds, updates, resolver)
    answer = CADoor(world, cas, publication, calls, faults, holds).answer
    port = await ca_door.open(settings.port, answer)
    management_port = await management_door.open(settings.management_port, management.answer)
    world.url = f"http://127.0.0.1:{port}"
    tls_door = Door()
    if settings.tls_port is not None:
        tls_port = await tls_door.open(settings.tls_port, answer, door_context(world))
        world.tls_url = f"https://127.0.0.1:{tls_port}"
    management_url = f"http://127.0.0.1:{management_port}"
    world.hierarchy.publish_at(world.url)
    state.commit()
    doors = {"url": world.url, "management_url": management_url} | ({"tls_url": world.tls_url} if world.tls_url else {})
    _announce({**doors, "seed": settings.seed, "faults": settings.faults})
    try:
        await _until_signal(world)
    finally:
        ca_door.close()
        tls_door.close()
        management_door.close()
        dns.close()
        state.close()


def _announce(hello: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(hello) + "\n")
    sys.stdout.flush()


async def _until_signal(world: World) -> None:
    """Keep the agenda's appointments until a signal comes."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    while not ended.is_set():
        world.agenda.keep()
        world.state.commit()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), HEARTBEAT_SECONDS)

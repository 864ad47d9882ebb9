"""One look at one target: look it up once, judge every address, connect, ask for TLS, take what is presented."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address

from certwright.model.inventory import Find
from certwright.policy.egress import Address, Network, refusal
from certwright.targets.scan.handshake import Presented, shake_hands
from certwright.targets.scan.reaching import LookUp, Stream, connect, system_look_up
from certwright.targets.scan.starttls import ask_for_tls
from certwright.targets.scan.target import Scheme, Target
from certwright.targets.scan.trouble import NoCertificate, NoHandshake, Unreachable
from certwright.targets.scan.wanted import Exclusions

_MOST_ADDRESSES = 8  # of one name; a round of time-outs at more would use up the deadline anyway


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long, how many at once and where to.

    ``seconds`` is for one target from look-up to handshake, waiting for its turn apart; ``connect_seconds`` for a
    connection to one address; ``per_host`` the connections to one address at once. ``allowed`` are networks that may
    be connected to beside public addresses, ``excluded`` is never connected to.
    """

    seconds: float = 10.0
    connect_seconds: float = 4.0
    per_host: int = 4
    allowed: Sequence[Network] = ()
    excluded: Exclusions = field(default_factory=Exclusions)
    look_up: LookUp = system_look_up


class Prober:
    """Looks at targets, many at once, within bounds. Look-ups, which block, run in ``threads``."""

    def __init__(self, bounds: Bounds, threads: Executor) -> None:
        self._bounds = bounds
        self._threads = threads
        self._turns: dict[Address, asyncio.Semaphore] = {}
        self._waiting: dict[Address, int] = {}

    async def probe(self, target: Target) -> Find:
        """What the target presents, or why it presents nothing; never raises."""
        began = _now()
        try:
            addresses = self._judged(target, await self._addresses(target))
            return await self._first_that_answers(target, addresses, self._bounds.seconds - (_now() - began))
        except NoCertificate as trouble:
            return Find(target.place, trouble=trouble.why, absent=trouble.absent)

    async def _addresses(self, target: Target) -> Sequence[Address]:
        if not target.server_name:
            return (ip_address(target.host),)
        asked = asyncio.get_running_loop().run_in_executor(self._threads, self._bounds.look_up, target.host)
        try:
            async with asyncio.timeout(self._bounds.seconds):
                found = await asked
        except TimeoutError:
            raise NoCertificate(f"{target.host} is not looked up in time.") from None
        except OSError as error:
            raise NoCertificate(f"{target.host} cannot be looked up: {error.strerror or 'no answer'}.") from None
        if not found:
            raise NoCertificate(f"{target.host} has no address.", absent=True)
        return tuple(found)[:_MOST_ADDRESSES]

    def _judged(self, target: Target, addresses: Sequence[Address]) -> list[Address]:
        """The addresses that may be connected to; raises NoCertificate when none may."""
        reasons = {address: self._objection(target, address) for address in addresses}
        good = [address for address, reason in reasons.items() if reason is None]
        if not good:
            raise NoCertificate(f"Not connected to: {' '.join(filter(None, reasons.values()))}")
        return good

    def _objection(self, target: Target, address: Address) -> str | None:
        """Why the address must not be connected to, and what to do if it shall; None when it may."""
        if self._bounds.excluded.cover_address(target, address):
            return f"{address} is excluded."
        why = refusal(address, self._bounds.allowed)
        return None if why is None else f"{why} Allow its network if it shall be scanned."

    async def _first_that_answers(self, target: Target, addresses: Sequence[Address], left: float) -> Find:
        """What the first address that takes a connection presents."""
        failed: list[Unreachable] = []
        for address in addresses:
            async with self._turn(address):
                ends = _now() + left
                try:
                    presented = await self._look_twice(target, address, ends)
                except Unreachable as trouble:
                    failed.append(trouble)
                except NoCertificate as trouble:
                    return Find(target.place, address=str(address), trouble=trouble.why, absent=trouble.absent)
                else:
                    return Find(target.place, presented.certificates, str(address), presented.protocol)
                left = ends - _now()
        raise Unreachable(" ".join(trouble.why for trouble in failed), absent=all(each.absent for each in failed))

    async def _look_twice(self, target: Target, address: Address, ends: float) -> Presented:
        """A look; where the handshake fails, another with an older first word."""
        try:
            return await self._look(target, address, ends, old=False)
        except NoHandshake as first:
            try:
                return await self._look(target, address, ends, old=True)
            except NoCertificate:
                raise first from None

    async def _look(self, target: Target, address: Address, ends: float, *, old: bool) -> Presented:
        stream = await connect(address, target.port, min(self._bounds.connect_seconds, ends - _now()))
        try:
            await self._ask(target, stream, ends)
            return await shake_hands(stream, target.server_name, ends, old=old)
        finally:
            stream.close()

    async def _ask(self, target: Target, stream: Stream, ends: float) -> None:
        if target.scheme is Scheme.TLS:
            return
        try:
            async with asyncio.timeout_at(ends):
                await ask_for_tls(target.scheme, stream, target.host)
        except TimeoutError:
            raise NoCertificate(f"The server does not begin TLS by {target.scheme.name} in time.") from None
        except OSError:
            raise NoCertificate("The server breaks the connection before TLS begins.") from None

    @asynccontextmanager
    async def _turn(self, address: Address) -> AsyncIterator[None]:
        """Wait until fewer than ``per_host`` connections go to the address."""
        turns = self._turns.setdefault(address, asyncio.Semaphore(self._bounds.per_host))
        self._waiting[address] = self._waiting.get(address, 0) + 1
        try:
            async with turns:
                yield
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._turns[address], self._waiting[address]


def _now() -> float:
    return asyncio.get_running_loop().time()

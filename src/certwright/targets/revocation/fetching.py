"""Fetching what a URL in a certificate names: one look-up, every address judged, no redirect, a cap and a deadline.

Whoever made the certificate chose the URL, so it may lead into our own network (rows 53 and 54 of the checklist).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import SplitResult, urlsplit

from certwright.model.errors import Refused, Unavailable
from certwright.policy.egress import Address, Network, refusal
from certwright.targets.revocation.pinned import FAILURES, Pinned, Received, verifying
from certwright.targets.scan.reaching import LookUp, system_look_up

SECONDS = 20.0  # for all of it, from the look-up to the last byte
_CONNECT_SECONDS = 5.0  # to one address, so that there is time for the next
_PORTS = {"http": 80, "https": 443}
_MOST_ADDRESSES = 4
_LONGEST_URL = 2_048
_LONGEST_SHOWN = 200
_OK = 200
_REDIRECTS = range(300, 400)
_LOOK_UPS_AT_ONCE = 8


class Unreachable(Unavailable):
    """The server gave no answer; another URL of it would cost the same time for nothing."""


class Fetcher:
    """Fetches over HTTP from public addresses, and from those in the networks of ``allowed``, there at any port.

    ``seconds`` is for one fetch altogether; ``trust`` is whom to believe over TLS, else whom this machine does. Safe to
    share between threads.
    """

    def __init__(
        self,
        *,
        allowed: Sequence[Network] = (),
        seconds: float = SECONDS,
        look_up: LookUp = system_look_up,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = tuple(allowed)
        self._seconds = seconds
        self._look_up = look_up
        self._trust = trust
        # Look-ups block. One that outlasts its deadline is left behind here, and nobody waits for it.
        self._threads = ThreadPoolExecutor(_LOOK_UPS_AT_ONCE, thread_name_prefix="certwright-revocation-look-up")

    def get(self, url: str, *, largest: int) -> bytes:
        """What stands at the URL, at most so many bytes.

        Raises Refused for a URL or an address that is not to be connected to, Unavailable when what is wanted is not
        there, and of that kind Unreachable when nobody answers in time.
        """
        return self._fetch(url, largest, b"", "")

    def post(self, url: str, body: bytes, media_type: str, *, largest: int) -> bytes:
        """What is answered to the body, which is not empty; as :meth:`get`."""
        return self._fetch(url, largest, body, media_type)

    def _fetch(self, url: str, largest: int, body: bytes, media_type: str) -> bytes:
        parts = _read(url)
        place = Pinned(url, parts.port or _PORTS[parts.scheme])
        try:
            received = asyncio.run(self._in_time(place, largest, body, media_type))
        except TimeoutError:
            raise Unreachable(f"{place.host} does not answer within {self._seconds:g} s.") from None
        if received.status in _REDIRECTS:
            where = received.location[:_LONGEST_SHOWN]
            raise Unavailable(f"{_shown(url)} redirects to {where!r}, which is not followed.")
        if received.status != _OK:
            raise Unavailable(f"{_shown(url)} answers {received.status}.")
        if received.cut:
            raise Unavailable(f"{_shown(url)} answers with more than {largest:,} bytes.")
        return received.body

    async def _in_time(self, place: Pinned, largest: int, body: bytes, media_type: str) -> Received:
        async with asyncio.timeout(self._seconds):
            addresses = self._judged(place, await self._addresses(place.host))
            context = (self._trust or verifying()) if place.secure else None
            return await _first(place, addresses, largest, context, body, media_type)

    async def _addresses(self, host: str) -> Sequence[Address]:
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, self._look_up, host)
        except (OSError, UnicodeError):
            raise Unreachable(f"{host[:_LONGEST_SHOWN]} cannot be looked up.") from None
        if not found:
            raise Unreachable(f"{host[:_LONGEST_SHOWN]} has no address.")
        return found

    def _judged(self, place: Pinned, found: Sequence[Address]) -> list[Address]:
        """The addresses that may be connected to; raises Refused when none may."""
        reasons = {address: self._objection(address, place.port) for address in found}
        good = [address for address, reason in reasons.items() if reason is None]
        if not good:
            raise Refused(
                f"{place.host} is not connected to: {' '.join(filter(None, reasons.values()))}",
                advice="Allow its network if it is one of yours.",
            )
        return good[:_MOST_ADDRESSES]

    def _objection(self, address: Address, port: int) -> str | None:
        if (reason := refusal(address, self._allowed)) is not None:
            return reason
        if port in _PORTS.values() or any(address in network for network in self._allowed):
            return None
        return f"No CA publishes at port {port}."


async def _first(
    place: Pinned,
    addresses: Sequence[Address],
    largest: int,
    context: ssl.SSLContext | None,
    body: bytes,
    media_type: str,
) -> Received:
    """What the first address that answers has. Raises Unreachable when none does."""
    for address in addresses:
        try:
            return await place.exchange(
                str(address),
                largest=largest,
                context=context,
                body=body,
                media_type=media_type,
                connect_seconds=_CONNECT_SECONDS,
            )
        except TimeoutError:
            raise
        except FAILURES as error:
            why = (str(error) or type(error).__name__).rstrip(".")[:_LONGEST_SHOWN]
    raise Unreachable(f"{place.host} cannot be reached: {why}.")


def _read(url: str) -> SplitResult:
    """The parts of a URL that is to be fetched; raises Refused for any other."""
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise Refused(f"{_shown(url)} is no URL that is fetched.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Refused(f"{_shown(url)} is no URL.") from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or "%" in parts.netloc:
        raise Refused(f"{_shown(url)} is not fetched: only plain URLs of http and https are.")
    return parts


def _shown(url: str) -> str:
    return ascii(url[:_LONGEST_SHOWN])

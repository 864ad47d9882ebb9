"""What the CAs send by themselves: calls to a client's endpoint, and how each delivery went."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import httpx2

from certwright_sandbox.clock import Clock
from certwright_sandbox.http import JSON

TIMEOUT_SECONDS = 10.0
PAUSE_SECONDS = 1.0  # between the deliveries of one parcel


@dataclass(frozen=True)
class Parcel:
    """What is delivered: `url` is shown to tests, `query` is not; after a failure it goes out `repeats` times more."""

    url: str
    event: str
    method: str
    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    query: str = field(default="", repr=False)
    repeats: int = 0


def json_parcel(url: str, event: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Parcel:
    """A parcel that is posted as JSON, once."""
    return Parcel(url, event, "POST", json.dumps(body).encode(), {**headers, "Content-Type": JSON})


@dataclass
class Delivered:
    """One delivery; `status` and `error` are None while it is under way. `at` is ISO 8601, UTC."""

    url: str
    event: str
    status: int | None
    at: str
    error: str | None
    parcel: Parcel = field(repr=False)
    answered_at: str | None = None

    @property
    def has_failed(self) -> bool:
        """Whether nobody took it."""
        return self.error is not None or (self.status is not None and self.status >= httpx2.codes.BAD_REQUEST)


@dataclass
class Push:
    """Delivers in the background, each parcel by itself; keeps this run's deliveries."""

    clock: Clock
    _sent: list[Delivered] = field(default_factory=list)
    _parcels: list[Parcel] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def send(self, parcel: Parcel) -> Delivered:
        """Send a parcel; returns at once, the outcome appears in the answer. Needs a running loop."""
        self._parcels.append(parcel)
        return self._start(parcel)

    def send_again(self) -> int:
        """Deliver everything that was sent once more; how many that are."""
        before = list(self._parcels)
        for parcel in before:
            self.send(parcel)
        return len(before)

    def rows(self) -> list[dict[str, Any]]:
        """The deliveries as the management door shows them: without bodies and secret headers."""
        shown = ("url", "event", "status", "at", "error")
        return [{name: row[name] for name in shown} for row in map(asdict, self._sent)]

    def _start(self, parcel: Parcel, pause: float = 0.0) -> Delivered:
        delivered = Delivered(parcel.url, parcel.event, None, self.clock.now().isoformat(), None, parcel)
        self._sent.append(delivered)
        task = asyncio.get_running_loop().create_task(self._deliver(delivered, pause))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return delivered

    async def _deliver(self, delivered: Delivered, pause: float) -> None:
        await asyncio.sleep(pause)
        await deliver(delivered, self.clock)
        if delivered.has_failed and delivered.parcel.repeats > 0:
            self._start(replace(delivered.parcel, repeats=delivered.parcel.repeats - 1), PAUSE_SECONDS)


async def deliver(delivered: Delivered, clock: Clock) -> None:
    """Make one delivery and note how it went."""
    parcel = delivered.parcel
    url = parcel.url + (("&" if "?" in parcel.url else "?") + parcel.query if parcel.query else "")
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
            response = await client.request(parcel.method, url, content=parcel.content, headers=dict(parcel.headers))
        delivered.status = response.status_code
        delivered.answered_at = clock.now().isoformat()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        delivered.error = f"{type(error).__name__}: {error}"

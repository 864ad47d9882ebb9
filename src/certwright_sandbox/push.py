"""What the CAs send by themselves: JSON posted to a client's endpoint, and how each delivery went."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx2

from certwright_sandbox.clock import Clock

TIMEOUT_SECONDS = 10.0


@dataclass
class Push:
    """Delivers in the background, each delivery by itself; keeps this run's deliveries."""

    clock: Clock
    _sent: list[Delivered] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def send(self, url: str, event: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Delivered:
        """Post `body` to `url`; returns at once, the outcome appears in the answer. Needs a running loop."""
        delivered = Delivered(url, event, None, self.clock.now().isoformat(), None, dict(body), dict(headers))
        self._sent.append(delivered)
        task = asyncio.get_running_loop().create_task(deliver(delivered, self.clock))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return delivered

    def send_again(self) -> int:
        """Deliver everything that was sent once more; how many that are."""
        before = list(self._sent)
        for delivered in before:
            self.send(delivered.url, delivered.event, delivered.body, delivered.headers)
        return len(before)

    def rows(self) -> list[dict[str, Any]]:
        """The deliveries as the management door shows them: without bodies and secret headers."""
        shown = ("url", "event", "status", "at", "error")
        return [{name: row[name] for name in shown} for row in map(asdict, self._sent)]


@dataclass
class Delivered:
    """One delivery; `status` and `error` are None while it is under way. `at` is ISO 8601, UTC."""

    url: str
    event: str
    status: int | None
    at: str
    error: str | None
    body: dict[str, Any] = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    answered_at: str | None = None


async def deliver(delivered: Delivered, clock: Clock) -> None:
    """Post one delivery and note how it went."""
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
            response = await client.post(delivered.url, json=delivered.body, headers=delivered.headers)
        delivered.status = response.status_code
        delivered.answered_at = clock.now().isoformat()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        delivered.error = f"{type(error).__name__}: {error}"

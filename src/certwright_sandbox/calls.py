"""The log of every CA call received, in the order of arrival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from certwright_sandbox.state import Record, State

MOST_CALLS = 250_000  # older ones are dropped, so that an endurance run cannot fill the memory


@dataclass(eq=False, slots=True)
class Call(Record):
    """One call; `status` is None until it is answered, and where it was cut. `at` is ISO 8601, UTC."""

    ca: str | None
    account: str | None
    method: str
    path: str
    status: int | None
    at: str


class CallLog:
    """The calls, oldest first."""

    def __init__(self, state: State) -> None:
        """Go on with what the state holds."""
        self._calls = state.table("call", Call)
        self._next_id = max((int(call.id) for call in self._calls), default=0) + 1

    def arrived(self, ca: str | None, account: str | None, method: str, path: str, at: str) -> Call:
        """Note a call that has just arrived, and answer it, for its status to be filled in."""
        call = self._calls.add(Call(self._next_id, ca, account, method, path, None, at))
        self._next_id += 1
        oldest = self._calls.get(self._next_id - 1 - MOST_CALLS)
        if oldest is not None:
            self._calls.remove(oldest)
        return call

    def rows(self, ca: str | None, account: str | None) -> list[dict[str, Any]]:
        """The calls to a CA and of an account, as JSON values; None for any."""
        names = ("ca", "account", "method", "path", "status", "at")
        return [
            {name: getattr(call, name) for name in names}
            for call in self._calls
            if ca in (None, call.ca) and account in (None, call.account)
        ]

    def clear(self) -> None:
        """Forget all calls."""
        for call in self._calls:
            self._calls.remove(call)

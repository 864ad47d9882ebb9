"""What the office of every CA has, whichever CA it is: numbers for new records, the time, deeds for later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import date, datetime, timedelta
from logging import getLogger
from typing import Any, ClassVar, TypeVar

from certwright_sandbox.playing import World
from certwright_sandbox.state import Record, Table

LOG = getLogger(__name__)
R = TypeVar("R", bound=Record)


class AnyOffice:
    """The part of an office that knows no CA; `ca_name` is the one it belongs to."""

    ca_name: ClassVar[str]

    def __init__(self, world: World) -> None:
        """An office in this world."""
        self.world = world
        self.background_tasks: set[asyncio.Task[None]] = set()
        self._numbers: dict[str, int] = {}

    def new_id(self, table: Table[R], first: int) -> int:
        """The next number of a table, whose first one is `first`."""
        last = self._numbers.get(table.name)
        if last is None:
            last = max((int(record.id) for record in table), default=first - 1)
        self._numbers[table.name] = last + 1
        return last + 1

    def now(self) -> datetime:
        """The time now, UTC."""
        return self.world.clock.now()

    def today(self) -> date:
        """The day now, UTC."""
        return self.now().date()

    def later(self, delay: timedelta, what: str, subject: int) -> None:
        """Have the deed `what` done after a while of the sandbox's time."""
        self.at(self.now() + delay, what, subject)

    def at(self, due: datetime, what: str, subject: int) -> None:
        """Have the deed `what` done at a time."""
        self.world.agenda.add(due, f"{self.ca_name}.{what}", subject)

    def in_background(self, deed: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a deed beside the calls; a failure is logged, and the state is committed after it."""

        async def run() -> None:
            try:
                await deed()
                self.world.state.commit()
            except Exception:  # nobody awaits it, so its failure must be told here
                LOG.exception("a deed in the background failed")

        task = asyncio.get_running_loop().create_task(run())
        self.background_tasks.add(task)
        task.add_done_callback(self.background_tasks.discard)

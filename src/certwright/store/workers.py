"""Which workers are alive, by their heartbeats."""

from __future__ import annotations

import os
from datetime import timedelta

from certwright.model.ports import Clock
from certwright.store import models

HEARTBEAT = timedelta(seconds=2)
_SILENT = 5 * HEARTBEAT


class Workers:
    """The heartbeat table."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def beat(self, name: str) -> None:
        """Say that the worker lives."""
        now = self._clock.now()
        models.Worker.objects.update_or_create(
            name=name,
            defaults={"seen_at": now, "process": os.getpid()},
            create_defaults={"seen_at": now, "process": os.getpid(), "started_at": now},
        )

    def gone(self, name: str) -> None:
        """Say that the worker has stopped."""
        models.Worker.objects.filter(name=name).delete()

    def names(self) -> list[str]:
        """All workers that have not been silent for long."""
        since = self._clock.now() - _SILENT
        return list(models.Worker.objects.filter(seen_at__gte=since).values_list("name", flat=True))

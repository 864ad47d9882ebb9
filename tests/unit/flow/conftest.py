"""A world of fakes whose clock is also the one that deadlines are measured by."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from certwright.flow import paid
from tests.fakes.world import World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """One worker, one CA, nothing ordered yet."""
    made = World()
    monkeypatch.setattr(paid, "time", SimpleNamespace(monotonic=made.clock.monotonic))
    return made

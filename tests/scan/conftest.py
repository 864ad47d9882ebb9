"""Servers and certificates for every test; what each test wants scanned is read as a person writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from certwright.model.inventory import Find
from certwright.policy.egress import networks
from certwright.targets.scan.probe import Bounds
from certwright.targets.scan.scan import scan
from certwright.targets.scan.wanted import read_targets
from tests.scan.certificates import Identity, identity
from tests.scan.servers import Servers, serving

LOOPBACK = Bounds(allowed=networks("127.0.0.0/8, ::1/128"), per_host=100)
Look = Callable[..., Find]


@pytest.fixture
def servers() -> Iterator[Servers]:
    with serving() as started:
        yield started


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return identity(tmp_path_factory.mktemp("certificates"), "shop.meadow.example")


@pytest.fixture
def look() -> Look:
    """Scan the one target that a word names, with changes to the bounds."""

    def one(word: str, **bounds: Any) -> Find:
        ((position, find),) = scan(read_targets([word]), bounds=replace(LOOPBACK, **bounds))
        assert position == 1
        return find

    return one


@pytest.fixture
def certificates(tmp_path: Path) -> Callable[..., Identity]:
    """Makes an identity in this test's folder."""
    return lambda name, **oddity: identity(tmp_path, name, **oddity)

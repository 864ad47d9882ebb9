"""Many targets at once: how many, how often, and going on after a stop."""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from certwright.targets.scan.probe import Bounds
from certwright.targets.scan.scan import scan
from certwright.targets.scan.target import Target
from certwright.targets.scan.wanted import read_targets
from tests.scan import faults
from tests.scan.certificates import Identity
from tests.scan.conftest import LOOPBACK
from tests.scan.conversations import Reader, Writer
from tests.scan.servers import Servers


def bounds(**changes: Any) -> Bounds:
    return replace(LOOPBACK, **changes)


def at(*ports: int) -> Iterator[Target]:
    return iter(read_targets([f"127.0.0.1:{port}" for port in ports]))


@pytest.fixture
def closed() -> Iterator[list[int]]:
    """Forty ports at which nobody listens."""
    with_port = [socket.socket() for _ in range(40)]
    try:
        for bound in with_port:
            bound.bind(("127.0.0.1", 0))
        yield [bound.getsockname()[1] for bound in with_port]
    finally:
        for bound in with_port:
            bound.close()


def test_every_target_is_found_once_and_the_last_position_is_their_number(closed: list[int]) -> None:
    found = list(scan(at(*closed), concurrency=7, bounds=bounds()))
    assert sorted(find.place for _, find in found) == sorted(f"tls://127.0.0.1:{port}" for port in closed)
    assert max(position for position, _ in found) == found[-1][0] == len(closed)
    assert [position for position, _ in found] == sorted(position for position, _ in found)


def test_nothing_to_scan_finds_nothing() -> None:
    assert list(scan([])) == []


def test_a_position_does_not_pass_a_target_that_is_still_under_way(servers: Servers, closed: list[int]) -> None:
    slow = servers.plain(faults.never)
    found = list(scan(at(closed[0], slow, *closed[1:]), concurrency=4, bounds=bounds(seconds=0.5)))
    assert all(position <= 1 for position, _ in found[:-1])
    assert found[-1][0] == len(closed) + 1


@pytest.mark.parametrize("stop_after", [1, 13, 39])
def test_a_scan_that_was_stopped_goes_on_from_its_position_and_misses_nothing(
    stop_after: int, servers: Servers, closed: list[int]
) -> None:
    slow = servers.plain(faults.never)
    targets = read_targets([f"127.0.0.1:{port}" for port in (*closed[:5], slow, *closed[5:])])
    begun = scan(targets, concurrency=5, bounds=bounds(seconds=0.3))
    first = list(itertools.islice(begun, stop_after))
    begun.close()  # type: ignore[attr-defined]

    rest = list(scan(targets.after(first[-1][0]), concurrency=5, bounds=bounds(seconds=0.3)))

    assert {find.place for _, find in (*first, *rest)} == {target.place for target in targets}


def test_a_scan_that_is_stopped_hangs_up_at_once_and_leaves_nothing_behind(servers: Servers, closed: list[int]) -> None:
    hung_up = threading.Event()

    async def wait(reader: Reader, writer: Writer) -> None:
        await reader.read()
        hung_up.set()

    before = set(threading.enumerate())  # another test's look-up may still wait for a name server
    begun = scan(at(servers.plain(wait), *closed), concurrency=3, bounds=bounds())
    next(begun)
    began = time.monotonic()
    begun.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 1
    assert hung_up.wait(5)
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("certwright-"):  # told to end; one that is at a look-up ends after it
            thread.join(5)
            assert not thread.is_alive(), thread.name


def test_targets_are_taken_no_further_ahead_than_may_run_at_once(closed: list[int]) -> None:
    taken: list[Target] = []

    def watched() -> Iterator[Target]:
        for target in at(*closed):
            taken.append(target)
            yield target

    begun = scan(watched(), concurrency=6, bounds=bounds())
    for read, _ in enumerate(begun):
        assert len(taken) <= read + 6


@pytest.mark.parametrize(("concurrency", "per_host", "most"), [(8, 100, 8), (20, 3, 3)])
def test_no_more_connections_are_open_at_once_than_allowed(
    concurrency: int, per_host: int, most: int, servers: Servers
) -> None:
    seen: list[int] = []
    open_now = 0
    reached = asyncio.Event()

    async def count(reader: Reader, writer: Writer) -> None:
        nonlocal open_now
        open_now += 1
        seen.append(open_now)
        if open_now == most:
            reached.set()
        await reached.wait()
        await asyncio.sleep(0.02)  # time for one more to come, if it may
        open_now -= 1

    port = servers.plain(count)
    targets = itertools.islice(itertools.cycle(at(port)), 30)

    assert len(list(scan(targets, concurrency=concurrency, bounds=bounds(per_host=per_host)))) == 30
    assert max(seen) == most


def test_waiting_for_a_turn_does_not_use_up_a_targets_time(servers: Servers, shop: Identity) -> None:
    silent = [servers.plain(faults.never) for _ in range(3)]
    good = servers.tls(shop.context())
    found = {find.place: find for _, find in scan(at(*silent, good), bounds=bounds(per_host=1, seconds=0.5))}
    assert found[f"tls://127.0.0.1:{good}"].certificates == shop.chain


def test_a_caller_that_is_busy_does_not_cost_a_server_its_time(servers: Servers, shop: Identity) -> None:
    ports = [servers.tls(shop.context()) for _ in range(6)]
    begun = scan(at(*ports), bounds=bounds(seconds=1.0))
    first = next(begun)
    threading.Event().wait(1.2)  # longer than the deadline of those under way
    assert all(find.certificates == shop.chain for _, find in (first, *begun))

"""A scan of a thousand ports with every fault among them: all the good are found, and it ends in bounded time."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, zip_longest

import pytest

from certwright.model.inventory import Find
from certwright.targets.scan.scan import scan
from certwright.targets.scan.wanted import read_targets
from tests.scan.certificates import Identity
from tests.scan.conftest import LOOPBACK

SECONDS = 4.0
CONCURRENCY = 100
TROUBLE = {
    "half-open": "The server does not finish the TLS handshake in time.",
    "slow-loris": "The server does not finish the TLS handshake in time.",
    "truncated": "The server hangs up during the TLS handshake.",
    "garbage": "The server's answer is not TLS: ",
    "reset": "The server breaks the connection during the TLS handshake.",
    "html": "The server speaks HTTP there, not TLS: ",
}


@pytest.fixture
def thousand(shop: Identity) -> Iterator[dict[str, list[int]]]:
    """Ports by what is there, in a process of their own."""
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.scan.thousand", str(shop.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert program.stdout is not None
        yield json.loads(program.stdout.readline())
    finally:
        program.communicate()


def test_a_scan_of_a_thousand_ports_with_all_faults_among_them_ends_in_bounded_time(
    thousand: dict[str, list[int]], shop: Identity
) -> None:
    kinds = {port: kind for kind, ports in thousand.items() for port in ports}
    mixed = [port for port in chain.from_iterable(zip_longest(*thousand.values())) if port is not None]
    words = [f"{'smtp' if kinds[port] == 'smtp' else 'tls'}://127.0.0.1:{port}" for port in mixed]
    began = time.monotonic()

    found = list(
        scan(
            read_targets(words),
            concurrency=CONCURRENCY,
            bounds=replace(LOOPBACK, seconds=SECONDS, per_host=CONCURRENCY),
        )
    )

    took = time.monotonic() - began
    assert took < math.ceil(len(words) / CONCURRENCY) * SECONDS
    assert len(found) == found[-1][0] == len(words) == 1000
    by_kind: dict[str, list[Find]] = defaultdict(list)
    for _, find in found:
        by_kind[kinds[int(find.place.rpartition(":")[2])]].append(find)
    assert [find.certificates for kind in ("tls", "smtp") for find in by_kind[kind]] == [shop.chain] * 940
    for kind, trouble in TROUBLE.items():
        assert len(by_kind[kind]) == 10
        assert {find.trouble[: len(trouble)] for find in by_kind[kind]} == {trouble}

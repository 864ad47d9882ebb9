"""Runs of scans: interrupted and gone on with, by a worker and by hand, by two at once, and with other targets."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.discovery import (
    NewIdentity,
    changes,
    cursor_of,
    fingerprint,
    new_identity,
    scanner,
    served,
    servers,
    sightings,
    standing,
    until,
)
from tests.cli.program import Program, Running
from tests.scan import faults
from tests.scan.servers import Servers, serving

__all__ = ["new_identity", "scanner", "servers"]

READY = "is at work"
HOSTS = 8190  # of the network below
NETWORK = "127.7.0.0/19"
KEPT = 2000  # finds that are surely kept before the last quarter is reached
ANSWERING = [f"127.7.{third}.{fourth}" for third in range(0, 32, 4) for fourth in (1, 99)]


@pytest.fixture
def network(servers: Servers, new_identity: NewIdentity) -> str:
    """A network of thousands of addresses, of which some answer; as a target."""
    context = new_identity("shop.meadow.example").context()
    port = servers.tls(context, ANSWERING[0])
    for address in ANSWERING[1:]:
        servers.tls(context, address, port)
    return f"{NETWORK}:{port}"


@contextmanager
def held(network: str, seconds: int = 30) -> Iterator[tuple[str, ...]]:
    """The words of a scan of the network, which cannot pass a server in its last quarter while the context lasts."""
    with serving() as servers:
        servers.plain(faults.never, address="127.7.28.50", port=int(network.rpartition(":")[2]))
        yield (network, "--concurrency", "20", "--seconds", str(seconds))


def _answering(network: str) -> set[str]:
    return {f"tls://{address}:{network.rpartition(':')[2]}" for address in ANSWERING}


def test_a_scan_that_is_killed_goes_on_behind_its_cursor_and_counts_nothing_twice(
    scanner: Program, network: str, servers: Servers
) -> None:
    port = int(network.rpartition(":")[2])
    with held(network) as words:
        begun = scanner.zygote.start(scanner.home, [["scan", "add", "lan", *words]], environment=scanner.environment)
        until(lambda: cursor_of(scanner) >= KEPT)
        (looking,) = scanner.run("scan", "list", "--json").expect(0).lines()
        os.kill(begun.pid, signal.SIGKILL)
        assert begun.wait() == signal.SIGKILL
    (left,) = scanner.run("scan", "list", "--json").expect(0).lines()
    said = scanner.run("scan", "show", "lan").expect(0)

    run = scanner.run("scan", "run", "lan", "--json").expect(0).json()

    assert (looking["interrupted"], left["interrupted"]) == (False, True)
    assert "│ interrupted │" in said.told
    assert (run["looked"], run["found"], run["new"], run["failed"]) == (HOSTS, len(ANSWERING), 1, 0)
    assert run["total"] == HOSTS
    assert set(standing(scanner)) == _answering(network)
    assert len(sightings(scanner)) == len(ANSWERING)
    assert servers.heard(port, ANSWERING[0]) == 1, "what was kept is not looked at again"
    (only,) = scanner.run("scan", "show", "lan", "--json").expect(0).json()["runs"]
    assert only["id"] == run["id"]


def test_a_scan_stopped_with_ctrl_c_says_so_and_goes_on_there(scanner: Program, network: str) -> None:
    with held(network) as words:
        begun = scanner.zygote.start(scanner.home, [["scan", "add", "lan", *words]], environment=scanner.environment)
        until(lambda: cursor_of(scanner) >= KEPT)
        os.kill(begun.pid, signal.SIGINT)
        assert begun.wait() == 0
    (stopped,) = begun.results

    run = scanner.run("scan", "run", "lan", "--json").expect(0).json()

    assert stopped.code == 130
    assert "interrupted; what was found is kept, and the next run goes on there" in stopped.told
    assert (run["looked"], run["found"]) == (HOSTS, len(ANSWERING))


def test_a_second_process_is_told_that_the_first_is_looking(scanner: Program, servers: Servers) -> None:
    silent = servers.plain(faults.never)
    words = ["scan", "add", "slow", f"127.0.0.1:{silent}", "--seconds", "4"]
    first = scanner.zygote.start(scanner.home, [words], environment=scanner.environment)
    until(lambda: servers.heard(silent) > 0)

    second = scanner.run("scan", "run", "slow").expect(1)
    changed = scanner.run("scan", "change", "slow", "127.0.0.1:1").expect(1)

    assert "slow is being looked at already, by another process" in second.err
    assert "slow is being looked at, by another process" in changed.err
    assert first.wait() == 0
    assert first.results[0].code == 0


def test_a_scan_that_is_removed_while_it_runs_ends_without_harm(scanner: Program, servers: Servers) -> None:
    silent = servers.plain(faults.never)
    words = ["scan", "add", "slow", f"127.0.0.1:{silent}", "--seconds", "2"]
    first = scanner.zygote.start(scanner.home, [words], environment=scanner.environment)
    until(lambda: servers.heard(silent) > 0)

    scanner.run("scan", "remove", "slow").expect(0)

    assert first.wait() == 0
    assert first.results[0].code == 1
    assert "has been removed" in first.results[0].err


def test_what_a_scan_is_told_to_look_at_no_more_ends_with_its_next_complete_run(
    scanner: Program, servers: Servers, new_identity: NewIdentity
) -> None:
    context = new_identity("shop.meadow.example").context()
    kept, dropped = (f"127.0.0.1:{servers.tls(context)}" for _ in range(2))
    scanner.run("scan", "add", "web", kept, dropped).expect(0)

    changed = scanner.run("scan", "change", "web", kept, "--json").expect(0).json()

    assert changed["settings"]["targets"] == [kept]
    assert changed["every_seconds"] == 86_400
    assert changed["last_run"]["vanished"] == 1
    trouble = {row["place"]: (row["trouble"], row["vanished_at"] is None) for row in sightings(scanner)}
    assert trouble == {
        f"tls://{kept}": ("", True),
        f"tls://{dropped}": ("It is no target of the scan any more.", False),
    }
    assert changes(scanner, "web") == [("vanished", f"tls://{dropped}")]

    back = scanner.run("scan", "change", "web", kept, dropped, "--json").expect(0).json()

    assert back["last_run"]["vanished"] == 0
    assert {row["trouble"] for row in sightings(scanner)} == {""}


def test_a_scan_by_hand_of_other_targets_leaves_those_before_as_they_were_seen(
    scanner: Program, servers: Servers, new_identity: NewIdentity
) -> None:
    context = new_identity("shop.meadow.example").context()
    first, second = (f"127.0.0.1:{servers.tls(context)}" for _ in range(2))
    for target in (first, second):
        scanner.run("scan", "once", target).expect(0)

    trouble = {row["place"]: (row["trouble"], row["vanished_at"]) for row in sightings(scanner)}
    assert trouble == {
        f"tls://{first}": ("The last run did not look there.", None),
        f"tls://{second}": ("", None),
    }


def test_a_run_that_was_interrupted_does_not_go_on_with_other_targets(
    scanner: Program, network: str, new_identity: NewIdentity
) -> None:
    with held(network) as words:
        begun = scanner.zygote.start(scanner.home, [["scan", "once", *words]], environment=scanner.environment)
        until(lambda: cursor_of(scanner) >= KEPT)
        os.kill(begun.pid, signal.SIGKILL)
        begun.wait()

    with served(new_identity("other.meadow.example")) as port:
        run = scanner.run("scan", "once", f"127.0.0.1:{port}", "--json").expect(0).json()

    assert (run["looked"], run["found"], run["new"]) == (1, 1, 1)
    runs = scanner.run("scan", "show", "scan", "--json").expect(0).json()["runs"]
    assert [one["outcome"] for one in runs] == ["done", "failed"]


def test_a_worker_runs_a_scan_by_its_schedule_and_sees_the_change(scanner: Program, new_identity: NewIdentity) -> None:
    before, after = new_identity("before.meadow.example"), new_identity("after.meadow.example")
    with Running(scanner, "worker", ready=READY):
        with served(before) as port:
            told = scanner.run("scan", "add", "web", f"127.0.0.1:{port}", "--every", "1s").expect(0)
            place = f"tls://127.0.0.1:{port}"
            until(lambda: standing(scanner) == {place: fingerprint(before)})
        with served(after, port):
            until(lambda: standing(scanner) == {place: fingerprint(after)})
            scanner.run("scan", "disable", "web").expect(0)

    shown = scanner.run("scan", "show", "web", "--json").expect(0).json()
    assert "The worker looks at it within seconds" in told.out
    assert len(shown["runs"]) >= 2
    assert (shown["enabled"], shown["next_run_at"]) == (False, None)


def test_a_worker_takes_over_the_scan_of_one_that_was_killed(scanner: Program, network: str) -> None:
    killed = Running(scanner, "worker", ready=READY)
    with held(network) as words:
        scanner.run("scan", "add", "lan", *words).expect(0)
        until(lambda: cursor_of(scanner) >= KEPT)
        killed.stop(signal.SIGKILL)

    with Running(scanner, "worker", ready=READY):
        until(lambda: set(standing(scanner)) == _answering(network))
        until(lambda: _last(scanner)["outcome"] == "done")

    (run,) = scanner.run("scan", "show", "lan", "--json").expect(0).json()["runs"]
    assert (run["looked"], run["found"], run["new"]) == (HOSTS, len(ANSWERING), 1)


def test_a_worker_that_is_stopped_leaves_its_scan_to_the_next_command(scanner: Program, network: str) -> None:
    worker = Running(scanner, "worker", ready=READY)
    with held(network, seconds=6) as words:
        scanner.run("scan", "add", "lan", *words).expect(0)
        until(lambda: cursor_of(scanner) >= KEPT)
        began = time.monotonic()
        assert worker.stop() == 0
        assert time.monotonic() - began < 15

    run = scanner.run("scan", "run", "lan", "--json").expect(0).json()

    assert (run["looked"], run["found"]) == (HOSTS, len(ANSWERING))


def _last(program: Program) -> dict[str, object]:
    found: dict[str, object] = program.run("scan", "show", "lan", "--json").expect(0).json()["last_run"]
    return found


@pytest.fixture
def thousand(new_identity: NewIdentity) -> Iterator[dict[str, list[int]]]:
    """A thousand ports, all faults among them, by what is there."""
    shop = new_identity("shop.meadow.example")
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.scan.thousand", str(shop.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert program.stdout is not None
        yield json.loads(program.stdout.readline())
    finally:
        program.communicate()


def test_a_scan_of_a_thousand_ports_with_all_faults_among_them_ends_in_bounded_time(
    scanner: Program, thousand: dict[str, list[int]], tmp_path: Path
) -> None:
    words = [
        f"{'smtp' if kind == 'smtp' else 'tls'}://127.0.0.1:{port}"
        for kind, ports in thousand.items()
        for port in ports
    ]
    targets = tmp_path / "targets.txt"
    targets.write_text("\n".join(words))
    began = time.monotonic()

    run = (
        scanner.run("scan", "once", "--file", str(targets), "--seconds", "4", "--per-host", "100", "--json")
        .expect(0)
        .json()
    )

    assert time.monotonic() - began < math.ceil(len(words) / 100) * 4
    good = len(thousand["tls"]) + len(thousand["smtp"])
    html = len(thousand["html"])  # somebody answers there, and it is not TLS
    assert (run["looked"], run["found"], run["new"]) == (len(words), good, 1)
    assert run["failed"] == len(words) - good - html
    assert run["outcome"] == "partly"
    assert len(standing(scanner)) == good

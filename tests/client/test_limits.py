"""The gate: what processes and threads together may send."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from certwright.cas.limits import TRAVEL_SECONDS, Gate, Limit
from certwright.model.errors import Misconfigured, Unavailable

PROGRAM = """
import sys, time
from pathlib import Path
from certwright.cas.limits import Gate, Limit
from certwright.model.errors import Unavailable
gate = Gate(Path(sys.argv[1]), "credential", (Limit(50, 1), Limit(5000, 180)), title="CA")
end = time.monotonic() + 2.5
while True:
    try:
        gate.enter(end)
    except Unavailable:
        break
    print("passed", time.monotonic(), flush=True)  # beside log lines, when the file was locked for a moment
gate.close()
"""


def test_two_processes_together_never_exceed_the_limit(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "limits.sqlite3")]
    programs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    lines = [line.split() for program in programs for line in program.communicate()[0].splitlines()]
    moments = sorted(float(words[1]) for words in lines if words[0] == "passed")
    assert all(program.returncode == 0 for program in programs)
    allowed = 48  # 97 % of 50
    window = 1 + TRAVEL_SECONDS
    # A moment is taken just after the gate opened: two of them may be closer together than the gate's by
    # that.
    most = max(sum(1 for other in moments if start <= other < start + window - 0.05) for start in moments)
    assert most <= allowed
    assert len(moments) >= allowed + 1  # the second window was used too


def test_threads_share_one_gate(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "limits.sqlite3", "credential", (Limit(100, 5),), title="CA")
    passed: list[int] = []

    def run() -> None:
        for _ in range(40):
            try:
                gate.enter(time.monotonic())
            except Unavailable:
                return
            passed.append(1)

    threads = [threading.Thread(target=run) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gate.close()
    assert len(passed) == 97


def test_each_credential_has_a_budget_of_its_own_and_the_file_does_not_name_it(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite3"
    gates = [Gate(path, credential, (Limit(2, 5),), title="CA") for credential in ("first-key", "second-key")]
    for gate in gates:
        gate.enter(time.monotonic())
    with pytest.raises(Unavailable) as caught:
        gates[0].enter(time.monotonic() + 0.1)
    assert caught.value.retry_after is not None
    for gate in gates:
        gate.close()
    assert b"first-key" not in path.read_bytes()


def test_a_pause_that_the_ca_asked_for_holds_in_another_process(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite3"
    first, second = (Gate(path, "credential", (Limit(100, 5),), title="CA") for _ in range(2))
    assert first.throttled(120) == 120
    with pytest.raises(Unavailable) as caught:
        second.enter(time.monotonic() + 1)
    assert 118 < (caught.value.retry_after or 0) <= 120
    first.close()
    second.close()


def test_a_success_of_a_call_that_left_earlier_does_not_end_the_pause(tmp_path: Path) -> None:
    gate = Gate(None, "credential", (Limit(100, 5),), title="CA")
    gate.throttled(60)
    gate.succeeded()
    with pytest.raises(Unavailable):
        gate.enter(time.monotonic())
    gate.close()


def test_waits_without_a_hint_double_up_to_three_minutes() -> None:
    gate = Gate(None, "credential", (Limit(100, 5),), title="CA")
    waits = [gate.throttled(None) for _ in range(8)]
    gate.close()
    assert 5 <= waits[0] <= 6.25
    assert waits[1] >= 10
    assert 180 <= waits[-1] <= 225


def test_calls_counted_before_a_reboot_do_not_hold_anything_back(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite3"
    gate = Gate(path, "credential", (Limit(2, 5),), title="CA")
    gate.enter(time.monotonic())
    with sqlite3.connect(path) as other:  # the monotonic clock starts anew at a reboot
        table = next(
            row[0]
            for row in other.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'calls%'")
        )
        other.execute(f"UPDATE {table} SET item_timestamp = item_timestamp + 864000000")
        other.execute("UPDATE gates SET shut_until = 1000000000000000")
    other.close()
    gate.enter(time.monotonic())
    gate.close()


@pytest.mark.parametrize(
    ("short", "long", "most"), [(100, 10, 9), (4, 1000, 3), (10, 1000, 9), (100, 1000, 97), (1, 1, 1)]
)
def test_the_tighter_of_two_limits_holds_whichever_it_is(short: int, long: int, most: int) -> None:
    gate = Gate(None, "credential", (Limit(short, 5), Limit(long, 180)), title="CA")
    for _ in range(most):
        gate.enter(time.monotonic())
    with pytest.raises(Unavailable):
        gate.enter(time.monotonic())
    gate.close()


def test_a_file_that_cannot_be_opened_is_a_misconfiguration(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        Gate(tmp_path / "absent" / "limits.sqlite3", "credential", (Limit(100, 5),), title="CA")
    (tmp_path / "noise").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(Misconfigured):
        Gate(tmp_path / "noise", "credential", (Limit(100, 5),), title="CA")


def test_a_limit_of_nothing_is_a_misconfiguration() -> None:
    with pytest.raises(Misconfigured):
        Gate(None, "credential", (Limit(0, 5),), title="CA")


def test_a_file_that_cannot_be_used_stops_the_call_before_it_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite3"
    gate = Gate(path, "credential", (Limit(100, 5),), title="CA")
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE gates")
    other.close()
    with pytest.raises(Unavailable):
        gate.enter(time.monotonic() + 1)
    gate.close()

"""Cold start of the CLI and of the server, and the memory of one process."""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import play


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--runs", type=int, default=9, help="counted runs of each (default 9)")


def run(runs: int) -> dict[str, Any]:
    """Medians of whole processes, beside the interpreter alone and ``import django`` as a baseline of this machine."""
    with play.home():
        play.certwright("init")
        figures = {
            "interpreter_ms": _median(runs, [sys.executable, "-c", "pass"]),
            "cli_version_ms": _median(runs, [sys.executable, "-m", "certwright", "--version"]),
            "cli_order_list_ms": _median(runs, [sys.executable, "-m", "certwright", "order", "list", "--json"]),
            "cli_memory_mb": _peak([sys.executable, "-m", "certwright", "order", "list", "--json"]),
        }
        play.progress("the server")
        starts, memories = zip(*(_server() for _ in range(max(3, runs // 3))), strict=True)
    return {
        **figures,
        "server_first_answer_ms": round(statistics.median(starts) * 1000),
        "server_memory_mb": round(statistics.median(memories), 1),
        "runs": runs,
    }


def _median(runs: int, command: list[str]) -> int:
    play.progress(" ".join(Path(word).name for word in command))
    times = []
    for _ in range(runs + 1):
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begin)
    return round(statistics.median(times[1:]) * 1000)


def _peak(command: list[str]) -> float:
    """Peak resident memory of one process, in MB, as the kernel counted it."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return round(usage.ru_maxrss / 1024, 1)


def _server() -> tuple[float, float]:
    """Seconds from start to the first answer of ``certwright serve``, and its memory in MB (proportional share)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begin = time.perf_counter()
    command = [sys.executable, "-m", "certwright", "serve", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        play.until("the server answers", lambda: _answers(port), seconds=60)
        took = time.perf_counter() - begin
        return took, sum(_memory(pid) for pid in _family(process.pid)) / 1024
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _memory(pid: int) -> int:
    """Proportional set size in KiB: memory shared between processes is counted once."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError("no Pss in smaps_rollup")

"""A sandbox and an installation of our own, for one benchmark."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def progress(text: str) -> None:
    """A line about how far it is."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox program."""

    url: str
    management_url: str

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What its management door answers."""
        address = urlsplit(self.management_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        connection.request(method, path, json.dumps(body) if body is not None else None)
        answer = connection.getresponse()
        content = json.loads(answer.read() or b"null")
        connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {content}")
        return content


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    """A sandbox on free ports."""
    command = [sys.executable, "-m", "certwright_sandbox", "serve", "--port", "0", "--management-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None:
            raise RuntimeError("the sandbox has no output")
        ready = json.loads(process.stdout.readline())
        yield Sandbox(ready["url"], ready["management_url"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@contextmanager
def home() -> Iterator[Path]:
    """A state folder that is gone afterwards; ``CERTWRIGHT_HOME`` names it meanwhile.

    It is made where TMPDIR says: point that to the disk that is to be measured.
    """
    folder = Path(tempfile.mkdtemp(prefix="certwright-benchmark-"))
    os.environ["CERTWRIGHT_HOME"] = str(folder / "home")
    try:
        yield folder / "home"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_OUT_OF_REACH = {  # our own limiter stays on and is asked before each call; only its figures are out of reach
    "digicert": ("requests_per_5_seconds=1000000", "requests_per_3_minutes=10000000"),
    "sectigo": ("requests_per_minute=10000000",),
    "emsign": ("requests_per_minute=10000000", "seconds_between_orders=0"),
}


def add_account(
    play: Sandbox, folder: Path, *settings: str, ca: str = "digicert", **switches: object
) -> dict[str, Any]:
    """A tenant at the sandbox without its CA's rate limits, kept as our CA account ``bench`` with those settings."""
    limits = {"rate_limit": False} if ca == "digicert" else {}
    tenant: dict[str, Any] = play.ask("POST", "/accounts", {"ca": ca, "profile": "ready", **limits, **switches})
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    words = ["account", "add", "bench", "--ca", ca, "--url", tenant["url"]]
    for field, content in {**tenant["settings"], **tenant["secrets"]}.items():
        file = folder.parent / field
        file.touch(mode=0o600)
        file.write_text(str(content))
        words += ["--secret" if field in tenant["secrets"] else "--set", f"{field}=@{file}"]
    if tenant["organizations"]:
        words += ["--set", f"organization={tenant['organizations'][0]}"]
    for setting in (*_OUT_OF_REACH[ca], *settings):
        words += ["--set", setting]
    certwright(*words)
    return tenant


def certwright(*words: str) -> str:
    """Run the program; what it printed."""
    command = [sys.executable, "-m", "certwright", *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def peak(*words: str) -> tuple[str, float, float]:
    """Run the program; what it printed, how long that took in seconds, and its peak of resident memory in MiB."""
    command = [sys.executable, "-m", "certwright", *words]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    printed = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{words} ended with {os.waitstatus_to_exitcode(status)}")
    return printed, time.perf_counter() - started, used.ru_maxrss / 1024


@contextmanager
def worker(*words: str) -> Iterator[int]:
    """A worker process, ready to work; gives its process id."""
    command = [sys.executable, "-m", "certwright", "worker", *words]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "CERTWRIGHT_LOG": "error"}
    )
    try:
        if process.stdout is None or not process.stdout.readline():
            raise RuntimeError("the worker did not start")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def until(what: str, reached: Any, *, seconds: float) -> None:
    """Wait until ``reached()`` is true, looking every 20 ms; raises TimeoutError."""
    end = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)

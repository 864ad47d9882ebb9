"""Pebble, the small ACME server, on free ports of 127.0.0.1: it says that every domain is proven."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.cases.authority import new_key, root
from tests.imports.papers import key_pem


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def program(name: str) -> str | None:
    """Where a program is; None when it is not installed."""
    return shutil.which(name)


class Pebble:
    """One server; ``url`` is its directory, ``trust`` the file with the root of its TLS certificate."""

    def __init__(self, folder: Path) -> None:
        """Start it and wait until it answers."""
        authority, key = root("Pebble"), new_key()
        self.trust = folder / "trust.pem"
        self.trust.write_text(authority.certificate.pem)
        (folder / "cert.pem").write_text(authority.issue("localhost", "127.0.0.1", key=key).pem)
        (folder / "key.pem").write_text(key_pem(key))
        port = free_port()
        settings = {
            "listenAddress": f"127.0.0.1:{port}",
            "managementListenAddress": f"127.0.0.1:{free_port()}",
            "certificate": str(folder / "cert.pem"),
            "privateKey": str(folder / "key.pem"),
            "httpPort": free_port(),
            "tlsPort": free_port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
        (folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
        self.url = f"https://127.0.0.1:{port}/dir"
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            ["pebble", "-config", str(folder / "pebble.json")],
            env={
                **os.environ,
                "PEBBLE_VA_NOSLEEP": "1",
                "PEBBLE_VA_ALWAYS_VALID": "1",
                "PEBBLE_WFE_NONCEREJECT": "0",
            },
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._wait(folder / "log")

    def close(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait(10)
        self._log.close()

    def _wait(self, log: Path) -> None:
        trusting = ssl.create_default_context(cafile=str(self.trust))
        until = time.monotonic() + 20
        while time.monotonic() < until:
            assert self._process.poll() is None, log.read_text()
            try:
                with urllib.request.urlopen(self.url, context=trusting, timeout=5):
                    return
            except urllib.error.URLError:
                time.sleep(0.05)
        raise AssertionError(log.read_text())


def run(*command: str, **environment: str) -> None:
    """A client's command, which must succeed."""
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

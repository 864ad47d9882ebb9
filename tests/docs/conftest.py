"""One sandbox for the how-tos, and the state folders that they begin with."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.docs.session import Ports

PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Prepared:
    """The sandbox's ports, and a state folder for each set-up that a how-to may begin with.

    ``tutorial`` has the two CA accounts of the tutorial, ``sectigo`` beside them the CA account and the target of the
    page about Sectigo's DV orders, and ``nothing`` is not there yet.
    """

    ports: Ports
    homes: Path

    def environment(self, folder: Path, home: str) -> dict[str, str]:
        """The environment of one document, with a copy of that state folder of its own."""
        if (self.homes / home).exists():
            shutil.copytree(self.homes / home, folder / "state")
        return {"CERTWRIGHT_HOME": str(folder / "state")}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Prepared]]:
    """The set-up, made when it is first asked for."""
    homes = tmp_path_factory.mktemp("prepared")
    command = [str(PROGRAMS / "certwright-sandbox"), "serve", "--port", "0", "--management-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sandbox:
        assert sandbox.stdout is not None
        try:
            told = json.loads(sandbox.stdout.readline())
            ca, management = (urlsplit(told[name]).port or 0 for name in ("url", "management_url"))
            accounts = {row["name"]: row for row in _ask(told["management_url"], "/accounts")}
            _tutorial(homes, accounts)
            shutil.copytree(homes / "tutorial", homes / "sectigo")
            _sectigo(homes, accounts, _ask(told["management_url"], "/dns"))
            yield lambda: Prepared(Ports.free(ca, management), homes)
        finally:
            sandbox.send_signal(signal.SIGTERM)


def _ask(management_url: str, path: str) -> Any:
    words = [str(PROGRAMS / "certwright-sandbox"), "get", path, "--management-url", management_url]
    return json.loads(subprocess.run(words, check=True, capture_output=True).stdout)


def _tutorial(homes: Path, accounts: dict[str, Any]) -> None:
    """Add the CA accounts as the tutorial does."""
    ready, bare = accounts["digicert-ready"], accounts["digicert-bare"]
    ours = ("--set", "organization=Meadow Works Ltd")
    _run(homes, "tutorial", *_account("main", ready, homes), *ours)
    _run(homes, "tutorial", *_account("careful", bare, homes), *ours, "--set", "skip_approval=false")


def _sectigo(homes: Path, accounts: dict[str, Any], dns: dict[str, Any]) -> None:
    """Add the CA account and the target as the page about Sectigo's DV orders does."""
    _run(homes, "sectigo", *_account("reseller", accounts["sectigo-bare"], homes))
    host, _, port = dns["address"].rpartition(":")
    words = ["target", "add", "dns", "--kind", "rfc2136", "--domain", "orchard.example", "--set", f"server={host}"]
    words += ["--set", f"port={port}", "--set", f"key_name={dns['update_key']['name']}"]
    _run(homes, "sectigo", *words, "--secret", f"key_secret={_file(homes, 'tsig', dns['update_key']['secret'])}")


def _account(name: str, account: dict[str, Any], folder: Path) -> list[str]:
    """``account add`` of one of the sandbox's accounts."""
    words = ["account", "add", name, "--ca", account["ca"], "--url", account["url"]]
    words += ["--set", f"roots={_file(folder, 'roots', account['settings']['roots'])}"]
    for field, value in account["secrets"].items():
        words += ["--secret", f"{field}={_file(folder, f'{name}-{field}', value)}"]
    return words


def _file(folder: Path, name: str, content: str) -> str:
    """``@FILE`` with that content, which only its owner may read."""
    path = folder / f"{name}.secret"
    path.touch(mode=0o600)
    path.write_text(content)
    return f"@{path}"


def _run(homes: Path, home: str, *words: str) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CERTWRIGHT_")}
    environment = {**kept, "CERTWRIGHT_HOME": str(homes / home)}
    subprocess.run([str(PROGRAMS / "certwright"), *words], check=True, capture_output=True, env=environment)

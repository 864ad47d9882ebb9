"""One sandbox and one ready state folder for the how-tos, which begin where the tutorial ends."""

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
    """A reader who has done the tutorial's set-up: the sandbox's ports, and a state folder with two CA accounts."""

    ports: Ports
    home: Path

    def environment(self, folder: Path) -> dict[str, str]:
        """The environment of one document, with a copy of the state folder of its own."""
        shutil.copytree(self.home, folder / "state")
        return {"CERTWRIGHT_HOME": str(folder / "state")}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Prepared]]:
    """The set-up, made when it is first asked for."""
    folder = tmp_path_factory.mktemp("prepared")
    command = [str(PROGRAMS / "certwright-sandbox"), "serve", "--port", "0", "--management-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sandbox:
        assert sandbox.stdout is not None
        try:
            told = json.loads(sandbox.stdout.readline())
            ca, management = (urlsplit(told[name]).port or 0 for name in ("url", "management_url"))
            accounts = {row["profile"]: row for row in _ask(told["management_url"])}
            _add(folder, "main", accounts["ready"])
            _add(folder, "careful", accounts["bare"], "--set", "skip_approval=false")
            yield lambda: Prepared(Ports.free(ca, management), folder / "home")
        finally:
            sandbox.send_signal(signal.SIGTERM)


def _ask(management_url: str) -> list[dict[str, Any]]:
    words = [str(PROGRAMS / "certwright-sandbox"), "get", "/accounts", "--management-url", management_url]
    answer: list[dict[str, Any]] = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
    return answer


def _add(folder: Path, name: str, account: dict[str, Any], *more: str) -> None:
    """Add a CA account as the tutorial does."""
    for file, content in (("key", account["secrets"]["api_key"]), ("roots", account["settings"]["roots"])):
        (folder / file).touch(mode=0o600)
        (folder / file).write_text(content)
    words = [str(PROGRAMS / "certwright"), "account", "add", name, "--ca", "digicert", "--url", account["url"]]
    words += ["--secret", f"api_key=@{folder / 'key'}", "--set", f"roots=@{folder / 'roots'}"]
    words += ["--set", "organization=Meadow Works Ltd", *more]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CERTWRIGHT_")}
    subprocess.run(words, check=True, capture_output=True, env={**kept, "CERTWRIGHT_HOME": str(folder / "home")})

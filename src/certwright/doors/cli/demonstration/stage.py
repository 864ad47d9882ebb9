"""What the chapters of the demonstration share: a sandbox, and the commands an operator would type."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rich.rule import Rule

from certwright.doors.cli.terminal import cell, out
from certwright.model.errors import Unavailable

_START_SECONDS = 30


class Sandbox:
    """The sandbox program, running as long as the block does."""

    def __init__(self, folder: Path) -> None:
        self._command = [
            *(sys.executable, "-m", "certwright_sandbox", "serve", "--port", "0", "--management-port", "0"),
            *("--state", str(folder / "sandbox.sqlite")),
        ]
        self.management_url = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise Unavailable(f"The sandbox ended at once with exit code {self._process.wait()}.")
        self.management_url = json.loads(line)["management_url"]
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_START_SECONDS)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What its management door answers."""
        words = [sys.executable, "-m", "certwright_sandbox", method, path]
        words += [json.dumps(body)] if body is not None else []
        words += ["--management-url", self.management_url]
        return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


@dataclass(frozen=True, slots=True)
class Stage:
    """An installation of its own in ``folder``, and the sandbox it orders from."""

    folder: Path
    sandbox: Sandbox

    def chapter(self, text: str) -> None:
        """Begin a chapter: a CA."""
        out.print()
        out.print(Rule(f"[bold reverse] {cell(text)} [/]", align="left", characters="═"))

    def title(self, text: str) -> None:
        """Begin a part of it."""
        out.print()
        out.print(Rule(f"[bold]{cell(text)}[/]", align="left"))

    def dns_words(self) -> list[str]:
        """The options of ``target add`` for the sandbox's own DNS server, which takes signed updates."""
        server = self.sandbox.ask("get", "/dns")
        host, _, port = server["address"].rpartition(":")
        key = server["update_key"]
        words = ["--set", f"server={host}", "--set", f"port={port}", "--set", f"key_name={key['name']}"]
        return [*words, "--secret", f"key_secret={self.file('dns-key', key['secret'])}"]

    def account(self, name: str) -> dict[str, Any]:
        """An account of the sandbox's own list."""
        found: dict[str, Any] = next(item for item in self.sandbox.ask("get", "/accounts") if item["name"] == name)
        return found

    def add_account(self, name: str, account: Mapping[str, Any], *more: str) -> None:
        """``account add`` with what the sandbox tells of an account; secrets and PEM go through files."""
        words = ["account", "add", name, "--ca", account["ca"], "--url", account["url"], *more]
        for field, value in account["settings"].items():
            words += ["--set", f"{field}={self.file(f'{name}-{field}', str(value))}"]
        for field, value in account["secrets"].items():
            words += ["--secret", f"{field}={self.file(f'{name}-{field}', str(value))}"]
        self.run(*words)

    def file(self, name: str, content: str) -> str:
        """``@FILE`` with that content, which only its owner may read."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(content)
        return f"@{path}"

    def run(self, *words: str, allowed: Collection[int] = (0,)) -> None:
        """Show a command as one would type it, and run it. Another exit code than those allowed ends it all."""
        shown = ["certwright", *(word.replace(str(self.folder), "…") for word in words)]
        out.print(f"\n[bold cyan]$[/] [bold]{cell(shlex.join(shown))}[/]", soft_wrap=True)
        command = [sys.executable, "-m", "certwright", *words]
        code = subprocess.run(command, env=self._environment(), check=False).returncode
        if code not in allowed:
            raise Unavailable(f"The demonstration stopped: that command gave exit code {code}.")

    def json(self, *words: str) -> Any:
        """What a command prints with ``--json``."""
        return json.loads(self._captured(*words))

    def json_lines(self, *words: str) -> list[Any]:
        """The same of a list."""
        return [json.loads(line) for line in self._captured(*words).splitlines()]

    def _captured(self, *words: str) -> str:
        command = [sys.executable, "-m", "certwright", *words, "--json"]
        done = subprocess.run(command, env=self._environment(), check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "CERTWRIGHT_HOME": str(self.folder / "home")}

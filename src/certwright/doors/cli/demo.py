"""``certwright demo``: the main job, live, against the sandbox, with the very commands an operator would type."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import typer
from rich.rule import Rule

from certwright.doors.cli.terminal import cell, out, say, table
from certwright.model.errors import Unavailable

_START_SECONDS = 30


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the state folder, to look around in it.")] = False,
) -> int:
    """Show, against the sandbox: one-call issuance, an order that waits, a reissue, a revocation, the ledger."""
    folder = Path(tempfile.mkdtemp(prefix="certwright-demo-"))
    started = time.monotonic()
    try:
        with _Sandbox(folder) as sandbox:
            _Chapters(folder, sandbox).play()
        say(f"\nThat took {time.monotonic() - started:.1f} s.")
        if keep:
            say(f"Kept: CERTWRIGHT_HOME={folder / 'home'}")
            say(f"Its sandbox again: certwright-sandbox serve --state {folder / 'sandbox.sqlite'}")
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


class _Sandbox:
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
class _Chapters:
    """The demonstration, told in order."""

    folder: Path
    sandbox: _Sandbox

    def play(self) -> None:
        accounts = {item["name"]: item for item in self.sandbox.ask("get", "/accounts")}
        self._title("Two CA accounts at a DigiCert that runs on this machine")
        self._add_account("ready", accounts["digicert-ready"])
        self._add_account("careful", accounts["digicert-bare"], "--set", "skip_approval=false")
        self._at_once(accounts["digicert-ready"]["domains"][0])
        self._waiting(accounts["digicert-bare"])
        self._reissue(accounts["digicert-ready"]["domains"][0])
        self._revoke(accounts["digicert-ready"]["domains"][0])
        self._ledger()

    def _add_account(self, name: str, account: Mapping[str, Any], *more: str) -> None:
        words = ["account", "add", name, "--ca", "digicert", "--url", account["url"], *more]
        for place, (field, value) in enumerate({**account["settings"], **account["secrets"]}.items()):
            file = self.folder / f"{name}-{place}"
            file.touch(mode=0o600)
            file.write_text(str(value))
            words += ["--secret" if field in account["secrets"] else "--set", f"{field}=@{file}"]
        self._run(*words)

    def _at_once(self, domain: str) -> None:
        self._title("1. An order issued in one CA call")
        self._run(
            *("order", "place", "--account", "ready", "--product", "ssl_basic", "--name", f"shop.{domain}"),
            *("--organization", self._organization("ready"), "--reference", "demo-at-once", "--wait", "60"),
        )
        calls = [call for call in self.sandbox.ask("get", "/requests")["requests"] if call["method"] == "POST"]
        say(f"\nThe CA counted {len(calls)} call that changes something.")

    def _waiting(self, account: Mapping[str, Any]) -> None:
        name = f"api.{account['domains'][0]}"
        self._title("2. An order that waits: first for approval, then for domain control")
        self._run(
            *("order", "place", "--account", "careful", "--product", "ssl_basic", "--name", name),
            *("--organization", self._organization("careful"), "--reference", "demo-waits"),
        )
        say("\n… an approver at the company says yes, and the CA looks into the organization:")
        order = self._json("order", "show", "demo-waits")
        ask = self.sandbox.ask
        ask("post", "/approve", {"ca": "digicert", "order_id": int(order["ca_order_id"])})
        organization = {"ca": "digicert", "account": account["name"], "organization": int(order["organization"])}
        ask("post", "/validate", organization)
        self._run("order", "check", "demo-waits")
        say("\n… the proof is published, here in the sandbox's own DNS:")
        for proof in self._json("order", "show", "demo-waits")["proofs"]:
            ask("post", "/dns", {"name": proof["where"], "type": "TXT", "value": proof["value"]})
        self._run("order", "check", "demo-waits")
        self._run("order", "show", "demo-waits")

    def _reissue(self, domain: str) -> None:
        self._title("3. A reissue: a new key, the same CA order, nothing to pay")
        self._run(
            *("cert", "reissue", f"shop.{domain}", "--name", f"shop.{domain}", "--name", f"www.shop.{domain}"),
            *("--reference", "demo-reissue", "--wait", "60"),
        )

    def _revoke(self, domain: str) -> None:
        self._title("4. A revocation")
        old = next(
            entry
            for entry in self._json_lines("cert", "list")
            if entry["common_name"] == f"shop.{domain}" and entry["replaced_by"]
        )
        self._run("cert", "revoke", old["fingerprint"][:16], "--reason", "superseded", "--wait", "60")
        self._run("cert", "list")

    def _ledger(self) -> None:
        self._title("5. What was bought, by the CA's own ledger")
        ledger = self.sandbox.ask("get", "/ledger")
        table(
            "Ledger",
            ("CA order", "our reference", "product", "names", "certificates", "reissues", "revocations", "price"),
            (
                (
                    cell(row["order_id"]),
                    cell(row["reference"]),
                    cell(row["product"]),
                    cell(", ".join(row["names"])),
                    *(str(row[column]) for column in ("certificates", "reissues", "revocations", "price")),
                )
                for row in ledger["orders"]
            ),
        )
        say(f"{ledger['total']} orders, {ledger['spent']:.2f} spent.")
        self._compare(ledger["orders"])

    def _compare(self, bought: list[Mapping[str, Any]]) -> None:
        """Hold the CA's ledger against our own records; anything bought twice or lost ends the demonstration."""
        ours = self._json_lines("order", "list")
        placed = sorted(order["reference"] for order in ours if order["operation"] == "new")
        if sorted(row["reference"] for row in bought) != placed:
            raise Unavailable("The ledger and our orders differ.")
        lost = [order["reference"] for order in ours if order["state"] != "issued"]
        if lost:
            raise Unavailable(f"Orders without their certificate: {', '.join(lost)}.")
        say(f"Held against our {len(ours)} orders: nothing was bought twice, nothing that was paid for is missing.")

    def _organization(self, account: str) -> str:
        found = self._json("account", "show", account)["organizations"]
        return str(next(item["id"] for item in found if item["active"]))

    def _title(self, text: str) -> None:
        out.print()
        out.print(Rule(f"[bold]{cell(text)}[/]", align="left"))

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "CERTWRIGHT_HOME": str(self.folder / "home")}

    def _run(self, *words: str) -> None:
        """Show a command as one would type it, and run it."""
        shown = ["certwright", *(word.replace(str(self.folder), "…") for word in words)]
        out.print(f"\n[bold cyan]$[/] [bold]{cell(shlex.join(shown))}[/]", soft_wrap=True)
        command = [sys.executable, "-m", "certwright", *words]
        code = subprocess.run(command, env=self._environment(), check=False).returncode
        if code:
            raise Unavailable(f"The demonstration stopped: that command gave exit code {code}.")

    def _captured(self, *words: str) -> str:
        command = [sys.executable, "-m", "certwright", *words, "--json"]
        done = subprocess.run(command, env=self._environment(), check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    def _json(self, *words: str) -> Any:
        return json.loads(self._captured(*words))

    def _json_lines(self, *words: str) -> list[Any]:
        return [json.loads(line) for line in self._captured(*words).splitlines()]

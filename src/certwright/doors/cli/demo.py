"""``certwright demo``: the main job, live, against the sandbox, with the very commands an operator would type."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from certwright.doors.cli.demonstration import digicert, emsign, sectigo
from certwright.doors.cli.demonstration.stage import Sandbox, Stage
from certwright.doors.cli.terminal import cell, say, table
from certwright.model.errors import Unavailable


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the state folder, to look around in it.")] = False,
) -> int:
    """Show, against the sandbox: orders at three CAs, proofs in DNS, a call-back, a reissue, renewals, the ledger."""
    folder = Path(tempfile.mkdtemp(prefix="certwright-demo-"))
    started = time.monotonic()
    try:
        with Sandbox(folder) as sandbox:
            stage = Stage(folder, sandbox)
            digicert.play(stage)
            sectigo.play(stage)
            emsign.play(stage)
            _ledger(stage)
        say(f"\nThat took {time.monotonic() - started:.1f} s.")
        if keep:
            say(f"Kept: CERTWRIGHT_HOME={folder / 'home'}")
            say(f"Its sandbox again: certwright-sandbox serve --state {folder / 'sandbox.sqlite'}")
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def _ledger(stage: Stage) -> None:
    stage.chapter("4. What was bought, by the CAs' own ledgers")
    ledger = stage.sandbox.ask("get", "/ledger")
    table(
        "Ledger",
        ("CA", "CA order", "our reference", "product", "names", "certificates", "reissues", "revocations", "price"),
        (
            (
                cell(row["ca"]),
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
    _compare(stage, ledger["orders"])


def _compare(stage: Stage, bought: list[Mapping[str, Any]]) -> None:
    """Hold the CAs' ledgers against our own records; anything bought twice or lost ends the demonstration."""
    ours = stage.json_lines("order", "list")
    placed = sorted(order["reference"] for order in ours if order["operation"] == "new")
    if sorted(row["reference"] for row in bought) != placed:
        raise Unavailable("The ledger and our orders differ.")
    lost = [order["reference"] for order in ours if order["state"] != "issued"]
    if lost:
        raise Unavailable(f"Orders without their certificate: {', '.join(lost)}.")
    say(f"Held against our {len(ours)} orders: nothing was bought twice, nothing that was paid for is missing.")

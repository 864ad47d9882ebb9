"""``certwright cert judge``: judge now what is due."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from certwright.doors.cli import judging
from certwright.doors.cli.options import AsJSON, Wait
from certwright.doors.cli.session import opened
from certwright.doors.cli.sources import progress
from certwright.doors.cli.terminal import print_json, say
from certwright.engine.discovering import OnStep
from certwright.store.findings import Due, Kept
from certwright.wiring import Certwright

Slow = Annotated[bool, typer.Option("--slow", help="Also by the rules that take long: weak keys, and the linter.")]
_LOOK = 0.5  # seconds between two looks into our own database


def judge(slow: Slow = False, wait: Wait = None, as_json: AsJSON = False) -> int:
    """Judge now what is new, has changed, or was last judged a day ago.

    Where a worker is at work it does that by itself; with --wait the command stays until it is done. Where none is,
    the command does it itself, for so many seconds at most. What is left then is judged the next time (exit code 3).
    """
    with opened() as certwright:
        before = certwright.findings.due()
        by_worker = certwright.others_at_work()
        quick = slowly = Kept()
        with progress() as step:
            if by_worker:
                _watch(certwright, step, before, wait or 0.0, slow=slow)
            else:
                end = None if wait is None else time.monotonic() + wait
                quick = judging.quickly(certwright, step, seconds=wait)
                if slow:
                    slowly = judging.slowly(certwright, step, seconds=_left(end))
        left = certwright.findings.due()
        if as_json:
            print_json(_as_json(quick, slowly, left))
        else:
            _tell(quick, slowly, left, by_worker=by_worker, slow=slow)
    return 3 if (wait is not None or not by_worker) and (left.quick or (slow and left.slow)) else 0


def _left(end: float | None) -> float | None:
    return None if end is None else max(end - time.monotonic(), 0.0)


def _watch(certwright: Certwright, step: OnStep, before: Due, seconds: float, *, slow: bool) -> None:
    """Look on until a worker has judged everything, or for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        left = certwright.findings.due()
        step("judged", max(before.quick - left.quick, 0), before.quick)
        if slow:
            step("slow rules", max(before.slow - left.slow, 0), before.slow)
        if not (left.quick or (slow and left.slow)):
            return
        time.sleep(min(_LOOK, max(end - time.monotonic(), 0.0)))


def _tell(quick: Kept, slowly: Kept, left: Due, *, by_worker: bool, slow: bool) -> None:
    if by_worker:
        say("A worker is at work, and judges by itself.")
    else:
        say(_sentence(quick, "judged"))
        if slow:
            say(_sentence(slowly, "judged by the rules that take long"))
    if left.quick:
        say(f"{left.quick:,} are still to be judged.")
    if left.slow:
        say(f"{left.slow:,} are still to be judged by the rules that take long.")
    if quick.new or slowly.new:
        say("What is wrong: certwright cert findings")


def _sentence(kept: Kept, what: str) -> str:
    certificates = "1 certificate" if kept.judged == 1 else f"{kept.judged:,} certificates"
    return f"{certificates} {what}: {kept.new:,} findings are new, {kept.over:,} are over."


def _as_json(quick: Kept, slowly: Kept, left: Due) -> dict[str, Any]:
    return {
        "judged": quick.judged,
        "judged_slowly": slowly.judged,
        "new_findings": quick.new + slowly.new,
        "findings_over": quick.over + slowly.over,
        "left": left.quick,
        "left_slowly": left.slow,
    }

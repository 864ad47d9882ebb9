"""Judging in the command itself, for installations without a worker."""

from __future__ import annotations

from certwright.engine.discovering import OnStep
from certwright.store.findings import Kept
from certwright.wiring import Certwright


def at_once(certwright: Certwright, step: OnStep) -> Kept:
    """Judge what is due by the quick rules, unless a worker does it: after a command that brought something new."""
    if certwright.others_at_work():
        return Kept()
    return quickly(certwright, step)


def quickly(certwright: Certwright, step: OnStep, *, seconds: float | None = None) -> Kept:
    """Judge what is due by the quick rules here, for so long at most, telling how far it is."""
    total = certwright.findings.due().quick
    if not total:
        return certwright.judging.quick(seconds=seconds)
    return certwright.judging.quick(lambda kept: step("judged", kept.judged, max(total, kept.judged)), seconds=seconds)


def slowly(certwright: Certwright, step: OnStep, *, seconds: float | None = None) -> Kept:
    """The same by the slow rules."""
    total = certwright.findings.due().slow
    return certwright.judging.slow(seconds, lambda kept: step("slow rules", kept.judged, max(total, kept.judged)))

"""Do the work of an order or revocation here, or watch a worker do it, until it ends or the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

from certwright.doors.cli.terminal import cell, err
from certwright.model.order import Order, Revocation
from certwright.wiring import Certwright

Subject = TypeVar("Subject", Order, Revocation)

_LOOK = 0.2  # seconds between two looks into our own database


def order(certwright: Certwright, subject: Order, seconds: float | None) -> Order:
    """Advance the order as far as it goes at once, or for ``seconds`` (None: do not wait)."""
    return _follow(
        certwright,
        subject,
        seconds,
        run=certwright.runner.order,
        read=lambda: certwright.orders.get(subject.reference),
    )


def revocation(certwright: Certwright, subject: Revocation, seconds: float | None) -> Revocation:
    """As :func:`order`, for a revocation."""
    return _follow(
        certwright,
        subject,
        seconds,
        run=certwright.runner.revocation,
        read=lambda: certwright.orders.revocation(subject.id),
    )


def _follow(
    certwright: Certwright,
    subject: Subject,
    seconds: float | None,
    *,
    run: Callable[[int], Any],
    read: Callable[[], Subject],
) -> Subject:
    until = time.monotonic() + (seconds or 0)
    others = certwright.others_at_work()
    tried = not others and run(subject.id) is not None
    subject = read()
    if seconds is None:
        return subject
    with err.status("") if err.is_terminal else nullcontext() as status:
        while not (subject.ended or _needs_a_person(certwright, subject, tried=tried)) and time.monotonic() < until:
            if status is not None:
                status.update(f"{cell(subject.state)}: {cell(subject.why or subject.step)}")
            time.sleep(min(_LOOK, max(until - time.monotonic(), 0)))
            others = certwright.others_at_work()
            if not others and _is_due(certwright, subject):
                tried = run(subject.id) is not None
            subject = read()
    return subject


def _needs_a_person(certwright: Certwright, subject: Order | Revocation, *, tried: bool) -> bool:
    """Whether waiting is in vain: our side must be mended first. Of what others try, only a pause is sure to be new."""
    if subject.trouble != "misconfigured":
        return False
    return tried or bool(certwright.accounts.get(subject.account).paused_because)


def _is_due(certwright: Certwright, subject: Order | Revocation) -> bool:
    if subject.next_action_at is None or subject.next_action_at > certwright.clock.now():
        return False
    account = certwright.accounts.get(subject.account)
    quiet = account.quiet_until is not None and account.quiet_until > certwright.clock.now()
    return not (quiet or account.paused_because)

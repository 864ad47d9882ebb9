"""What an error of the family means for a story: whose trouble it is, and when to go on."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from certwright.flow.answers import Refuse, Wait
from certwright.model.errors import CertwrightError, Misconfigured, Unavailable
from certwright.model.ports import Ports
from certwright.policy import cadence


class Talks(Enum):
    """Whom a step talks to: that decides whose trouble an error is."""

    NOBODY = "nobody"
    CA = "ca"
    KEYS = "keys"
    TARGETS = "targets"


def trouble(error: CertwrightError, talks: Talks, looks: int, at: Ports) -> Wait | Refuse:
    """What an error of the family means for the story, and for the CA account when it is the CA's trouble."""
    now = at.clock.now()
    if isinstance(error, Misconfigured):
        if talks is Talks.CA:
            at.standing.pause(str(error))
        return _later(now + cadence.after_trouble(99), error, looks)
    if isinstance(error, Unavailable):
        return _later(_when_available(error, talks, looks, at), error, looks)
    return Refuse(error.detail, error.advice)


def _when_available(error: Unavailable, talks: Talks, looks: int, at: Ports) -> datetime:
    now = at.clock.now()
    if talks is not Talks.CA:
        return now + cadence.after_trouble(looks)
    if error.retry_after is not None:
        until = now + timedelta(seconds=error.retry_after)
        at.standing.quiet(until, error.detail)
        return until
    return at.standing.failed(error.detail)


def _later(until: datetime, error: CertwrightError, looks: int) -> Wait:
    kind = "misconfigured" if isinstance(error, Misconfigured) else "unavailable"
    return Wait(until, error.detail, {"looks": looks + 1, "trouble": kind}, advice=error.advice)

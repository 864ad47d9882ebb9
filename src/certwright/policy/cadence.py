"""How long to leave a CA alone between two looks at the same thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from certwright.model.words import WaitingFor

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0

# Seconds before the first, second … look; the last one repeats. Machines answer within seconds or minutes,
# people within hours or days.
_MACHINE: Final[Sequence[float]] = (2, 4, 8, 15, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE)
_PERSON: Final[Sequence[float]] = (30, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR)
_LADDERS: Final[Mapping[WaitingFor, Sequence[float]]] = {
    WaitingFor.PROCESSING: _MACHINE,
    WaitingFor.DOMAIN_CONTROL: (10, 20, 40, *_PERSON),
    WaitingFor.CSR: _PERSON,
    WaitingFor.CA_APPROVAL: _PERSON,
    WaitingFor.ORGANIZATION: _PERSON,
    WaitingFor.PAYMENT: _PERSON,
    WaitingFor.CALL_BACK: _PERSON,
    WaitingFor.CLICK_THROUGH: _PERSON,
    WaitingFor.BRAND: _PERSON,
    WaitingFor.CAA: _PERSON,
    WaitingFor.AGREEMENT: _PERSON,
    WaitingFor.SUBMISSION: _PERSON,
    WaitingFor.CA_RENEWAL: (_HOUR, 3 * _HOUR, 6 * _HOUR),
}
# While somebody sits in front of `--wait`, nothing takes longer than this between two looks.
_WATCHED: Final[Sequence[float]] = (1, 1, 2, 2, 3, 5, 8, 10)
# DNS servers take seconds to tell their secondaries, some providers minutes.
_PROOF: Final[Sequence[float]] = (1, 2, 4, 8, 15, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE)
_TROUBLE: Final[Sequence[float]] = (1, 2, 5, 15, _MINUTE, 5 * _MINUTE, 15 * _MINUTE)
# Most calls are found or given up within two minutes; longer takes only a clock that was set back meanwhile.
_LOOKUP: Final[Sequence[float]] = (1, 2, 4, 8, *[15] * 8, _MINUTE, 5 * _MINUTE)


def _rung(ladder: Sequence[float], count: int) -> timedelta:
    return timedelta(seconds=ladder[min(count, len(ladder) - 1)])


def next_look(waiting_for: WaitingFor, looks: int, *, watched: bool, allowed: Sequence[float] = ()) -> timedelta:
    """The pause before look number ``looks`` (from 0) at a pending order; ``watched`` while a person waits.

    ``allowed`` are the pauses of a CA that wants to be asked seldom: a watched order is then looked at with the second
    of them again and again, for as many looks as a person may be taken to wait. A renewal that the CA does by itself is
    due on a day, not in a minute.
    """
    if not allowed or waiting_for is WaitingFor.CA_RENEWAL:
        return _rung(_WATCHED if watched else _LADDERS[waiting_for], looks)
    if watched and looks < len(_WATCHED):
        return _rung(allowed[:2], looks)
    return _rung(allowed, looks)


def next_proof_look(looks: int) -> timedelta:
    """The pause before our own look number ``looks`` (from 0) at a proof that we have published."""
    return _rung(_PROOF, looks)


def after_trouble(failures: int) -> timedelta:
    """The pause after so many failures in a row (from 0), of a CA or a token that is not there."""
    return _rung(_TROUBLE, failures)


def next_search(looks: int) -> timedelta:
    """The pause before search number ``looks`` for a call whose outcome is unknown."""
    return _rung(_LOOKUP, looks)

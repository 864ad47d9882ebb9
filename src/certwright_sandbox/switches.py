"""What the switches of accounts may hold, the same for every CA."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from certwright_sandbox.playing import NotPossible, Switches

Judge = Callable[[Any], bool]


def is_bool(value: Any) -> bool:
    """True or false."""
    return isinstance(value, bool)


def is_look(value: Any) -> bool:
    """How control over names is judged: look, auto, never, or the number of the check that succeeds."""
    return value in ("look", "auto", "never") or (isinstance(value, int) and not is_bool(value) and value > 0)


def is_amount(value: Any) -> bool:
    """A number that is not negative."""
    return isinstance(value, int | float) and not is_bool(value) and value >= 0


def is_amount_or_none(value: Any) -> bool:
    """A number that is not negative, or null."""
    return value is None or is_amount(value)


def is_text(value: Any) -> bool:
    """A text."""
    return isinstance(value, str)


def is_texts(value: Any) -> bool:
    """A list of texts."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def check(switches: Switches, known: Mapping[str, Judge]) -> None:
    """Raise NotPossible for a switch that there is not, or that cannot hold this value."""
    for switch, value in switches.items():
        if switch not in known:
            raise NotPossible(f"there is no switch {switch!r}; there are {', '.join(known)}")
        if not known[switch](value):
            raise NotPossible(f"{switch} cannot be {value!r}")

"""Texts that another tool kept: brought to a length and a form that the inventory can keep, and otherwise as they are.

Nothing here is escaped: a text stays a text, and whoever shows it escapes it for where it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

LONGEST_OWNER = 200  # characters, as the inventory keeps
LONGEST_TAG = 100
LONGEST_FIELD = 1000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")  # NUL and lone surrogates are refused by PostgreSQL
_CREDENTIAL = re.compile(
    r"pass|pwd|secret|token|bearer|authorization|credential|api.?key|apikey|://[^/\s]*@|(^|\s)-u", re.IGNORECASE
)
_USER = re.compile(r"//[^/?#\s]*@")
NOT_TAKEN = "(not taken over: it may hold a credential)"


def line(text: object, longest: int = LONGEST_FIELD) -> str:
    """A value as one line of text without control characters, cut at ``longest``; empty for None."""
    if text is None:
        return ""
    return _CONTROL.sub(" ", str(text)[: longest * 2]).strip()[:longest]


def command(text: str) -> str:
    """A shell command for people to read. One in which a password or the like may stand is not taken over."""
    return NOT_TAKEN if _CREDENTIAL.search(text) else line(text)


def url(text: object) -> str:
    """A URL without the user and password that may stand in it."""
    return _USER.sub("//", line(text))


def fields(values: Mapping[str, object]) -> dict[str, str]:
    """Custom fields: those of the values that say something."""
    lines = {name: line(value) for name, value in values.items()}
    return {name: value for name, value in lines.items() if value}


def tags(values: Iterable[object]) -> tuple[str, ...]:
    """Tags, each once, in their order."""
    return tuple(dict.fromkeys(filter(None, (line(value, LONGEST_TAG) for value in values))))

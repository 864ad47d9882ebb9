"""What a CA tells only to be shown, cut to sizes that a person reads, and without NUL, which no database takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

LONGEST_WORD = 200
LONGEST_NOTE = 2000
MOST_ITEMS = 100


def word(text: str) -> str:
    """A name, an address, a status: one line, at most 200 characters."""
    return " ".join(text.replace("\0", "").split())[:LONGEST_WORD]


def words(texts: Iterable[str]) -> tuple[str, ...]:
    """Words, each once and none empty, at most a hundred."""
    return tuple(islice(dict.fromkeys(filter(None, map(word, texts))), MOST_ITEMS))


def notes(texts: Iterable[str]) -> tuple[str, ...]:
    """Longer texts, at most 2000 characters each, none empty, at most a hundred."""
    return tuple(islice(filter(None, (text.replace("\0", "").strip()[:LONGEST_NOTE] for text in texts)), MOST_ITEMS))


def fields(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Fields by label; of several with one label the later ones are numbered. At most a hundred, none empty."""
    found: dict[str, str] = {}
    for label, value in islice(((word(label), word(value)) for label, value in pairs), MOST_ITEMS):
        if label and value:
            found[_unused(label, found)] = value
    return found


def _unused(label: str, taken: Mapping[str, str]) -> str:
    if label not in taken:
        return label
    return next(name for number in range(2, MOST_ITEMS + 2) if (name := f"{label} ({number})") not in taken)


def person(name: str, address: str) -> str:
    """``Name <address>``, or whichever of the two is there."""
    name, address = word(name), word(address)
    return word(f"{name} <{address}>" if name and address else name or address)

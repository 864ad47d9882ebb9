"""Parts of names, by their trigrams: an FTS5 table on SQLite, a pg_trgm index on PostgreSQL (see ``sql/``)."""

from __future__ import annotations

from django.db import connection

from certwright.store.reading import FEW, Numbers

SHORTEST = 3  # characters
_MOST = 6  # trigrams looked up: each that many certificates share costs a millisecond or more
_MATCH = "SELECT rowid FROM certificate_search WHERE certificate_search MATCH %s"
_AMONG = "SELECT id FROM certificate WHERE id IN (SELECT value FROM json_each(%s)) AND (common_name LIKE %s ESCAPE '\\'"
_LIKE = (
    "SELECT id FROM certificate WHERE lower(replace(names, ' ', chr(10)) || chr(10) || common_name) LIKE lower(%s) "
    "AND is_leaf"
)


def numbers_having(text: str) -> list[int] | None:
    """The ids of the leaves with that part of a name, in upper or lower case; None where more than FEW have it."""
    like = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    if connection.vendor == "postgresql":
        return _few(_LIKE, like)
    candidates = _few(_MATCH, _trigrams(text)) if text.isascii() else None
    if candidates is None:
        return _few(_MATCH, _phrase(text))
    if " " in text:  # a common name may have one, and no SAN
        return _few(f"{_AMONG})", str(candidates), like)
    return _few(f"{_AMONG} OR names LIKE %s ESCAPE '\\')", str(candidates), like, like)


def having(text: str) -> Numbers | None:
    """The certificates with that part of a name, however many; None where the planner needs no such help."""
    return None if connection.vendor == "postgresql" else Numbers(_MATCH, (_phrase(text),))


def _few(statement: str, *values: str) -> list[int] | None:
    found = Numbers(statement, values).first(FEW + 1)
    return found if len(found) <= FEW else None


def _phrase(text: str) -> str:
    """The text as FTS5 wants it: all its trigrams, one behind the other. Sure, but slow where each is frequent."""
    return '"' + text.replace('"', '""') + '"'


def _trigrams(text: str) -> str:
    """Some trigrams of the text, from all over it: neighbours mostly come together and tell little more."""
    last = len(text) - SHORTEST
    places = {last * number // (_MOST - 1) for number in range(_MOST)}
    return " AND ".join(_phrase(text[place : place + SHORTEST]) for place in sorted(places))

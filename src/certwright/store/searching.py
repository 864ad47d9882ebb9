"""Parts of names, by their trigrams: an FTS5 table on SQLite, a pg_trgm index on PostgreSQL (see ``sql/``)."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import IntegerField, Q
from django.db.models.expressions import RawSQL

from certwright.store.reading import FEW

SHORTEST = 3  # characters
_MOST = 5  # trigrams looked up: those that all certificates share cost most and tell least
_MATCH = "SELECT rowid FROM certificate_search WHERE certificate_search MATCH %s"


def numbers_having(text: str) -> list[int] | None:
    """The ids of the certificates with that part of a name (lower case); None where they are more than FEW."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    like = f"%{escaped}%"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT id FROM certificate WHERE lower(names || ' ' || common_name) LIKE %s AND is_leaf LIMIT %s",
                [like, FEW + 1],
            )
            return _few(cursor)
        cursor.execute(f"{_MATCH} LIMIT %s", [_expression(text), FEW + 1])
        candidates = _few(cursor)
        if not candidates:
            return candidates
        cursor.execute(
            "SELECT id FROM certificate WHERE id IN (SELECT value FROM json_each(%s)) "
            "AND (names LIKE %s ESCAPE '\\' OR common_name LIKE %s ESCAPE '\\')",
            [str(candidates), like, like],
        )
        return [int(row[0]) for row in cursor.fetchall()]


def having(text: str) -> Q | None:
    """The certificates that may have that part of a name, however many; None where the planner needs no such help."""
    if connection.vendor == "postgresql":
        return None
    return Q(pk__in=RawSQL(_MATCH, [_expression(text)], output_field=IntegerField()))  # noqa: S611 - a constant


def _expression(text: str) -> str:
    """Some trigrams of the text as FTS5 wants them, those with something else than letters first."""
    trigrams = dict.fromkeys(text[start : start + SHORTEST] for start in range(len(text) - SHORTEST + 1))
    chosen = sorted(trigrams, key=str.isalpha)[:_MOST]
    return " AND ".join('"' + trigram.replace('"', '""') + '"' for trigram in chosen)


def _few(cursor: Any) -> list[int] | None:
    found = [int(row[0]) for row in cursor.fetchall()]
    return found if len(found) <= FEW else None

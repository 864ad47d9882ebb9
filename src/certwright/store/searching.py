"""Parts of names, by their trigrams: an FTS5 table on SQLite, a pg_trgm index on PostgreSQL (see ``sql/``)."""

from __future__ import annotations

from django.db import connection
from django.db.models import IntegerField, Q
from django.db.models.expressions import RawSQL

from certwright.store.reading import FEW

SHORTEST = 3  # characters
_MOST = 5  # trigrams looked up: those that all certificates share cost most and tell least
_NAMES = "SELECT id, names, common_name FROM certificate WHERE id IN (SELECT value FROM json_each(%s))"
_MATCH = "SELECT rowid FROM certificate_search WHERE certificate_search MATCH %s"


def numbers_having(text: str) -> list[int] | None:
    """The ids of the leaves with that part of a name, in upper or lower case; None where more than FEW may have it."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            cursor.execute(
                "SELECT id, names, common_name FROM certificate "
                "WHERE lower(names || ' ' || common_name) LIKE lower(%s) AND is_leaf LIMIT %s",
                [f"%{escaped}%", FEW + 1],
            )
            candidates = cursor.fetchall()
        else:
            cursor.execute(f"{_MATCH} LIMIT %s", [_expression(text), FEW + 1])
            ids = [row[0] for row in cursor.fetchall()]
            if len(ids) <= FEW:
                cursor.execute(_NAMES, [str(ids)])
            candidates = ids if len(ids) > FEW else cursor.fetchall()
    if len(candidates) > FEW:
        return None
    wanted = text.casefold()  # what SQLite's LIKE does to ASCII alone
    return [number for number, names, common_name in candidates if _has(wanted, names, common_name)]


def _has(wanted: str, names: str, common_name: str) -> bool:
    return wanted in common_name.casefold() or any(wanted in name for name in names.casefold().split())


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

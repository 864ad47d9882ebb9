"""Parts of names, by their trigrams: an FTS5 table on SQLite, a pg_trgm index on PostgreSQL (see ``sql/``)."""

from __future__ import annotations

from django.db import connection
from django.db.models import IntegerField, Q
from django.db.models.expressions import RawSQL

from certwright.store.reading import FEW

SHORTEST = 3  # characters
_MATCH = "SELECT rowid FROM certificate_search WHERE certificate_search MATCH %s"
_LIKE = (
    "SELECT id FROM certificate WHERE lower(replace(names, ' ', chr(10)) || chr(10) || common_name) LIKE lower(%s) "
    "AND is_leaf LIMIT %s"
)


def numbers_having(text: str) -> list[int] | None:
    """The ids of the leaves with that part of a name, in upper or lower case; None where more than FEW have it."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            cursor.execute(_LIKE, [f"%{escaped}%", FEW + 1])
        else:
            cursor.execute(f"{_MATCH} LIMIT %s", [_phrase(text), FEW + 1])
        found = [int(row[0]) for row in cursor.fetchall()]
    return found if len(found) <= FEW else None


def having(text: str) -> Q | None:
    """The certificates with that part of a name, however many; None where the planner needs no such help."""
    if connection.vendor == "postgresql":
        return None
    return Q(pk__in=RawSQL(_MATCH, [_phrase(text)], output_field=IntegerField()))  # noqa: S611 - a constant


def _phrase(text: str) -> str:
    """The text as FTS5 wants it: its trigrams, one behind the other."""
    return '"' + text.replace('"', '""') + '"'

"""Django, set up for the store alone: one database, no web."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.db import DatabaseError, connection, connections

from certwright.model.errors import Misconfigured

# WAL and synchronous=FULL: a committed row survives a power cut. busy_timeout is the driver's `timeout`.
_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;"


_DATABASE: dict[str, Any] = {}


def use(database: Path | str) -> None:
    """Keep the tables in an SQLite file (a path) or PostgreSQL (``postgresql://user:password@host:port/name``).

    For the life of the process; another database later raises Misconfigured, as does another kind of URL.
    """
    wanted = _database(database)
    if _DATABASE and wanted != _DATABASE:
        raise Misconfigured("This process has another database open already.")
    _DATABASE.update(wanted)
    with suppress(AttributeError):  # one may have been made before it was known which
        del connections["default"]
    connections.settings = connections.configure_settings({"default": dict(wanted)})


def _database(database: Path | str) -> dict[str, Any]:
    if isinstance(database, Path):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(database),
            "CONN_MAX_AGE": None,
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": _PRAGMAS},
        }
    url = urlsplit(database)
    if url.scheme not in ("postgresql", "postgres"):
        raise Misconfigured(
            f"CERTWRIGHT_DATABASE_URL has the scheme {url.scheme!r}.",
            advice="Give postgresql://user@host:port/name, or leave it empty for SQLite.",
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or "",
        "PORT": str(url.port or ""),
        "CONN_MAX_AGE": None,
        "OPTIONS": dict(parse_qsl(url.query)),  # as libpq names them: sslmode, sslrootcert and the like
    }


def migrate() -> None:
    """Bring the schema up to date; quick when it already is."""
    from django.core.management import call_command  # heavy, and rarely needed

    if _is_current():
        return
    call_command("migrate", verbosity=0, interactive=False)


def _is_current() -> bool:
    """Whether every migration file has been applied, asked with one query instead of Django's executor."""
    written = {path.stem for path in (Path(__file__).parent / "migrations").glob("0*.py")}
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        if "django_migrations" not in tables:
            return False
        cursor.execute("SELECT name FROM django_migrations WHERE app = 'store'")
        return written <= {str(row[0]) for row in cursor.fetchall()}


def database_trouble(error: Exception) -> str:
    """What the database says when it cannot do its part; "" for an error of another kind."""
    return str(error) if isinstance(error, DatabaseError) else ""

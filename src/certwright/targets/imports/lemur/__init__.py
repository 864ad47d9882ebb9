"""Lemur (Netflix): its database, live in PostgreSQL, as an SQL dump, or as a copy in SQLite."""

from certwright.targets.imports.lemur.reading import read

__all__ = ["read"]

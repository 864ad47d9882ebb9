"""Lemur's tables, as its SQLAlchemy models name them (``lemur/models.py``, ``lemur/certificates/models.py``).

The statements are of the kind that PostgreSQL and SQLite both know. The content of ``private_key`` is in none.
"""

from __future__ import annotations

from collections.abc import Collection

CERTIFICATES = "certificates"
WANTED: dict[str, tuple[str, ...]] = {  # the tables and columns that are read, where a database has them
    CERTIFICATES: (
        "id", "name", "owner", "description", "body", "chain", "notify", "rotation", "date_created", "status",
        "external_id", "deleted", "authority_id",
    ),
    "authorities": ("id", "name"),
    "roles": ("id", "name"),
    "destinations": ("id", "label"),
    "sources": ("id", "label"),
    "roles_certificates": ("certificate_id", "role_id"),
    "certificate_destination_associations": ("certificate_id", "destination_id"),
    "certificate_source_associations": ("certificate_id", "source_id"),
    "certificate_replacement_associations": ("certificate_id", "replaced_certificate_id"),
}  # fmt: skip
HAS_KEY = "has_private_key"  # in the place of the encrypted key: whether there is one
NEEDED = ("id", "body")
LINKED = (  # what is linked to a certificate: our word, the table of links, its column, the table of names, its column
    ("roles", "roles_certificates", "role_id", "roles", "name"),
    ("destinations", "certificate_destination_associations", "destination_id", "destinations", "label"),
    ("sources", "certificate_source_associations", "source_id", "sources", "label"),
)
REPLACEMENTS = "certificate_replacement_associations"


def certificates_statement(columns: Collection[str]) -> str:
    """The rows of all certificates by id: the wanted columns that there are, whether a key is kept, the authority."""
    kept = [f"c.{column}" for column in WANTED[CERTIFICATES] if column in columns]
    if HAS_KEY in columns:
        key = f"c.{HAS_KEY} AS {HAS_KEY}"
    else:
        key = f"c.private_key IS NOT NULL AS {HAS_KEY}" if "private_key" in columns else f"NULL AS {HAS_KEY}"
    joined = "authority_id" in columns
    authority = "a.name" if joined else "NULL"
    join = "LEFT JOIN authorities a ON a.id = c.authority_id" if joined else ""
    wanted = ", ".join([*kept, key, f"{authority} AS authority"])
    return f"SELECT {wanted} FROM certificates c {join} ORDER BY c.id"  # noqa: S608 - names of our own, above


def linked_statement(links: str, column: str, names: str, name: str) -> str:
    """Pairs of a certificate's id and a name linked to it, by id. Links that lead nowhere do not come."""
    return (
        f"SELECT l.certificate_id, n.{name} FROM {links} l JOIN {names} n ON n.id = l.{column} "  # noqa: S608 - as above
        f"WHERE l.certificate_id IS NOT NULL ORDER BY l.certificate_id, n.{name}"
    )


def replaced_statement() -> str:
    """Pairs of a certificate's id and the PEM of one that it replaced, by id, the latest replaced last."""
    return (
        f"SELECT l.certificate_id, c.body FROM {REPLACEMENTS} l "  # noqa: S608 - as above
        "JOIN certificates c ON c.id = l.replaced_certificate_id "
        "WHERE l.certificate_id IS NOT NULL ORDER BY l.certificate_id, c.id"
    )

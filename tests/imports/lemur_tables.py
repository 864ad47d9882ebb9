"""Lemur's tables, as its SQLAlchemy models and migrations make them, with rows to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

# Of the tables that the importer does not read, none is here; of the columns, all that Lemur has.
SCHEMA = """
CREATE TABLE authorities (id INTEGER PRIMARY KEY, name VARCHAR(128), owner VARCHAR(128));
CREATE TABLE roles (id INTEGER PRIMARY KEY, name VARCHAR(128), description TEXT);
CREATE TABLE destinations (id INTEGER PRIMARY KEY, label VARCHAR(32), options TEXT, plugin_name VARCHAR(32));
CREATE TABLE sources (id INTEGER PRIMARY KEY, label VARCHAR(32), options TEXT, plugin_name VARCHAR(32));
CREATE TABLE certificates (
  id INTEGER PRIMARY KEY, external_id VARCHAR(128), owner VARCHAR(128) NOT NULL, name VARCHAR(256),
  description VARCHAR(1024), notify BOOLEAN, body TEXT NOT NULL, chain TEXT, csr TEXT, private_key TEXT,
  issuer VARCHAR(128), serial VARCHAR(128), cn VARCHAR(128), deleted BOOLEAN, dns_provider_id INTEGER,
  not_before TIMESTAMP, not_after TIMESTAMP, date_created TIMESTAMP NOT NULL, signing_algorithm VARCHAR(128),
  status VARCHAR(128), bits INTEGER, san VARCHAR(1024), rotation BOOLEAN, user_id INTEGER, authority_id INTEGER,
  root_authority_id INTEGER, rotation_policy_id INTEGER);
CREATE TABLE certificate_destination_associations (destination_id INTEGER, certificate_id INTEGER);
CREATE TABLE certificate_source_associations (source_id INTEGER, certificate_id INTEGER);
CREATE TABLE certificate_replacement_associations (replaced_certificate_id INTEGER, certificate_id INTEGER);
CREATE TABLE roles_certificates (certificate_id INTEGER, role_id INTEGER);
"""
_COLUMNS = (
    "id", "external_id", "owner", "name", "description", "notify", "body", "chain", "private_key", "deleted",
    "date_created", "status", "rotation", "authority_id",
)  # fmt: skip
SECRET = "gAAAAABlemur-fernet-of-a-private-key"


def fill(execute: Callable[[str], Any], bodies: Sequence[str], chain: str) -> None:
    """The tables with: 1 replaced by 3, 2 without anything, 3 with everything, 4 that cannot be read.

    ``bodies`` are the certificates of 1 to 3; ``execute`` takes one statement.
    """
    for statement in filter(str.strip, SCHEMA.split(";")):
        execute(statement)
    everything = 'O\'Brien; DROP TABLE certificates; --\t=HYPERLINK("x")\nand\\more'
    execute("INSERT INTO authorities VALUES (7, 'Meadow CA', 'pki@meadow.example')")
    execute("INSERT INTO roles VALUES (1, 'web', ''), (2, 'team\tshop', '')")
    execute("INSERT INTO destinations VALUES (1, 'elb-west', '{}', 'aws')")
    execute("INSERT INTO sources VALUES (1, 'aws-source', '{}', 'aws'), (2, 'other', '{}', 'aws')")
    for values in (
        (1, None, "old@meadow.example", "old", None, False, bodies[0], chain, SECRET, False,
         "2019-03-04 05:06:07", "revoked", False, 7),
        (2, "00123", "b@meadow.example", "orphan", None, None, bodies[1], None, None, None,
         "2020-01-01 00:00:00.250", None, None, None),
        (3, None, "shop@meadow.example", "shop", everything, True, bodies[2], chain, SECRET, False,
         "2026-01-02 03:04:05", "valid", True, 7),
        (4, None, "x@meadow.example", "broken", None, True, "no PEM at all", None, None, True,
         "2026-01-02 03:04:05", None, False, 99),
    ):  # fmt: skip
        execute(f"INSERT INTO certificates ({', '.join(_COLUMNS)}) VALUES ({', '.join(map(_literal, values))})")
    execute("INSERT INTO certificate_replacement_associations VALUES (1, 3), (2, 3), (88, 3), (1, 88)")
    execute("INSERT INTO roles_certificates VALUES (3, 2), (1, 1), (3, 1), (NULL, 1), (77, 1)")
    execute("INSERT INTO certificate_destination_associations VALUES (1, 3), (9, 3)")
    execute("INSERT INTO certificate_source_associations VALUES (2, 3), (1, 3), (1, 1)")


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"

"""From Lemur's rows to finds: streams ordered by the certificate's id, read side by side, so memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from certwright.model.errors import Misconfigured
from certwright.model.inventory import Find, Remarks
from certwright.pki import certificate
from certwright.pki.certificate import Certificate
from certwright.pki.errors import Invalid
from certwright.targets.files.places import file_place
from certwright.targets.files.regular import open_regular
from certwright.targets.imports.lemur import tables
from certwright.targets.imports.lemur.database import Database, Row, postgresql, sqlite
from certwright.targets.imports.lemur.dump import as_sqlite, is_custom
from certwright.targets.imports.texts import LONGEST_OWNER, fields, line, tags

OnItem = Callable[[int], None]
_SQLITE = b"SQLite format 3\x00"


def read(where: str | Path, *, on_item: OnItem | None = None) -> Iterator[Find]:
    """Every certificate of a Lemur database, by its id there; at ``lemur:certificates/<id>``.

    ``where`` is a ``postgresql://`` URL (from a file, never from a command line: it holds a password), or the path of
    a plain ``pg_dump`` or of an SQLite copy. The owner, ``known_since`` (``date_created``) and the roles as tags are
    taken over; fields: ``lemur_name``, ``description``, ``authority``, ``destinations``, ``sources``, ``rotation``,
    ``notify``, ``lemur_status``, ``external_id``, ``also_replaced`` (fingerprints). Certificates that belong to no
    authority, source or destination come like all others; links that lead nowhere are passed over.

    Private keys are not taken over: Lemur keeps them encrypted under a key of its own. ``has_key`` tells where it has
    one. A certificate that cannot be read is a find with ``trouble``.

    Nothing is opened before the first find is asked for, and everything is closed when the iterator is. Raises
    Misconfigured when ``where`` is no Lemur database, Unavailable when its server does not answer.
    """
    with _opened(where) as database:
        for done, find in enumerate(_finds(database), 1):
            yield find
            if on_item is not None:
                on_item(done)


def _opened(where: str | Path) -> AbstractContextManager[Database]:
    if isinstance(where, str) and where.startswith(("postgresql://", "postgres://")):
        return postgresql(where)
    path = Path(where)
    try:
        with open_regular(path) as file:
            beginning = file.read(len(_SQLITE))
    except Invalid as problem:
        raise Misconfigured(f"The Lemur database {file_place(path)} cannot be read. {problem}") from None
    if is_custom(beginning):
        raise Misconfigured(
            f"{file_place(path)} is a dump in pg_dump's own format.",
            advice="Make it plain with: pg_restore --file=lemur.sql --no-owner and this file.",
        )
    return sqlite(path) if beginning == _SQLITE else _dump(path)


@contextmanager
def _dump(path: Path) -> Iterator[Database]:
    with as_sqlite(path) as made, sqlite(made) as database:
        yield database


def _finds(database: Database) -> Iterator[Find]:
    columns = database.columns(tables.CERTIFICATES)
    if not set(tables.NEEDED) <= set(columns):
        raise Misconfigured(
            "This is no database of Lemur: it has no table certificates with the columns id and body.",
            advice="Name the database itself, and a user who may read its tables.",
        )
    if "authority_id" in columns and not database.columns("authorities"):
        columns = tuple(column for column in columns if column != "authority_id")
    linked = {
        word: _Linked(database.rows(tables.linked_statement(links, column, names, name)))
        for word, links, column, names, name in tables.LINKED
        if database.columns(links) and database.columns(names)
    }
    replaced = _Linked(
        database.rows(tables.replaced_statement()) if database.columns(tables.REPLACEMENTS) else iter(())
    )
    kept = [column for column in tables.WANTED[tables.CERTIFICATES] if column in columns]
    names = [*kept, tables.HAS_KEY, "authority"]
    for row in database.rows(tables.certificates_statement(columns)):
        values = dict(zip(names, row, strict=True))
        number = values["id"]
        if not isinstance(number, int):  # SQLite keeps what it is given
            yield Find("lemur:certificates", trouble="A certificate has an id that is no number.")
            continue
        yield _find(values, {word: stream.of(number) for word, stream in linked.items()}, replaced.of(number))


class _Linked:
    """A stream of pairs ordered by the certificate's id, read along with the certificates."""

    def __init__(self, pairs: Iterator[Row]) -> None:
        self._pairs = (pair for pair in pairs if isinstance(pair[0], int))
        self._next = next(self._pairs, None)

    def of(self, number: int) -> list[Any]:
        """What is linked to that certificate; to be asked in the order of the ids."""
        found = []
        while self._next is not None and self._next[0] <= number:
            if self._next[0] == number:
                found.append(self._next[1])
            self._next = next(self._pairs, None)
        return found


def _find(values: Mapping[str, Any], linked: Mapping[str, list[Any]], replaced: list[Any]) -> Find:
    place = f"lemur:certificates/{values['id']}"
    earlier = [one.fingerprint for one in map(_readable, replaced) if one]
    noted = fields(
        {
            "lemur_name": values.get("name"),
            "description": values.get("description"),
            "authority": values.get("authority"),
            "destinations": ", ".join(map(line, linked.get("destinations", ()))),
            "sources": ", ".join(map(line, linked.get("sources", ()))),
            "rotation": _yes(values.get("rotation")),
            "notify": _yes(values.get("notify")),
            "deleted": "yes" if _yes(values.get("deleted")) == "yes" else "",
            "lemur_status": values.get("status"),
            "external_id": values.get("external_id"),
            "also_replaced": ", ".join(earlier[:-1]),
        }
    )
    remarks = Remarks(
        owner=line(values.get("owner"), LONGEST_OWNER),
        tags=tags(linked.get("roles", ())),
        fields=noted,
        known_since=_moment(values.get("date_created")),
    )
    try:
        leaf = _certificate(values["body"])
    except Invalid as problem:
        return Find(place, trouble=str(problem), remarks=remarks)
    chain = [one.der for one in _chain(values.get("chain")) if one != leaf]
    return Find(
        place,
        (leaf.der, *chain),
        has_key=_yes(values[tables.HAS_KEY]) == "yes",
        remarks=remarks,
        replaces=earlier[-1] if earlier else "",
    )


def _certificate(body: object) -> Certificate:
    return certificate.parse_pem_many(str(body or "").encode("utf-8", "replace"))[0]


def _readable(body: object) -> Certificate | None:
    try:
        return _certificate(body)
    except Invalid:
        return None


def _chain(text: object) -> list[Certificate]:
    """The issuers that Lemur keeps; none where they cannot be read, for the leaf is what counts."""
    try:
        return certificate.parse_pem_many(str(text).encode("utf-8", "replace")) if text else []
    except Invalid:
        return []


def _yes(value: object) -> str:
    """``yes`` or ``no`` for the booleans of PostgreSQL, SQLite and a dump; empty where nothing is said."""
    if value is None:
        return ""
    return "yes" if value in (True, 1, "t", "true", "1") else "no"


def _moment(value: object) -> datetime | None:
    """A date of Lemur's, which are in UTC; None where there is none that can be read."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)

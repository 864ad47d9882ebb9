"""What the sandbox remembers: tables of records in memory, written through to a SQLite file if wanted.

A record's fields hold values that cannot change in place (numbers, texts, tuples, datetimes, frozen
dataclasses), so an assignment is the only way to change one, and an assignment is noticed. `commit` writes
what was noticed in one transaction; a door calls it before it answers. Nothing here knows a CA.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

Id = int | str
# SQLite in WAL mode with synchronous=NORMAL loses nothing when the process is killed at any point; only a
# power cut may take the last commits (https://www.sqlite.org/pragma.html#pragma_synchronous). A sandbox
# needs no more.
PRAGMAS = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL")


@dataclass(eq=False)
class Record:
    """A thing with an id that its table watches; subclasses are dataclasses."""

    id: Id

    @property
    def owner(self) -> Id | None:
        """Whose thing this is, for `State.rewound`; None where nobody's."""
        return None

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a field, telling the table of it first."""
        table = self.__dict__.get("_table")
        if table is not None:
            table.touch(self)
        object.__setattr__(self, name, value)


R = TypeVar("R", bound=Record)


class Index(Generic[R]):
    """Finds a table's records by a key made of their fields."""

    def __init__(self, table: Table[R], key: Callable[[R], Hashable]) -> None:
        """`key` answers what a record is found by; None where it is not to be found."""
        self._table = table
        self._key = key
        self._ids: dict[Hashable, dict[Id, None]] = {}
        self._noted: dict[Id, Hashable] = {}

    def note(self, record: R) -> None:
        """Let the record be found by the key it has now, and no longer by the one before."""
        key = self._key(record)
        if self._noted.get(record.id) == key:
            return
        self.forget(record.id)
        if key is not None:
            self._noted[record.id] = key
            self._ids.setdefault(key, {})[record.id] = None

    def forget(self, record_id: Id) -> None:
        """Let the record not be found any more."""
        key = self._noted.pop(record_id, None)
        if key is not None:
            del self._ids[key][record_id]
            if not self._ids[key]:
                del self._ids[key]

    def find(self, key: Hashable) -> list[R]:
        """The records that have this key now, in the order they came."""
        found = (self._table.get(record_id) for record_id in self._ids.get(key, ()))
        return [record for record in found if record is not None and self._key(record) == key]


class Table(Generic[R]):
    """Records of one type by their ids, in the order they were added."""

    def __init__(self, state: State, name: str, kind: type[R]) -> None:
        """A table called `name`, filled with what the state's file holds for it. See `State.table`."""
        self.name = name
        self._state = state
        self._adapter: TypeAdapter[R] = TypeAdapter(kind)
        self._rows: dict[Id, R] = {}
        self._indexes: list[Index[R]] = []
        for text in state.stored(name):
            self._keep(self._adapter.validate_json(text))

    def index(self, key: Callable[[R], Hashable]) -> Index[R]:
        """An index of this table by `key`."""
        index = Index(self, key)
        for record in self._rows.values():
            index.note(record)
        self._indexes.append(index)
        return index

    def add(self, record: R) -> R:
        """Keep a new record and answer it. Its id must be new in this table."""
        assert record.id not in self._rows, (self.name, record.id)
        self._state.changed[(self.name, record.id)] = None
        self._keep(record)
        return record

    def remove(self, record: R) -> None:
        """Forget a record."""
        self.touch(record)
        del self._rows[record.id]

    def get(self, record_id: Id) -> R | None:
        """The record of this id."""
        return self._rows.get(record_id)

    def __getitem__(self, record_id: Id) -> R:
        """The record of this id, which must exist."""
        return self._rows[record_id]

    def __iter__(self) -> Iterator[R]:
        """Every record, oldest first."""
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        """How many records there are."""
        return len(self._rows)

    def touch(self, record: R) -> None:
        """Note what the record was like before the change that is about to happen."""
        self._state.changed.setdefault((self.name, record.id), _fields(record))

    def written(self, record_id: Id) -> str | None:
        """The record as JSON after a change, its indexes brought up to date; None when it is gone."""
        record = self._rows.get(record_id)
        if record is None:
            for index in self._indexes:
                index.forget(record_id)
            return None
        for index in self._indexes:
            index.note(record)
        return self._adapter.dump_json(record).decode() if self._state.has_file else ""

    def swap(self, record_id: Id, before: dict[str, Any] | None) -> Callable[[], None]:
        """Put a record back as it was `before` (None: absent); the answer undoes that."""
        record = self._rows.get(record_id)
        if record is None:
            return lambda: None
        if before is None:
            del self._rows[record_id]
            return lambda: self._rows.__setitem__(record_id, record)
        now = _fields(record)
        record.__dict__.update(before)
        return lambda: record.__dict__.update(now)

    def _keep(self, record: R) -> None:
        self._rows[record.id] = record
        record.__dict__["_table"] = self
        for index in self._indexes:
            index.note(record)


def _fields(record: Record) -> dict[str, Any]:
    return {name: value for name, value in record.__dict__.items() if name != "_table"}


Changes = dict[tuple[str, Id], dict[str, Any] | None]


class State:
    """All tables, and the file behind them."""

    def __init__(self, file: Path | None = None) -> None:
        """Open or make `file`; None keeps everything in memory. Raises OSError, sqlite3.Error."""
        self.changed: Changes = {}
        self._tables: dict[str, Table[Any]] = {}
        self._last: dict[Id, Changes] = {}
        self._database: sqlite3.Connection | None = None
        if file is not None:
            file.touch(mode=0o600)  # it holds the private keys of the sandbox's CAs
            self._database = sqlite3.connect(file, isolation_level=None)
            for pragma in PRAGMAS:
                self._database.execute(pragma)
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS record"
                " (kind TEXT NOT NULL, id NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id))"
            )

    @property
    def has_file(self) -> bool:
        """Whether anything outlives the process."""
        return self._database is not None

    def table(self, name: str, kind: type[R]) -> Table[R]:
        """The table called `name` of records of `kind`; asked for once, at the start."""
        table = Table(self, name, kind)
        self._tables[name] = table
        return table

    def stored(self, name: str) -> list[str]:
        """The JSON of each record the file holds for a table, in the order they came."""
        if self._database is None:
            return []
        rows = self._database.execute("SELECT value FROM record WHERE kind = ? ORDER BY rowid", (name,))
        return [row[0] for row in rows]

    def commit(self) -> None:
        """Make every change since the last commit durable; returns when it is. Raises sqlite3.Error."""
        if not self.changed:
            return
        changes, self.changed = self.changed, {}
        rows = [(*key, self._tables[key[0]].written(key[1])) for key in changes]
        self._remember(changes)
        if self._database is None:
            return
        self._database.execute("BEGIN IMMEDIATE")
        for kind, record_id, value in rows:
            self._write(kind, record_id, value)
        self._database.execute("COMMIT")

    def _write(self, kind: str, record_id: Id, value: str | None) -> None:
        assert self._database is not None
        if value is None:
            self._database.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind, record_id))
            return
        self._database.execute(
            "INSERT INTO record (kind, id, value) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET value = excluded.value",
            (kind, record_id, value),
        )

    def _remember(self, changes: Changes) -> None:
        by_owner: dict[Id, Changes] = defaultdict(dict)
        for key, before in changes.items():
            record = self._tables[key[0]].get(key[1])
            if record is not None and record.owner is not None:
                by_owner[record.owner][key] = before
        self._last.update(by_owner)

    @contextmanager
    def rewound(self, owner: Id | None) -> Iterator[None]:
        """Inside, for reading: this owner's things as they were before their last committed change."""
        changes = self._last.get(owner, {}) if owner is not None else {}
        undo = [self._tables[kind].swap(record_id, before) for (kind, record_id), before in changes.items()]
        try:
            yield
        finally:
            for put_back in reversed(undo):
                put_back()

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()

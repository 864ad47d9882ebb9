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
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from pydantic import TypeAdapter

Id = int | str
# SQLite in WAL mode with synchronous=NORMAL loses nothing when the process is killed at any point; only a
# power cut may take the last commits (https://www.sqlite.org/pragma.html#pragma_synchronous). A sandbox
# needs no more.
PRAGMAS = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL")


class _Watched:
    """Anything that a table may watch; None while none does."""

    __slots__ = ("_table",)
    _table: Table[Any] | None

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Watched by nobody yet."""
        new = super().__new__(cls)
        object.__setattr__(new, "_table", None)
        return new


@dataclass(eq=False, slots=True)
class Record(_Watched):
    """A thing with an id that its table watches; subclasses are dataclasses, with slots where there are many of it."""

    id: Id

    @property
    def owner(self) -> Id | None:
        """Whose thing this is, for `State.rewound`; None where nobody's."""
        return None

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a field, telling the table of it first."""
        if self._table is not None:
            self._table.touch(self)
        object.__setattr__(self, name, value)


def values_of(record: Record) -> dict[str, Any]:
    """The record's fields by their names."""
    kind = type(record)
    if kind not in _NAMES:
        _NAMES[kind] = tuple(field.name for field in fields(kind))
    return {name: getattr(record, name) for name in _NAMES[kind]}


_NAMES: dict[type[Record], tuple[str, ...]] = {}


def _put(record: Record, values: dict[str, Any]) -> None:
    """Set fields without telling anybody."""
    for name, value in values.items():
        object.__setattr__(record, name, value)


R = TypeVar("R", bound=Record)


class Index(Generic[R]):
    """Finds a table's records by a key made of their fields."""

    def __init__(self, table: Table[R], key: Callable[[R], Hashable]) -> None:
        """`key` answers what a record is found by; None where it is not to be found."""
        self._table = table
        self._key = key
        self._ids: dict[Hashable, Id | dict[Id, None]] = {}  # one id bare: most keys have one, and there are many keys
        self._noted: dict[Id, Hashable] = {}

    def note(self, record: R) -> None:
        """Let the record be found by the key it has now, and no longer by the one before."""
        key = self._key(record)
        if self._noted.get(record.id) == key:
            return
        self.forget(record.id)
        if key is None:
            return
        self._noted[record.id] = key
        there = self._ids.get(key)
        if there is None:
            self._ids[key] = record.id
        elif isinstance(there, dict):
            there[record.id] = None
        else:
            self._ids[key] = {there: None, record.id: None}

    def forget(self, record_id: Id) -> None:
        """Let the record not be found any more."""
        key = self._noted.pop(record_id, None)
        if key is None:
            return
        there = self._ids[key]
        if isinstance(there, dict) and len(there) > 1:
            del there[record_id]
        else:
            del self._ids[key]

    def find(self, key: Hashable) -> list[R]:
        """The records that have this key now, in the order they came."""
        there = self._ids.get(key, {})
        ids = there if isinstance(there, dict) else (there,)
        found = (self._table.get(record_id) for record_id in ids)
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
        self._state.changed.setdefault((self.name, record.id), values_of(record))

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
        now = values_of(record)
        _put(record, before)
        return lambda: _put(record, now)

    def _keep(self, record: R) -> None:
        self._rows[record.id] = record
        object.__setattr__(record, "_table", self)
        for index in self._indexes:
            index.note(record)


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
        if self._database is not None:
            self._database.execute("BEGIN IMMEDIATE")
        for kind, record_id in changes:
            self._write(kind, record_id, self._tables[kind].written(record_id))
        if self._database is not None:
            self._database.execute("COMMIT")
        self._remember(changes)

    def _write(self, kind: str, record_id: Id, value: str | None) -> None:
        if self._database is None:
            return
        if value is None:
            self._database.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind, record_id))
            return
        self._database.execute(
            "INSERT INTO record (kind, id, value) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET value = excluded.value",
            (kind, record_id, value),
        )

    def _remember(self, changes: Changes) -> None:
        """Keep what each owner's things were like before; whoever is new himself has nothing to be rewound to."""
        by_owner: dict[Id, Changes] = defaultdict(dict)
        new: set[Id] = set()
        for key, before in changes.items():
            record = self._tables[key[0]].get(key[1])
            if record is None or record.owner is None:
                continue
            if before is None and record.owner == record.id:
                new.add(record.id)
            elif record.owner not in new:
                by_owner[record.owner][key] = before
        self._last.update({owner: mine for owner, mine in by_owner.items() if owner not in new})

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

"""From the rows of a CSV file to finds, or to what is known of certificates whose bytes it does not have."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from certwright.model.errors import Misconfigured
from certwright.model.inventory import Find, Known, Remarks
from certwright.pki.errors import Invalid
from certwright.targets.files.grouping import group
from certwright.targets.files.opening import open_file
from certwright.targets.files.places import upload_place
from certwright.targets.files.regular import open_regular
from certwright.targets.imports.table.columns import Columns, find_columns
from certwright.targets.imports.table.dates import DayOrder, date
from certwright.targets.imports.table.numbers import serial, sha256
from certwright.targets.imports.table.records import Record, as_text, records
from certwright.targets.imports.texts import LONGEST_OWNER, fields, line, tags

OnRow = Callable[[int], None]  # how many rows are done
_SERIALS = ("serial_hex", "serial_decimal", "serial")


@dataclass(frozen=True, slots=True)
class Form:
    """How a CSV file is written, where the file itself does not tell: see :func:`read`."""

    columns: Mapping[str, str]
    day_order: DayOrder | None = None
    encoding: str = ""
    delimiter: str = ""
    others: bool = False


def read(
    where: Path | bytes, *, name: str = "", form: Form | None = None, on_row: OnRow | None = None
) -> Iterator[Find | Known]:
    """Every row of a CSV file: a find where it has the certificate, a Known where it only says which one it is.

    ``where`` is the file, or its bytes; ``name`` is what its places are called (``upload:<name>#sha256=...``), else the
    file's own name. ``form.columns`` says what columns mean (a meaning of
    :data:`~certwright.targets.imports.table.columns.MEANINGS`, or ``field.NAME``, to the heading); what it leaves
    open is taken from headings that can mean one thing only. With ``form.others`` every further column becomes a
    custom field. ``form.day_order`` allows dates of figures alone; ``encoding`` and ``delimiter`` are found out unless
    given.

    Texts come as they stand: a formula stays a text. A row that cannot be used is a find with ``trouble`` at
    ``#line=<n>``, which names its first line; a row whose date alone cannot be read gives both. Rows are read one at
    a time; ``on_row`` is told how many are done. Raises Misconfigured when the file cannot be read, has no headings, or
    no column says which certificate a row is about.
    """
    form = form or Form({})
    name = name or (where.name if isinstance(where, Path) else "certificates.csv")
    with closing(_opened(where)) as file, closing(as_text(file, form.encoding)) as text:
        rows = records(text, form.delimiter)
        headings = next(rows, Record(1))
        if not headings.cells:
            raise Misconfigured(f"The CSV file has no line of headings. {headings.trouble}".rstrip())
        table = _Table(name, find_columns(headings.cells, form.columns, others=form.others), form.day_order)
        for done, record in enumerate(rows, 1):
            yield from table.row(record)
            if on_row is not None:
                on_row(done)


def _opened(where: Path | bytes) -> BinaryIO:
    if isinstance(where, bytes):
        return io.BufferedReader(io.BytesIO(where))
    try:
        return open_regular(where)
    except Invalid as problem:
        raise Misconfigured(f"The CSV file cannot be read. {problem}") from None


class _Table:
    """The rows of one file, whose columns are known."""

    def __init__(self, name: str, columns: Columns, order: DayOrder | None) -> None:
        self._name = name
        self._columns = columns
        self._order = order
        self._serial = next((kind for kind in _SERIALS if kind in columns.meanings), "")

    def row(self, record: Record) -> Iterator[Find | Known]:
        """What the row says, and what is wrong with it."""
        try:
            cells = self._cells(record)
            cell = {meaning: cells[at] for meaning, at in self._columns.meanings.items()}
            since, why = self._since(cell.get("known_since", ""))
            yield self._said(cell, self._remarks(cells, cell, since))
            if why:
                yield self._trouble(record, f"{why}; the rest of the row was taken")
        except Invalid as problem:
            yield self._trouble(record, str(problem))

    def _cells(self, record: Record) -> list[str]:
        cells, width = list(record.cells), self._columns.width
        if record.trouble:
            raise Invalid(record.trouble)
        if len(cells) < width or any(cells[width:]):
            raise Invalid(f"the row has {len(cells)} cells, the line of headings {width}")
        return [cell.strip() for cell in cells]

    def _said(self, cell: Mapping[str, str], remarks: Remarks) -> Find | Known:
        replaces = sha256(cell["replaces"]) if cell.get("replaces") else ""
        said = sha256(cell["sha256"]) if cell.get("sha256") else ""
        if cell.get("certificate"):
            return self._find(cell["certificate"], said, remarks, replaces)
        if said:
            return Known(upload_place(self._name, f"sha256={said}"), sha256=said, remarks=remarks, replaces=replaces)
        if self._serial and cell[self._serial] and cell.get("issuer"):
            number = serial(cell[self._serial], kind=self._serial)
            place = upload_place(self._name, f"serial={number}")
            return Known(place, serial=number, issuer=line(cell["issuer"]), remarks=remarks, replaces=replaces)
        raise Invalid("the row does not say which certificate it is about")

    def _find(self, text: str, said: str, remarks: Remarks, replaces: str) -> Find:
        groups = group(open_file(text.encode("utf-8", "replace")).certificates)
        if len(groups) != 1:
            raise Invalid(f"the row has {len(groups)} certificates that do not belong together; one is wanted")
        members = groups[0]
        fingerprint = members[0].fingerprint
        if said and said != fingerprint:
            raise Invalid("the fingerprint of the row is not that of its certificate")
        place = upload_place(self._name, f"sha256={fingerprint}")
        return Find(place, tuple(one.der for one in members), remarks=remarks, replaces=replaces)

    def _remarks(self, cells: list[str], cell: Mapping[str, str], since: datetime | None) -> Remarks:
        return Remarks(
            owner=line(cell.get("owner"), LONGEST_OWNER),
            tags=tags(re.split(r"[,;]", cell.get("tags", ""))),
            fields=fields({name: cells[at] for name, at in self._columns.fields.items()}),
            known_since=since,
        )

    def _since(self, text: str) -> tuple[datetime | None, str]:
        """The date, or why there is none."""
        try:
            return (date(text, self._order) if text else None), ""
        except Invalid as problem:
            return None, str(problem)

    def _trouble(self, record: Record, why: str) -> Find:
        return Find(upload_place(self._name, f"line={record.line}"), trouble=f"Line {record.line}: {why.rstrip('.')}.")

"""``certwright cert list``: some certificates for people, all of them for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from certwright.doors.cli.filters import Filters, InOrder, with_options
from certwright.doors.cli.fitting import fitting_table
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.shapes import certificate_json
from certwright.doors.cli.streaming import to_file, to_standard_output
from certwright.doors.cli.terminal import cell, json_line, moment, out, print_json, say, state, warn
from certwright.model import sheet
from certwright.model.cursor import decode, encode
from certwright.model.errors import Refused
from certwright.model.inventory import Position, Severity, Summary
from certwright.model.order import KeyReference
from certwright.model.wanted import Wanted
from certwright.pki.formats import to_pem
from certwright.wiring import Certwright

_TABLE = 100  # lines, unless more are wanted
_LONGEST_TABLE = 1000
_PAGE = 1000
WIDE = 110  # columns from which on a terminal shows everything
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}


class ListFormat(StrEnum):
    """How a list is written for programs."""

    CSV = "csv"
    JSONL = "jsonl"
    PEM = "pem"


@with_options()
def list_certificates(
    filters: Filters,
    order: InOrder,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="So many at most; 100 in a table, all otherwise, by default.")
    ] = None,
    after: Annotated[str, typer.Option(metavar="CURSOR", help="Go on where an earlier list ended.")] = "",
    count: Annotated[bool, typer.Option("--count", help="Only say how many there are.")] = False,
    form: Annotated[
        ListFormat | None,
        typer.Option(
            "--format",
            metavar="|".join(ListFormat),
            help="CSV (safe to open in a spreadsheet), JSON lines, or every leaf as PEM.",
        ),
    ] = None,
    columns: Annotated[
        str, typer.Option(metavar="A,B,…", help="The columns of CSV; field:NAME is a custom field.")
    ] = "",
    target: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write, whole or not at all; standard output by default."),
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """List certificates, in the order in which they were recorded."""
    if form is None and (as_json or target is not None or columns):
        form = ListFormat.CSV if columns else ListFormat.JSONL
    with opened() as certwright:
        wanted = order.of(filters.wanted(certwright))
        if count:
            _tell_count(certwright, wanted, as_json=as_json)
            return
        position = decode(after, wanted, certwright.cursor_key) if after else None
        if form is None:
            _show(certwright, wanted, position, limit or _TABLE)
        else:
            _write(certwright, wanted, position, limit, form, columns, target)


def _tell_count(certwright: Certwright, wanted: Wanted, *, as_json: bool) -> None:
    found = certwright.browsing.count(wanted.at(certwright.clock.now()))
    if as_json:
        print_json({"count": found.number, "capped": found.capped})
    else:
        say(str(found))


def _show(certwright: Certwright, wanted: Wanted, after: Position | None, limit: int) -> None:
    if limit > _LONGEST_TABLE:
        raise Refused(f"A table shows {_LONGEST_TABLE} at most.", advice="--json, or --format csv, has no limit.")
    query = wanted.at(certwright.clock.now())
    page = certwright.browsing.page(query, after=after, size=limit)
    show_certificates("Certificates", page.certificates)
    if page.after is not None:
        of = certwright.browsing.count(query)
        say(f"{len(page.certificates):,} of {of}. Go on with the same options and:")
        say(f"--after {encode(page.after, wanted, certwright.cursor_key)}")


def show_certificates(title: str, certificates: Iterable[Summary]) -> None:
    """A table of certificates, in short where the terminal is narrow."""
    columns = _WIDE_COLUMNS if out.width >= WIDE else _NARROW_COLUMNS
    lines = ([of(one) for of in columns.values()] for one in certificates)
    fitting_table(title, tuple(columns), lines, giving="names")


def _names(certificate: Summary) -> str:
    names = certificate.names or (certificate.common_name,)
    more = f" +{len(names) - 2}" if len(names) > 2 else ""
    return cell(", ".join(names[:2]) + more)


def key_place(key: KeyReference | None) -> str:
    """Where a key of ours lives; "" for one that is not ours."""
    return f"{key.kind} {key.token}".strip() if key else ""


def severity(worst: Severity | None) -> str:
    """A severity in its colour, as markup."""
    return f"[{COLOURS[worst]}]{worst}[/]" if worst else ""


_NARROW_COLUMNS: dict[str, Callable[[Summary], str]] = {
    "fingerprint": lambda one: one.fingerprint[:12],
    "names": _names,
    "valid until": lambda one: moment(one.not_after)[:10],
    "state": lambda one: state(one.state),
    "account": lambda one: cell(one.account),
}
_WIDE_COLUMNS: dict[str, Callable[[Summary], str]] = {
    "fingerprint": lambda one: one.fingerprint[:16],
    "names": _names,
    "valid until (UTC)": lambda one: moment(one.not_after),
    "state": lambda one: state(one.state),
    "key": lambda one: cell(key_place(one.key)),
    "account": lambda one: cell(one.account),
    "owner": lambda one: cell(one.owner),
    "finding": lambda one: severity(one.severity),
}


def _write(
    certwright: Certwright,
    wanted: Wanted,
    after: Position | None,
    limit: int | None,
    form: ListFormat,
    columns: str,
    target: Path | None,
) -> None:
    """Stream the list; where a limit ended it, its cursor goes to standard error."""
    chosen = sheet.columns(columns.split(","))
    pages = _Pages(certwright, wanted, after, limit)
    if form is ListFormat.CSV:
        lines = sheet.csv_lines(pages.certificates(), chosen)
    elif form is ListFormat.JSONL:
        lines = (json_line(certificate_json(one)) for one in pages.certificates())
    else:
        lines = pages.pem()
    if target is None:
        to_standard_output(lines)
    else:
        to_file(lines, target)
        say(f"{target}: {pages.count:,} certificates")
    if pages.rest is not None and pages.count == limit:
        warn(f"There are more: --after {encode(pages.rest, wanted, certwright.cursor_key)}")


class _Pages:
    """A list read page by page, in flat memory; ``rest`` is where it goes on when a limit has ended it."""

    def __init__(self, certwright: Certwright, wanted: Wanted, after: Position | None, limit: int | None) -> None:
        self._certwright = certwright
        self._query = wanted.at(certwright.clock.now())
        self._limit = limit
        self.rest = after
        self.count = 0

    def _pages(self) -> Iterator[tuple[Summary, ...]]:
        while True:
            size = _PAGE if self._limit is None else min(_PAGE, self._limit - self.count)
            page = self._certwright.browsing.page(self._query, after=self.rest, size=size)
            self.rest = page.after
            self.count += len(page.certificates)
            yield page.certificates
            if page.after is None or self.count == self._limit:
                return

    def certificates(self) -> Iterator[Summary]:
        """Each certificate."""
        for page in self._pages():
            yield from page

    def pem(self) -> Iterator[str]:
        """The leafs as PEM, a page of them at a time."""
        for page in self._pages():
            yield to_pem(self._certwright.knowing.bytes_of([one.id for one in page])).decode()

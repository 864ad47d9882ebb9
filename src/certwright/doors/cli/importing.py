"""``certwright cert import``: certificates from files, and from what other tools kept, with their owners and dates."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

import typer

from certwright.doors.cli import judging
from certwright.doors.cli.fields import content
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.sources import progress
from certwright.doors.cli.terminal import print_json, say
from certwright.engine.uploads import Report, Upload
from certwright.model.errors import NotFound, Refused
from certwright.model.inventory import Outcome, Remarks, Run, Source, SourceKind, Tally
from certwright.store.remarks import RemarkChange
from certwright.targets.imports.origins import Origin, Tool, guess, guess_content
from certwright.targets.imports.table import DayOrder, Form, mapping
from certwright.wiring import Certwright

_SHOWN = 10
_LARGEST_INPUT = 64 * 1024 * 1024  # bytes of standard input
_LARGEST_LIST = 65_536  # bytes of a file of passwords
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_LEMUR = ("postgresql://", "postgres://")
_PASSWORD = re.compile(r"\b(?:ssl)?password\s*=", re.IGNORECASE)
_SAID = {
    Tool.FILES: "files of certificates",
    Tool.CERTBOT: "a folder of certbot",
    Tool.ACME_SH: "a home of acme.sh",
    Tool.LEGO: "a folder of lego",
    Tool.LEMUR: "a Lemur database",
    Tool.CSV: "a table (CSV)",
}


class From(StrEnum):
    """What the paths are."""

    AUTO = "auto"
    FILES = Tool.FILES
    CERTBOT = Tool.CERTBOT
    ACME_SH = Tool.ACME_SH
    LEGO = Tool.LEGO
    LEMUR = Tool.LEMUR
    CSV = Tool.CSV


class Dates(StrEnum):
    """What comes first in a date of figures alone."""

    DAY_FIRST = "d/m"
    MONTH_FIRST = "m/d"


_ORDERS = {Dates.DAY_FIRST: DayOrder.DAY_FIRST, Dates.MONTH_FIRST: DayOrder.MONTH_FIRST}


def import_certificates(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Folders and files; - for standard input; postgresql://… of Lemur, or @FILE with that URL.",
            show_default=False,
        ),
    ],
    tool: Annotated[From, typer.Option("--from", help="What kept them; auto looks what each path is.")] = From.AUTO,
    name: Annotated[str, typer.Option("--as", help="The source that what is found is kept under.")] = "import",
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Passwords of PKCS#12, JKS and keys, one a line: each is tried.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="MEANING=HEADING", help="What a column of a CSV file means: owner=Contact."),
    ] = None,
    dates: Annotated[
        Dates | None, typer.Option(help="Whether 03/04/2026 in a CSV file is day/month or month/day.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Of a CSV file, where it is not found out: cp1252.")] = "",
    delimiter: Annotated[str, typer.Option(help="Of a CSV file, where it is not found out.")] = "",
    owner: Annotated[str, typer.Option(help="The owner of those that come without one.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag for all of them.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it would come to.")] = False,
    as_json: AsJSON = False,
) -> int:
    """Bring in certificates: PEM, DER, PKCS#7, PKCS#12 and JKS files, and what other tools kept, with owners and dates.

    certbot, acme.sh, lego, Lemur, or the CSV export of any other tool. Nothing there is changed and no private key is
    taken. The same import again changes nothing; one that was interrupted is given again.
    """
    form = Form(mapping(columns or ()), _ORDERS[dates] if dates else None, encoding, delimiter)
    RemarkChange(owner=owner or None, tag=tuple(tag or ()))  # what cannot be kept is refused before anything is read
    said = Remarks(owner=owner, tags=tuple(tag or ()))
    origins = [_origin(path, tool, is_table=bool(columns)) for path in paths]
    passwords = _passwords(password_file)
    with opened() as certwright:
        upload = Upload(certwright.sources, certwright.loading, origins, passwords, form, said)
        if tool is From.AUTO and not as_json:
            for origin in origins:
                say(f"{origin.name}: {_SAID[origin.tool]}")
        with progress() as step:
            run = None if dry_run else upload.run(_source(certwright, name, origins), step)
            tally = upload.rehearse(step) if run is None else run.tally
            if run is not None:
                judging.at_once(certwright, step)
        if as_json:
            print_json(_json(run, tally, origins, upload.report))
        else:
            _tell(run, tally, upload.report)
        return _exit_code(run, tally, upload.report)


def _origin(text: str, tool: From, *, is_table: bool) -> Origin:
    """What a word of the command line names; nothing of it is opened for writing or run."""
    wanted = None if tool is From.AUTO else Tool(tool)
    if text == "-":
        return _standard_input(wanted, is_table=is_table)
    if text.startswith("@"):
        return _lemur(content(text), f"the URL in {text[1:]}", wanted)
    if _URL.match(text) or _PASSWORD.search(text):
        _refuse_password(text)
        return _lemur(text, "It", wanted)
    path, shown = Path(text), os.fsencode(text).decode("utf-8", "replace")
    if not _is_there(path):
        raise Refused(f"There is no {shown}.", advice="Name folders or files that are there.")
    return Origin(wanted or guess(path), shown, path.absolute())


def _standard_input(wanted: Tool | None, *, is_table: bool) -> Origin:
    given = typer.get_binary_stream("stdin").read(_LARGEST_INPUT + 1)
    if len(given) > _LARGEST_INPUT:
        raise Refused("Standard input is larger than 64 MiB.", advice="Put it into a file and name that.")
    tool = wanted or (Tool.CSV if is_table else guess_content(given))
    if tool not in (Tool.FILES, Tool.CSV):
        raise Refused(f"{_SAID[tool].capitalize()} is not read from standard input.", advice="Name its path.")
    return Origin(tool, "standard-input", given)


def _lemur(url: str, what: str, wanted: Tool | None) -> Origin:
    """A Lemur database by its URL, which may hold a password: no error repeats it."""
    if wanted not in (None, Tool.LEMUR) or not url.startswith(_LEMUR):
        raise Refused(
            f"{what} is no postgresql:// URL of a Lemur database.", advice="Folders and files are named by their paths."
        )
    parts = _split(url)
    return Origin(Tool.LEMUR, f"postgresql://{parts.hostname or ''}{parts.path}", url)


def _refuse_password(text: str) -> None:
    words = [name.lower() for name, _ in parse_qsl(_split(text).query, keep_blank_values=True)]
    if _split(text).password is not None or "password" in words or "sslpassword" in words or _PASSWORD.search(text):
        raise Refused(
            "A password must not stand on the command line, where every process can read it.",
            advice="Put the URL into a file that only you may read and give @FILE, or set PGPASSFILE or PGPASSWORD.",
        )


def _split(url: str) -> Any:
    try:
        return urlsplit(url)
    except ValueError:
        raise Refused("The URL cannot be read.") from None


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True


def _passwords(file: Path | None) -> tuple[bytes, ...]:
    """The lines of a file that are not empty; raises Refused when it has none."""
    if file is None:
        return ()
    try:
        with file.open("rb") as stream:
            found = tuple(filter(None, stream.read(_LARGEST_LIST).splitlines()))
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from None
    if not found:
        raise Refused(f"{file} holds no password.")
    return found


def _source(certwright: Certwright, name: str, origins: Sequence[Origin]) -> Source:
    """The source that imports of that name are kept under, with what is imported now."""
    settings = {"paths": [origin.name for origin in origins], "from": [str(origin.tool) for origin in origins]}
    try:
        certwright.sources.get(name, SourceKind.UPLOAD)
    except NotFound:
        return certwright.sources.add(name, SourceKind.UPLOAD, settings=settings)
    certwright.sources.change(name, settings=settings, every=None)
    return certwright.sources.get(name)


def _tell(run: Run | None, tally: Tally, report: Report) -> None:
    found = f"{tally.looked:,} looked at, {tally.found:,} certificates found, {tally.known:,} of them known"
    say(f"{found}. New: {tally.new:,} leaf certificates, {tally.ca_certificates:,} CA certificates.")
    if report.owners or report.tags:
        said = f"Owners came with {report.owners:,} of them, tags with {report.tags:,}"
        say(f"{said}; an owner who was named here before stays.")
    if report.not_here:
        say(f"Not in the inventory yet: {report.not_here:,}. Scan or integrate first, then import again.")
        for one in report.missing[:_SHOWN]:
            say(f"  {one.place}")
        _say_rest(report.not_here)
    if report.failed:
        say(f"Could not be read: {report.failed:,}.")
        for place, trouble in report.troubles[:_SHOWN]:
            say(f"  {place}: {trouble}")
        _say_rest(report.failed)
    if run is None:
        say("Nothing was written.")
    elif run.outcome is Outcome.FAILED:
        say(run.trouble)


def _say_rest(count: int) -> None:
    if count > _SHOWN:
        say(f"  and {count - _SHOWN:,} more: --json has them all.")


def _json(run: Run | None, tally: Tally, origins: Sequence[Origin], report: Report) -> dict[str, Any]:
    """What an import came to."""
    return {
        "source": run.source if run else None,
        "run": run.id if run else None,
        "outcome": run.outcome if run else None,
        "dry_run": run is None,
        "paths": [{"path": origin.name, "from": origin.tool} for origin in origins],
        "looked": tally.looked,
        "found": tally.found,
        "new": tally.new,
        "ca_certificates": tally.ca_certificates,
        "known": tally.known,
        "owners": report.owners,
        "tags": report.tags,
        "not_in_inventory": report.not_here,
        "missing": [
            {
                "place": one.place,
                "sha256": one.sha256 or None,
                "serial": one.serial or None,
                "issuer": one.issuer or None,
            }
            for one in report.missing
        ],
        "failed": report.failed,
        "troubles": [{"place": place, "trouble": trouble} for place, trouble in report.troubles],
    }


def _exit_code(run: Run | None, tally: Tally, report: Report) -> int:
    """0 when something was found or nothing is wrong, 1 when nothing could be read, 3 when it did not come through."""
    if run is not None and run.outcome not in (Outcome.DONE, Outcome.PARTLY):
        return 3
    return 1 if report.failed and not tally.found else 0

"""Where certificates are brought in from: what a path is, and one way of reading for all that other tools kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from certwright.model.inventory import Find, Known
from certwright.pki.errors import Invalid
from certwright.targets import files
from certwright.targets.files.regular import open_regular
from certwright.targets.imports import acme_sh, certbot, lego, lemur, table
from certwright.targets.imports.table import Form

_LOOKED_AT = 64 * 1024  # bytes of a file, to tell what it is
_TABLES = (".csv", ".tsv")
_SQLITE = b"SQLite format 3\x00"
_CUSTOM_DUMP = b"PGDMP"
_PLAIN_DUMP = b"-- PostgreSQL database dump"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PEM = re.compile(rb"^-----BEGIN ", re.MULTILINE)  # in a cell of a table it never begins the line
_BASE64 = re.compile(rb"[A-Za-z0-9+/=\s]+")
_DELIMITERS = re.compile(rb"[,;\t|]")


class Tool(StrEnum):
    """What kept the certificates."""

    FILES = "files"
    CERTBOT = "certbot"
    ACME_SH = "acme.sh"
    LEGO = "lego"
    LEMUR = "lemur"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Origin:
    """Something to read: a path, what was handed in as bytes, or the URL of a Lemur database.

    ``name`` is what people call it, without any secret; what was handed in as bytes has its places below that name.
    """

    tool: Tool
    name: str
    where: Path | bytes | str = field(repr=False)


def guess(path: Path) -> Tool:
    """What a folder or file is, by what lies in it; what is nothing else counts as files of certificates."""
    if _is_folder(path):
        return next((tool for tool, is_one in _FOLDERS if is_one(path)), Tool.FILES)
    if path.suffix.lower() in _TABLES:
        return Tool.CSV
    try:
        with open_regular(path) as file:
            return guess_content(file.read(_LOOKED_AT))
    except (Invalid, OSError):
        return Tool.FILES  # whose reader tells why it cannot be read


def guess_content(beginning: bytes) -> Tool:
    """What a file is, by its first 64 KiB: a table has delimiters in its first line and no PEM block of its own."""
    beginning = beginning[:_LOOKED_AT]
    if beginning.startswith((_SQLITE, _CUSTOM_DUMP)) or _PLAIN_DUMP in beginning[:1024]:
        return Tool.LEMUR
    if beginning.startswith(_UTF16):
        return Tool.CSV
    if b"\0" in beginning or _PEM.search(beginning) or _BASE64.fullmatch(beginning):
        return Tool.FILES
    return Tool.CSV if _DELIMITERS.search(beginning.partition(b"\n")[0]) else Tool.FILES


def read(origin: Origin, *, passwords: Sequence[bytes] = (), form: Form | None = None) -> Iterator[Find | Known]:
    """What is there; lazily, and twice the same as long as nobody changes it.

    ``passwords`` are tried on files, ``form`` is of CSV files. Raises Misconfigured or Unavailable as the readers do:
    when it is called, or before the first find.
    """
    where = origin.where
    if origin.tool is Tool.CSV and not isinstance(where, str):
        return table.read(where, name=origin.name if isinstance(where, bytes) else "", form=form)
    if isinstance(where, bytes):
        return files.read_bytes(origin.name, where, passwords=passwords)
    if origin.tool is Tool.LEMUR:
        return lemur.read(where)
    if origin.tool is Tool.FILES:
        return files.read([Path(where)], passwords=passwords)
    return _CLIENTS[origin.tool](Path(where))


_CLIENTS = {Tool.CERTBOT: certbot.read, Tool.ACME_SH: acme_sh.read, Tool.LEGO: lego.read}


def _is_certbot(folder: Path) -> bool:
    return _is_folder(folder / "renewal") and any(_is_folder(folder / name) for name in ("live", "archive"))


def _is_acme_sh(folder: Path) -> bool:
    return _is_file(folder / "account.conf")


def _is_lego(folder: Path) -> bool:
    return _is_folder(folder / "certificates") and _is_folder(folder / "accounts")


_FOLDERS = ((Tool.CERTBOT, _is_certbot), (Tool.ACME_SH, _is_acme_sh), (Tool.LEGO, _is_lego))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # we may not look there
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False

"""What the folders of ACME clients have in common: a certificate in one file, its issuers in another, a key beside."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from certwright.model.errors import Misconfigured
from certwright.model.inventory import Find, Remarks
from certwright.pki.errors import Invalid
from certwright.targets.files.grouping import group
from certwright.targets.files.opening import key_hash, open_file
from certwright.targets.files.places import file_place
from certwright.targets.files.regular import read_regular, reason

OnItem = Callable[[int], None]  # how many items of the tool's own list are done
_PART = re.compile(r"[A-Za-z0-9.:_-]{1,255}")  # of a path at a server
_LARGEST_NOTE = 256 * 1024  # bytes of a file of settings


def subfolders(folder: Path) -> list[Path]:
    """The folders in a folder, links left out, in the order of their names' bytes; none when there is no such folder.

    Raises Misconfigured when it cannot be listed.
    """
    return [path for path in _listed(folder) if path.is_dir() and not path.is_symlink()]


def files(folder: Path) -> list[Path]:
    """Everything in a folder but folders, in the order of the names' bytes; raises as :func:`subfolders`."""
    return [path for path in _listed(folder) if not path.is_dir()]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as problem:
        raise Misconfigured(
            f"The folder {file_place(folder)} cannot be listed: {reason(problem)}.",
            advice="Run this as the user whom the folder belongs to.",
        ) from problem


def text_of(path: Path) -> str:
    """A file of settings as text; empty when it is not there or cannot be read. Never raises."""
    try:
        return read_regular(path, _LARGEST_NOTE).decode("utf-8", "replace")
    except Invalid:
        return ""


def json_of(path: Path) -> dict[str, Any]:
    """A JSON file's object; empty when it is not there, or is none. Never raises."""
    try:
        found = json.loads(text_of(path) or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def certificate_find(
    place: Path,
    sources: Sequence[Path],
    key: Path,
    remarks: Remarks,
    *,
    replaces: str = "",
) -> Find:
    """The find of the leaf in the first of ``sources``, with its issuers from all of them; ``place`` is where it is.

    The first must be there, the others may be missing. With ``trouble`` when the first cannot be read or holds
    anything but one leaf.
    """
    where = file_place(place)
    try:
        opened = open_file(read_regular(sources[0]))
        leaves = [one for one in opened.certificates if not one.is_ca]
        if len(leaves) != 1:
            return Find(where, trouble=f"{len(leaves)} leaf certificates are in the file; one should be.")
        others = [one for source in sources[1:] for one in _certificates(source)]
        members = next(iter(group(tuple(dict.fromkeys([leaves[0], *opened.certificates, *others])))))
    except Invalid as problem:
        return Find(where, trouble=str(problem))
    has_key = key_hash(leaves[0]) in _keys(key)
    return Find(where, tuple(one.der for one in members), has_key=has_key, remarks=remarks, replaces=replaces)


def server_folder(folder: Path, host: str, path: str) -> Path | None:
    """The folder below ``folder`` that a client names after a server's host and path; None for one that leads out."""
    parts = [host, *filter(None, path.split("/"))]
    if not all(_PART.fullmatch(part) and part.strip(".") for part in parts):
        return None
    return folder.joinpath(*parts)


def since(path: Path) -> datetime | None:
    """When the file was last written (UTC): its client writes a certificate once. None when nobody can tell."""
    try:
        return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    except (OSError, ValueError, OverflowError):
        return None


def counted(finds: Iterator[Sequence[Find]], on_item: OnItem | None) -> Iterator[Find]:
    """The finds one by one; ``on_item`` is told how many items are done when those of one have been taken."""
    for done, some in enumerate(finds, 1):
        yield from some
        if on_item is not None:
            on_item(done)


def _certificates(path: Path) -> tuple[Any, ...]:
    try:
        return open_file(read_regular(path)).certificates
    except Invalid:
        return ()  # the chain is a help, not a must


def _keys(path: Path) -> frozenset[str]:
    try:
        return open_file(read_regular(path, _LARGEST_NOTE)).keys
    except Invalid:
        return frozenset()

"""Walking a folder: which files may hold certificates, by name alone, in an order that never changes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePath

from certwright.targets.files.regular import reason

_DEEPEST = 100  # folders within folders
_MOST = 1_000_000  # entries of one folder, which are sorted in memory
_PLAIN = frozenset((".pem", ".crt", ".cer", ".cert", ".der", ".ca-bundle", ".p7b", ".p7c"))
_STORES = frozenset((".p12", ".pfx", ".pkcs12", ".jks", ".keystore", ".truststore"))
_SURE = _PLAIN | _STORES
_PERHAPS = frozenset(("", ".key", ".txt", ".bundle", ".chain", ".zip", *(f".{number}" for number in range(10))))


class Promise(Enum):
    """What a file's name says of its content."""

    SURE = "sure"  # a certificate: it is told when it holds none that can be read
    PERHAPS = "perhaps"  # maybe one: passed over in silence when it holds none


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to look into, or a place that could not be walked, with the reason as ``trouble``.

    ``absent``: what was named is not there, though the folder that it would be in is.
    """

    path: Path
    promise: Promise = Promise.SURE
    trouble: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Globs that choose among the files of a folder.

    ``*`` stands for anything, slashes too. A glob is held against the name of a file or folder and against its path
    from the folder that is walked. With ``include``, only files that one of them fits are looked into, and all of
    these, whatever their names end in; a file or folder that fits ``exclude`` is not looked at.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()

    def promise_of(self, name: str, relative: str) -> Promise | None:
        """What to make of a file; None to pass it over."""
        if self.leaves_out(name, relative):
            return None
        if self.include:
            return Promise.SURE if _fits(self.include, name, relative) else None
        ending = PurePath(name).suffix.lower()
        if ending in _SURE:
            return Promise.SURE
        return Promise.PERHAPS if ending in _PERHAPS else None

    def leaves_out(self, name: str, relative: str) -> bool:
        """Whether a file or folder is excluded."""
        return _fits(self.exclude, name, relative)


def walk(root: Path, choice: Choice) -> Iterator[Candidate]:
    """The files to look into below ``root``, or ``root`` itself when it is a file; nothing is opened.

    Sorted by the bytes of the names, folder by folder, so the same tree always comes in the same order. Links to
    files are followed, links to folders are not, so no walk goes in a circle. What cannot be listed is told in its
    place.
    """
    try:
        is_folder = root.is_dir()
        if not is_folder:
            root.lstat()
    except (OSError, ValueError) as problem:
        yield _not_there(root, problem)
        return
    if not is_folder:
        yield Candidate(root)  # named by somebody: always told
        return
    levels = [_listed(root, "")]
    while levels:
        step = next(levels[-1], None)
        if step is None:
            levels.pop()
        elif isinstance(step, Candidate):
            yield from _chosen(step, root, choice)
        elif choice.leaves_out(step.path.name, step.relative):
            continue
        elif len(levels) >= _DEEPEST:
            yield Candidate(step.path, trouble=f"Folders lie more than {_DEEPEST} deep in one another here.")
        else:
            levels.append(_listed(step.path, step.relative + "/"))


@dataclass(frozen=True, slots=True)
class _Folder:
    path: Path
    relative: str


def _listed(folder: Path, prefix: str) -> Iterator[Candidate | _Folder]:
    """The folder's own entries in their order: files as candidates, folders, and the trouble in listing it."""
    try:
        with os.scandir(folder) as entries:
            kinds = ((os.fsencode(entry.name), _is_folder(entry)) for entry in islice(entries, _MOST + 1))
            found = sorted((name, is_folder) for name, is_folder in kinds if is_folder is not None)
    except OSError as problem:
        yield Candidate(folder, trouble=f"The folder cannot be listed: {reason(problem)}.")
        return
    if len(found) > _MOST:
        yield Candidate(folder, trouble=f"The folder has more than {_MOST:,} entries; nothing in it was looked at.")
        return
    for encoded, is_folder in found:
        name = os.fsdecode(encoded)
        yield _Folder(folder / name, prefix + name) if is_folder else Candidate(folder / name)


def _is_folder(entry: os.DirEntry[str]) -> bool | None:
    """Whether it is a folder; None for a link to one, which is not followed."""
    try:
        return None if entry.is_symlink() and entry.is_dir() else entry.is_dir(follow_symlinks=False)
    except OSError:  # links in a circle: the reader will tell
        return False


def _chosen(candidate: Candidate, root: Path, choice: Choice) -> Iterator[Candidate]:
    if candidate.trouble:
        yield candidate
        return
    promise = choice.promise_of(candidate.path.name, str(candidate.path.relative_to(root)))
    if promise is not None:
        yield Candidate(candidate.path, promise)


def _not_there(root: Path, problem: OSError | ValueError) -> Candidate:
    if not isinstance(problem, OSError):
        return Candidate(root, trouble="No file has such a name.")
    # A folder that is not there may be a disk that is away; a file of certificates that is not there is gone.
    absent = isinstance(problem, FileNotFoundError) and root.parent.is_dir() and root.suffix.lower() in _SURE
    return Candidate(root, trouble=f"The file or folder cannot be read: {reason(problem)}.", absent=absent)


def _fits(globs: Sequence[str], name: str, relative: str) -> bool:
    return any(fnmatchcase(name, glob) or fnmatchcase(relative, glob) for glob in globs)

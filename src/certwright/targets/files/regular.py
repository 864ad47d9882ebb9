"""Reading a file that anybody may have put there: regular files alone, never more bytes than told."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from certwright.pki.errors import Invalid
from certwright.pki.formats import MAXIMUM_SIZE

# O_NONBLOCK: opening a named pipe must not wait for a writer. O_NOCTTY: a terminal must not become ours.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_WORDS = {
    errno.ENOENT: "it does not exist",
    errno.EACCES: "we may not read it",
    errno.EPERM: "we may not read it",
    errno.ELOOP: "its links lead in a circle",
}


def read_regular(path: Path, maximum: int = MAXIMUM_SIZE) -> bytes:
    """The content of a regular file, also behind a link.

    Raises Invalid with the reason when it cannot be read, is no regular file or is larger than ``maximum`` bytes.
    """
    with open_regular(path) as file:
        try:
            content = file.read(maximum + 1)
        except OSError as problem:
            raise Invalid(f"The file cannot be read: {reason(problem)}.") from problem
    if len(content) > maximum:
        raise Invalid(f"The file is larger than {maximum // 1024} KiB.")
    return content


def open_regular(path: Path) -> BufferedReader:
    """A regular file, opened for reading in bytes.

    Raises Invalid with the reason when it cannot be opened or is a device, a pipe or a folder. A device is not even
    opened: opening one can set it going.
    """
    try:
        _refuse_irregular(path.stat())
        file = open(os.open(path, _FLAGS), "rb")  # noqa: PTH123, SIM115 - the flags; the caller closes it
    except Invalid:
        raise
    except OSError as problem:
        raise Invalid(f"The file cannot be read: {reason(problem)}.") from problem
    except ValueError as problem:  # a NUL in the path
        raise Invalid("The file cannot be read: no file has such a name.") from problem
    try:
        _refuse_irregular(os.fstat(file.fileno()))  # it may have been exchanged since
    except Invalid:
        file.close()
        raise
    return file


def reason(problem: OSError) -> str:
    """Why the system refused, in a few words and without the path."""
    return _WORDS.get(problem.errno or 0) or (problem.strerror or type(problem).__name__).lower()


def _refuse_irregular(about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise Invalid("It is not a regular file.")

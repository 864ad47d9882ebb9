"""Long output: as a stream to standard output, or whole or not at all into a file."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from certwright.doors.cli.export import check_target
from certwright.doors.cli.terminal import inert
from certwright.model.errors import Refused

_PIECE = 1 << 16  # characters that are written at once


def to_standard_output(lines: Iterable[str]) -> None:
    """Write the lines; when nobody reads any more (``| head``), stop without a word.

    On a terminal without control characters: a name in a certificate must not move its cursor.
    """
    try:
        for line in lines:
            sys.stdout.write(f"{inert(line.rstrip())}\n" if sys.stdout.isatty() else line)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more at its end


def to_file(lines: Iterable[str], target: Path) -> None:
    """Write the lines into a file that only its owner may read, and that is there only when it is complete.

    Raises Refused when it cannot be written; what stood there then stays.
    """
    check_target(target)
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="", buffering=_PIECE) as stream:
            for line in lines:
                stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as error:
        raise Refused(f"{target} cannot be written: {error.strerror}.") from None
    finally:
        temporary.unlink(missing_ok=True)

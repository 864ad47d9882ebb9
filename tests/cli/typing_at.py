"""A person at a terminal: the program in a pseudo-terminal of some width."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence

from tests.cli.program import Program

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")


def at_a_terminal(
    program: Program, words: Sequence[str], *, width: int, answers: Mapping[str, str] | None = None
) -> str:
    """Everything that the terminal shows of a command, as text; each answer is typed when its question is there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    environment = {**program.full_environment(), "TERM": "xterm"}
    environment.pop("COLUMNS", None)
    command = [sys.executable, "-m", "certwright", *words]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown, waiting = "", dict(answers or {})
        text = codecs.getincrementaldecoder("utf-8")()
        while piece := _read(ours):
            shown += text.decode(piece)
            for question in [one for one in waiting if one in shown]:
                os.write(ours, f"{waiting.pop(question)}\n".encode())
        process.wait(timeout=60)
    os.close(ours)
    return _CONTROL.sub("", shown)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other side is closed
        return b""

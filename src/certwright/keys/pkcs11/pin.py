"""Where a token's PIN comes from: a file, a value of the environment, a person, or the token's own PIN pad.

Never a command line: other users of the machine can read those.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path

from certwright.keys.secret_files import read_private
from certwright.model.errors import Misconfigured


class ProtectedPath(Enum):
    """The token asks for the PIN itself, on its own pad (CKF_PROTECTED_AUTHENTICATION_PATH)."""

    PROTECTED = "protected authentication path"


PinSource = Callable[[], bytes | ProtectedPath]
"""Called right before each login, so that a PIN changed in its file is used without a restart."""


def from_file(path: Path) -> PinSource:
    """Read the PIN from ``path`` (mode 0600 or 0400), less one line end; raises Misconfigured."""
    return lambda: _one_line(read_private(path), f"The PIN file {path}")


def from_value(value: str | bytes) -> PinSource:
    """Use a PIN that the settings took from the environment or a service credential."""
    content = value.encode() if isinstance(value, str) else value
    return lambda: content


def from_prompt(ask: Callable[[], str]) -> PinSource:
    """Ask a person, once; the answer is kept for later logins of this process."""
    answers: list[bytes] = []

    def read() -> bytes:
        if not answers:
            answers.append(ask().encode())
        return answers[0]

    return read


def from_token() -> PinSource:
    """Leave the asking to the token's own PIN pad."""
    return lambda: ProtectedPath.PROTECTED


def _one_line(content: bytes, source: str) -> bytes:
    pin = content.removesuffix(b"\n").removesuffix(b"\r")
    if b"\n" in pin or b"\r" in pin:
        raise Misconfigured(f"{source} has more than one line.", advice="It must hold the PIN and nothing else.")
    return pin

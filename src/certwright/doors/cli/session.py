"""An opened installation for one command, closed at its end."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from certwright.doors.cli.logs import to_standard_error
from certwright.model.errors import Misconfigured
from certwright.wiring import Certwright, Settings


@contextmanager
def opened(role: str = "cli") -> Iterator[Certwright]:
    """Open the installation that the environment names; raises Misconfigured when it cannot be."""
    to_standard_error("warning" if role == "cli" else "info")
    try:
        settings = Settings()
    except ValidationError as error:
        names = ", ".join(f"CERTWRIGHT_{str(item['loc'][0]).upper()}" for item in error.errors())
        raise Misconfigured(f"The environment does not fit: {names}.") from None
    certwright = Certwright(settings, role=role, ask=_ask if sys.stdin.isatty() else None)
    try:
        yield certwright
    finally:
        certwright.close()


def _ask(question: str) -> str:
    return getpass.getpass(question)

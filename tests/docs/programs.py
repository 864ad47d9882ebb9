"""Outside programs that documents use; a skip says which one is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def needs(program: str, package: str) -> str:
    """The path of a program; skips the test when Debian's ``package`` is not installed."""
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed (Debian package {package})")
    return found


def needs_library(name: str, package: str) -> Path:
    """The path of a shared library below /usr/lib; skips the test when Debian's ``package`` is not installed."""
    found = next(Path("/usr/lib").rglob(name), None)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian package {package})")
    return found

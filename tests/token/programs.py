"""Outside programs and libraries that these tests use: where they are, and skips that say what is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

LIBRARY_FOLDERS = (
    "/usr/lib/softhsm",
    "/usr/local/lib/softhsm",
    "/opt/homebrew/lib/softhsm",
    *(str(folder) for folder in Path("/usr/lib").glob("*-linux-gnu")),
    *(str(folder) for folder in Path("/usr/lib").glob("*-linux-gnu/softhsm")),
    *(str(folder) for folder in Path("/usr/lib").glob("*-linux-gnu/pkcs11")),
    *(str(folder) for folder in Path("/usr/lib").glob("*-linux-gnu/engines-3")),
    "/usr/lib64",
    "/usr/lib64/pkcs11",
)


def library(name: str, package: str) -> str:
    """Return the path of a shared library; skips the test when Debian's ``package`` is not installed."""
    for folder in LIBRARY_FOLDERS:
        if (Path(folder) / name).is_file():
            return str(Path(folder) / name)
    pytest.skip(f"{name} is not installed (Debian package {package})")


def program(name: str, package: str) -> str:
    """Return the path of a program; skips the test when Debian's ``package`` is not installed."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed (Debian package {package})")
    return found


def softhsm_module() -> str:
    """The module under test: CERTWRIGHT_TEST_PKCS11_MODULE, else SoftHSM2 in a usual place."""
    return os.environ.get("CERTWRIGHT_TEST_PKCS11_MODULE") or library("libsofthsm2.so", "softhsm2")

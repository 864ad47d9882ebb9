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


def alone(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """The environment with a SoftHSM store in which the token written to last is the only one.

    All tests of a process share one store, and GnuTLS does not find a token among more than some four dozen.
    """
    store = Path(Path(environment["SOFTHSM2_CONF"]).read_text().split("tokendir =")[1].split()[0])
    newest = max(store.iterdir(), key=lambda token: max(file.stat().st_mtime_ns for file in token.iterdir()))
    shutil.copytree(newest, folder / "alone" / newest.name)
    conf = folder / "alone.conf"
    conf.write_text(f"directories.tokendir = {folder / 'alone'}\n")
    return {**environment, "SOFTHSM2_CONF": str(conf)}

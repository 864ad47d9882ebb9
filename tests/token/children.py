"""Child processes, for what crashes, forks or needs a PKCS#11 module of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parents[2] / "src"

PROLOGUE = """
import json, os, sys
from pathlib import Path
settings = json.loads(os.environ["TEST_SETTINGS"])
from certwright.keys.pkcs11 import Pkcs11Keys, TokenKeyReference, TokenProfile, pin
from certwright.model.errors import CertwrightError, Misconfigured, Unavailable
from certwright.pki.keys import KeySpec

def open_keys():
    return Pkcs11Keys(
        TokenProfile(**settings["profile"]),
        pin.from_file(Path(settings["pin_file"])),
        Path(settings["refused_pins"]),
    )
"""


def environment(settings: Mapping[str, Any], **more: str) -> dict[str, str]:
    """The environment of a child: ours, our sources, and what PROLOGUE reads."""
    path = os.pathsep.join([str(SOURCES), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "TEST_SETTINGS": json.dumps(settings), **more}


def start(script: str, settings: Mapping[str, Any], **more: str) -> subprocess.Popen[str]:
    """Start ``script`` after PROLOGUE in a new Python; its output is text on a pipe."""
    return subprocess.Popen(
        [sys.executable, "-c", PROLOGUE + script],
        env=environment(settings, **more),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run(script: str, settings: Mapping[str, Any], **more: str) -> str:
    """Run ``script`` to its end and return what it printed; fails the test when it fails."""
    child = start(script, settings, **more)
    output, _ = child.communicate(timeout=60)
    assert child.returncode == 0, f"the child ended with {child.returncode} after printing {output!r}"
    return output.strip()

"""An installation whose inventory has some certificates, found in a folder of this machine."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from certwright.pki.formats import to_pem
from tests.cases.authority import Authority, root
from tests.cli.program import Program

ENDS_IN = (5, 20, 45, 80, 100, 120, 140, 150, 160, 170, -1, -30)  # days; the last two are over
DOMAINS = ("meadow.example", "orchard.example")
_JUDGE = "from certwright.wiring import Certwright; program = Certwright(); program.judging.quick(); program.close()"


@dataclass
class Estate:
    """The program, and what its folder holds."""

    program: Program
    folder: Path
    ca: Authority

    def write(self, name: str, *, ends_in: int = 90) -> None:
        """One more certificate with its intermediate."""
        now = datetime.now(UTC).replace(microsecond=0)
        leaf = self.ca.issue(name, not_before=now - timedelta(days=60), not_after=now + timedelta(days=ends_in))
        (self.folder / f"{name}.pem").write_bytes(to_pem((leaf, self.ca.certificate)))

    def list(self, *words: str) -> list[dict[str, Any]]:
        """``cert list``."""
        return self.program.run("cert", "list", "--json", *words).expect(0).lines()

    def names(self, *words: str) -> list[str]:
        """The common names that it lists."""
        return [one["common_name"] for one in self.list(*words)]

    def copy(self, home: Path) -> Estate:
        """The same once more, to be changed."""
        return Estate(self.program.copy(home), self.folder, self.ca)


def found(program: Program, folder: Path) -> Estate:
    """Two domains' certificates, looked at by the source ``disk`` and judged."""
    estate = Estate(program, folder, root().intermediate())
    for number, days in enumerate(ENDS_IN):
        estate.write(f"n{number}.{DOMAINS[number % 2]}", ends_in=days)
    program.run("source", "add-folder", "disk", str(folder)).expect(0)
    subprocess.run([sys.executable, "-c", _JUDGE], env=program.full_environment(), check=True)
    return estate

"""The command line. It needs no server: it records first, and where no worker runs it does the work itself."""

from __future__ import annotations

import sys


def main() -> None:
    """The program ``certwright``. Exit codes: 0 done, 1 refused, 2 usage, 3 unavailable, 4 misconfigured."""
    from certwright.doors.cli.app import run

    sys.exit(run(sys.argv[1:]))

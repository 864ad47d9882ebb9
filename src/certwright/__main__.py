"""``python -m certwright``."""

from certwright.doors.cli import main

main()

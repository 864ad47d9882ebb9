"""Write the migration that a change of ``store/models.py`` needs: ``python -m tests.make_migration NAME``."""

import sys
import tempfile
from pathlib import Path

from django.core.management import call_command

from certwright.store import setup

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        setup.use(Path(folder) / "scratch.sqlite")
        call_command("makemigrations", "store", name=sys.argv[1])

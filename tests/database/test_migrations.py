"""A database that is in use keeps everything when its schema changes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.database.processes import ROOT

KEPT = {
    "leaves": ["copy", "listed", "new", "old"],
    "names": {
        "old": ["shop.meadow.example"],
        "new": ["shop.meadow.example", "api.meadow.example"],
        "copy": ["shop.meadow.example"],
        "listed": ["listed.example"],
    },
    "states": {"old": "replaced", "new": "valid", "copy": "valid", "listed": "valid"},
    "issuers": ["CN=Meadow Test Intermediate"],
    "products": {"old": "", "new": "ssl_basic", "copy": "ssl_basic", "listed": ""},
    "key specs": ["ec-p256"],
    "replaces": {"old": "", "new": "old", "copy": "", "listed": ""},
    "chains": [1],
    "order": "new",
    "CA order": "listed",
    "in force": 3,
    "counted": True,
    "found": 3,
    "missing": 0,
}


def migrated(database: str) -> object:
    """What is in a database that was filled before."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.database.old_schema", database], cwd=ROOT, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_certificates_and_orders_of_before_the_inventory_are_all_there_on_sqlite(tmp_path: Path) -> None:
    assert migrated(str(tmp_path / "old.sqlite")) == KEPT


@pytest.mark.xdist_group("postgresql")
def test_certificates_and_orders_of_before_the_inventory_are_all_there_on_postgresql(postgresql: str) -> None:
    assert migrated(postgresql) == KEPT

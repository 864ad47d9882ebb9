"""The store on PostgreSQL: the tests of this folder that are about the store, run once more, each against a database of
its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.database.processes import ROOT

FOLDER = "tests/database"
PARTS = {
    "inventory": (
        "inventory", "loading", "loading_processes", "overview", "rollup", "sightings", "sources",
    ),
    "browsing": ("browsing",),
    "findings": ("authorities", "findings"),
    "orders": (
        "ca_orders", "ca_order_changes", "ca_order_matches", "due", "import_lineage", "journal_contract", "listings",
        "orders", "renewals", "targets",
    ),
}  # fmt: skip
# What SQLite's planner does, and a program that opens a file of its own.
OF_SQLITE = (
    "test_due.py::test_what_is_due_among_many_is_found_by_its_index_alone",
    "test_due.py::test_looking_for_dead_leases_reads_leased_rows_alone",
    "test_targets.py::test_a_crash_while_publishing_leaves_a_row_and_no_more_work",
)
SECONDS = 500


@pytest.mark.xdist_group("postgresql")
@pytest.mark.parametrize("part", PARTS)
def test_the_store_keeps_its_promises_on_postgresql(postgresql: str, part: str) -> None:
    files = [f"{FOLDER}/test_{name}.py" for name in PARTS[part]]
    left_out = [f"--deselect={FOLDER}/{name}" for name in OF_SQLITE]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-q", "--no-header", *left_out, *files],
        cwd=ROOT,
        env={**os.environ, "CERTWRIGHT_TEST_DATABASE_URL": postgresql},
        capture_output=True,
        timeout=SECONDS,
    )
    told = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, told[-20_000:]
    assert "skipped" not in told.splitlines()[-1], told


@pytest.mark.xdist_group("postgresql")
def test_a_user_who_may_not_have_the_extension_is_told_what_to_ask_for(postgresql: str) -> None:
    """pg_trgm is a trusted extension, but only for those who may create something in the database."""
    import psycopg

    with psycopg.connect(postgresql, autocommit=True) as connection:
        name = postgresql.rpartition("/")[2]
        connection.execute(f"CREATE ROLE {name} LOGIN; REVOKE CREATE ON DATABASE {name} FROM public")
        connection.execute(f"GRANT ALL ON SCHEMA public TO {name}")
        try:
            program = "import sys; from certwright.store import setup; setup.use(sys.argv[1]); setup.migrate()"
            url = postgresql.replace("certwright@", f"{name}@")
            done = subprocess.run([sys.executable, "-c", program, url], capture_output=True, timeout=60)
        finally:
            connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
    assert done.returncode != 0
    last = done.stderr.decode().splitlines()[-1]
    assert "certwright.model.errors.Misconfigured" in last, done.stderr.decode()
    assert "pg_trgm" in last

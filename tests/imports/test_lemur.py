"""A Lemur database in PostgreSQL, as a dump that pg_dump made of it, and as a copy in SQLite."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from certwright.model.errors import Misconfigured, Unavailable
from certwright.model.inventory import Find
from certwright.pki.certificate import Certificate
from certwright.targets.imports import lemur
from tests.imports.lemur_tables import SECRET, fill
from tests.imports.papers import ca, intermediate, pair

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed (certwright[postgresql])")
pytestmark = pytest.mark.xdist_group("postgresql")  # one server is enough
CHAIN = intermediate().certificate.pem


@pytest.fixture
def leaves() -> list[Certificate]:
    return [pair(f"n{number}.example")[0] for number in range(3)]


def in_postgresql(url: str, leaves: list[Certificate]) -> str:
    with psycopg.connect(url) as connection:
        fill(lambda statement: connection.execute(statement.encode()), [leaf.pem for leaf in leaves], CHAIN)
    return url


def in_sqlite(path: Path, leaves: list[Certificate]) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        fill(connection.execute, [leaf.pem for leaf in leaves], CHAIN)
        connection.commit()
    return path


def dumped(url: str, path: Path, *options: str) -> Path:
    beside = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))
    program = shutil.which("pg_dump") or shutil.which("pg_dump", path=os.pathsep.join(beside))
    assert program, "pg_dump belongs to every PostgreSQL"
    subprocess.run([program, "--file", str(path), *options, url], check=True, capture_output=True, timeout=60)
    return path


Where = Callable[[list[Certificate]], Any]


@pytest.fixture(params=["postgresql", "dump", "sqlite"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Where:
    """A Lemur database of those certificates, in one of the forms."""

    def make(leaves: list[Certificate]) -> Any:
        if request.param == "sqlite":
            return in_sqlite(tmp_path / "a b#c.sqlite", leaves)
        url = in_postgresql(request.getfixturevalue("postgresql"), leaves)
        return url if request.param == "postgresql" else dumped(url, tmp_path / "lemur.sql")

    return make


def fields(find: Find) -> dict[str, str]:
    assert find.remarks is not None
    return dict(find.remarks.fields)


def test_all_that_lemur_knew_comes_from_every_form(where: Where, leaves: list[Certificate]) -> None:
    done: list[int] = []

    old, orphan, shop, broken = lemur.read(where(leaves), on_item=done.append)

    assert [find.place for find in (old, orphan, shop, broken)] == [f"lemur:certificates/{n}" for n in (1, 2, 3, 4)]
    assert done == [1, 2, 3, 4]
    assert shop.certificates == (leaves[2].der, intermediate().certificate.der)
    assert shop.remarks is not None
    assert shop.remarks.owner == "shop@meadow.example"
    assert shop.remarks.tags == ("team shop", "web")
    assert shop.remarks.known_since == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert fields(shop) == {
        "lemur_name": "shop",
        "description": 'O\'Brien; DROP TABLE certificates; -- =HYPERLINK("x") and\\more',
        "authority": "Meadow CA",
        "destinations": "elb-west",
        "sources": "aws-source, other",
        "rotation": "yes",
        "notify": "yes",
        "lemur_status": "valid",
        "also_replaced": leaves[0].fingerprint,
    }
    assert shop.replaces == leaves[1].fingerprint
    assert (old.has_key, orphan.has_key, shop.has_key) == (True, False, True)


def test_a_certificate_that_belongs_to_nothing_comes_too(where: Where, leaves: list[Certificate]) -> None:
    orphan = list(lemur.read(where(leaves)))[1]

    assert orphan.certificates == (leaves[1].der,)
    assert orphan.remarks is not None
    assert orphan.remarks.known_since == datetime(2020, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC)
    assert fields(orphan) == {"lemur_name": "orphan", "external_id": "00123"}


def test_one_certificate_that_cannot_be_read_is_told_with_its_owner(where: Where, leaves: list[Certificate]) -> None:
    broken = list(lemur.read(where(leaves)))[3]

    assert not broken.certificates
    assert broken.trouble
    assert broken.remarks is not None
    assert broken.remarks.owner == "x@meadow.example"
    assert fields(broken)["deleted"] == "yes"


def test_no_private_key_comes_out_or_lies_in_a_temporary_file(
    where: Where, leaves: list[Certificate], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(made))
    run = lemur.read(where(leaves))
    first = next(run)
    left = b"".join(path.read_bytes() for path in made.rglob("*") if path.is_file())

    assert SECRET not in repr([first, *run])
    assert SECRET.encode() not in left
    assert not list(made.iterdir())


def test_lemurs_database_is_only_read(postgresql: str, leaves: list[Certificate]) -> None:
    run = lemur.read(in_postgresql(postgresql, leaves))
    next(run)
    with psycopg.connect(postgresql) as other:
        modes = other.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
        other.execute("UPDATE certificates SET owner = 'later'")
    assert modes == (1,)

    owners = {find.remarks.owner for find in run if find.remarks}

    assert "later" not in owners  # the whole import sees one moment


def test_leaving_an_import_in_the_middle_closes_its_connection(postgresql: str, leaves: list[Certificate]) -> None:
    run = lemur.read(in_postgresql(postgresql, leaves))
    next(run)
    run.close()  # type: ignore[attr-defined]
    ask = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

    with psycopg.connect(postgresql, autocommit=True) as other:
        until = time.monotonic() + 10
        while other.execute(ask).fetchone() != (0,):
            assert time.monotonic() < until


def test_an_older_schema_without_the_newer_columns_is_read(postgresql: str, leaves: list[Certificate]) -> None:
    in_postgresql(postgresql, leaves)
    with psycopg.connect(postgresql) as connection:
        for column in ("rotation", "deleted", "external_id", "status", "private_key", "authority_id"):
            connection.execute(f"ALTER TABLE certificates DROP COLUMN {column}".encode())
        connection.execute("DROP TABLE roles")

    shop = list(lemur.read(postgresql))[2]

    assert shop.certificates[0] == leaves[2].der
    assert not shop.has_key
    assert "rotation" not in fields(shop)


def test_what_is_no_lemur_database_is_refused_by_what_it_lacks(postgresql: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "empty.sqlite")) as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")
    with pytest.raises(Misconfigured, match="no table certificates"):
        next(lemur.read(postgresql))
    with pytest.raises(Misconfigured, match="no table certificates"):
        next(lemur.read(tmp_path / "empty.sqlite"))
    (tmp_path / "notes.sql").write_text("SELECT 1;\n")
    with pytest.raises(Misconfigured, match="no COPY section"):
        next(lemur.read(tmp_path / "notes.sql"))
    with pytest.raises(Misconfigured, match="does not exist"):
        next(lemur.read(tmp_path / "gone.sql"))
    dumped(postgresql, tmp_path / "own", "--format=custom")
    with pytest.raises(Misconfigured, match="pg_restore"):
        next(lemur.read(tmp_path / "own"))


def test_a_dump_that_is_cut_off_is_refused(postgresql: str, leaves: list[Certificate], tmp_path: Path) -> None:
    path = dumped(in_postgresql(postgresql, leaves), tmp_path / "lemur.sql")
    whole = path.read_bytes()
    at = whole.index(b"COPY public.certificates ")
    path.write_bytes(whole[: whole.index(b"\\.", at) - 30])

    with pytest.raises(Misconfigured, match="damaged, or not whole: in the table certificates"):
        next(lemur.read(path))


def test_a_strangers_sqlite_file_cannot_keep_us_busy_or_crash_us(leaves: list[Certificate], tmp_path: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS id, 'b' AS body FROM n"
    with closing(sqlite3.connect(tmp_path / "view.sqlite")) as connection:
        connection.execute(f"CREATE VIEW certificates AS {endless} ORDER BY x DESC")
    with pytest.raises(Misconfigured, match="no table"):
        next(lemur.read(tmp_path / "view.sqlite"))
    path = in_sqlite(tmp_path / "odd.sqlite", leaves)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE roles_certificates")
        connection.execute("CREATE TABLE roles_certificates (certificate_id TEXT, role_id)")
        connection.execute("INSERT INTO roles_certificates VALUES ('x', 1)")
        connection.execute(
            "UPDATE certificates SET owner = CAST(x'ff00fe' AS TEXT), date_created = 'soon' WHERE id = 1"
        )
        connection.commit()
    found = list(lemur.read(path))
    assert len(found) == 4
    assert found[0].remarks is not None
    assert found[0].remarks.known_since is None
    assert "\0" not in found[0].remarks.owner
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(Misconfigured, match="cannot be read"):
        list(lemur.read(path))


def test_a_user_who_may_not_read_is_told_so(postgresql: str, leaves: list[Certificate]) -> None:
    in_postgresql(postgresql, leaves)
    with psycopg.connect(postgresql) as connection:
        connection.execute("DROP ROLE IF EXISTS nobody_at_all")
        connection.execute("CREATE ROLE nobody_at_all LOGIN")
    with pytest.raises(Misconfigured, match="permission denied for table"):
        next(lemur.read(postgresql.replace("certwright@", "nobody_at_all@")))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://lemur:sesame@127.0.0.1:1/lemur",
        "postgresql://lemur:sesame@127.0.0.1:port/lemur",
        "postgresql://lemur:sesame@[::1/lemur",
    ],
)
def test_the_password_of_the_url_is_in_no_error(url: str) -> None:
    with pytest.raises((Unavailable, Misconfigured)) as raised:
        next(lemur.read(url))

    assert "sesame" not in f"{raised.value!r} {raised.value} {raised.value.__cause__!r}"


def test_many_certificates_take_no_more_memory_than_few(postgresql: str) -> None:
    leaf = pair()[0]
    with psycopg.connect(postgresql) as connection:
        fill(lambda statement: connection.execute(statement.encode()), [leaf.pem] * 3, ca().certificate.pem)
        connection.execute(
            "INSERT INTO certificates (id, owner, body, date_created) "
            "SELECT n, 'o' || n, c.body, now() FROM generate_series(5, 8000) n, certificates c WHERE c.id = 1"
        )
        connection.execute("INSERT INTO roles_certificates SELECT id, 1 + id % 2 FROM certificates WHERE id > 4")
    tracemalloc.start()

    assert sum(bool(find.remarks and find.remarks.tags) for find in lemur.read(postgresql)) == 7_998

    assert tracemalloc.get_traced_memory()[1] < 12_000_000
    tracemalloc.stop()


def somebodys_dump(path: Path, columns: str, row: str) -> Path:
    path.write_text(f"COPY public.certificates ({columns}) FROM stdin;\n{row}\n\\.\n")
    return path


@pytest.mark.parametrize(
    ("columns", "row", "why"),
    [
        ("name, body", "a\tb", "no such column: id"),
        ("id, owner", "1\to", "no table certificates with the columns id and body"),
        ("id, body", "1", "damaged"),
    ],
)
def test_a_dump_with_other_columns_is_refused(columns: str, row: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=why):
        next(lemur.read(somebodys_dump(tmp_path / "odd.sql", columns, row)))


@pytest.mark.parametrize("row", ["9" * 40 + "\tb", "1\t\\9\\x\\777\\xzz\\"], ids=["endless id", "odd escapes"])
def test_an_odd_row_of_a_dump_is_told(row: str, tmp_path: Path) -> None:
    (found,) = lemur.read(somebodys_dump(tmp_path / "odd.sql", "id, body", row))

    assert found.trouble

"""``cert import``: what other programs themselves made, tables, key stores, a Lemur database; twice, and killed."""

from __future__ import annotations

import base64
import csv
import io
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from benchmarks.certificates import certificates
from benchmarks.estate import Estate

from certwright.pki import formats
from certwright.targets.imports.origins import guess, guess_content
from tests.cli.program import Program, Result
from tests.imports.acme_ca import Pebble, free_port
from tests.imports.acme_ca import program as installed
from tests.imports.acme_ca import run as run_client
from tests.imports.lemur_tables import SECRET, fill
from tests.imports.papers import intermediate, key_pem, pair, put
from tests.imports.test_acme_clients import acme_sh_folder, certbot_folder

NAME = "shop.meadow.example"
PASSWORD = "open-sesame-7391"
MANY = 20_000
_KEPT = (
    "SELECT id, fingerprint, owner, fields, state, replaces_id, recorded_at, is_leaf FROM certificate ORDER BY id",
    "SELECT id, certificate_id, place, has_key, first_seen_at, vanished_at, trouble FROM sighting ORDER BY id",
    "SELECT certificate_id, tag FROM tag ORDER BY certificate_id, tag",
)


@pytest.fixture(scope="module")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    if installed("pebble") is None:
        pytest.skip("pebble is not installed (Debian: pebble)")
    server = Pebble(tmp_path_factory.mktemp("pebble"))
    yield server
    server.close()


def bring(program: Program, *words: object, code: int = 0) -> dict[str, Any]:
    """What ``cert import`` tells."""
    told: dict[str, Any] = program.run("cert", "import", *map(str, words), "--json").expect(code).json()
    return told


def shown(program: Program, fingerprint: str) -> dict[str, Any]:
    found: dict[str, Any] = program.run("cert", "show", fingerprint, "--json").expect(0).json()
    return found


def counts(told: dict[str, Any]) -> tuple[int, ...]:
    return tuple(told[name] for name in ("looked", "found", "new", "known", "not_in_inventory", "failed"))


def kept(program: Program) -> list[tuple[Any, ...]]:
    """Everything that an import may write, but for when it last saw what."""
    with closing(sqlite3.connect(program.home / "certwright.sqlite")) as connection:
        return [row for statement in _KEPT for row in connection.execute(statement)]


def table(*rows: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def inert(result: Result) -> bool:
    """No line of the output moves the cursor, colours or clears anything."""
    return all(sign.isprintable() or sign == "\n" for sign in result.out + result.err)


# -- What other programs made.


def test_a_ca_certificate_alone_is_told_as_no_new_leaf(program: Program, tmp_path: Path) -> None:
    chain = put(tmp_path / "ca.pem", intermediate().certificate.pem)

    said = program.run("cert", "import", str(chain)).expect(0)

    assert "1 certificates found, 0 of them known. New: 0 leaf certificates, 1 CA certificates." in said.told


@pytest.mark.xdist_group("pebble")
def test_what_certbot_and_lego_made_comes_with_owner_date_and_lineage_and_once(
    pebble: Pebble, program: Program, tmp_path: Path
) -> None:
    for name in ("certbot", "lego"):
        if installed(name) is None:
            pytest.skip(f"{name} is not installed (Debian: {name})")
    le, lego = tmp_path / "letsencrypt", tmp_path / ".lego"
    options = f"--config-dir {le} --work-dir {tmp_path}/w --logs-dir {tmp_path}/l --server {pebble.url}"
    ask = f"-n --agree-tos -m ops@meadow.example --standalone --http-01-address 127.0.0.1 -d {NAME} --force-renewal"
    for _ in range(2):
        words = f"{options} {ask} --http-01-port {free_port()}".split()
        run_client("certbot", "certonly", *words, REQUESTS_CA_BUNDLE=str(pebble.trust))
    words = f"--server {pebble.url} --path {lego} --email web@meadow.example --accept-tos -d a.example --http".split()
    port = f"--http.port 127.0.0.1:{free_port()}".split()
    run_client("lego", *words, *port, "run", LEGO_CA_CERTIFICATES=str(pebble.trust))

    told = bring(program, le, lego)
    first = kept(program)
    again = bring(program, le, lego)

    assert [path["from"] for path in told["paths"]] == ["certbot", "lego"]
    assert counts(told) == (3, 3, 3, 0, 0, 0)
    assert counts(again) == (3, 3, 0, 3, 0, 0)
    assert kept(program) == first
    listed = program.run("cert", "list", "--json").expect(0).lines()
    old, new = sorted((one for one in listed if one["names"] == [NAME]), key=lambda one: bool(one["replaces"]))
    (other,) = (one for one in listed if one["names"] == ["a.example"])
    assert (new["replaces"], old["state"]) == (old["fingerprint"], "replaced")
    assert (new["fields"]["lineage"], other["fields"]["acme_client"]) == (NAME, "lego")
    assert other["owner"] == "web@meadow.example"


@pytest.mark.parametrize("tool", ["certbot", "acme.sh", "lego"])
def test_auto_tells_what_a_folder_is_and_says_so(tool: str, program: Program, tmp_path: Path) -> None:
    leaf, key = pair(NAME)
    put(tmp_path / "plain" / "shop.pem", leaf.pem, key_pem(key))
    folder = tmp_path / "kept"
    if tool == "certbot":
        certbot_folder(folder)
    elif tool == "acme.sh":
        acme_sh_folder(folder, NAME, f"{NAME}_ecc")
        put(folder / "account.conf", "ACCOUNT_EMAIL='ops@meadow.example'\n")
    else:
        put(folder / "certificates" / f"{NAME}.crt", leaf.pem)
        put(folder / "accounts" / "acme.example" / "ops@meadow.example" / "account.json", "{}")

    said = program.run("cert", "import", str(folder), str(tmp_path / "plain")).expect(0)

    assert tool in said.told.partition("plain: files of certificates")[0].partition("kept: ")[2]
    assert "PRIVATE KEY" not in said.told


def test_a_lineage_keeps_its_owner_and_dates(program: Program, tmp_path: Path) -> None:
    prints = certbot_folder(tmp_path / "le")

    told = bring(program, tmp_path / "le", "--tag", "old-estate", "--owner", "nobody")

    assert counts(told)[2] == 3
    assert (told["owners"], told["tags"]) == (3, 3)
    first, last = shown(program, prints[0]), shown(program, prints[-1])
    assert last["replaces"] == prints[-2]
    assert first["recorded_at"] == "2023-11-14T22:13:21+00:00"
    assert (first["owner"], first["tags"]) == ("web@meadow.example", ["old-estate"])  # certbot's, not the option's
    assert last["sightings"][0]["place"].endswith("live/shop.meadow.example/fullchain.pem")


@pytest.mark.xdist_group("postgresql")
def test_a_lemur_database_is_read_by_its_url_and_no_password_of_it_is_told(
    postgresql: str, program: Program, tmp_path: Path
) -> None:
    import psycopg

    leaves = [pair(f"n{number}.example")[0] for number in range(3)]
    with psycopg.connect(postgresql) as connection:
        fill(
            lambda statement: connection.execute(statement.encode()),
            [leaf.pem for leaf in leaves],
            intermediate().certificate.pem,
        )
    with_password = postgresql.replace("certwright@", f"certwright:{PASSWORD}@")
    url = put(tmp_path / "url", with_password, "\n")

    refused = program.run("cert", "import", with_password).expect(1)
    hidden = program.run("cert", "import", f"{postgresql}?passw%6Frd={PASSWORD}").expect(1)
    dry = bring(program, f"@{url}", "--dry-run")
    told = bring(program, f"@{url}")
    again = program.run("cert", "import", postgresql, "--json", PGPASSWORD=PASSWORD).expect(0).json()

    assert "@FILE" in refused.err
    assert counts(dry) == counts(told) == (4, 3, 3, 0, 0, 1)
    assert counts(again) == (4, 3, 0, 3, 0, 1)
    assert told["troubles"][0]["place"] == "lemur:certificates/4"
    assert shown(program, leaves[2].fingerprint)["replaces"] == leaves[1].fingerprint
    orphan = shown(program, leaves[1].fingerprint)
    assert (orphan["owner"], orphan["recorded_at"]) == ("b@meadow.example", "2020-01-01T00:00:00.250000+00:00")
    everything = repr((refused.told, hidden.told, dry, told, again, program.run("source", "show", "import")))
    assert PASSWORD not in everything
    assert SECRET not in everything


def test_a_lemur_database_that_does_not_answer_is_unavailable(program: Program, tmp_path: Path) -> None:
    url = put(tmp_path / "url", f"postgresql://lemur:{PASSWORD}@127.0.0.1:{free_port()}/lemur")

    said = program.run("cert", "import", f"@{url}").expect(3)

    assert "cannot be opened" in said.err
    assert PASSWORD not in said.told


@pytest.mark.parametrize("text", ["mysql://u:{}@h/lemur", "host=h password={}", "postgresql://u:{}@[h/lemur"])
def test_a_password_in_whatever_form_on_the_command_line_is_refused_and_not_repeated(
    text: str, program: Program
) -> None:
    said = program.run("cert", "import", text.format(PASSWORD)).expect(1)

    assert PASSWORD not in said.told


# -- Files and tables.


def test_a_store_opens_with_one_of_the_passwords_of_the_file_and_the_key_stays_where_it_is(
    program: Program, tmp_path: Path
) -> None:
    leaf, key = pair(NAME)
    store = tmp_path / "shop.p12"
    store.write_bytes(formats.to_pkcs12(leaf, (intermediate().certificate,), key, PASSWORD.encode()))
    passwords = put(tmp_path / "passwords", "not this one\n\n", PASSWORD, "\r\n")

    without = program.run("cert", "import", str(store)).expect(1)
    told = bring(program, store, "--password-file", passwords)

    assert "shop.p12" in without.told
    assert counts(told) == (1, 1, 1, 0, 0, 0)
    found = shown(program, leaf.fingerprint)
    assert found["sightings"][0]["has_key"]
    assert found["key"] is None
    assert len(found["chain"]) == 1
    assert PASSWORD not in repr((without.told, told))
    assert program.run("key", "list", "--json").expect(0).lines() == []


def test_a_table_with_a_column_map_brings_owners_dates_and_links_in_whatever_order(
    program: Program, tmp_path: Path
) -> None:
    new, old, known, absent = (pair(f"{name}.example")[0] for name in ("new", "old", "known", "absent"))
    put(tmp_path / "known.pem", known.pem)
    bring(program, tmp_path / "known.pem")
    sheet = table(
        [
            "Cert",
            "Fingerprint",
            "Serial No",
            "Signed by",
            "Certificate Owner",
            "Seen",
            "Before",
            "Labels",
            "Cost Centre",
        ],
        [new.pem, "", "", "", "shop@x.example", "03/04/2025", old.fingerprint, "web; eu", "=1+1"],
        ["", known.fingerprint.upper(), "", "", "known@x.example", "", "", "", ""],
        ["", "", absent.serial, absent.issuer, "", "", "", "", ""],
        ["", "", old.serial, old.issuer, "old@x.example", "", "", "", ""],  # before the row that has it
        [old.pem, "", "", "", "", "31/12/2020", "", "", ""],
        ["", "", "", "", "nobody", "", "", "", ""],
    )
    path = put(tmp_path / "clm export.csv", sheet)
    options = [
        part
        for pair_ in (
            "certificate=Cert", "sha256=Fingerprint", "serial_hex=Serial No", "issuer=Signed by", "tags=Labels",
            "owner=Certificate Owner", "known_since=Seen", "replaces=Before", "field.cost=Cost Centre",
        )
        for part in ("--map", pair_)
    ]  # fmt: skip

    dry = bring(program, path, *options, "--dates", "d/m", "--dry-run")
    before = kept(program)
    told = bring(program, path, *options, "--dates", "d/m", "--tag", "clm")
    first = kept(program)
    again = bring(program, path, *options, "--dates", "d/m", "--tag", "clm")

    assert counts(told) == (6, 4, 2, 2, 1, 1)
    assert counts(dry)[:3] == (6, 3, 2)  # by serial a certificate of the same import is not told apart yet
    assert not [row for row in before if row[1] == new.fingerprint]
    assert counts(again) == (6, 4, 0, 4, 1, 1)
    assert kept(program) == first
    assert told["missing"][0]["serial"] == absent.serial
    assert "Line" in told["troubles"][0]["trouble"]
    one, two, three = (shown(program, which.fingerprint) for which in (new, old, known))
    assert (one["owner"], one["tags"], one["fields"]) == ("shop@x.example", ["clm", "eu", "web"], {"cost": "=1+1"})
    assert (one["recorded_at"], one["replaces"]) == ("2025-04-03T00:00:00+00:00", old.fingerprint)
    assert (two["owner"], two["state"], two["recorded_at"][:10]) == ("old@x.example", "replaced", "2020-12-31")
    assert (three["owner"], three["tags"]) == ("known@x.example", ["clm"])
    assert {sight["place"].partition("#")[0] for sight in three["sightings"]} == {
        f"file:{tmp_path}/known.pem",
        "upload:clm%20export.csv",
    }


def test_what_somebody_said_here_stays(program: Program, tmp_path: Path) -> None:
    leaf, _ = pair(NAME)
    path = put(tmp_path / "x.csv", table(["PEM", "Owner"], [leaf.pem, "a@x.example"]))
    bring(program, path)
    path.write_text(table(["PEM", "Owner"], [leaf.pem, "b@x.example"]))

    bring(program, path)

    assert shown(program, leaf.fingerprint)["owner"] == "a@x.example"


@pytest.mark.parametrize(
    ("beginning", "tool"),
    [
        (b"-----BEGIN CERTIFICATE-----\nMIIB", "files"),
        (b"# Issuer: CN=R1, O=Meadow; C=DE\r\n-----BEGIN CERTIFICATE-----\r\n", "files"),
        (b'PEM,Owner\n"-----BEGIN CERTIFICATE-----\nMIIB', "csv"),
        (b"sep=|\r\nsha256|Owner\r\n", "csv"),
        ("sha256\tOwner\n".encode("utf-16"), "csv"),
        (b"MIIBszCCAVmgAwIBAgIU\nabc=\n", "files"),
        (b"0\x82\x01\xb3,;\0", "files"),
        (b"\xfe\xed\xfe\xed\0\0\0\x02", "files"),
        (b"", "files"),
        (b"SQLite format 3\0, ;", "lemur"),
        (b"PGDMP\x01\x0e", "lemur"),
        (b"--\n-- PostgreSQL database dump\n--\n", "lemur"),
    ],
)
def test_a_file_is_told_by_how_it_begins(beginning: bytes, tool: str, tmp_path: Path) -> None:
    (tmp_path / "given").write_bytes(beginning)

    assert guess_content(beginning) == guess(tmp_path / "given") == tool


@pytest.mark.parametrize("form", ["pem", "der", "csv"])
def test_standard_input_is_told_apart(form: str, program: Program, tmp_path: Path) -> None:
    leaf, _ = pair(NAME)
    given = tmp_path / "given"
    given.write_bytes(
        {"pem": leaf.pem.encode(), "der": leaf.der, "csv": table(["PEM", "Owner"], [leaf.pem, "a"]).encode()}[form]
    )

    told = program.run("cert", "import", "-", "--json", stdin=given).expect(0).json()

    assert told["paths"] == [{"path": "standard-input", "from": "csv" if form == "csv" else "files"}]
    assert counts(told)[:3] == (1, 1, 1)


def test_a_dry_run_counts_ca_certificates_as_the_import_does(program: Program, tmp_path: Path) -> None:
    leaf = intermediate().issue(NAME)
    put(tmp_path / "served" / "chain.pem", leaf.pem + intermediate().certificate.pem)
    put(tmp_path / "served" / "copy.pem", leaf.pem)
    put(tmp_path / "served" / "ca.pem", intermediate().certificate.pem)

    dry = bring(program, tmp_path / "served", "--dry-run")
    told = bring(program, tmp_path / "served")

    for one in (dry, told):
        assert (one["found"], one["new"], one["ca_certificates"], one["known"]) == (3, 1, 1, 1)


def test_a_dry_run_writes_nothing(program: Program, tmp_path: Path) -> None:
    certbot_folder(tmp_path / "le")
    before = kept(program)

    said = program.run("cert", "import", str(tmp_path / "le"), "--dry-run").expect(0)

    assert "New: 3 leaf certificates" in said.told
    assert "Nothing was written" in said.told
    assert kept(program) == before
    assert program.run("source", "list", "--json").expect(0).lines() == []


def test_what_makes_no_sense_is_refused_before_anything_is_read(program: Program, tmp_path: Path) -> None:
    leaf, _ = pair(NAME)
    path = str(put(tmp_path / "x.pem", leaf.pem))
    for words, code, why in (
        ((path, str(tmp_path / "gone")), 1, "There is no"),
        ((path, "--owner", "x" * 201), 1, "An owner cannot be"),
        ((path, "--password-file", str(put(tmp_path / "empty", "\n"))), 1, "no password"),
        ((path, "--map", "colour=Red"), 4, "no meaning 'colour'"),
        ((path, "--from", "certbot"), 4, "no folder of certbot"),
        ((path, "--from", "csv"), 4, "No column says"),
        ((path, "--from", "novel"), 2, "novel"),
        ((f"@{path}",), 1, "no postgresql:// URL"),
    ):
        said = program.run("cert", "import", *words).expect(code)
        assert why in " ".join(said.told.replace("│", " ").split()), said
    assert program.run("cert", "list", "--json").expect(0).lines() == []


def test_hostile_files_cost_no_other_and_forge_no_line(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "evil\x1b[2J\n"
    leaf, key = pair(NAME)
    put(folder / "good.pem", leaf.pem, key_pem(key))
    put(folder / "\x1b]0;owned\x07.pem", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n")
    put(folder / "key.p12", key_pem(key))
    (folder / os.fsdecode(b"\xff\xfe.crt")).write_bytes(b"\x30\x84\xff\xff\xff\xff" + b"\0" * 1000)
    (folder / "bomb.jks").write_bytes(b"\xfe\xed\xfe\xed\0\0\0\2\xff\xff\xff\xff")
    (folder / "loop.pem").symlink_to("loop.pem")
    (folder / "zero.pem").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.pem")
    (folder / "self").symlink_to(folder)
    sheet = put(
        tmp_path / "evil.csv",
        table(["PEM", "Owner", "Tags"], [leaf.pem, "\x1b[31m=cmd|'/c calc'!A0\n", "a\x00b"], ["x" * 200_000, "", ""]),
        '"never closed',
    )

    said = program.run("cert", "import", str(folder), str(sheet)).expect(0)
    told = bring(program, folder, sheet)

    assert inert(said)
    assert counts(told)[1:3] == (2, 0)
    assert told["failed"] >= 8
    found = shown(program, leaf.fingerprint)
    assert found["owner"] == "[31m=cmd|'/c calc'!A0"
    assert all(sign.isprintable() for sight in found["sightings"] for sign in sight["place"])
    assert "PRIVATE KEY" not in said.told


def test_ten_troubles_are_told_and_all_are_in_json(program: Program, tmp_path: Path) -> None:
    for number in range(25):
        put(tmp_path / "many" / f"{number:02}.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")

    said = program.run("cert", "import", str(tmp_path / "many")).expect(1)
    told = bring(program, tmp_path / "many", code=1)

    assert said.out.count(".pem") == 10
    assert "15 more" in said.told
    assert len(told["troubles"]) == told["failed"] == 25


# -- Killed.


def _estate(folder: Path) -> None:
    """20,000 certificates in files of 500."""
    folder.mkdir()
    bundle: list[str] = []
    for number, der in enumerate(certificates(Estate(MANY)), 1):
        bundle.append(f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(der).decode()}\n-----END CERTIFICATE-----\n")
        if len(bundle) == 500:
            (folder / f"{number:06}.pem").write_text("".join(bundle))
            bundle.clear()


def _seen(program: Program) -> int:
    with closing(sqlite3.connect(program.home / "certwright.sqlite", timeout=30)) as connection:
        return int(connection.execute("SELECT count(*) FROM sighting").fetchone()[0])


@contextmanager
def _importing(program: Program, folder: Path, seen: int) -> Iterator[None]:
    """An import that has kept so many certificates and goes on; in the end it is killed in the middle."""
    process = subprocess.Popen(
        [sys.executable, "-m", "certwright", "cert", "import", str(folder)],
        env=program.full_environment(),
        stdout=subprocess.DEVNULL,
    )
    try:
        while _seen(program) < seen:
            try:
                process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"it ended, with {_seen(program)} kept")
        yield
    finally:
        process.kill()
        process.wait(30)
    assert seen <= _seen(program) < MANY


def test_an_import_that_is_killed_twice_loses_nothing_and_doubles_nothing(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "estate"
    _estate(folder)

    with _importing(program, folder, 3_000):
        beside = program.run("cert", "import", str(folder)).expect(1)
        assert "already" in beside.err
    with _importing(program, folder, 9_000):
        pass
    told = bring(program, folder)

    assert counts(told)[:2] == (MANY, MANY)
    assert 0 < told["new"] < MANY
    with closing(sqlite3.connect(program.home / "certwright.sqlite")) as connection:
        for statement in (
            "SELECT count(*), count(DISTINCT fingerprint) FROM certificate",
            "SELECT count(DISTINCT place), count(DISTINCT certificate_id) FROM sighting",
            "SELECT count(*), count(*) FROM sighting",
            "SELECT sum(count), sum(count) FROM rollup",
        ):
            assert connection.execute(statement).fetchone() == (MANY, MANY), statement
    runs = program.run("source", "show", "import", "--json").expect(0).json()["runs"]
    assert [run["outcome"] for run in runs] == ["done", "failed", "failed"]
    assert runs[0]["looked"] == MANY
    assert sum(run["new"] for run in runs) == MANY

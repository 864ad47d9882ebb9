"""``certwright source``: folders and tokens of this machine, looked at for what appears, changes and vanishes."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import jks
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.cli.discovery import (
    NewIdentity,
    cursor_of,
    fingerprint,
    kill_behind,
    new_identity,
    scanner,
    sightings,
    standing,
)
from tests.cli.program import Program
from tests.scan.certificates import Identity
from tests.token.conftest import RealToken, new_softhsm_token, softhsm
from tests.token.programs import program as outside_program

__all__ = ["new_identity", "scanner", "softhsm"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder to be looked at."""
    made = tmp_path / "certificates"
    made.mkdir()
    return made


def _add(program: Program, *paths: Path) -> dict[str, Any]:
    """Add the source ``files``; what it is then, its first run done."""
    words = ["source", "add-folder", "files", *map(str, paths), "--json"]
    added: dict[str, Any] = program.run(*words).expect(0).json()
    return added


def _run(program: Program) -> dict[str, Any]:
    run: dict[str, Any] = program.run("source", "run", "files", "--json").expect(0).json()
    return run


def _changes(program: Program) -> list[tuple[str, str]]:
    rows = program.run("source", "changes", "files", "--json").expect(0).lines()
    return [(row["change"], row["place"].rpartition("/")[2]) for row in rows]


def _pem(shown: Identity) -> str:
    return "".join(map(ssl.DER_cert_to_PEM_cert, shown.chain))


def test_files_of_every_format_are_seen_at_their_places(
    program: Program, folder: Path, new_identity: NewIdentity
) -> None:
    pem, der, p12, store = (new_identity(f"{kind}.meadow.example") for kind in ("pem", "der", "p12", "jks"))
    (folder / "a.pem").write_text(_pem(pem))
    (folder / "b.der").write_bytes(der.chain[0])
    key = serialization.load_pem_private_key(p12.path.read_bytes(), None)
    leaf, *above = map(x509.load_der_x509_certificate, p12.chain)
    (folder / "c.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"c", key, leaf, above, serialization.BestAvailableEncryption(b"changeit")
        )  # type: ignore[arg-type]
    )
    entry = jks.TrustedCertEntry.new("d", store.chain[0])
    (folder / "d.jks").write_bytes(jks.KeyStore.new("jks", [entry]).saves("changeit"))
    (folder / "notes.txt").write_text("nothing here")

    passwords = folder.parent / "passwords"
    passwords.touch(mode=0o600)
    passwords.write_text("not this one\nchangeit\n")

    locked = _add(program, folder)["last_run"]
    words = ["source", "add-folder", "opened", str(folder), "--password-file", str(passwords), "--json"]
    run = program.run(*words).expect(0).json()["last_run"]
    program.run("source", "remove", "files").expect(0)

    assert (locked["outcome"], locked["found"], locked["failed"]) == ("partly", 2, 2), locked
    assert (run["outcome"], run["found"], run["new"], run["failed"]) == ("done", 4, 2, 0), run
    names = zip("abcd", ("pem", "der", "p12", "jks"), (pem, der, p12, store), strict=True)
    assert standing(program) == {f"file:{folder}/{name}.{end}": fingerprint(shown) for name, end, shown in names}
    keys = {row["place"].rpartition("/")[2]: bool(row["has_key"]) for row in sightings(program)}
    assert keys == {"a.pem": False, "b.der": False, "c.p12": True, "d.jks": False}


def test_a_private_key_beside_a_certificate_is_seen_and_not_kept(
    program: Program, folder: Path, new_identity: NewIdentity
) -> None:
    shop = new_identity("shop.meadow.example")
    (folder / "shop.pem").write_text(_pem(shop))
    private = shop.path.read_text().partition("-----BEGIN CERTIFICATE")[0]
    (folder / "shop.key").write_text(private)

    _add(program, folder)

    (sighting,) = sightings(program)
    assert sighting["has_key"]
    body = "".join(private.splitlines()[1:-1])[:60]
    kept = b"".join(path.read_bytes() for path in program.home.rglob("*") if path.is_file())
    assert body.encode() not in kept


def test_files_that_change_vanish_and_come_back_are_told_apart(
    program: Program, folder: Path, new_identity: NewIdentity
) -> None:
    old, new, other = (new_identity(f"{name}.meadow.example") for name in ("old", "new", "other"))
    (folder / "shop.pem").write_text(_pem(old))
    (folder / "other.pem").write_text(_pem(other))
    _add(program, folder)

    (folder / "shop.pem").write_text(_pem(new))
    (folder / "other.pem").unlink()
    second = _run(program)
    told = _changes(program)
    (folder / "other.pem").write_text(_pem(other))
    third = _run(program)

    assert (second["new"], second["changed"], second["vanished"]) == (1, 1, 1)
    assert told == [("vanished", "other.pem"), ("changed", "shop.pem")]
    assert (third["new"], third["changed"], third["vanished"]) == (0, 0, 0)
    assert _changes(program) == [("new", "other.pem")]


def test_a_file_that_cannot_be_read_ages_and_is_gone_only_once_it_is(
    program: Program, folder: Path, new_identity: NewIdentity
) -> None:
    path = folder / "shop.pem"
    path.write_text(_pem(new_identity("shop.meadow.example")) + _pem(new_identity("two.meadow.example")))
    _add(program, folder)
    path.unlink()
    path.symlink_to(path.name)  # leads to itself: nobody can open it, root neither

    blocked = _run(program)
    aged = sightings(program)
    path.unlink()
    gone = _run(program)

    assert (blocked["outcome"], blocked["failed"], blocked["vanished"]) == ("partly", 1, 0)
    assert [(row["place"].rpartition("/")[2], row["vanished_at"]) for row in aged] == [
        ("shop.pem", None),
        ("shop.pem#2", None),
    ]
    assert all("cannot be read" in row["trouble"] for row in aged), aged
    assert (gone["outcome"], gone["vanished"]) == ("done", 2)
    assert standing(program) == {}


@pytest.mark.parametrize("end", ["-----BEGIN CERTIF", "MII", "-----END CERTIFI"])
def test_a_file_that_is_half_written_makes_nothing_in_it_vanish(
    program: Program, folder: Path, new_identity: NewIdentity, end: str
) -> None:
    path = folder / "shop.pem"
    whole = _pem(new_identity("shop.meadow.example")) + _pem(new_identity("two.meadow.example"))
    path.write_text(whole)
    _add(program, folder)

    path.write_text(whole[: whole.index(end) + len(end)])
    half = _run(program)
    aged = sightings(program)
    path.write_text(whole)
    again = _run(program)

    assert (half["outcome"], half["found"], half["failed"], half["vanished"]) == ("partly", 0, 1, 0)
    assert [row["vanished_at"] for row in aged] == [None, None]
    assert all(row["trouble"] for row in aged), aged
    assert (again["outcome"], again["new"], again["changed"], again["vanished"]) == ("done", 0, 0, 0)
    assert {row["trouble"] for row in sightings(program)} == {""}


def test_of_a_folder_whose_disk_is_away_nothing_is_taken_for_gone(
    program: Program, tmp_path: Path, new_identity: NewIdentity
) -> None:
    disk = tmp_path / "disk"
    (disk / "certificates").mkdir(parents=True)
    (disk / "certificates" / "shop.pem").write_text(_pem(new_identity("shop.meadow.example")))
    _add(program, disk / "certificates")
    disk.rename(tmp_path / "unmounted")

    away = _run(program)
    (aged,) = sightings(program)
    (tmp_path / "unmounted").rename(disk)
    back = _run(program)
    shutil.rmtree(disk / "certificates")
    unmounted = _run(program)
    (disk / "certificates").mkdir()
    removed = _run(program)

    assert (away["outcome"], away["vanished"]) == ("partly", 0)
    assert aged["trouble"]
    assert (back["outcome"], back["new"], back["changed"]) == ("done", 0, 0)
    assert (unmounted["outcome"], unmounted["vanished"]) == ("partly", 0)  # the folder named may be the disk itself
    assert (removed["outcome"], removed["vanished"]) == ("done", 1)


def test_a_folder_whose_look_was_killed_is_gone_on_with_and_nothing_is_taken_for_gone(
    program: Program, folder: Path, new_identity: NewIdentity
) -> None:
    der = new_identity("shop.meadow.example").chain[0]
    for number in range(6000):
        (folder / f"{number:04}.der").write_bytes(der)
    begun = program.zygote.start(program.home, [["source", "add-folder", "files", str(folder)]])
    kill_behind(program, begun.pid, 1)
    begun.wait()
    assert cursor_of(program) < 6000
    (folder / "0000.der").unlink()  # so that what follows moves up by one

    resumed, fresh = _run(program), _run(program)

    assert (resumed["looked"], resumed["vanished"], resumed["new"]) == (5999, 0, 1)
    assert (fresh["looked"], fresh["found"], fresh["vanished"]) == (5999, 5999, 1)
    assert len(standing(program)) == 5999


@pytest.fixture
def token(softhsm: dict[str, str], program: Program, tmp_path: Path) -> RealToken:
    """A fresh token that the installation knows as ``hsm``."""
    made = new_softhsm_token(softhsm, tmp_path)
    program.environment.update(softhsm)
    words = ["token", "add", "hsm", "--module", made.module, "--label", made.label, "--pin-file", str(made.pin_file)]
    program.run(*words).expect(0)
    return made


def _tool(token: RealToken, *words: str) -> None:
    command = [outside_program("pkcs11-tool", "opensc"), "--module", token.module, "--token-label", token.label]
    subprocess.run([*command, "--login", "--pin", token.pin, *words], check=True, capture_output=True)


def test_the_certificates_of_a_token_are_seen_at_their_ids_until_they_are_deleted(
    program: Program, token: RealToken, tmp_path: Path, new_identity: NewIdentity
) -> None:
    shop, other = new_identity("shop.meadow.example"), new_identity("other.meadow.example")
    for cka_id, shown in (("0a", shop), ("ff01", other)):
        path = tmp_path / f"{cka_id}.der"
        path.write_bytes(shown.chain[0])
        _tool(token, "--write-object", str(path), "--type", "cert", "--id", cka_id, "--label", cka_id)

    added = program.run("source", "add-token", "main-hsm", "--token", "hsm", "--json").expect(0).json()
    seen = standing(program)
    _tool(token, "--delete-object", "--type", "cert", "--id", "0a")
    run = program.run("source", "run", "main-hsm", "--json").expect(0).json()

    assert added["last_run"]["found"] == 2
    assert seen == {
        "pkcs11:token=hsm;id=%0a": fingerprint(shop),
        "pkcs11:token=hsm;id=%ff%01": fingerprint(other),
    }
    assert run["vanished"] == 1
    assert standing(program) == {"pkcs11:token=hsm;id=%ff%01": fingerprint(other)}


def test_a_token_that_is_not_there_fails_the_run_and_its_certificates_stay(
    program: Program, token: RealToken, tmp_path: Path, new_identity: NewIdentity
) -> None:
    path = tmp_path / "shop.der"
    path.write_bytes(new_identity("shop.meadow.example").chain[0])
    _tool(token, "--write-object", str(path), "--type", "cert", "--id", "0a")
    program.run("source", "add-token", "main-hsm", "--token", "hsm").expect(0)
    profile = program.home / "tokens" / "hsm.toml"
    profile.write_text(profile.read_text().replace(token.label, "nobody has this one"))

    told = program.run("source", "run", "main-hsm")

    assert told.code in (3, 4)
    assert "main-hsm could not be read" in told.err
    (sighting,) = sightings(program)
    assert sighting["vanished_at"] is None
    shown = program.run("source", "show", "main-hsm", "--json").expect(0).json()
    assert shown["last_run"]["outcome"] == "failed"
    assert shown["next_run_at"] < shown["last_run"]["ended_at"] or shown["last_run"]["trouble"]


def test_a_source_is_scheduled_disabled_enabled_and_removed_and_its_certificates_stay(
    program: Program, folder: Path, new_identity: NewIdentity
) -> None:
    (folder / "shop.pem").write_text(_pem(new_identity("shop.meadow.example")))
    _add(program, folder)

    daily = program.run("source", "schedule", "files", "--every", "6h", "--json").expect(0).json()
    disabled = program.run("source", "disable", "files", "--json").expect(0).json()
    by_hand = _run(program)
    enabled = program.run("source", "enable", "files", "--json").expect(0).json()
    never = program.run("source", "schedule", "files", "--every", "never", "--json").expect(0).json()
    program.run("source", "remove", "files", "--json").expect(0)

    assert daily["every_seconds"] == 6 * 3600
    assert (disabled["enabled"], disabled["next_run_at"]) == (False, None)
    assert by_hand["outcome"] == "done"
    assert enabled["enabled"]
    assert enabled["last_run"]["id"] > by_hand["id"]
    assert (never["every_seconds"], never["next_run_at"]) == (None, None)
    assert program.run("source", "list", "--json").out == ""
    assert len(program.run("cert", "list", "--json").expect(0).lines()) == 1


def test_everything_that_tells_of_certificates_is_found_in_one_list(program: Program, folder: Path) -> None:
    program.run("source", "add-folder", "files", str(folder)).expect(0)
    program.run("scan", "add", "web", "shop.invalid", "--disabled").expect(0)

    listed = program.run("inventory", "sources", "--json").expect(0).lines()

    assert {(row["name"], row["kind"], row["enabled"]) for row in listed} == {
        ("files", "folder", True),
        ("web", "scan", False),
    }
    assert [row["name"] for row in program.run("source", "list", "--json").lines()] == ["files"]
    assert [row["name"] for row in program.run("scan", "list", "--json").lines()] == ["web"]


SENSELESS: list[tuple[tuple[str, ...], int, str]] = [
    (("source", "show", "nobody"), 1, "There is no such source: 'nobody'"),
    (("scan", "show", "files"), 1, "The source 'files' is of another kind: folder"),
    (("scan", "add", "files", "shop.invalid"), 1, "There is a source 'files' already"),
    (("scan", "once", "shop.invalid", "--as", "files"), 1, "There is a source 'files' already"),
    (("source", "add-folder", "more", "/nowhere/at/all"), 1, "There is no /nowhere/at/all"),
    (("source", "schedule", "files", "--every", "often"), 1, "'often' is no span of time"),
    (("source", "schedule", "files", "--every", "0d"), 1, "0d is no schedule"),
    (("source", "schedule", "files", "--every", "900w"), 1, "900w is no schedule"),
    (("source", "changes", "files", "--run", "99"), 1, "There is no run 99"),
    (("scan", "add", "", "shop.invalid"), 1, "'' is no name"),
    (("scan", "add", "web"), 1, "There is nothing to scan"),
    (("scan", "add", "web", "*.meadow.example"), 4, "A wildcard is no host"),
    (("scan", "add", "web", "shop.invalid", "--port", "70000"), 4, "70000 is no port"),
    (("scan", "add", "web", "shop.invalid", "--concurrency", "0"), 2, "greater than or equal to 1"),
]


def test_what_makes_no_sense_is_refused_and_nothing_is_kept(program: Program, folder: Path) -> None:
    program.run("source", "add-folder", "files", str(folder)).expect(0)

    results = program.session([words for words, _, _ in SENSELESS])

    for result, (_, code, told) in zip(results, SENSELESS, strict=True):
        assert told in result.expect(code).err, result
    assert [row["name"] for row in program.run("inventory", "sources", "--json").lines()] == ["files"]


def test_what_is_no_schedule_is_refused_of_every_kind_of_source_before_anything_is_kept(
    program: Program, folder: Path
) -> None:
    for every in ("0s", "3651d"):
        for words in (
            ("integration", "add", "x", "--ca", "digicert", "--secret", "api_key=@none"),
            ("source", "add-folder", "x", str(folder)),
            ("scan", "add", "x", "192.0.2.1"),
        ):
            assert f"{every} is no schedule" in program.run(*words, "--every", every).expect(1).err
    assert program.run("inventory", "sources", "--json").expect(0).lines() == []

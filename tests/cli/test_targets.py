"""Targets as an operator adds, tries, changes and removes them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.targets.fixtures import knot
from tests.targets.knot import KEY_NAME, SECRET, ZONE, Knot
from tests.targets.test_webroot import Web

__all__ = ["knot"]


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "tsig"
    path.touch(mode=0o600)
    path.write_text(SECRET + "\n")
    return f"@{path}"


def add_words(knot: Knot, key_file: str, name: str = "dns", *more: str) -> list[str]:
    words = ["target", "add", name, "--kind", "rfc2136", "--domain", ZONE, "--set", "server=127.0.0.1"]
    words += ["--set", f"port={knot.port}", "--set", f"key_name={KEY_NAME}", "--secret", f"key_secret={key_file}"]
    return [*words, *more]


def test_a_target_is_added_tried_shown_and_removed(program: Program, knot: Knot, key_file: str) -> None:
    added = program.typed(*add_words(knot, key_file), "--domain", "*.Sub.Meadow.Example", "--json").expect(0).json()
    assert (added["name"], added["kind"]) == ("dns", "rfc2136")
    assert added["domains"] == [ZONE, "sub.meadow.example"]
    assert added["serves"] == ["dns-cname-token", "dns-txt-token"]

    tried = program.run("target", "test", "dns", "--json").expect(0).json()
    assert (tried["seen"], tried["withdrawn"], tried["why"]) == (True, True, None)
    assert knot.ask(tried["where"], "TXT") == []
    told = program.run("target", "test", "dns").expect(0).told
    assert "published: _certwright-test-" in told
    assert told.endswith("seen there withdrawn")

    shown = program.run("target", "show", "dns", "--json").expect(0).json()
    assert shown == {**added, "challenges": []}
    assert program.run("target", "list", "--json").expect(0).json() == added
    assert "rfc2136" in program.run("target", "list").expect(0).told
    assert "ready" in program.run("target", "show", "dns").expect(0).told

    program.run("target", "remove", "dns").expect(0)
    assert program.run("target", "list", "--json").expect(0).out == ""


def test_the_secret_is_sealed_and_never_shown(program: Program, knot: Knot, key_file: str) -> None:
    said = [
        program.run(*add_words(knot, key_file)),
        *program.session([["target", "show", "dns", "--json"], ["target", "list"], ["target", "test", "dns"]]),
    ]

    assert all(SECRET not in result.told for result in said), said
    assert SECRET.encode() not in (program.home / "certwright.sqlite").read_bytes()
    program.run("kek", "rotate").expect(0)
    program.run("target", "test", "dns").expect(0)


def test_a_secret_on_the_command_line_is_refused(program: Program, knot: Knot) -> None:
    told = program.run(*add_words(knot, "plain-in-argv")).expect(1).told

    assert "every process can read it" in told
    assert "--secret key_secret=@FILE" in told
    assert "plain-in-argv" not in told


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--set", "colour=blue"], 4, "no setting 'colour'"),
        (["--set", "ttl=soon"], 4, "ttl must be a whole number"),
        (["--secret", "password=@x"], 1, "has no secret 'password'"),
        (["--domain", "not a domain"], 1, "domain"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_kept(
    program: Program, knot: Knot, key_file: str, more: list[str], code: int, words: str
) -> None:
    assert words in program.run(*add_words(knot, key_file, "dns", *more)).expect(code).told

    assert program.run("target", "list", "--json").expect(0).out == ""


def test_an_unknown_kind_is_refused_with_those_there_are(program: Program) -> None:
    told = program.run("target", "add", "x", "--kind", "carrier-pigeon", "--domain", ZONE).expect(4).told

    assert "webroot, rfc2136, lexicon" in told


def test_the_same_name_twice_is_refused(program: Program, knot: Knot, key_file: str) -> None:
    program.run(*add_words(knot, key_file)).expect(0)

    assert "'dns' already" in program.run(*add_words(knot, key_file)).expect(1).told
    assert "no target 'other'" in program.run("target", "show", "other").expect(1).told


def test_a_wrong_key_is_told_and_the_right_one_mends_it(
    program: Program, knot: Knot, key_file: str, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("d3Jvbmc=")
    program.run(*add_words(knot, f"@{wrong}")).expect(0)

    assert "does not accept our TSIG key" in program.run("target", "test", "dns").expect(4).told
    program.run("target", "change", "dns", "--secret", f"key_secret={key_file}").expect(0)

    program.run("target", "test", "dns").expect(0)


def test_settings_and_domains_are_changed_one_by_one(program: Program, knot: Knot, key_file: str) -> None:
    program.run(*add_words(knot, key_file, "dns", "--set", "ttl=5")).expect(0)

    words = ["target", "change", "dns", "--set", "ttl=", "--set", f"zone={ZONE}", "--domain", "b.meadow.example"]
    changed = program.run(*words, "--json").expect(0).json()

    assert changed["settings"] == {
        "server": "127.0.0.1",
        "port": str(knot.port),
        "key_name": KEY_NAME,
        "zone": ZONE,
    }
    assert changed["domains"] == ["b.meadow.example"]
    assert "_certwright-test-" in program.run("target", "test", "dns").expect(0).told


def test_a_proof_that_is_not_to_be_seen_is_told_and_taken_away(program: Program, knot: Knot, tmp_path: Path) -> None:
    folder = tmp_path / "www"
    folder.mkdir()
    other = Web(tmp_path, status=404)
    words = ["--set", f"folder={folder}", "--set", f"port={other.port}", "--set", f"resolver=127.0.0.1:{knot.port}"]
    program.run("target", "add", "web", "--kind", "webroot", "--domain", f"shop.{ZONE}", *words).expect(0)

    unseen = program.run("target", "test", "web", "--wait", "0").expect(3).told
    program.environment["CERTWRIGHT_SCAN_ALLOW"] = "127.0.0.1"
    told = program.run("target", "test", "web", "--wait", "0").expect(3).told
    as_json = program.run("target", "test", "web", "--wait", "0", "--json").expect(3).json()
    other.close()

    assert "127.0.0.1 is a loopback address. If the host stands in a network of yours" in " ".join(unseen.split())
    assert len(other.hosts) == 2
    assert "answers 404; the file is" in told
    assert (as_json["seen"], as_json["withdrawn"]) == (False, True)
    assert list(folder.iterdir()) == []


def test_a_file_is_tried_through_its_web_server(program: Program, knot: Knot, tmp_path: Path) -> None:
    folder = tmp_path / "www"
    folder.mkdir()
    web = Web(folder)
    words = ["--set", f"folder={folder}", "--set", f"port={web.port}", "--set", f"resolver=127.0.0.1:{knot.port}"]
    program.run("target", "add", "web", "--kind", "webroot", "--domain", f"shop.{ZONE}", *words).expect(0)

    program.run("target", "test", "web", CERTWRIGHT_SCAN_ALLOW="127.0.0.1").expect(0)
    web.close()

    assert list(folder.iterdir()) == []


def test_a_target_where_a_proof_stands_is_not_removed(program: Program, knot: Knot, key_file: str) -> None:
    program.run(*add_words(knot, key_file)).expect(0)
    with sqlite3.connect(program.home / "certwright.sqlite") as database:
        database.execute(
            'INSERT INTO challenge (target_id, name, method, "where", value, opened_at, trouble) '
            "VALUES (1, 'meadow.example', 'dns-txt-token', 'meadow.example', 'v', '2026-11-21 00:00:00', '')"
        )
    database.close()

    assert "1 proofs stand at 'dns'" in program.run("target", "remove", "dns").expect(1).told
    shown = program.run("target", "show", "dns", "--json").expect(0).json()
    assert [one["where"] for one in shown["challenges"]] == [ZONE]
    assert "meadow.example" in program.run("target", "show", "dns").expect(0).told


def test_a_target_is_disabled_and_enabled(program: Program, knot: Knot, key_file: str) -> None:
    program.run(*add_words(knot, key_file)).expect(0)

    assert program.run("target", "disable", "dns", "--json").expect(0).json()["enabled"] is False
    assert "disabled" in program.run("target", "list").expect(0).told
    assert program.run("target", "enable", "dns", "--json").expect(0).json()["enabled"] is True

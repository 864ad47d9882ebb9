"""Findings on the command line: judged at once after a scan, by ``cert judge``, by a worker, by two, after a kill."""

from __future__ import annotations

import os
import signal
import sqlite3
import ssl
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from certwright.pki.certificate import Certificate
from certwright.pki.formats import to_pem
from tests.cases.authority import Authority, new_key, root
from tests.cli.discovery import scanner, served, until
from tests.cli.program import Program, Running
from tests.scan.certificates import Identity

__all__ = ["scanner"]
MANY = 1_500
MONTHS = timedelta(days=60)
TOP = root("Judged Root")
CA = TOP.intermediate("Judged Intermediate")


def shown(folder: Path, leaf: Certificate, key: object, *above: Certificate) -> Identity:
    """What a server presents, exactly so."""
    private = key.private_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{leaf.serial}.pem"
    path.touch(mode=0o600)
    path.write_bytes(private + b"".join(ssl.DER_cert_to_PEM_cert(one.der).encode() for one in (leaf, *above)))
    return Identity(tuple(one.der for one in (leaf, *above)), path)


def rules(program: Program, leaf: Certificate) -> set[str]:
    """What is wrong with it, as ``cert findings`` tells."""
    return {one["rule"] for one in program.run("cert", "findings", leaf.fingerprint, "--json").expect(0).lines()}


@pytest.mark.parametrize(
    ("above", "wrong"),
    [
        ((CA,), set()),
        ((), {"incomplete_chain"}),
        ((TOP,), {"incomplete_chain", "root_in_chain"}),
        ((CA, TOP), {"root_in_chain"}),
        ((TOP, CA), {"root_in_chain", "disordered_chain"}),
        ((CA, root("Stranger").intermediate("Foreign")), {"foreign_in_chain"}),
    ],
    ids=["right", "none", "root alone", "with root", "wrong order", "with a stranger"],
)
def test_a_chain_as_a_server_presents_it_is_judged_with_the_scan_that_finds_it(
    scanner: Program, tmp_path: Path, above: Sequence[Authority], wrong: set[str]
) -> None:
    known = tmp_path / "known.pem"
    known.write_bytes(to_pem((CA.certificate, TOP.certificate)))
    scanner.run("source", "add-folder", "cas", str(known)).expect(0)
    key = new_key()
    leaf = CA.issue("localhost", "127.0.0.1", key=key)
    with served(shown(tmp_path, leaf, key, *(one.certificate for one in above))) as port:
        scanner.run("scan", "once", f"127.0.0.1:{port}", "--json").expect(0)
    assert rules(scanner, leaf) == wrong


def test_the_certificates_of_cas_are_listed_with_what_hangs_on_them_and_what_is_wrong(
    program: Program, tmp_path: Path
) -> None:
    ending = TOP.intermediate("Ending", not_after=datetime.now(UTC) + timedelta(days=90))
    file = tmp_path / "estate.pem"
    leaves = [ending.issue(f"n{number}.meadow.example", not_after=datetime.now(UTC) + MONTHS) for number in range(2)]
    file.write_bytes(to_pem((TOP.certificate, CA.certificate, ending.certificate, *leaves)))
    program.run("cert", "import", str(file)).expect(0)

    listed = program.run("cert", "authorities", "--json").expect(0).lines()
    used = program.run("cert", "authorities", "--used", "--json").expect(0).lines()

    assert [(one["subject"], one["leaves"], one["findings"]) for one in listed] == [
        ("CN=Ending", 2, ["ca:ends_soon"]),
        ("CN=Judged Intermediate", 0, []),
        ("CN=Judged Root", 0, []),
    ]
    assert used == listed[:1]
    assert (used[0]["issuer"], used[0]["state"], used[0]["severity"]) == ("CN=Judged Root", "valid", "warning")
    assert "│ Ending │" in program.run("cert", "authorities").expect(0).told
    told = program.run("cert", "findings").expect(0).told
    assert "Of CA certificates, ca:…: certwright cert authorities" in told
    assert "--finding ca:" not in told
    refused = program.run("cert", "list", "--finding", "ca:ends_soon").expect(1)
    assert "certwright cert authorities lists CA certificates" in refused.err
    assert rules(program, ending.certificate) == {"ca:ends_soon"}


def test_cert_judge_tells_what_came_of_it_and_leaves_nothing_due(program: Program, tmp_path: Path) -> None:
    leaf = estate(program, tmp_path, 3)[0]
    again(program, "DELETE FROM finding", "UPDATE certificate SET judged_at = NULL, severity = 0")
    told = program.run("cert", "judge", "--json").expect(0).json()
    assert told == {
        "judged": 3,
        "judged_slowly": 0,
        "new_findings": 3,
        "findings_over": 0,
        "left": 0,
        "left_slowly": 3,
    }
    assert rules(program, leaf) == {"unknown_issuer"}
    slowly = program.run("cert", "judge", "--slow", "--json").expect(0).json()
    assert (slowly["judged"], slowly["judged_slowly"], slowly["left_slowly"]) == (0, 3, 0)
    done = program.run("cert", "judge", "--slow").expect(0)
    assert done.out == (
        "0 certificates judged: 0 findings are new, 0 are over.\n"
        "0 certificates judged by the rules that take long: 0 findings are new, 0 are over.\n"
    )
    assert done.err == ""


def test_what_is_left_when_the_time_is_up_is_told_by_the_exit_code(program: Program, tmp_path: Path) -> None:
    estate(program, tmp_path, MANY)
    again(program, "UPDATE certificate SET judged_at = NULL")
    first = program.run("cert", "judge", "--wait", "0", "--json").expect(3).json()
    assert first["judged"] + first["left"] == MANY
    program.run("cert", "judge", "--wait").expect(0)


def test_a_worker_judges_what_a_command_brought_and_cert_judge_waits_for_it(program: Program, tmp_path: Path) -> None:
    estate(program, tmp_path, 20)
    again(program, "DELETE FROM finding", "UPDATE certificate SET judged_at = NULL")
    with Running(program, "worker", ready="is at work"):
        told = program.run("cert", "judge", "--wait", "60", "--json").expect(0).json()
    assert (told["judged"], told["left"]) == (0, 0)
    assert count(program, "SELECT count(*) FROM finding WHERE rule = 'unknown_issuer'") == 20


def test_two_that_judge_at_the_same_time_share_the_work(program: Program, tmp_path: Path) -> None:
    estate(program, tmp_path, MANY)
    again(program, "DELETE FROM finding", "UPDATE certificate SET judged_at = NULL, severity = 0")
    both = [program.zygote.start(program.home, [["cert", "judge", "--json"]]) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    assert sum(one.results[0].json()["judged"] for one in both) == MANY
    assert right(program)


def test_a_judge_that_is_killed_leaves_right_counts_and_the_rest_to_the_next(program: Program, tmp_path: Path) -> None:
    estate(program, tmp_path, MANY)
    again(program, "DELETE FROM finding", "UPDATE certificate SET judged_at = NULL, severity = 0")
    judge = program.zygote.start(program.home, [["cert", "judge"]])
    until(lambda: count(program, "SELECT count(*) FROM certificate WHERE judged_at IS NOT NULL") > 0)
    os.kill(judge.pid, signal.SIGKILL)
    judge.wait()
    assert count(program, "SELECT count(*) FROM finding") == count(
        program, "SELECT count(*) FROM certificate WHERE severity > 0"
    )
    minutes_ago = str(datetime.now(UTC).replace(tzinfo=None) - timedelta(days=1, minutes=1))
    again(program, f"UPDATE certificate SET judged_at = '{minutes_ago}' WHERE severity = 0 AND judged_at IS NOT NULL")
    program.run("cert", "judge").expect(0)
    assert right(program)


def right(program: Program) -> bool:
    """Whether each certificate has its one finding, and the counts say so."""
    findings = count(program, "SELECT count(*) FROM finding WHERE rule = 'unknown_issuer'")
    counted = count(program, "SELECT count FROM finding_count WHERE rule = 'unknown_issuer'")
    graded = count(program, "SELECT count(*) FROM certificate WHERE severity = 2")
    due = count(program, "SELECT count(*) FROM certificate WHERE judged_at IS NULL")
    return (findings, counted, graded, due) == (MANY, MANY, MANY, 0)


def estate(program: Program, folder: Path, number: int) -> list[Certificate]:
    """So many certificates of a CA that nobody here knows, imported from a folder."""
    now = datetime.now(UTC).replace(microsecond=0)
    stranger, key = root("Stranger").intermediate("Stranger's Intermediate"), new_key()
    ends = now + timedelta(days=90)
    made = [stranger.issue("n.meadow.example", key=key, not_before=now, not_after=ends) for _ in range(number)]
    (folder / "estate").mkdir()
    for position in range(0, number, 500):
        text = "".join(one.pem for one in made[position : position + 500])
        (folder / "estate" / f"{position}.pem").write_text(text)
    program.run("source", "add-folder", "estate", str(folder / "estate")).expect(0)
    return made


def again(program: Program, *statements: str) -> None:
    """Change the tables behind the program's back."""
    with closing(sqlite3.connect(program.home / "certwright.sqlite", timeout=30)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def count(program: Program, query: str) -> int:
    with closing(sqlite3.connect(program.home / "certwright.sqlite", timeout=30)) as database:
        return int(database.execute(query).fetchone()[0])

"""Key-encryption keys: from a file or a secret, rotated and forgotten durably, shown nowhere."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from certwright.keys.software.kek import Kek, KekRing
from certwright.model.errors import Misconfigured, NotFound, Refused, Unavailable

SOURCES = Path(__file__).parents[3] / "src"


def test_an_absent_file_is_created_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "kek"

    first = KekRing.load(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert KekRing.load(path).ids == first.ids
    assert [file.name for file in tmp_path.iterdir()] == ["kek"]


def test_a_missing_file_is_not_made_up_when_it_must_exist(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="Cannot read the secret file"):
        KekRing.load(tmp_path / "kek", create=False)
    assert not (tmp_path / "kek").exists()


def test_processes_that_start_together_agree_on_one_new_key(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from certwright.keys.software.kek import KekRing;"
        "sys.stdin.readline(); print(KekRing.load(Path(sys.argv[1])).ids)"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "kek")],
            env={"PYTHONPATH": str(SOURCES)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for child in children:
        assert child.stdin
        child.stdin.write("\n")
        child.stdin.flush()

    assert len({child.communicate(timeout=30)[0] for child in children}) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "kek"
    KekRing.load(path)
    path.chmod(mode)

    with pytest.raises(Misconfigured, match=f"mode {mode:04o}"):
        KekRing.load(path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"0011223344556677": "c2hvcnQ="}',
        '{"0011223344556677": 5}',
        '{"0011": "not base64!"}',
        "\xff",
    ],
)
def test_a_damaged_file_is_refused_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "kek"
    path.touch(0o600)
    path.write_text(content, encoding="latin-1")

    with pytest.raises(Misconfigured):
        KekRing.load(path)
    assert path.read_text(encoding="latin-1") == content


def test_a_key_under_a_wrong_id_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    path.touch(0o600)
    path.write_text(json.dumps({"00" * 8: base64.b64encode(b"k" * 32).decode()}))

    with pytest.raises(Misconfigured, match="does not fit its id"):
        KekRing.load(path)


def test_a_secret_of_the_environment_holds_keys_newest_first() -> None:
    newest, older = base64.b64encode(b"n" * 32), base64.b64encode(b"o" * 32)

    ring = KekRing.load(None, newest + b", " + older)

    assert ring.newest == Kek(b"n" * 32)
    assert ring.find(Kek(b"o" * 32).id) == Kek(b"o" * 32)
    assert KekRing.load(None, SecretStr(newest.decode())).newest == ring.newest


def test_a_secret_comes_before_the_file_and_creates_none(tmp_path: Path) -> None:
    KekRing.load(tmp_path / "kek", base64.b64encode(b"n" * 32))

    assert not (tmp_path / "kek").exists()


@pytest.mark.parametrize("secret", [b"", b"   ", b"c2hvcnQ=", b"not base64!"])
def test_a_secret_that_is_no_key_is_refused_without_being_shown(secret: bytes) -> None:
    with pytest.raises(Misconfigured) as caught:
        KekRing.load(None, secret)
    assert not secret.strip() or secret.decode() not in str(caught.value)


def test_no_source_at_all_is_refused() -> None:
    with pytest.raises(Misconfigured, match="neither a file nor a secret"):
        KekRing.load(None)


def test_rotating_keeps_the_old_key_and_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    ring = KekRing.load(path)
    old = ring.newest

    new = ring.rotate()

    assert new != old
    assert KekRing.load(path).ids == (new.id.hex(), old.id.hex())
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_process_that_rotated_is_noticed_when_its_key_is_needed(tmp_path: Path) -> None:
    ours, theirs = KekRing.load(tmp_path / "kek"), KekRing.load(tmp_path / "kek")

    new = theirs.rotate()

    assert ours.find(new.id) == new


def test_two_rotations_from_stale_rings_lose_no_key(tmp_path: Path) -> None:
    first, second = KekRing.load(tmp_path / "kek"), KekRing.load(tmp_path / "kek")

    kept = {first.newest.id, first.rotate().id, second.rotate().id}

    assert {bytes.fromhex(kek_id) for kek_id in KekRing.load(tmp_path / "kek").ids} == kept


def test_the_newest_key_cannot_be_forgotten_and_an_unknown_one_is_not_found(tmp_path: Path) -> None:
    ring = KekRing.load(tmp_path / "kek")

    with pytest.raises(Refused, match="newest"):
        ring.forget(ring.newest.id.hex())
    with pytest.raises(NotFound):
        ring.forget("00" * 8)


def test_keys_from_a_secret_are_not_rotated_here() -> None:
    with pytest.raises(Refused, match="secret of the environment"):
        KekRing.load(None, base64.b64encode(b"n" * 32)).rotate()


def test_a_rotation_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path; from certwright.keys.software.kek import KekRing\n"
        "ring = KekRing.load(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        "try: ring.rotate()\n"
        "except Exception as error: print(type(error).__name__)\n"
    )
    path = tmp_path / "kek"
    before = KekRing.load(path).ids

    ran = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.strip() == Unavailable.__name__
    assert KekRing.load(path).ids == before
    assert sorted(file.name for file in tmp_path.iterdir()) == [".kek.lock", "kek"]


def test_nothing_shows_a_key(tmp_path: Path) -> None:
    ring = KekRing.load(tmp_path / "kek")
    key = ring.newest.key

    shown = repr(ring) + repr(ring.newest) + str(ring.ids) + str(ring.newest)

    assert key.hex() not in shown
    assert base64.b64encode(key).decode() not in shown
    assert repr(key) not in shown

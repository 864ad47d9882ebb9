"""Where a PIN comes from, and the memory of those a token refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pkcs11 import TokenFlag
from pkcs11.types import PROTECTED_AUTH

from certwright.keys.pkcs11 import TokenProfile, pin
from certwright.keys.pkcs11.login import log_in
from certwright.keys.pkcs11.pin_attempts import PinAttempts
from certwright.model.errors import Misconfigured, Unavailable

SOURCES = Path(__file__).parents[3] / "src"
TOKEN = "shop:0123"


@pytest.fixture
def attempts(tmp_path: Path) -> PinAttempts:
    """An empty memory."""
    return PinAttempts(tmp_path / "refused-pins")


def refuse(attempts: PinAttempts, value: bytes, token: str = TOKEN) -> None:
    """Go through a login that the token refuses."""
    with attempts.attempt(token, value) as attempt:
        attempt.refused()


def succeed(attempts: PinAttempts, value: bytes, token: str = TOKEN, **options: bool) -> None:
    """Go through a login that works."""
    with attempts.attempt(token, value, **options) as attempt:
        attempt.succeeded()


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_pin_file_gives_its_line_without_the_line_end(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "pin"
    path.touch(0o600)
    path.write_bytes(f" p in {ending}".encode())

    assert pin.from_file(path)() == b" p in "


def test_a_changed_pin_file_is_read_at_the_next_login(tmp_path: Path) -> None:
    path = tmp_path / "pin"
    path.touch(0o600)
    source = pin.from_file(path)
    for text in ("first", "second"):
        path.write_text(text)
        assert source() == text.encode()


def test_a_person_is_asked_once() -> None:
    questions: list[str] = []
    source = pin.from_prompt(lambda: questions.append("asked") or "1234")  # type: ignore[func-returns-value]

    assert (source(), source()) == (b"1234", b"1234")
    assert questions == ["asked"]


def test_a_refused_pin_is_not_tried_again_and_another_is(attempts: PinAttempts, tmp_path: Path) -> None:
    refuse(attempts, b"wrong")

    with pytest.raises(Misconfigured, match="refused this PIN before"):
        succeed(PinAttempts(tmp_path / "refused-pins"), b"wrong")
    succeed(attempts, b"right")


def test_another_tokens_refusal_does_not_count(attempts: PinAttempts) -> None:
    refuse(attempts, b"1234")

    succeed(attempts, b"1234", token="other:4567")


def test_an_operator_can_have_a_refused_pin_tried_and_its_success_forgets_the_refusal(
    attempts: PinAttempts,
) -> None:
    refuse(attempts, b"1234")

    succeed(attempts, b"1234", despite_refusal=True)

    succeed(attempts, b"1234")


def test_a_login_the_token_never_looked_at_counts_nothing(attempts: PinAttempts) -> None:
    for _ in range(5):
        with attempts.attempt(TOKEN, b"1234") as attempt:
            attempt.not_made()
    succeed(attempts, b"1234")


DYING = """
import os, sys
from pathlib import Path
from certwright.keys.pkcs11.pin_attempts import PinAttempts
with PinAttempts(Path(sys.argv[1])).attempt("shop:0123", b"1234"):
    os.kill(os.getpid(), 9)
"""


def test_a_process_that_dies_while_logging_in_costs_two_tries_at_most(attempts: PinAttempts, tmp_path: Path) -> None:
    for _ in range(2):
        died = subprocess.run(
            [sys.executable, "-c", DYING, str(tmp_path / "refused-pins")], env={"PYTHONPATH": str(SOURCES)}
        )
        assert died.returncode == -9

    with pytest.raises(Misconfigured):
        succeed(attempts, b"1234")


def test_one_death_does_not_shut_a_right_pin_out(attempts: PinAttempts, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", DYING, str(tmp_path / "refused-pins")], env={"PYTHONPATH": str(SOURCES)})

    succeed(attempts, b"1234")
    succeed(attempts, b"1234")


def test_the_memory_holds_no_pin_and_is_for_its_owner_alone(attempts: PinAttempts, tmp_path: Path) -> None:
    refuse(attempts, b"a wrong pin")
    path = tmp_path / "refused-pins"

    assert b"a wrong pin" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


def test_equal_pins_leave_different_marks_in_different_memories(tmp_path: Path) -> None:
    marks = []
    for name in ("a", "b"):
        refuse(PinAttempts(tmp_path / name), b"1234")
        marks.append(list(json.loads((tmp_path / name).read_text())["tokens"][TOKEN]))

    assert marks[0] != marks[1]


@pytest.mark.parametrize("content", ["", "{}", '{"salt": "AA==", "tokens": []}', '{"salt": 1, "tokens": {}}'])
def test_a_damaged_memory_stops_every_login(attempts: PinAttempts, tmp_path: Path, content: str) -> None:
    path = tmp_path / "refused-pins"
    path.touch(0o600)
    path.write_text(content)

    with pytest.raises(Misconfigured, match="damaged"):
        succeed(attempts, b"1234")


def test_no_login_is_made_while_the_memory_cannot_be_written(tmp_path: Path) -> None:
    tried = []

    with pytest.raises(Unavailable), PinAttempts(tmp_path / "missing" / "file").attempt(TOKEN, b"1234"):
        tried.append("login")

    assert tried == []


class FakeToken:
    """A token whose flags are set and whose ``open`` counts, at the binding's edge."""

    label, serial = "shop", b"0123"

    def __init__(self, flags: TokenFlag) -> None:
        self.flags = flags
        self.opened: list[dict[str, object]] = []

    def open(self, **options: object) -> str:
        self.opened.append(options)
        return "a session"


PROFILE = TokenProfile("/lib/token.so", "shop")
LOGIN = TokenFlag.LOGIN_REQUIRED


@pytest.mark.parametrize(
    ("flag", "code"),
    [
        (TokenFlag.USER_PIN_COUNT_LOW, "PinCountLow"),
        (TokenFlag.USER_PIN_FINAL_TRY, "PinCountLow"),
        (TokenFlag.USER_PIN_LOCKED, "PinLocked"),
    ],
)
def test_a_token_that_counts_failures_is_not_logged_in_to(attempts: PinAttempts, flag: TokenFlag, code: str) -> None:
    token = FakeToken(LOGIN | flag)

    with pytest.raises(Misconfigured) as caught:
        log_in(token, PROFILE, lambda: b"1234", attempts)  # type: ignore[arg-type]

    assert caught.value.code == code
    assert token.opened == []


def test_an_operators_word_does_not_open_a_locked_token(attempts: PinAttempts) -> None:
    token = FakeToken(LOGIN | TokenFlag.USER_PIN_LOCKED)

    with pytest.raises(Misconfigured, match="locked"):
        log_in(token, PROFILE, lambda: b"1234", attempts, one_more_login=True)  # type: ignore[arg-type]

    assert token.opened == []


def test_a_token_with_its_own_pin_pad_gets_no_pin_from_us(attempts: PinAttempts) -> None:
    token = FakeToken(LOGIN | TokenFlag.PROTECTED_AUTHENTICATION_PATH)

    log_in(token, PROFILE, pin.from_token(), attempts)  # type: ignore[arg-type]

    assert token.opened[0]["user_pin"] is PROTECTED_AUTH


def test_a_token_that_wants_no_login_is_not_asked_for_one(attempts: PinAttempts) -> None:
    token = FakeToken(TokenFlag.RNG)

    def never() -> bytes:
        raise AssertionError("the PIN was asked for")

    log_in(token, PROFILE, never, attempts)  # type: ignore[arg-type]

    assert "user_pin" not in token.opened[0]


def test_a_pin_without_the_shape_of_its_profile_is_not_tried(attempts: PinAttempts) -> None:
    token = FakeToken(LOGIN)
    profile = TokenProfile("/lib/token.so", "shop", pin_pattern="[^:]+:.+")

    with pytest.raises(Misconfigured, match="shape"):
        log_in(token, profile, lambda: b"1234567", attempts)  # type: ignore[arg-type]
    log_in(token, profile, lambda: b"user:1234", attempts)  # type: ignore[arg-type]

    assert [options["user_pin"] for options in token.opened] == ["user:1234"]

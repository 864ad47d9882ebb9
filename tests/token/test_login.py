"""A token's PIN tries are never spent by our doing."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from certwright.keys.pkcs11 import Pkcs11Keys
from certwright.model.errors import Misconfigured, Unavailable
from tests.token import children
from tests.token.conftest import RealToken, new_softhsm_token, nss_token, write_secret
from tests.token.programs import library

LIST_KEYS = """
try:
    print(len(open_keys().list()), "keys")
except CertwrightError as error:
    print(type(error).__name__, error.code)
"""


class Spied:
    """A token reached through OpenSC's pkcs11-spy, which writes down every call."""

    def __init__(self, token: RealToken) -> None:
        self.token = token
        self.log = token.folder / "spy.log"
        self.environment = {"PKCS11SPY": token.module, "PKCS11SPY_OUTPUT": str(self.log)}
        profile = {**token.settings["profile"], "module": library("pkcs11-spy.so", "opensc")}
        self.settings = {**token.settings, "profile": profile}

    def run(self) -> str:
        """List the token's keys in a new process."""
        return children.run(LIST_KEYS, self.settings, **self.environment)

    def start(self) -> subprocess.Popen[str]:
        """The same, without waiting for its end."""
        return children.start(LIST_KEYS, self.settings, **self.environment)

    def count(self, call: str) -> int:
        """How often a function of the module was called, by all processes together."""
        return len(re.findall(rf"^\d+: {call}$", self.log.read_text(errors="replace"), re.MULTILINE))


@pytest.fixture
def spied(token: RealToken) -> Spied:
    """The token behind the spy."""
    return Spied(token)


def test_a_wrong_pin_reaches_the_token_once_however_often_we_restart(spied: Spied) -> None:
    spied.token.pin_file.write_text("wrong-pin")

    answers = [spied.run() for _ in range(3)]

    assert answers[0] == "Misconfigured PinIncorrect"
    assert all(answer.startswith("Misconfigured") for answer in answers)
    assert spied.count("C_Login") == 1


def test_a_wrong_pin_reaches_a_token_without_flags_once(nss_folder: Path, tmp_path: Path) -> None:
    write_secret(tmp_path / "pin", "wrong-pin")
    nss = nss_token(nss_folder)
    spied = Spied(RealToken(nss.module, nss.label, nss.serial, "wrong-pin", tmp_path, nss.init_string))

    answers = [spied.run() for _ in range(3)]

    assert answers == ["Misconfigured PinIncorrect", *["Misconfigured PinRefusedBefore"] * 2]
    assert spied.count("C_Login") == 1


def test_two_workers_that_start_together_spend_one_try(nss_folder: Path, tmp_path: Path) -> None:
    write_secret(tmp_path / "pin", "wrong-pin")
    nss = nss_token(nss_folder)
    spied = Spied(RealToken(nss.module, nss.label, nss.serial, "wrong-pin", tmp_path, nss.init_string))

    workers = [spied.start() for _ in range(2)]
    answers = sorted(worker.communicate(timeout=30)[0].strip() for worker in workers)

    assert answers == ["Misconfigured PinIncorrect", "Misconfigured PinRefusedBefore"]
    assert spied.count("C_Login") == 1


def test_a_corrected_pin_is_used_once_an_operator_says_so(token: RealToken) -> None:
    token.pin_file.write_text("wrong-pin")
    keys = token.open()
    with pytest.raises(Misconfigured, match="PinIncorrect"):
        keys.list()
    token.pin_file.write_text(token.pin)

    with pytest.raises(Misconfigured, match="tries are running out"):
        keys.list()
    assert keys.check(one_more_login=True).usable
    assert keys.list() == []
    keys.close()
    assert token.open().list() == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [("", "empty or shorter"), ("123", "empty or shorter"), ("one\ntwo\n", "more than one line")],
)
def test_a_pin_that_cannot_be_right_is_not_tried(token: RealToken, content: str, reason: str) -> None:
    keys = token.open()
    token.pin_file.write_text(content)

    with pytest.raises(Misconfigured, match=reason):
        keys.list()

    token.pin_file.write_text(token.pin)
    assert keys.list() == []
    keys.close()


def test_a_pin_file_that_others_can_read_is_refused(token: RealToken) -> None:
    token.pin_file.chmod(0o640)

    with pytest.raises(Misconfigured, match="mode 0640"):
        token.open().list()


FULL_DISK = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
try:
    open_keys().list()
except Unavailable as error:
    print("Unavailable")
"""


def test_no_pin_is_tried_while_the_attempt_cannot_be_written_down(token: RealToken) -> None:
    token.pin_file.write_text("wrong-pin")

    assert children.run(FULL_DISK, token.settings) == "Unavailable"

    token.pin_file.write_text(token.pin)
    keys = token.open()
    assert keys.list() == []  # the token counts no failure, so the wrong PIN never reached it
    keys.close()


def test_neither_errors_nor_reprs_nor_the_memory_show_a_pin(token: RealToken) -> None:
    token.pin_file.write_text("wrong-secret-pin")
    keys = token.open()
    texts = []
    for _ in range(2):
        with pytest.raises(Misconfigured) as caught:
            keys.list()
        texts.append(str(caught.value) + repr(caught.value) + repr(caught.value.__cause__))
    texts += [repr(keys), repr(keys._token), repr(keys.profile), token.refused_pins.read_text()]

    assert not [text for text in texts if "wrong-secret-pin" in text]
    assert token.refused_pins.stat().st_mode & 0o077 == 0


def test_an_absent_token_pauses_and_is_used_as_soon_as_it_is_there(
    softhsm: dict[str, str], tmp_path: Path, token: RealToken
) -> None:
    first = token.open()
    first.list()
    (tmp_path / "second").mkdir()
    second = new_softhsm_token(softhsm, tmp_path / "second")  # appears after the library listed its slots
    absent = replace(second.profile, label="no such token", serial="")

    with pytest.raises(Unavailable, match="no such token"):
        Pkcs11Keys(absent, lambda: b"1234", token.refused_pins).list()
    assert second.open().list() == []
    assert first.list() is not None
    first.close()


def test_a_label_that_fits_two_tokens_is_refused_until_the_serial_tells_them_apart(
    softhsm: dict[str, str], tmp_path: Path
) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    first, second = (new_softhsm_token(softhsm, folder, label="twin") for folder in folders)

    with pytest.raises(Misconfigured, match="2 tokens fit"):
        Pkcs11Keys(replace(first.profile, serial=""), lambda: b"1234", first.refused_pins).list()
    for one in (first, second):
        keys = one.open()
        assert keys.check().serial == one.serial
        keys.close()


@pytest.mark.parametrize("what", ["missing", "text", "no module"])
def test_a_file_that_is_no_pkcs11_module_is_named_in_the_error(token: RealToken, what: str) -> None:
    path = token.folder / "module.so"
    if what == "text":
        path.write_text("not a library")
    module = library("libcrypto.so.3", "libssl3") if what == "no module" else str(path)
    keys = Pkcs11Keys(replace(token.profile, module=module), lambda: b"1234", token.refused_pins)

    with pytest.raises(Misconfigured, match=re.escape(module)):
        keys.list()

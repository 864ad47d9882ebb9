"""The token pulled out and put back: ``p11-kit server`` is a token on a wire, and the wire can be cut."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.token import children
from tests.token.conftest import RealToken
from tests.token.programs import library, program


class Wire:
    """A token served over a socket; ``pull`` kills the server and its connections."""

    def __init__(self, token: RealToken, folder: Path) -> None:
        self.token = token
        self.socket = folder / "token.socket"
        self._program = program("p11-kit", "p11-kit")
        self._server: subprocess.Popen[bytes] | None = None
        self.settings = {
            **token.settings,
            "profile": {
                **token.settings["profile"],
                "module": library("p11-kit-client.so", "p11-kit-modules"),
                "environment": {"P11_KIT_SERVER_ADDRESS": f"unix:path={self.socket}"},
            },
        }

    def plug(self) -> None:
        """Start the server; returns once it listens."""
        self.socket.unlink(missing_ok=True)
        self._server = subprocess.Popen(
            [
                self._program,
                "server",
                "--foreground",
                f"--name={self.socket}",
                f"--provider={self.token.module}",
                f"pkcs11:serial={self.token.serial}",
            ],
            env={**os.environ, **self.token.environment},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 10
        while not self.socket.exists():
            assert time.monotonic() < deadline, "p11-kit server does not listen"
            time.sleep(0.01)  # the server gives no sign but the socket

    def pull(self) -> None:
        """Kill the server and the child that serves our connection."""
        if self._server is not None:
            os.killpg(self._server.pid, 9)
            self._server.wait()
            self._server = None


@pytest.fixture
def wire(token: RealToken, tmp_path: Path) -> Iterator[Wire]:
    """A token on a wire, plugged in."""
    made = Wire(token, tmp_path)
    made.plug()
    yield made
    made.pull()


PULLED_AND_RETURNED = """
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
keys = open_keys()
cka_id = keys.new_id()
reference = keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)
public = keys.public_key(reference)
key = keys.private_key(reference)

def tell(text):
    print(text, flush=True)
    sys.stdin.readline()

tell("made")
answers = []
for use in (
    lambda: key.sign(b"m", ec.ECDSA(hashes.SHA256())),
    lambda: keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id),
    lambda: keys.find(cka_id),
):
    try:
        answers.append(repr(use()))
    except CertwrightError as error:
        answers.append(type(error).__name__)
tell(" ".join(answers))
key.sign(b"m", ec.ECDSA(hashes.SHA256()))
again = keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)
print(again == reference, keys.public_key(again) == public, len(keys.list()))
"""


def test_a_pulled_token_pauses_every_use_and_gives_the_same_key_when_it_returns(wire: Wire) -> None:
    child = children.start(PULLED_AND_RETURNED, wire.settings)
    assert child.stdin
    assert child.stdout
    assert child.stdout.readline() == "made\n"

    wire.pull()
    child.stdin.write("\n")
    child.stdin.flush()
    assert child.stdout.readline() == "Unavailable Unavailable Unavailable\n"

    wire.plug()
    output, _ = child.communicate("\n", timeout=30)
    assert output == "True True 1\n"


AWAY_AT_THE_START = """
keys = open_keys()
try:
    keys.list()
except CertwrightError as error:
    print(type(error).__name__, flush=True)
sys.stdin.readline()
print(len(keys.list()))
"""


def test_a_token_that_is_away_when_we_start_is_used_once_it_is_there(wire: Wire) -> None:
    wire.pull()
    wire.socket.unlink(missing_ok=True)
    child = children.start(AWAY_AT_THE_START, wire.settings)
    assert child.stdout
    assert child.stdout.readline() == "Unavailable\n"

    wire.plug()
    output, _ = child.communicate("\n", timeout=30)

    assert output == "0\n"


def test_a_module_that_does_not_start_pauses_and_is_used_once_its_settings_are_mended(
    token: RealToken,
) -> None:
    conf = token.folder / "softhsm2.conf"
    conf.write_text("directories.tokendir = /nowhere/at/all\n")
    settings = token.settings
    settings["profile"]["environment"] = {"SOFTHSM2_CONF": str(conf)}
    child = children.start(AWAY_AT_THE_START, settings)
    assert child.stdout
    assert child.stdout.readline() == "Unavailable\n"

    conf.write_text(Path(token.environment["SOFTHSM2_CONF"]).read_text())
    output, _ = child.communicate("\n", timeout=30)

    assert output == "0\n"


TWO_PROFILES = """
from dataclasses import replace
first = open_keys()
second = Pkcs11Keys(
    replace(first.profile, label=""),
    pin.from_file(Path(settings["pin_file"])),
    Path(settings["refused_pins"]),
)
cka_id = first.new_id()
reference = first.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)
public = second.public_key(reference)
first.close()
again = second.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)
print(second.public_key(again) == public, len(second.list()))
"""


def test_a_logout_through_another_profile_does_not_make_a_key_look_missing(wire: Wire) -> None:
    assert children.run(TWO_PROFILES, wire.settings) == "True 1"


BLINKING = """
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
keys = open_keys()
key = keys.private_key(keys.generate(KeySpec.RSA_2048, label="shop", cka_id=keys.new_id()))
from cryptography.hazmat.primitives.asymmetric import padding
print("signing", flush=True)
import threading
go_on = threading.Thread(target=sys.stdin.readline)
go_on.start()
answers = set()
while go_on.is_alive():
    try:
        key.sign(b"m", padding.PKCS1v15(), hashes.SHA256())
        answers.add("signed")
    except CertwrightError as error:
        answers.add(type(error).__name__)
try:
    key.sign(b"m", padding.PKCS1v15(), hashes.SHA256())
except Unavailable:  # the last pull may be noticed only now; the next use must work
    key.sign(b"m", padding.PKCS1v15(), hashes.SHA256())
print(" ".join(sorted(answers)))
"""


def test_a_token_pulled_while_it_signs_is_unavailable_and_never_wrong(wire: Wire) -> None:
    child = children.start(BLINKING, wire.settings)
    assert child.stdout
    assert child.stdout.readline() == "signing\n"

    for _ in range(3):
        time.sleep(0.15)  # let it sign for a while: the pull has to hit a busy token
        wire.pull()
        time.sleep(0.05)
        wire.plug()
    output, _ = child.communicate("\n", timeout=30)

    assert output == "Unavailable signed\n"

"""Real tokens: SoftHSM in a folder of its own per session, and NSS softoken as an independent second."""

from __future__ import annotations

import itertools
import os
import re
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from certwright.keys.pkcs11 import Pkcs11Keys, TokenProfile, pin
from tests.token import children
from tests.token.authority import Authority
from tests.token.programs import library, program, softhsm_module

_numbers = itertools.count(1)


@dataclass
class RealToken:
    """A token made for one test: how to reach it from this process, a child, or another program."""

    module: str
    label: str
    serial: str
    pin: str = field(repr=False)
    folder: Path
    init_string: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def pin_file(self) -> Path:
        """Mode 0600, holds the PIN."""
        return self.folder / "pin"

    @property
    def refused_pins(self) -> Path:
        """The durable memory of refused PINs."""
        return self.folder / "refused-pins"

    @property
    def profile(self) -> TokenProfile:
        """The token's profile."""
        return TokenProfile(**self.settings["profile"])

    @property
    def settings(self) -> dict[str, Any]:
        """What a child process needs (``children.PROLOGUE``)."""
        return {
            "profile": {
                "module": self.module,
                "label": self.label,
                "serial": self.serial,
                "init_string": self.init_string,
                "environment": self.environment,
            },
            "pin_file": str(self.pin_file),
            "refused_pins": str(self.refused_pins),
        }

    def open(self) -> Pkcs11Keys:
        """An adapter in this process."""
        return Pkcs11Keys(self.profile, pin.from_file(self.pin_file), self.refused_pins)


def write_secret(path: Path, content: str) -> None:
    """Write a 0600 file."""
    path.touch(mode=0o600)
    path.write_text(content)


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """SoftHSM's environment: a store of this test session's own. Set before the library is loaded, once."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(conf)
    return {"SOFTHSM2_CONF": str(conf)}


@pytest.fixture
def token(softhsm: dict[str, str], tmp_path: Path) -> RealToken:
    """A fresh SoftHSM token with a random PIN."""
    return new_softhsm_token(softhsm, tmp_path)


def new_softhsm_token(environment: dict[str, str], folder: Path, label: str = "") -> RealToken:
    """Initialise one more token in the session's store."""
    before = set(_serials(environment))
    module, label, user_pin = softhsm_module(), label or f"token {next(_numbers)}", secrets.token_urlsafe(9)
    command = [program("softhsm2-util", "softhsm2"), "--init-token", "--free", "--label", label]
    # The PINs are throw-away and the tool takes them no other way.
    subprocess.run(
        [*command, "--pin", user_pin, "--so-pin", secrets.token_urlsafe(9)],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
    write_secret(folder / "pin", user_pin)
    (serial,) = set(_serials(environment)) - before
    return RealToken(module, label, serial, user_pin, folder, environment=environment)


def _serials(environment: dict[str, str]) -> list[str]:
    """The serial numbers of all tokens, as SoftHSM's own tool shows them."""
    shown = subprocess.run(
        [program("softhsm2-util", "softhsm2"), "--show-slots"],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [serial for serial in re.findall(r"^\s+Serial number:[ ]*(\S*)", shown, re.MULTILINE) if serial]


@pytest.fixture(scope="session")
def nss_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An NSS key database with a PIN, made in a child process (the library is started once per process)."""
    library("libsoftokn3.so", "libnss3")
    folder = tmp_path_factory.mktemp("nss")
    write_secret(folder / "pin", secrets.token_urlsafe(9))
    children.run(
        """
from certwright.keys.pkcs11.module import LOCK, load
profile = open_keys().profile
with LOCK:
    slots = load(profile.module, profile.init_string, {}).slots()
    token = next(found for slot in slots if (found := slot.get_token()).label == profile.label)
    session = token.open(rw=True, so_pin="")
    session.init_pin(Path(settings["pin_file"]).read_text())
    session.close()
""",
        nss_token(folder).settings,
    )
    return folder


def nss_token(folder: Path) -> RealToken:
    """The key token of an NSS database; it shares its serial number with another, not its label."""
    start = f"configdir='sql:{folder}' certPrefix='' keyPrefix='' secmod='' flags="
    pin_file = folder / "pin"
    return RealToken(
        module=library("libsoftokn3.so", "libnss3"),
        label="NSS Certificate DB",
        serial="0000000000000000",
        pin=pin_file.read_text(),
        folder=folder,
        init_string=start,
    )


@pytest.fixture(params=["softhsm", "nss"])
def any_token(request: pytest.FixtureRequest) -> RealToken:
    """Each of the two independent tokens in turn."""
    if request.param == "nss":
        return nss_token(request.getfixturevalue("nss_folder"))
    made: RealToken = request.getfixturevalue("token")
    return made


@pytest.fixture
def keys(token: RealToken) -> Iterator[Pkcs11Keys]:
    """An adapter on a fresh SoftHSM token."""
    opened = token.open()
    yield opened
    opened.close()


@pytest.fixture
def any_keys(any_token: RealToken) -> Iterator[Pkcs11Keys]:
    """An adapter on each of the two independent tokens."""
    opened = any_token.open()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def authority() -> Authority:
    """A small CA."""
    return Authority.new()

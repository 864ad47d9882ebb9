"""A key's URI, and a token's settings."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.keys.pkcs11.profile import TokenProfile
from certwright.keys.pkcs11.reference import TokenKeyReference
from certwright.keys.pkcs11.uri import key_uri, uri_pem
from certwright.model.errors import Misconfigured

SOURCES = Path(__file__).parents[3] / "src"
NAMES = st.text(st.characters(blacklist_categories=["Cs"]), max_size=32)


@given(label=NAMES, serial=NAMES, cka_id=st.binary(min_size=1, max_size=128))
def test_a_uri_says_label_serial_and_id_and_uses_no_character_of_its_own_grammar_in_them(
    label: str, serial: str, cka_id: bytes
) -> None:
    uri = key_uri(TokenKeyReference(label, serial, cka_id.hex()))

    scheme, _, path = uri.partition(":")
    parts = dict(part.split("=") for part in path.split(";"))
    assert scheme == "pkcs11"
    assert uri.isascii()
    assert unquote_to_bytes(parts.get("token", "")).decode() == label
    assert unquote_to_bytes(parts.get("serial", "")).decode() == serial
    assert unquote_to_bytes(parts["id"]) == cka_id
    assert parts["type"] == "private"


@given(uri=st.text(st.characters(max_codepoint=126, min_codepoint=33), max_size=2000))
def test_the_uri_file_is_a_sequence_of_two_strings_that_fill_it(uri: str) -> None:
    lines = uri_pem(uri).decode().splitlines()
    der = base64.b64decode("".join(lines[1:-1]))

    def element(start: int) -> tuple[int, int, int]:
        """Tag, start and end of the content of the DER element at ``start``."""
        length, after = der[start + 1], start + 2
        if length & 0x80:
            after += length & 0x7F
            length = int.from_bytes(der[start + 2 : after], "big")
        return der[start], after, after + length

    tag, inside, end = element(0)
    first, first_start, first_end = element(inside)
    second, second_start, second_end = element(first_end)
    assert (tag, first, second) == (0x30, 0x1A, 0x0C)
    assert der[first_start:first_end] == b"PKCS#11 Provider URI v1.0"
    assert der[second_start:second_end].decode() == uri
    assert second_end == end == len(der)
    assert lines[0] == "-----BEGIN PKCS#11 PROVIDER URI-----"
    assert max(map(len, lines)) <= 64


def test_a_profile_is_read_from_toml() -> None:
    profile = TokenProfile.from_toml(
        'module = "/lib/token.so"\nlabel = "shop"\nid_length = 2\nkey_specs = ["ec-p256"]\n'
        'private_template_add = { "0x80000101" = true }\n'
    )

    assert profile == TokenProfile(
        "/lib/token.so",
        "shop",
        id_length=2,
        key_specs=("ec-p256",),
        private_template_add={"0x80000101": True},
    )


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"label": "shop"}, "module does not fit: Field required"),
        ({"module": "", "label": "shop"}, "names no PKCS#11 module"),
        ({"module": "/lib/token.so"}, "neither a label nor a serial"),
        ({"module": "/lib/token.so", "label": "shop", "slot": 3}, "Unknown token setting: slot"),
        ({"module": "/lib/token.so", "label": 5}, "label does not fit"),
        ({"module": "/lib/token.so", "label": "shop", "id_length": 0}, "between 1 and 128"),
        ({"module": "/lib/token.so", "label": "shop", "pin_pattern": "["}, "not a regular expression"),
    ],
)
def test_a_profile_that_cannot_work_is_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(Misconfigured, match=reason):
        TokenProfile.from_mapping(settings)


def test_text_that_is_not_toml_is_refused() -> None:
    with pytest.raises(Misconfigured, match="not TOML"):
        TokenProfile.from_toml("module =")


def test_describing_a_token_does_not_load_the_binding() -> None:
    program = (
        "import sys; from certwright.keys.pkcs11 import TokenProfile, TokenKeyReference, pin;"
        "TokenProfile('/lib/token.so', 'shop'); print('pkcs11' in sys.modules)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.strip() == "False"

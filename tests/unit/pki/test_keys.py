"""Keys: made, named, compared, read, written; and never shown."""

from __future__ import annotations

import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from certwright.pki import _pem, keys
from certwright.pki.errors import Invalid
from certwright.pki.keys import KeySpec

FORMATS = [
    serialization.PrivateFormat.PKCS8,
    serialization.PrivateFormat.TraditionalOpenSSL,
]


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: keys.PrivateKey, form: serialization.PrivateFormat, password: bytes | None) -> bytes:
    protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, protection)


@pytest.mark.parametrize("spec", [KeySpec.RSA_2048, KeySpec.EC_P256, KeySpec.EC_P384])
def test_a_generated_key_is_what_was_asked_for(spec: KeySpec) -> None:
    key = keys.generate(spec)
    assert keys.spec_of(key.public_key()) is spec
    assert not keys.same_key(key.public_key(), keys.generate(spec).public_key())


def test_rsa_keys_have_the_exponent_that_cas_want(rsa_key: rsa.RSAPrivateKey) -> None:
    made = keys.generate(KeySpec.RSA_2048)
    assert isinstance(made, rsa.RSAPrivateKey)
    assert made.public_key().public_numbers().e == 65537


@pytest.mark.parametrize("text", ["rsa-2048", " EC-P256 ", "Rsa-4096"])
def test_a_key_spec_is_read_in_any_case(text: str) -> None:
    assert keys.parse_key_spec(text) == text.strip().lower()


@pytest.mark.parametrize("text", ["", "rsa", "rsa-1024", "ec-p521", "ed25519"])
def test_an_unknown_key_spec_is_refused_with_the_list(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        keys.parse_key_spec(text)
    assert "ec-p256" in refused.value.advice


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("password", [None, b"correct horse"])
def test_every_pem_form_gives_the_key_back(
    rsa_key: rsa.RSAPrivateKey, form: serialization.PrivateFormat, password: bytes | None
) -> None:
    for key in (rsa_key, ec.generate_private_key(ec.SECP384R1())):
        read = keys.private_key_from_pem(pem(key, form, password), password)
        assert keys.private_key_to_pkcs8(read) == keys.private_key_to_pkcs8(key)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("password", "word"), [(b"wrong horse", "wrong"), (None, "encrypted")])
def test_a_wrong_or_missing_password_is_refused(
    rsa_key: rsa.RSAPrivateKey, form: serialization.PrivateFormat, password: bytes | None, word: str
) -> None:
    with pytest.raises(Invalid, match=word):
        keys.private_key_from_pem(pem(rsa_key, form, b"correct horse"), password)


def test_the_password_shows_in_no_error(rsa_key: rsa.RSAPrivateKey) -> None:
    with pytest.raises(Invalid) as refused:
        keys.private_key_from_pem(pem(rsa_key, FORMATS[0], b"right"), b"a-secret-of-mine")
    assert "a-secret-of-mine" not in repr(refused.value) + str(refused.value)
    assert refused.value.__cause__ is None


def test_damaged_keys_are_refused(rsa_key: rsa.RSAPrivateKey) -> None:
    text = pem(rsa_key, FORMATS[0], None)
    with pytest.raises(Invalid):
        keys.private_key_from_pem(text[: len(text) // 2])
    with pytest.raises(Invalid, match="damaged"):
        keys.private_key_from_pem(_pem.encode(b"\x30\x03\x02\x01\x00", "PRIVATE KEY").encode())


def test_one_key_is_expected() -> None:
    one = pem(ec.generate_private_key(ec.SECP256R1()), FORMATS[0], None)
    with pytest.raises(Invalid, match="holds 2"):
        keys.private_key_from_pem(one + one)
    with pytest.raises(Invalid, match="holds 0"):
        keys.private_key_from_pem(b"hello")


def test_kinds_that_cas_do_not_sign_are_refused() -> None:
    odd = ed25519.Ed25519PrivateKey.generate()
    text = odd.private_bytes(serialization.Encoding.PEM, FORMATS[0], serialization.NoEncryption())
    with pytest.raises(Invalid, match="kind"):
        keys.private_key_from_pem(text)


def test_a_monstrous_rsa_key_is_refused_quickly() -> None:
    number = b"\x02\x82\x10\x01\x00" + b"\xff" * 4096
    body = b"\x02\x01\x00" + number * 2
    der = b"\x30\x82" + len(body).to_bytes(2, "big") + body
    started = time.perf_counter()
    with pytest.raises(Invalid, match="larger"):
        keys.private_key_from_pem(_pem.encode(der, "RSA PRIVATE KEY").encode())
    assert time.perf_counter() - started < 1


def test_a_key_is_named_by_64_hex_digits_and_described_in_words() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    name = keys.public_key_sha256(key)
    assert len(name) == 64
    assert keys.same_key(key, key)
    assert keys.describe(key) == "EC secp256r1"
    assert keys.describe(ed25519.Ed25519PrivateKey.generate().public_key()) == "Ed25519"


@pytest.mark.parametrize(("password", "label"), [(None, b"PRIVATE KEY"), (b"a long one", b"ENCRYPTED PRIVATE KEY")])
def test_a_written_pem_is_read_back_and_encrypted_when_asked(password: bytes | None, label: bytes) -> None:
    key = keys.generate(KeySpec.EC_P256)
    text = keys.private_key_to_pem(key, password)
    assert text.startswith(b"-----BEGIN " + label)
    assert keys.private_key_to_pkcs8(keys.private_key_from_pem(text, password)) == keys.private_key_to_pkcs8(key)

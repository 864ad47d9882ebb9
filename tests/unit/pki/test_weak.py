"""Weak keys: each defect is made for real and must be found; sound keys pass, quickly."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import gmpy2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from certwright.pki import keys, weak

SOUND = rsa.generate_private_key(65537, 2048)


def rsa_public(modulus: int, exponent: int = 65537) -> rsa.RSAPublicKey:
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def sound_prime() -> int:
    """A prime of 1024 bits."""
    return SOUND.private_numbers().p


def prime_after(number: int) -> int:
    return int(gmpy2.next_prime(number))


def roca_prime(seed: int) -> int:
    """A prime of 1024 bits of the form that the Infineon library made: k·M + (65537^a mod M)."""
    primorial = math.prod(n for n in range(2, 702) if gmpy2.is_prime(n))
    base = int(gmpy2.powmod(65537, seed, primorial))
    first = (3 << 1022) // primorial + seed
    return next(p for k in range(first, first + 100_000) if gmpy2.is_prime(p := k * primorial + base))


@pytest.mark.parametrize("spec", [keys.KeySpec.RSA_2048, keys.KeySpec.EC_P256, keys.KeySpec.EC_P384])
def test_sound_keys_pass(spec: keys.KeySpec) -> None:
    assert weak.weakness(keys.generate(spec).public_key()) is None


def test_short_rsa_keys_are_refused() -> None:
    assert "1024 bits" in (weak.weakness(rsa.generate_private_key(65537, 1024).public_key()) or "")


def test_an_rsa_key_of_2047_bits_is_refused() -> None:
    assert "2047 bits" in (weak.weakness(rsa_public((1 << 2046) + 1)) or "")


def test_an_rsa_key_of_2050_bits_is_refused() -> None:
    assert "multiple of 8" in (weak.weakness(rsa_public((1 << 2049) + 1)) or "")


def test_an_enormous_rsa_key_is_refused_at_once() -> None:
    started = time.perf_counter()
    assert "16384 bits" in (weak.weakness(rsa_public((1 << 16383) + 1)) or "")
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("exponent", [3, 17, 65535])
def test_small_exponents_are_refused(exponent: int) -> None:
    assert "exponent" in (weak.weakness(rsa_public(SOUND.public_key().public_numbers().n, exponent)) or "")


@pytest.mark.parametrize("factor", [3, 751])
def test_small_factors_are_refused(factor: int) -> None:
    cofactor = prime_after((1 << 2047) // factor + (1 << 2030))
    assert f"divisible by {factor}" in (weak.weakness(rsa_public(cofactor * factor)) or "")


def test_a_factor_that_is_only_rather_small_is_refused() -> None:
    cofactor = prime_after((1 << 2047) // 65521 + (1 << 2020))
    assert "small factor" in (weak.weakness(rsa_public(cofactor * 65521)) or "")


@pytest.mark.parametrize("distance", [1, 1 << 500])
def test_close_primes_are_refused(distance: int) -> None:
    p = sound_prime()
    assert "Fermat" in (weak.weakness(rsa_public(p * prime_after(p + distance))) or "")


def test_a_square_is_refused() -> None:
    assert "Fermat" in (weak.weakness(rsa_public(sound_prime() ** 2)) or "")


def test_roca_keys_are_refused() -> None:
    assert "ROCA" in (weak.weakness(rsa_public(roca_prime(12345) * roca_prime(67890))) or "")


def test_keys_of_other_kinds_are_refused() -> None:
    kinds = [
        ed25519.Ed25519PrivateKey.generate(),
        ed448.Ed448PrivateKey.generate(),
        dsa.generate_private_key(1024),
    ]
    for key in kinds:
        assert "kind" in (weak.weakness(key.public_key()) or "")


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.SECP521R1(), ec.BrainpoolP256R1(), ec.SECP224R1()])
def test_other_curves_are_refused(curve: ec.EllipticCurve) -> None:
    assert curve.name in (weak.weakness(ec.generate_private_key(curve).public_key()) or "")


def test_a_check_takes_under_5_milliseconds_after_the_first() -> None:
    weak.weakness(SOUND.public_key())
    fastest = min(_seconds(SOUND.public_key()) for _ in range(20))
    assert fastest < 0.005


def _seconds(public: rsa.RSAPublicKey) -> float:
    started = time.perf_counter()
    weak.weakness(public)
    return time.perf_counter() - started


def test_a_key_on_the_block_list_is_refused(tmp_path: Path) -> None:
    """A process of its own, because badkeys keeps its list for the life of a process."""
    known, unknown = (keys.generate(keys.KeySpec.EC_P256).public_key() for _ in range(2))
    x = known.public_numbers().x  # type: ignore[union-attr]
    entry = hashlib.sha256(x.to_bytes((x.bit_length() + 7) // 8, "big")).digest()[:15] + b"\x01"
    folder = tmp_path / "badkeys"
    folder.mkdir()
    (folder / "blocklist.dat").write_bytes(entry)
    (folder / "badkeysdata.json").write_text(json.dumps({"blocklists": [{"id": 1, "name": "debianssl"}]}))
    program = (
        "import sys\nfrom cryptography.hazmat.primitives.serialization import load_pem_public_key as load\n"
        "from certwright.pki import weak\nfor text in sys.argv[1:]: print(weak.weakness(load(text.encode())))"
    )
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    texts = [key.public_bytes(*form).decode() for key in (known, unknown)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    seen = subprocess.run(
        [sys.executable, "-c", program, *texts], env=environment, capture_output=True, check=True, text=True
    )
    assert seen.stdout.splitlines() == ["The key is publicly known to be compromised (debianssl).", "None"]


def test_loading_the_module_does_not_load_badkeys() -> None:
    program = "import sys; from certwright.pki import weak; print('badkeys' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    seen = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True)
    assert seen.stdout.strip() == "False"


def test_a_block_list_that_is_downloaded_or_renewed_is_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    without = weak.version()
    (tmp_path / "badkeys").mkdir()
    for name in ("badkeysdata.json", "blocklist.dat"):
        (tmp_path / "badkeys" / name).touch()
    first = weak.version()
    os.utime(tmp_path / "badkeys" / "blocklist.dat", (1, 1))
    assert without.endswith(", no list")
    assert weak.version().endswith(", list 1")
    assert len({without, first, weak.version()}) == 3

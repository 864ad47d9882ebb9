"""Token keys as pyca's builders see them; a software key plays the token."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import pkcs12

from certwright.keys.pkcs11.keys import TokenECKey, TokenRSAKey
from certwright.model.errors import Misconfigured

RSA = rsa.generate_private_key(65537, 2048)
EC = {curve.name: ec.generate_private_key(curve) for curve in (ec.SECP256R1(), ec.SECP384R1())}
HASHES = [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()]


class SoftwareSigner:
    """What a token does with a digest, done by a software key; ``broken`` flips one bit."""

    def __init__(self, key: Any, *, broken: bool = False) -> None:
        self._key, self._broken = key, broken

    def rsa_pkcs1(self, digest_info: bytes) -> bytes:
        numbers = self._key.private_numbers()
        size = self._key.key_size // 8
        padded = b"\0\1" + b"\xff" * (size - len(digest_info) - 3) + b"\0" + digest_info
        signed = pow(int.from_bytes(padded, "big"), numbers.d, numbers.public_numbers.n)
        return self._out(signed.to_bytes(size, "big"))

    def rsa_pss(self, digest: bytes, hash_name: str) -> bytes:
        algorithm = next(each for each in HASHES if each.name == hash_name)
        pss = padding.PSS(padding.MGF1(algorithm), len(digest))
        return self._out(self._key.sign(digest, pss, utils.Prehashed(algorithm)))

    def ecdsa(self, digest: bytes) -> bytes:
        algorithm = next(each for each in HASHES if each.digest_size == len(digest))
        r, s = utils.decode_dss_signature(self._key.sign(digest, ec.ECDSA(utils.Prehashed(algorithm))))
        size = (self._key.key_size + 7) // 8
        return self._out(r.to_bytes(size, "big") + s.to_bytes(size, "big"))

    def _out(self, signature: bytes) -> bytes:
        return signature[:-1] + bytes([signature[-1] ^ 1]) if self._broken else signature


def rsa_key(*, broken: bool = False) -> TokenRSAKey:
    return TokenRSAKey(SoftwareSigner(RSA, broken=broken), RSA.public_key())


def ec_key(curve: str = "secp256r1", *, broken: bool = False) -> TokenECKey:
    return TokenECKey(SoftwareSigner(EC[curve], broken=broken), EC[curve].public_key())


def test_no_abstract_method_of_the_installed_cryptography_is_left_open() -> None:
    assert not TokenRSAKey.__abstractmethods__
    assert not TokenECKey.__abstractmethods__


@pytest.mark.parametrize("algorithm", HASHES, ids=lambda algorithm: algorithm.name)
def test_signatures_of_every_kind_verify(algorithm: Any) -> None:
    pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH)
    for pad in (padding.PKCS1v15(), pss):
        RSA.public_key().verify(rsa_key().sign(b"message", pad, algorithm), b"message", pad, algorithm)
    for curve, key in EC.items():
        signature = ec_key(curve).sign(b"message", ec.ECDSA(algorithm))
        key.public_key().verify(signature, b"message", ec.ECDSA(algorithm))


def test_a_wrong_signature_is_thrown_away() -> None:
    sha256 = hashes.SHA256()
    for pad in (padding.PKCS1v15(), padding.PSS(padding.MGF1(sha256), 32)):
        with pytest.raises(Misconfigured, match="does not fit the public key"):
            rsa_key(broken=True).sign(b"message", pad, sha256)
    with pytest.raises(Misconfigured, match="does not fit the public key"):
        ec_key(broken=True).sign(b"message", ec.ECDSA(sha256))


@pytest.mark.parametrize(
    ("pad", "algorithm"),
    [
        (padding.PKCS1v15(), hashes.SHA1()),
        (padding.PKCS1v15(), utils.Prehashed(hashes.SHA256())),
        (padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None), hashes.SHA256()),
        (padding.PSS(padding.MGF1(hashes.SHA256()), 20), hashes.SHA256()),
        (padding.PSS(padding.MGF1(hashes.SHA512()), 32), hashes.SHA256()),
    ],
)
def test_what_a_token_does_not_do_is_said_and_not_done_differently(pad: Any, algorithm: Any) -> None:
    with pytest.raises(UnsupportedAlgorithm):
        rsa_key().sign(b"message", pad, algorithm)


@pytest.mark.parametrize(
    "scheme", [ec.ECDSA(hashes.SHA1()), ec.ECDSA(utils.Prehashed(hashes.SHA256()))], ids=["sha1", "prehashed"]
)
def test_ecdsa_beyond_the_three_hashes_is_refused(scheme: ec.ECDSA) -> None:
    with pytest.raises(UnsupportedAlgorithm):
        ec_key().sign(b"message", scheme)


def test_deterministic_ecdsa_is_refused_instead_of_ignored() -> None:
    with pytest.raises(UnsupportedAlgorithm, match="nonce"):
        ec_key().sign(b"message", ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


@pytest.mark.parametrize("key", [rsa_key(), ec_key()], ids=["rsa", "ec"])
def test_nothing_gets_the_private_half_out(key: Any) -> None:
    plain = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for leak in (
        lambda: key.private_bytes(*plain),
        lambda: key.private_numbers(),
        lambda: pickle.dumps(key),
        lambda: pkcs12.serialize_key_and_certificates(None, key, None, None, plain[2]),
    ):
        with pytest.raises(TypeError):
            leak()
    assert copy.copy(key) is key
    assert copy.deepcopy(key) is key


def test_sizes_and_curve_are_those_of_the_public_key() -> None:
    assert rsa_key().key_size == 2048
    assert ec_key("secp384r1").key_size == 384
    assert ec_key("secp384r1").curve.name == "secp384r1"

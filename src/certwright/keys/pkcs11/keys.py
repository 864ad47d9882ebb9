"""Private keys for pyca/cryptography whose private half stays in a token.

The builders of CSRs, certificates, CRLs and PKCS#7 accept these like any other key: they test for pyca's own
classes, ask for the public key, and call ``sign``. Digests are made here and only they go to the token,
because CKM_RSA_PKCS and CKM_ECDSA are the mechanisms that every token has.

The builders do not look at the signature, so each one is verified here before it leaves (reliability row 31):
a wrong RSA signature can even give the private key away (Boneh, DeMillo, Lipton 1997).
"""

from __future__ import annotations

import hashlib
from typing import Any, NoReturn, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from certwright.model.errors import Misconfigured

# DER of DigestInfo up to the digest (RFC 8017, 9.2, note 1).
_DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


class Signer(Protocol):
    """The token's side of a signature. Each method raises our errors and may be called from any thread."""

    def rsa_pkcs1(self, digest_info: bytes) -> bytes:
        """Return the PKCS#1 v1.5 signature over a DER DigestInfo."""
        ...

    def rsa_pss(self, digest: bytes, hash_name: str) -> bytes:
        """Return the PSS signature over ``digest``; MGF1 with the same hash, salt as long as the digest."""
        ...

    def ecdsa(self, digest: bytes) -> bytes:
        """Return r and s, each as long as the curve's order, one after the other."""
        ...


class _TokenKey:
    """What both kinds share: nothing of the private half is here, so nothing of it can leave."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("this private key cannot leave its token")

    private_bytes = private_bytes_raw = private_numbers = decrypt = exchange = _refuse
    __reduce__ = _refuse

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> Any:
        return self


class TokenRSAKey(_TokenKey, rsa.RSAPrivateKey):
    """An RSA key in a token: signs PKCS#1 v1.5 and PSS with SHA-256, SHA-384 or SHA-512."""

    def __init__(self, signer: Signer, public: rsa.RSAPublicKey) -> None:
        """``public`` must be the public half of the key that ``signer`` uses; every signature proves it."""
        self._signer = signer
        self._public = public

    def public_key(self) -> rsa.RSAPublicKey:
        """The public half."""
        return self._public

    @property
    def key_size(self) -> int:
        """Bits of the modulus."""
        return self._public.key_size

    def sign(self, data: bytes, padding: Any, algorithm: Any) -> bytes:
        """Return a signature over ``data``.

        PSS uses a salt as long as the digest and MGF1 with the same hash; asking for another raises
        UnsupportedAlgorithm, as prehashed data and other hashes do. Raises Misconfigured for a wrong
        signature.
        """
        name = _hash_name(algorithm)
        digest = hashlib.new(name, data).digest()
        if _is_pkcs1(padding):
            signature = self._signer.rsa_pkcs1(_DIGEST_INFO[name] + digest)
            self._verify(signature, data, padding, algorithm)
            return signature
        signature = self._signer.rsa_pss(digest, name)
        self._verify(signature, data, _pss(algorithm, len(digest)), algorithm)
        try:
            self._public.verify(signature, data, padding, algorithm)
        except InvalidSignature:
            raise UnsupportedAlgorithm("PSS here has MGF1 with the same hash and a salt of its length") from None
        return signature

    def _verify(self, signature: bytes, data: bytes, pad: Any, algorithm: Any) -> None:
        try:
            self._public.verify(signature, data, pad, algorithm)
        except InvalidSignature:
            raise _wrong_signature() from None


class TokenECKey(_TokenKey, ec.EllipticCurvePrivateKey):
    """A P-256 or P-384 key in a token: signs ECDSA with SHA-256, SHA-384 or SHA-512."""

    def __init__(self, signer: Signer, public: ec.EllipticCurvePublicKey) -> None:
        """``public`` must be the public half of the key that ``signer`` uses; every signature proves it."""
        self._signer = signer
        self._public = public

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """Bits of the curve's order."""
        return self._public.key_size

    def sign(self, data: Any, signature_algorithm: Any) -> bytes:
        """Return a DER signature over ``data``.

        Raises UnsupportedAlgorithm for prehashed data, other hashes and deterministic ECDSA (the token
        chooses its own nonce); Misconfigured for a wrong signature.
        """
        if signature_algorithm.deterministic_signing:
            raise UnsupportedAlgorithm("a token chooses the nonce of ECDSA itself")
        name = _hash_name(signature_algorithm.algorithm)
        raw = self._signer.ecdsa(hashlib.new(name, bytes(data)).digest())
        half = len(raw) // 2
        signature = utils.encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
        try:
            self._public.verify(signature, bytes(data), signature_algorithm)
        except InvalidSignature:
            raise _wrong_signature() from None
        return signature


TokenKey = TokenRSAKey | TokenECKey


def _hash_name(algorithm: Any) -> str:
    if not isinstance(algorithm, hashes.HashAlgorithm) or algorithm.name not in _DIGEST_INFO:
        raise UnsupportedAlgorithm("a key in a token signs with SHA-256, SHA-384 or SHA-512 over the whole message")
    return algorithm.name


def _is_pkcs1(pad: Any) -> bool:
    if isinstance(pad, padding.PKCS1v15 | padding.PSS):
        return isinstance(pad, padding.PKCS1v15)
    raise UnsupportedAlgorithm("RSA signatures are PKCS#1 v1.5 or PSS")


def _pss(algorithm: hashes.HashAlgorithm, salt_length: int) -> padding.PSS:
    return padding.PSS(padding.MGF1(algorithm), salt_length)


def _wrong_signature() -> Misconfigured:
    return Misconfigured(
        "The token returned a signature that does not fit the public key; it was thrown away.",
        advice="Stop using this token until its maker has seen it; look for two keys with one CKA_ID.",
        code="WrongSignature",
    )

"""The token's half of a signature: one C_Sign with a mechanism and its parameter always named.

The binding's own defaults are ECDSA with SHA-512, which SoftHSM lacks, and PSS with SHA-1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from pkcs11 import MGF, Mechanism

from certwright.keys.pkcs11.keys import Signer, TokenECKey, TokenKey, TokenRSAKey
from certwright.keys.pkcs11.objects import PublicKey, the_private_key
from certwright.keys.pkcs11.token import Token

_PSS = {
    "sha256": (Mechanism.SHA256, MGF.SHA256),
    "sha384": (Mechanism.SHA384, MGF.SHA384),
    "sha512": (Mechanism.SHA512, MGF.SHA512),
}


class _Mechanisms(ABC):
    """The three kinds of signature as mechanisms and parameters; see ``keys.Signer``."""

    def rsa_pkcs1(self, digest_info: bytes) -> bytes:
        """See ``keys.Signer``."""
        return self._sign(digest_info, Mechanism.RSA_PKCS, None)

    def rsa_pss(self, digest: bytes, hash_name: str) -> bytes:
        """See ``keys.Signer``."""
        return self._sign(digest, Mechanism.RSA_PKCS_PSS, (*_PSS[hash_name], len(digest)))

    def ecdsa(self, digest: bytes) -> bytes:
        """See ``keys.Signer``."""
        return self._sign(digest, Mechanism.ECDSA, None)

    @abstractmethod
    def _sign(self, message: bytes, mechanism: Mechanism, parameter: Any) -> bytes:
        """Have the token sign the message as it is; raises the binding's errors or those of the session."""


class TokenSigner(_Mechanisms):
    """Signs with the stored key of one CKA_ID. It enters the token each time, so it outlives sessions."""

    def __init__(self, token: Token, cka_id: bytes) -> None:
        """Name the key; it is looked for when it first signs."""
        self._token = token
        self._id = cka_id

    def _sign(self, message: bytes, mechanism: Mechanism, parameter: Any) -> bytes:
        with self._token.session("signing") as login:
            # Looked for each time: a kept handle may stand for nothing, or for another key, by now.
            key = the_private_key(login, self._id)
            return bytes(key.sign(message, mechanism=mechanism, mechanism_param=parameter))


class ObjectSigner(_Mechanisms):
    """Signs with a private key object of the open session, for a key that is not stored."""

    def __init__(self, private: Any) -> None:
        """``private`` is good until its session ends."""
        self._private = private

    def _sign(self, message: bytes, mechanism: Mechanism, parameter: Any) -> bytes:
        return bytes(self._private.sign(message, mechanism=mechanism, mechanism_param=parameter))


def token_key(signer: Signer, public: PublicKey) -> TokenKey:
    """Return the key object for pyca's builders."""
    if isinstance(public, rsa.RSAPublicKey):
        return TokenRSAKey(signer, public)
    return TokenECKey(signer, public)

"""All keys behind one port: sealed in our database, or in a token. See :class:`certwright.model.ports.Keys`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from certwright.keys.software import keys as software
from certwright.keys.software.envelope import Envelope
from certwright.model.errors import Misconfigured, Refused
from certwright.model.order import KeyReference
from certwright.model.words import KeyKind
from certwright.pki import csr as csrs
from certwright.pki import keys as pki_keys
from certwright.pki.chain import Chain
from certwright.pki.keys import PrivateKey

if TYPE_CHECKING:  # the token library is loaded only when a token is used
    from certwright.keys.pkcs11 import Pkcs11Keys, TokenKeyReference


class Keyring:
    """Makes keys, signs CSRs with them and stores chains beside them.

    ``envelope`` opens and seals software keys; ``tokens`` gives the adapter of a token by our name of it.
    Both are asked for only when needed.
    """

    def __init__(self, envelope: Callable[[], Envelope], tokens: Callable[[str], Pkcs11Keys]) -> None:
        self._open_envelope = envelope
        self._tokens = tokens

    @cached_property
    def _envelope(self) -> Envelope:
        return self._open_envelope()

    def make(self, key: KeyReference) -> KeyReference:
        """See :class:`certwright.model.ports.Keys`. Raises Misconfigured or Unavailable when the token is away."""
        if key.made or key.kind is KeyKind.EXTERNAL:
            return key
        if key.spec is None:
            raise Refused("A key cannot be made without a key spec.")
        if key.kind is KeyKind.SOFTWARE:
            der = software.create(key.spec)
            return replace(
                key,
                sealed=self._envelope.seal(der, sealed_place(key)),
                public_key_sha256=pki_keys.public_key_sha256(software.load(der).public_key()),
            )
        token = self._tokens(key.token)
        reference = token.generate(key.spec, label=key.label, cka_id=bytes.fromhex(key.cka_id))
        return replace(key, public_key_sha256=pki_keys.public_key_sha256(token.public_key(reference)))

    def sign_csr(self, key: KeyReference, names: Sequence[str], common_name: str) -> bytes:
        """See :class:`certwright.model.ports.Keys`. The signature is checked before it is returned."""
        return csrs.build(self.private_key(key), names, common_name=common_name)

    def private_key(self, key: KeyReference) -> PrivateKey:
        """The key as an object that signs. A token key's object only holds its address.

        Raises Refused for a key that is not ours, Misconfigured or Unavailable when it cannot be reached.
        """
        if key.kind is KeyKind.EXTERNAL:
            raise Refused("The private key of this CSR was never given to Certwright.")
        if key.kind is KeyKind.SOFTWARE:
            return software.load(self._envelope.open(key.sealed, sealed_place(key)))
        token = self._tokens(key.token)
        return token.private_key(self._find(token, key))

    def store_chain(self, key: KeyReference, chain: Chain) -> str:
        """See :class:`certwright.model.ports.Keys`."""
        if key.kind is not KeyKind.PKCS11:
            return ""
        token = self._tokens(key.token)
        if not token.profile.store_certificates:
            return ""
        token.store_chain(self._find(token, key), chain.leaf.der, [item.der for item in chain.intermediates], key.label)
        return f"token {key.token}"

    def key_uri(self, key: KeyReference) -> str:
        """The PKCS#11 URI (RFC 7512) of a token key, for a TLS server's configuration; raises Refused for others."""
        if key.kind is not KeyKind.PKCS11:
            raise Refused("Only a key in a token has a PKCS#11 URI.")
        token = self._tokens(key.token)
        return token.key_uri(self._find(token, key))

    def uri_pem(self, key: KeyReference) -> bytes:
        """A PEM file that holds only that URI, which OpenSSL 3 servers take as a key file."""
        if key.kind is not KeyKind.PKCS11:
            raise Refused("Only a key in a token has a PKCS#11 URI.")
        token = self._tokens(key.token)
        return token.uri_pem(self._find(token, key))

    def _find(self, token: Pkcs11Keys, key: KeyReference) -> TokenKeyReference:
        found = token.find(bytes.fromhex(key.cka_id))
        if found is None:
            raise Misconfigured(
                f"Token {key.token} holds no key with the id {key.cka_id}.",
                advice="Is it the right token? A key is never made again silently.",
            )
        return found


def sealed_place(key: KeyReference) -> str:
    """Where a sealed software key stands: the associated data its envelope is bound to."""
    return f"key:{key.id}:sealed"

"""``Pkcs11Keys``: all that the rest of the product asks of one token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from certwright.keys.pkcs11 import certificates, generate, inventory, uri
from certwright.keys.pkcs11.check import check
from certwright.keys.pkcs11.inventory import StoredKey
from certwright.keys.pkcs11.keys import TokenKey
from certwright.keys.pkcs11.module import Login
from certwright.keys.pkcs11.objects import (
    PublicKey,
    private_keys,
    public_keys,
    the_private_key,
    the_public_key,
)
from certwright.keys.pkcs11.pin import PinSource
from certwright.keys.pkcs11.pin_attempts import PinAttempts
from certwright.keys.pkcs11.policy import KeyPolicy, read_policy
from certwright.keys.pkcs11.profile import TokenProfile
from certwright.keys.pkcs11.reference import TokenKeyReference
from certwright.keys.pkcs11.report import TokenReport
from certwright.keys.pkcs11.signing import TokenSigner, token_key
from certwright.keys.pkcs11.token import Token
from certwright.model.errors import Refused
from certwright.pki.keys import KeySpec

Ders = list[bytes]
StoredKeys = list[StoredKey]


class Pkcs11Keys:
    """Keys and certificates in one PKCS#11 token, for any thread, before and after a fork or a loss.

    Every method raises Unavailable while the token is away or confused (the same call works once it is back),
    Misconfigured for a PIN or set-up that a person must mend, Refused or NotFound where repeating cannot
    help. Nothing is opened before the first call.
    """

    def __init__(self, profile: TokenProfile, pin: PinSource, refused_pins: Path) -> None:
        """``pin`` is called right before a login; ``refused_pins`` is a 0600 file shared by all processes."""
        self._token = Token(profile, pin, PinAttempts(refused_pins))
        self.profile = profile
        """How the token is reached and what it takes."""

    def new_id(self) -> bytes:
        """A fresh random CKA_ID for ``generate``; store it before the call."""
        return generate.new_id(self.profile)

    def generate(self, spec: KeySpec, *, label: str, cka_id: bytes) -> TokenKeyReference:
        """Make sure that a sound, non-extractable pair of ``spec`` stands under ``cka_id``; repeatable.

        See ``generate.generate`` for what is checked and what happens to half a pair.
        """
        with self._token.session("generating a key") as login:
            generate.generate(self._token, login, spec, label=label, cka_id=cka_id)
            return _reference(login, cka_id)

    def policy(self, reference: TokenKeyReference) -> KeyPolicy:
        """What the token says about the private key, for the journal; NotFound without it."""
        with self._session(reference, "reading a key's attributes") as login:
            return read_policy(the_private_key(login, reference.id_bytes))

    def find(self, cka_id: bytes) -> TokenKeyReference | None:
        """The reference of the private key with this CKA_ID; None when the token has none."""
        with self._token.session("looking for a key") as login:
            return _reference(login, cka_id) if private_keys(login.session, cka_id) else None

    def list(self) -> StoredKeys:
        """Every key of the token, ours or not, with what is missing or doubled."""
        with self._token.session("listing keys") as login:
            return inventory.stored_keys(login)

    def certificates(self) -> Sequence[tuple[str, bytes]]:
        """Every certificate of the token, ours or not: the CKA_ID (hex) it bears, and its DER."""
        with self._token.session("listing certificates") as login:
            return inventory.stored_certificates(login)

    def public_key(self, reference: TokenKeyReference) -> PublicKey:
        """The public half; NotFound without it, Refused when several share the id."""
        with self._session(reference, "reading a public key") as login:
            return the_public_key(login, reference.id_bytes)

    def private_key(self, reference: TokenKeyReference) -> TokenKey:
        """A key object for pyca's builders. It holds no session and may be kept; each signature is verified.

        Raises NotFound without the key, Refused when several share the id.
        """
        with self._session(reference, "looking for a key") as login:
            the_private_key(login, reference.id_bytes)
            public = the_public_key(login, reference.id_bytes)
        return token_key(TokenSigner(self._token, reference.id_bytes), public)

    def store_chain(self, reference: TokenKeyReference, leaf_der: bytes, ca_ders: Sequence[bytes], label: str) -> None:
        """Write the leaf (linked by CKA_ID) and its CA certificates; see ``certificates.store_chain``."""
        with self._session(reference, "storing certificates") as login:
            certificates.store_chain(login, self.profile, reference.id_bytes, leaf_der, ca_ders, label)

    def stored_chain(self, reference: TokenKeyReference) -> Ders:
        """DER of the leaf, then of its issuers as far as the token holds them; NotFound without a leaf."""
        with self._session(reference, "reading certificates") as login:
            return certificates.stored_chain(login, reference.id_bytes)

    def destroy(self, reference: TokenKeyReference) -> None:
        """Destroy the key pair and its leaf, for good; repeatable. CA certificates stay for other leaves.

        After a renewal: only when the successor is in use and a grace period has passed. Raises Refused when
        several keys share the id.
        """
        with self._session(reference, "destroying a key") as login:
            private = private_keys(login.session, reference.id_bytes)
            public = public_keys(login.session, reference.id_bytes)
            if len(private) > 1 or len(public) > 1:
                raise Refused(f"Several keys share CKA_ID {reference.cka_id}; none was destroyed.")
            certificates.remove_leaf(login, reference.id_bytes)
            for item in [*private, *public]:
                item.destroy()

    def key_uri(self, reference: TokenKeyReference) -> str:
        """The RFC 7512 URI of the private key, for a server's settings; without a PIN."""
        return uri.key_uri(reference)

    def uri_pem(self, reference: TokenKeyReference) -> bytes:
        """The PEM file that stands in for a key file (pkcs11-provider); it holds nothing secret."""
        return uri.uri_pem(uri.key_uri(reference))

    def check(self, *, one_more_login: bool = False) -> TokenReport:
        """Try everything we need of the token, leaving no trace. See ``check.check``."""
        return check(self._token, one_more_login=one_more_login)

    def close(self) -> None:
        """Log out; repeatable. The next call, through this or another adapter, opens the token anew."""
        self._token.close()

    @contextmanager
    def _session(self, reference: TokenKeyReference, doing: str) -> Iterator[Login]:
        with self._token.session(doing) as login:
            if (reference.token_label, reference.token_serial) != (login.label, login.serial):
                raise Refused(
                    f"The key lives in token '{reference.token_label}' with serial {reference.token_serial}; "
                    f"this is '{login.label}' with serial {login.serial}.",
                    advice="Connect that token, or correct the profile.",
                )
            yield login


def _reference(login: Login, cka_id: bytes) -> TokenKeyReference:
    return TokenKeyReference(login.label, login.serial, cka_id.hex())

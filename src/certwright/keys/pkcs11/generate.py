"""Making a key pair in the token, in a way that a crash at any point leaves repeatable.

The caller draws the CKA_ID with ``new_id``, stores it, and only then calls ``generate``; calling it again
with the same id returns the pair that is there, or cleans up half of one and makes it anew.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from pkcs11 import Attribute, Session
from pkcs11.mechanisms import KeyType

from certwright.keys.pkcs11.attributes import read, template
from certwright.keys.pkcs11.keys import Signer, TokenECKey, TokenRSAKey
from certwright.keys.pkcs11.module import Login
from certwright.keys.pkcs11.objects import (
    CURVES,
    PublicKey,
    certificates,
    private_keys,
    public_key_of,
    public_keys,
)
from certwright.keys.pkcs11.policy import KeyPolicy, read_policy
from certwright.keys.pkcs11.profile import TokenProfile
from certwright.keys.pkcs11.signing import TokenSigner
from certwright.keys.pkcs11.token import Token
from certwright.model.errors import Refused, Unavailable
from certwright.pki.keys import KeySpec, spec_of

_RSA_BITS = {KeySpec.RSA_2048: 2048, KeySpec.RSA_3072: 3072, KeySpec.RSA_4096: 4096}
_EC_PARAMETERS = {
    KeySpec.EC_P256: next(der for der, curve in CURVES.items() if curve.name == "secp256r1"),
    KeySpec.EC_P384: next(der for der, curve in CURVES.items() if curve.name == "secp384r1"),
}


def new_id(profile: TokenProfile) -> bytes:
    """Return a fresh random CKA_ID of the length the token takes (16 bytes by default)."""
    return secrets.token_bytes(profile.id_length)


def generate(token: Token, login: Login, spec: KeySpec, *, label: str, cka_id: bytes) -> KeyPolicy:
    """Make sure that the token holds a sound key pair of this spec under ``cka_id``; repeatable.

    Sound means: one private and one public key, not extractable by the token's own words, and a signature of
    the one verified with the other. Returns those words. Raises Refused when the token will not make such a
    key (what it made is destroyed), when the id is taken by something that is not ours, or when a certificate
    is there whose key is gone: a lost key is never replaced silently. Else raises the binding's errors.
    """
    _check_wishes(token.profile, spec, label, cka_id)
    pair = _existing_pair(login, spec, label, cka_id)
    if pair is not None and not _signs(token, login, pair[1], cka_id):
        if not _destroy_if_ours(list(pair), label):
            raise Refused(f"CKA_ID {cka_id.hex()} is taken by a key that does not sign.", advice="Choose a new CKA_ID.")
        pair = None
    private, public = pair or make_pair(
        login.session, token.profile, spec, identity={Attribute.ID: cka_id, Attribute.LABEL: label}
    )
    policy = read_policy(private)
    if policy.violations:
        _destroy_if_ours([private, public], label)
        raise Refused(
            f"The token does not protect the key it made: {', '.join(policy.violations)}.",
            advice="The key is not used. Set the attribute through the token's profile or its own policy.",
        )
    prove(TokenSigner(token, cka_id), public_key_of(public))
    return policy


def make_pair(
    session: Session,
    profile: TokenProfile,
    spec: KeySpec,
    *,
    identity: dict[Attribute, Any],
    stored: bool = True,
) -> tuple[Any, Any]:
    """Have the token generate a pair from the smallest template that states the policy: (private, public).

    ``identity`` is what both halves carry (CKA_ID, CKA_LABEL); ``stored`` false makes a session key that
    leaves no trace. Raises the binding's errors.
    """
    private_template = {
        Attribute.TOKEN: stored,
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.SIGN: True,
        **identity,
    }
    public_template = {Attribute.TOKEN: stored, **identity}
    wanted_private = template(private_template, profile.private_template_add, profile.private_template_omit)
    wanted_public = template(public_template, profile.public_template_add, profile.public_template_omit)
    if spec in _RSA_BITS:
        public, private = session.generate_keypair(
            KeyType.RSA, _RSA_BITS[spec], private_template=wanted_private, public_template=wanted_public
        )
    else:
        curve = {Attribute.EC_PARAMS: _EC_PARAMETERS[spec]}
        domain = session.create_domain_parameters(KeyType.EC, curve, local=True)
        public, private = domain.generate_keypair(private_template=wanted_private, public_template=wanted_public)
    return private, public


def prove(signer: Signer, public: PublicKey) -> None:
    """Sign random bytes and verify them; raises Misconfigured when the two halves do not belong together."""
    message = secrets.token_bytes(32)
    if isinstance(public, ec.EllipticCurvePublicKey):
        TokenECKey(signer, public).sign(message, ec.ECDSA(hashes.SHA256()))
    else:
        TokenRSAKey(signer, public).sign(message, padding.PKCS1v15(), hashes.SHA256())


def _signs(token: Token, login: Login, public: Any, cka_id: bytes) -> bool:
    """Whether the pair there is signs at all: a crash while it was being made can leave it torn (seen on SoftHSM).

    A torn pair may be made anew, for nothing was ever signed with it. One with a certificate is left alone.
    """
    if certificates(login.session, cka_id):
        return True
    try:
        prove(TokenSigner(token, cka_id), public_key_of(public))
    except Unavailable:
        return False
    return True


def _check_wishes(profile: TokenProfile, spec: KeySpec, label: str, cka_id: bytes) -> None:
    if profile.key_specs and spec not in profile.key_specs:
        raise Refused(f"By its profile the token makes no {spec}.", advice=f"It makes: {', '.join(profile.key_specs)}.")
    if not re.fullmatch(profile.label_pattern, label):
        raise Refused(f"The token takes no key label '{label}'.", advice=f"It must match {profile.label_pattern}.")
    if len(cka_id) != profile.id_length:
        raise Refused(f"A CKA_ID of {len(cka_id)} bytes does not fit this token; it takes {profile.id_length}.")


def _existing_pair(login: Login, spec: KeySpec, label: str, cka_id: bytes) -> tuple[Any, Any] | None:
    """Return the complete pair under ``cka_id``; None when there is none (any more) and one can be made."""
    private, public = private_keys(login.session, cka_id), public_keys(login.session, cka_id)
    if len(private) > 1 or len(public) > 1:
        raise Refused(f"The token has several keys with CKA_ID {cka_id.hex()}.", advice="Choose a new CKA_ID.")
    if private and public:
        if spec_of(public_key_of(public[0])) is not spec:
            raise Refused(f"CKA_ID {cka_id.hex()} is taken by a key of another kind.", advice="Choose a new CKA_ID.")
        return private[0], public[0]
    if certificates(login.session, cka_id):
        raise Refused(
            f"The token has a certificate with CKA_ID {cka_id.hex()} but not its whole key pair.",
            advice="The key was destroyed; order again with a new key.",
        )
    if not _destroy_if_ours([*private, *public], label):
        raise Refused(f"CKA_ID {cka_id.hex()} is taken by a key we did not make.", advice="Choose a new CKA_ID.")
    return None


def _destroy_if_ours(items: list[Any], label: str) -> bool:
    """Destroy keys of our own making; False, and nothing destroyed, when one has another label."""
    if any(read(item, Attribute.LABEL) != label for item in items):
        return False
    for item in items:
        item.destroy()
    return True

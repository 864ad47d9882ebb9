"""``token check``: try on a token everything we need of it, leaving no trace, and say what was found."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import Attribute, Mechanism, TokenFlag
from pkcs11.exceptions import PKCS11Error

from certwright.keys.pkcs11.certificates import certificate_template
from certwright.keys.pkcs11.errors import is_about_token
from certwright.keys.pkcs11.generate import make_pair, prove
from certwright.keys.pkcs11.module import Login
from certwright.keys.pkcs11.objects import public_key_of
from certwright.keys.pkcs11.policy import read_policy
from certwright.keys.pkcs11.profile import TokenProfile
from certwright.keys.pkcs11.report import KeyTrial, TokenReport
from certwright.keys.pkcs11.signing import ObjectSigner
from certwright.keys.pkcs11.token import Token, serial_of
from certwright.model.errors import Misconfigured
from certwright.pki.keys import KeySpec

_RSA = (Mechanism.RSA_PKCS_KEY_PAIR_GEN, Mechanism.RSA_PKCS)
_EC = (Mechanism.EC_KEY_PAIR_GEN, Mechanism.ECDSA)
_NEEDED = {
    KeySpec.RSA_2048: (2048, _RSA),
    KeySpec.RSA_3072: (3072, _RSA),
    KeySpec.RSA_4096: (4096, _RSA),
    KeySpec.EC_P256: (256, _EC),
    KeySpec.EC_P384: (384, _EC),
}
_TRIED = frozenset({KeySpec.RSA_2048, KeySpec.EC_P256, KeySpec.EC_P384})
"""Specs that are really generated. Larger RSA is judged by the mechanism's own bounds: it takes seconds to
make."""


def check(token: Token, *, one_more_login: bool = False) -> TokenReport:
    """Find the token, log in, and try it with session keys and a session certificate, which leave no trace.

    ``one_more_login`` lets an operator say that the PIN is right although the token counts failures or has
    refused it before. Raises what ``Token.session`` raises when it cannot even be logged in to.
    """
    with token.session("checking the token", one_more_login=one_more_login) as login:
        seen = token.find()
        mechanisms = seen.slot.get_mechanisms()
        trials = tuple(_trial(login, token.profile, seen, spec) for spec in KeySpec)
        stores = _stores_certificates(login, token.profile)
    working = tuple(trial.spec.value for trial in trials if trial.works)
    label, serial = seen.label, serial_of(seen)
    return TokenReport(
        label=label,
        serial=serial,
        manufacturer=seen.manufacturer_id,
        model=seen.model.strip("\0 "),
        firmware=".".join(str(part) for part in seen.firmware_version),
        flags=tuple(flag.name for flag in TokenFlag if flag in seen.flags and flag.name),
        mechanisms=tuple(sorted(_name(mechanism) for mechanism in mechanisms)),
        trials=trials,
        stores_certificates=stores,
        profile=replace(token.profile, label=label, serial=serial, key_specs=working, store_certificates=stores),
    )


def _trial(login: Login, profile: TokenProfile, token: pkcs11.Token, spec: KeySpec) -> KeyTrial:
    bits, needed = _NEEDED[spec]
    missing = [item.name for item in needed if item not in token.slot.get_mechanisms()]
    if missing:
        return KeyTrial(spec, works=False, detail=f"The token lacks {', '.join(missing)}.")
    largest = token.slot.get_mechanism_info(needed[0]).max_key_length or 0
    if largest < bits:
        return KeyTrial(spec, works=False, detail=f"The token's keys of this kind end at {largest} bits.")
    if spec not in _TRIED:
        return KeyTrial(spec, works=True, detail="Within the token's bounds; not generated.")
    try:
        return _generated(login, profile, spec)
    except Misconfigured as error:
        return KeyTrial(spec, works=False, detail=error.detail)
    except PKCS11Error as error:
        if is_about_token(error):
            raise
        return KeyTrial(spec, works=False, detail=f"The token answered {type(error).__name__}. {error}".strip())


def _generated(login: Login, profile: TokenProfile, spec: KeySpec) -> KeyTrial:
    identity = {Attribute.ID: secrets.token_bytes(profile.id_length), Attribute.LABEL: "check"}
    private, public = make_pair(login.session, profile, spec, identity=identity, stored=False)
    try:
        policy = read_policy(private)
        prove(ObjectSigner(private), public_key_of(public))
    finally:
        private.destroy()
        public.destroy()
    return KeyTrial(spec, works=not policy.violations, detail=", ".join(policy.violations), policy=policy)


def _stores_certificates(login: Login, profile: TokenProfile) -> bool:
    """Whether C_CreateObject takes a certificate, tried with one that ends with the session."""
    cka_id = secrets.token_bytes(profile.id_length)
    wanted = certificate_template(profile, _self_signed(), cka_id, "check", stored=False)
    try:
        login.session.create_object(wanted).destroy()
    except PKCS11Error as error:
        if is_about_token(error):
            raise
        return False
    return True


def _self_signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "check")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _name(mechanism: Mechanism | int) -> str:
    return mechanism.name if isinstance(mechanism, Mechanism) else f"{mechanism:#x}"

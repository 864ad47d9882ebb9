"""Objects of a token: finding them, and reading a public key out of one."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from pkcs11 import Attribute, ObjectClass, Session
from pkcs11.mechanisms import KeyType

from certwright.keys.pkcs11.attributes import read
from certwright.keys.pkcs11.module import Login
from certwright.model.errors import NotFound, Refused

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

CURVES: dict[bytes, ec.EllipticCurve] = {
    bytes.fromhex("06082a8648ce3d030107"): ec.SECP256R1(),
    bytes.fromhex("06052b81040022"): ec.SECP384R1(),
}
"""CKA_EC_PARAMS → curve: the DER of its OID (RFC 5480, 2.1.1.1)."""


def search(session: Session, kind: ObjectClass, **wanted: Any) -> list[Any]:
    """Return all token objects of one class whose attributes equal ``wanted`` (``ID=…``, ``VALUE=…``).

    The search is always run to its end: an open one keeps the session busy.
    """
    attributes = {Attribute.CLASS: kind, Attribute.TOKEN: True}
    attributes.update({Attribute[name]: value for name, value in wanted.items()})
    return list(session.get_objects(attributes))


def private_keys(session: Session, cka_id: bytes) -> list[Any]:
    """All private keys with this CKA_ID; more than one is a fault, which the token does not prevent."""
    return search(session, ObjectClass.PRIVATE_KEY, ID=cka_id)


def public_keys(session: Session, cka_id: bytes) -> list[Any]:
    """All public keys with this CKA_ID."""
    return search(session, ObjectClass.PUBLIC_KEY, ID=cka_id)


def certificates(session: Session, cka_id: bytes) -> list[Any]:
    """All certificates with this CKA_ID."""
    return search(session, ObjectClass.CERTIFICATE, ID=cka_id)


def the_private_key(login: Login, cka_id: bytes) -> Any:
    """Return the one private key object with this CKA_ID; raises NotFound for none, Refused for several."""
    return _only(private_keys(login.session, cka_id), "private", cka_id)


def the_public_key(login: Login, cka_id: bytes) -> PublicKey:
    """Return the one public key with this CKA_ID; raises NotFound for none, Refused for several."""
    return public_key_of(_only(public_keys(login.session, cka_id), "public", cka_id))


def public_key_of(item: Any) -> PublicKey:
    """Return the key in a public key object; raises Refused when we do not use its kind."""
    kind = read(item, Attribute.KEY_TYPE)
    if kind is KeyType.RSA:
        modulus, exponent = item[Attribute.MODULUS], item[Attribute.PUBLIC_EXPONENT]
        return rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big")).public_key()
    if kind is KeyType.EC:
        curve = CURVES.get(item[Attribute.EC_PARAMS])
        if curve is not None:
            point = _raw_point(item[Attribute.EC_POINT], curve)
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    raise Refused("The key in the token is neither RSA nor on P-256 or P-384.")


def public_key_of_certificate(der: bytes) -> PublicKeyTypes:
    """Return the public key that a DER certificate binds; raises Refused when it is not a certificate."""
    try:
        return x509.load_der_x509_certificate(der).public_key()
    except ValueError as error:
        raise Refused(f"This is not a DER certificate: {error}.") from error


def _only(found: list[Any], half: str, cka_id: bytes) -> Any:
    if not found:
        raise NotFound(
            f"The token has no {half} key with CKA_ID {cka_id.hex()}.",
            advice="It was destroyed, or this is another token; no other key is used in its place.",
        )
    if len(found) > 1:
        raise Refused(
            f"{len(found)} {half} keys share CKA_ID {cka_id.hex()}, so they cannot be told apart.",
            advice="Remove the ones that are not ours with the token's own tools.",
        )
    return found[0]


def _raw_point(value: bytes, curve: ec.EllipticCurve) -> bytes:
    """CKA_EC_POINT as 04‖x‖y; some tokens put a DER OCTET STRING around it, the exact length tells."""
    raw_length = 1 + 2 * ((curve.key_size + 7) // 8)
    return value if len(value) == raw_length else value[-raw_length:]

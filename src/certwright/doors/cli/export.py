"""A certificate, its chain and its key in the file formats that servers want."""

from __future__ import annotations

from enum import StrEnum

from certwright.model.errors import Refused
from certwright.pki import formats
from certwright.pki.certificate import Certificate
from certwright.pki.chain import Chain
from certwright.pki.keys import PrivateKey, private_key_to_pem


class Format(StrEnum):
    """The formats."""

    PEM = "pem"
    DER = "der"
    PKCS7 = "pkcs7"
    PKCS12 = "pkcs12"
    ZIP = "zip"
    JKS = "jks"


def write(form: Format, chain: Chain, *, key: PrivateKey | None, password: bytes | None, leaf_only: bool) -> bytes:
    """The file's content. PKCS#12 and JKS hold the key and need a password; PEM puts the key last.

    Raises Refused for a combination that makes no sense.
    """
    leaf: Certificate = chain.leaf
    intermediates = () if leaf_only else chain.intermediates
    if form in (Format.PKCS12, Format.JKS):
        if key is None or not password:
            raise Refused(f"{form} holds the key and needs a password.", advice="Give --key and --password-file.")
        build = formats.to_pkcs12 if form is Format.PKCS12 else formats.to_jks
        return build(leaf, intermediates, key, password)
    if key is not None and form is not Format.PEM:
        raise Refused(f"{form} cannot hold a key.", advice="Choose pem, pkcs12 or jks.")
    if form is Format.DER:
        return formats.to_der(leaf)
    if form is Format.ZIP:
        return formats.to_zip(Chain(leaf, tuple(intermediates)))
    if form is Format.PKCS7:
        return formats.to_pkcs7((leaf, *intermediates))
    pem = formats.to_pem((leaf, *intermediates))
    return pem + private_key_to_pem(key, password) if key is not None else pem

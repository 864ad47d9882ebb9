"""A certificate, its chain and its key in the file formats that servers want."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

from certwright.model.errors import Refused
from certwright.model.words import KeyKind
from certwright.pki import formats
from certwright.pki.certificate import Certificate
from certwright.pki.chain import Chain
from certwright.pki.keys import PrivateKey, private_key_to_pem
from certwright.store.inventory import Entry
from certwright.wiring import Certwright


class Format(StrEnum):
    """The formats."""

    PEM = "pem"
    DER = "der"
    PKCS7 = "pkcs7"
    PKCS12 = "pkcs12"
    ZIP = "zip"
    JKS = "jks"


def content_of(
    certwright: Certwright, entry: Entry, form: Format, *, leaf_only: bool, with_key: bool, password: bytes | None
) -> bytes:
    """The file's content for a certificate of the inventory; of a key in a token, its PKCS#11 URI as PEM."""
    chain = certwright.inventory.chain(entry)
    if with_key and entry.key is None:
        raise Refused("The key of this certificate is not ours.")
    if with_key and entry.key is not None and entry.key.kind is KeyKind.PKCS11:
        return certwright.keyring.uri_pem(entry.key)
    private_key = certwright.keyring.private_key(entry.key) if with_key and entry.key else None
    return write(form, chain, key=private_key, password=password, leaf_only=leaf_only)


def password_in(file: Path | None) -> bytes | None:
    """The password on the first line of a file; raises Refused when there is none."""
    if file is None:
        return None
    try:
        return file.read_bytes().splitlines()[0]
    except (OSError, IndexError):
        raise Refused(f"{file} holds no password on its first line.") from None


def check_target(target: Path) -> None:
    """Raise Refused when a file of that name cannot be written; asked before a certificate is bought for it."""
    if target.is_dir() or not target.name:
        raise Refused(f"{target} is a folder.", advice="Give the name of a file.")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise Refused(f"{target.parent} is no folder that can be written to.")


def write_private(target: Path, content: bytes) -> None:
    """Whole or not at all, and readable by its owner alone."""
    temporary = target.with_name(f".{target.name}.new")
    try:
        temporary.write_bytes(content)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise Refused(f"{target} cannot be written: {error.strerror}.") from None


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

"""PEM, DER and PKCS#7 (RFC 2315 "certs only", the .p7b of Windows): certificates without any protection."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from certwright.pki import _pem, certificate, keys
from certwright.pki.certificate import Certificate
from certwright.pki.errors import Invalid
from certwright.pki.formats.contents import Contents, together

_MAXIMUM_BLOCKS = 1000
_MAXIMUM_KEYS = 4  # each may cost a key derivation
_PKCS7_LABELS = {"PKCS7", "CMS"}
_CERTIFICATE_LABELS = {certificate.PEM_LABEL, "X509 CERTIFICATE"}


def read_pem(data: bytes, password: bytes | None) -> Contents:
    """Every certificate, PKCS#7 and private key among the PEM blocks; CSRs and the like are passed over.

    ``password`` opens private keys. Raises Invalid when one of the blocks read is broken.
    """
    blocks = _pem.blocks(data, maximum=_MAXIMUM_BLOCKS)
    if sum(block.label.endswith("PRIVATE KEY") for block in blocks) > _MAXIMUM_KEYS:
        raise Invalid(f"The file holds more than {_MAXIMUM_KEYS} private keys.")
    return together(_read_block(block, password) for block in blocks)


def _read_block(block: _pem.Block, password: bytes | None) -> Contents:
    if block.label in _PKCS7_LABELS:
        return read_pkcs7(block.der())
    if block.label in _CERTIFICATE_LABELS:
        return Contents(certificates=(certificate.from_der(block.der()),))
    if block.label.endswith("PRIVATE KEY"):
        return Contents(private_keys=(keys.private_key_from_block(block, password),))
    return Contents()


def read_pkcs7(der: bytes) -> Contents:
    """The certificates of a PKCS#7 structure in DER or BER. Raises Invalid when it is none or holds none."""
    try:
        found = pkcs7.load_der_pkcs7_certificates(der)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as problem:
        raise Invalid("The PKCS#7 file cannot be read or holds no certificate.") from problem
    every = tuple(certificate.from_der(one.public_bytes(serialization.Encoding.DER)) for one in found)
    return Contents(certificates=every)


def to_pem(certificates: Iterable[Certificate]) -> bytes:
    """The certificates as PEM blocks, in the order given."""
    return "".join(one.pem for one in certificates).encode("ascii")


def to_der(one: Certificate) -> bytes:
    """The certificate's own bytes; DER holds one alone."""
    return one.der


def to_pkcs7(certificates: Iterable[Certificate], *, pem: bool = False) -> bytes:
    """A "certs only" PKCS#7 file in DER or PEM, which keeps no order. Raises Invalid for none at all."""
    every = [one.parsed for one in certificates]
    if not every:
        raise Invalid("A PKCS#7 file needs at least one certificate.")
    encoding = serialization.Encoding.PEM if pem else serialization.Encoding.DER
    return pkcs7.serialize_certificates(every, encoding)

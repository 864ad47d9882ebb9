"""What may be ordered: CSRs and names as this CA accepts them."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certwright_sandbox.digicert.errors import bad_request, invalid_value
from certwright_sandbox.leaf import PublicKey
from certwright_sandbox.names import base_name, is_dns_name

PEM_MARKS = re.compile(r"-----(?:BEGIN|END)[A-Z ]*-----")
LEAST_RSA_BITS = 2048
RSA_BITS_STEP = 8
CURVES = (ec.SECP256R1, ec.SECP384R1)
CANNOT_PARSE = bad_request("csr_invalid_cannot_parse", "The CSR cannot be parsed.")


@dataclass(frozen=True)
class Csr:
    """A CSR that was accepted: as PEM, with its key's size in bits."""

    pem: str
    key_size: int
    is_rsa: bool


def read_csr(text: str) -> Csr:
    """Accept a CSR: PEM, PEM on one line, or bare base64. Raises Refusal 400."""
    try:
        der = base64.b64decode("".join(PEM_MARKS.sub("", text.replace("\\n", "")).split()), validate=True)
        request = x509.load_der_x509_csr(der)
        public_key = request.public_key()
        is_signed = request.is_signature_valid
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm):
        raise CANNOT_PARSE from None
    if not is_signed:
        raise CANNOT_PARSE
    if not isinstance(public_key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise bad_request("invalid_csr_key_size", "The CSR's key type is not accepted.")
    _check_key(public_key)
    pem = request.public_bytes(serialization.Encoding.PEM).decode()
    return Csr(pem, public_key.key_size, isinstance(public_key, rsa.RSAPublicKey))


def read_name(text: str, field: str) -> str:
    """A name in lower case: a DNS name (A-labels), a wildcard, or an IP address. Raises Refusal 400."""
    name = text.lower().rstrip(".")
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass  # not an address, so it must be a DNS name
    if not is_dns_name(base_name(name)):
        raise invalid_value(field)
    return name


def _check_key(key: PublicKey) -> None:
    if isinstance(key, rsa.RSAPublicKey):
        is_good = key.key_size >= LEAST_RSA_BITS and key.key_size % RSA_BITS_STEP == 0
    else:
        is_good = isinstance(key.curve, CURVES)
    if not is_good:
        raise bad_request("invalid_csr_key_size", "The CSR's key size is not accepted.")

"""CSRs as emSign accepts them: RSA of three sizes, two curves, each once (emsign.md §6.7)."""

from __future__ import annotations

import base64
import binascii
import hashlib

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certwright_sandbox.emsign import errors
from certwright_sandbox.emsign.errors import refuse

RSA_BITS = (2048, 3072, 4096)
CURVES = (ec.SECP256R1, ec.SECP384R1)


def read(text: str) -> str:
    """A CSR, PEM or bare base64, as PEM. Raises Refusal."""
    try:
        if "-----BEGIN" in text:
            request = x509.load_pem_x509_csr(text.encode())
        else:
            request = x509.load_der_x509_csr(base64.b64decode("".join(text.split()), validate=True))
        if not request.is_signature_valid or not _is_good(request):
            raise refuse(errors.CSR)
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm):
        raise refuse(errors.CSR) from None
    return request.public_bytes(serialization.Encoding.PEM).decode()


def _is_good(request: x509.CertificateSigningRequest) -> bool:
    key = request.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size in RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES)


def digest(pem: str) -> str:
    """The SHA-256 of a CSR's DER, hex."""
    der = x509.load_pem_x509_csr(pem.encode()).public_bytes(serialization.Encoding.DER)
    return hashlib.sha256(der).hexdigest()

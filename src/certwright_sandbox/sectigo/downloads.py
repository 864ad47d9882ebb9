"""Certificates in the forms of CollectSSL (sectigo.md §6): ZIP, Netscape sequence, PKCS#7, PEM."""

from __future__ import annotations

import base64
import io
import re
import zipfile

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

ZIP_TYPE, PKCS7_TYPE = "application/zip", "application/x-pkcs7-certificates"
ZIP_TIME = (2020, 1, 1, 0, 0, 0)  # the same download twice is the same bytes
# 2.16.840.1.113730.2.5, the content type of a Netscape certificate sequence, DER.
NETSCAPE_SEQUENCE = bytes.fromhex("060960864801 86f8420205".replace(" ", ""))
SEQUENCE, CONTEXT_0 = 0x30, 0xA0
LONG_FORM = 0x80


def bare(pem: str) -> str:
    """The base64 of a PEM text without its armour and line breaks; base64 of a text that is no PEM."""
    if not pem.startswith("-----"):
        return base64.b64encode(pem.encode()).decode()
    return "".join(line for line in pem.splitlines() if not line.startswith("-----"))


def zipped(name: str, leaf: str, authorities: list[str]) -> bytes:
    """A ZIP with the certificate and the bundle of the CAs above it."""
    stem = re.sub(r"[.*]", "_", name)
    archive_bytes = io.BytesIO()
    with zipfile.ZipFile(archive_bytes, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{stem}.crt", ZIP_TIME), leaf)
        archive.writestr(zipfile.ZipInfo(f"{stem}.ca-bundle", ZIP_TIME), "".join(authorities))
    return archive_bytes.getvalue()


def bundled(pems: list[str]) -> bytes:
    """A PKCS#7 bundle (DER) of everything that is a certificate."""
    return pkcs7.serialize_certificates(_certificates(pems), serialization.Encoding.DER)


def netscape_sequence(pems: list[str]) -> bytes:
    """A Netscape certificate sequence (DER): the content type, and [0] a SEQUENCE of certificates."""
    ders = [certificate.public_bytes(serialization.Encoding.DER) for certificate in _certificates(pems)]
    content = _tagged(CONTEXT_0, _tagged(SEQUENCE, b"".join(ders)))
    return _tagged(SEQUENCE, NETSCAPE_SEQUENCE + content)


def _certificates(pems: list[str]) -> list[x509.Certificate]:
    certificates = []
    for pem in pems:
        try:
            certificates.append(x509.load_pem_x509_certificate(pem.encode()))
        except ValueError:  # a defect put something else there, which no bundle can hold
            continue
    return certificates


def _tagged(tag: int, content: bytes) -> bytes:
    """A DER value (X.690 §8.1.3): short lengths in one byte, long ones after their own length."""
    size = len(content)
    if size < LONG_FORM:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, LONG_FORM | len(length))) + length + content

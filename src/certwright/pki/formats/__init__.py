"""The files people and CAs hand over certificates in: PEM, DER, PKCS#7, PKCS#12, ZIP, JKS; read and written.

:func:`read` finds out by itself what the bytes are. All of it happens in memory, and sizes are capped before
anything is parsed.
"""

from certwright.pki.formats.archive import to_zip
from certwright.pki.formats.contents import MAXIMUM_SIZE, Contents
from certwright.pki.formats.jks import to_jks
from certwright.pki.formats.pkcs12 import to_pkcs12
from certwright.pki.formats.plain import to_der, to_pem, to_pkcs7
from certwright.pki.formats.reading import read

__all__ = [
    "MAXIMUM_SIZE",
    "Contents",
    "read",
    "to_der",
    "to_jks",
    "to_pem",
    "to_pkcs7",
    "to_pkcs12",
    "to_zip",
]

"""One door for a file of any format: find out what it is, then let the right reader have it."""

from __future__ import annotations

from collections.abc import Callable

from certwright.pki import _der, _pem, certificate, keys
from certwright.pki.errors import Invalid
from certwright.pki.formats import archive, jks, plain
from certwright.pki.formats.contents import MAXIMUM_SIZE, Contents, together
from certwright.pki.formats.pkcs12 import read_pkcs12

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_JCEKS_MAGIC = bytes.fromhex("cececece")
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")  # content of the OID 1.2.840.113549.1.7.2
_BOM = b"\xef\xbb\xbf"

_Reader = Callable[[bytes, bytes | None], Contents]


def read(data: bytes, *, password: bytes | None = None) -> Contents:
    """Everything in a file of PEM, DER, PKCS#7, PKCS#12, ZIP or JKS, or in their Base64.

    ``password`` opens PKCS#12, JKS and encrypted private keys, but none inside a ZIP file: a hundred of them
    would take minutes. Members of a ZIP file that are none of these (a README, another ZIP) are passed over.
    Raises Invalid when the file is larger than
    MAXIMUM_SIZE, holds neither a certificate nor a key, or is broken.
    """
    if len(data) > MAXIMUM_SIZE:
        raise Invalid(f"The file is larger than {MAXIMUM_SIZE // (1024 * 1024)} MiB.")
    if data.startswith(_ZIP_MAGIC):
        found = together(_read_member(member) for member in archive.members(data))
    else:
        found = _read_one(data, password)
    if not found.certificates and not found.private_keys:
        raise Invalid("The file holds neither a certificate nor a private key.")
    return found


def _read_member(member: bytes) -> Contents:
    reader = _reader_for(member)
    if reader is _read_base64:
        return _read_member(_pem.from_base64(member))
    if reader is read_pkcs12 or reader is jks.read_jks:
        raise Invalid("The ZIP file holds a file under a password.", advice="Unpack it and give us that file.")
    return Contents() if reader is None else reader(member, None)


def _read_one(data: bytes, password: bytes | None) -> Contents:
    reader = _reader_for(data)
    if reader is None:
        raise Invalid("The file is of no format that holds certificates.", advice=_advice_on(data))
    return reader(data, password)


def _reader_for(data: bytes) -> _Reader | None:
    """The reader for what the first bytes say; None when they say nothing we know."""
    if data.startswith(jks.MAGIC):
        return jks.read_jks
    if _der.looks_like(data):
        return _reader_for_der(data)
    if _pem.is_pem(data):
        return plain.read_pem
    return _read_base64 if _pem.is_base64(data) else None


def _reader_for_der(der: bytes) -> _Reader | None:
    """Tell the DER formats apart by the types of their first two parts."""
    try:
        outer = _der.read(der)
        first = _der.read(outer.content)
        second_tag = outer.content[first.end : first.end + 1]
    except Invalid:
        return None
    if first.tag == _der.OBJECT_IDENTIFIER:
        return (lambda data, _: plain.read_pkcs7(data)) if first.content == _SIGNED_DATA else None
    if first.tag == _der.INTEGER:  # the version: 3 in PKCS#12; 0 or 1 in PKCS#8, PKCS#1 and SEC 1
        return read_pkcs12 if first.content == b"\x03" else _read_private_key
    if second_tag == b"\x04":  # algorithm and OCTET STRING: encrypted PKCS#8
        return _read_encrypted_private_key
    return _read_certificate


def _read_base64(text: bytes, password: bytes | None) -> Contents:
    return _read_one(_pem.from_base64(text), password)


def _read_certificate(der: bytes, _: bytes | None) -> Contents:
    return Contents(certificates=(certificate.from_der(der),))


def _read_private_key(der: bytes, _: bytes | None) -> Contents:
    return Contents(private_keys=(keys.private_key_from_der(der),))


def _read_encrypted_private_key(der: bytes, password: bytes | None) -> Contents:
    return Contents(private_keys=(keys.private_key_from_encrypted_der(der, password),))


def _advice_on(data: bytes) -> str:
    """What the file rather is, when it is one of the usual mistakes."""
    beginning = data[:64].removeprefix(_BOM).lstrip()
    if beginning.startswith(b"<"):
        return "This is an HTML or XML page, perhaps an error message of a server."
    if beginning.startswith(_JCEKS_MAGIC):
        return "This is a JCEKS key store; convert it with: keytool -importkeystore -deststoretype pkcs12."
    if not beginning:
        return "It is empty."
    return "Give PEM, DER, PKCS#7, PKCS#12, JKS or a ZIP file of these."

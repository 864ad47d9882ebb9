"""The protocols that speak in packets: LDAP, PostgreSQL, MySQL."""

from __future__ import annotations

import struct

from certwright.targets.scan.reaching import Stream
from certwright.targets.scan.trouble import NoCertificate, quoted

_MOST = 8_192  # bytes of one packet

# RFC 4511 §4.12, §4.14.1: message 1, ExtendedRequest, requestName 1.3.6.1.4.1.1466.20037
_LDAP_START = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + b"1.3.6.1.4.1.1466.20037"
_LDAP_EXTENDED_RESPONSE = 0x78
_LDAP_PROTOCOL_ERROR = 2  # what a server says that does not know the request (RFC 4511 §4.14.2)

_POSTGRESQL_START = struct.pack("!II", 8, 80_877_103)  # SSLRequest

_MYSQL_LONG_ERROR = 0xFF
_MYSQL_TLS = 0x0800  # CLIENT_SSL
_MYSQL_CAPABILITIES = 0x0008_8200 | _MYSQL_TLS  # CLIENT_PLUGIN_AUTH, _SECURE_CONNECTION, _PROTOCOL_41
_MYSQL_UTF8 = 45


async def ldap(stream: Stream) -> None:
    """RFC 4511 §4.14: the StartTLS request, and a response with the result success."""
    await stream.send(_LDAP_START)
    message = await _element(stream)
    result = _ldap_result(message)
    if result == _LDAP_PROTOCOL_ERROR:
        raise NoCertificate("The LDAP server does not know StartTLS.", absent=True)
    if result != 0:
        raise NoCertificate(f"The LDAP server does not begin TLS: result code {result} (RFC 4511 appendix A).")


async def _element(stream: Stream) -> bytes:
    """The content of one BER SEQUENCE with a definite length (RFC 4511 §5.1)."""
    tag, length = await stream.exactly(2)
    if tag != 0x30:
        raise NoCertificate(f"The server's answer is not LDAP: {quoted(bytes((tag, length)))}.")
    if length >= 0x80:
        octets = length & 0x7F
        length = int.from_bytes(await stream.exactly(octets)) if 0 < octets <= 4 else _MOST + 1
    if length > _MOST:
        raise NoCertificate("The LDAP server's answer is too long to be one.")
    return await stream.exactly(length)


def _ldap_result(message: bytes) -> int:
    """The resultCode of an LDAPMessage with an ExtendedResponse: messageID, then [APPLICATION 24] { ENUMERATED … }."""
    tag, identifier, rest = _split(message)
    kind, response, _ = _split(rest)
    code_tag, code, _ = _split(response)
    if (tag, kind, code_tag) != (0x02, _LDAP_EXTENDED_RESPONSE, 0x0A) or not identifier or len(code) != 1:
        raise NoCertificate(f"The server's answer is no LDAP response: {quoted(message[:20])}.")
    return code[0]


def _split(ber: bytes) -> tuple[int, bytes, bytes]:
    """Tag and content of the first element, and what follows it; tag 0 where there is none whole."""
    if len(ber) < 2:
        return 0, b"", b""
    start, length = 2, ber[1]
    if length >= 0x80:
        start += length & 0x7F
        length = int.from_bytes(ber[2:start])
    content = ber[start : start + length]
    return (ber[0] if len(content) == length else 0), content, ber[start + length :]


async def postgresql(stream: Stream) -> None:
    """SSLRequest (PostgreSQL protocol 3, "SSL Session Encryption"): one byte answers, S for yes and N for no."""
    await stream.send(_POSTGRESQL_START)
    answer = await stream.exactly(1)
    if answer == b"N":
        raise NoCertificate("The PostgreSQL server has TLS switched off.", absent=True)
    if answer != b"S":
        raise NoCertificate(f"The PostgreSQL server answers {quoted(answer)} to the request for TLS.")


async def mysql(stream: Stream) -> None:
    """The server's greeting (HandshakeV10), then our SSLRequest, after which TLS begins without an answer.

    A server counts a client that goes away before it has logged in; from ``max_connect_errors`` of them in a row (100)
    it blocks the client's address until somebody flushes its host cache.
    """
    greeting, number = await _mysql_packet(stream)
    if greeting[:1] == bytes((_MYSQL_LONG_ERROR,)):
        raise NoCertificate(f"The MySQL server turns us away: {quoted(greeting[3:])}.")
    if not _mysql_offers(greeting):
        raise NoCertificate("The MySQL server has TLS switched off.", absent=True)
    request = struct.pack("<IIB23x", _MYSQL_CAPABILITIES, 1 << 24, _MYSQL_UTF8)
    await stream.send(len(request).to_bytes(3, "little") + bytes(((number + 1) & 0xFF,)) + request)


async def _mysql_packet(stream: Stream) -> tuple[bytes, int]:
    """A packet: three bytes of length (least first), its number, its content."""
    head = await stream.exactly(4)
    length = int.from_bytes(head[:3], "little")
    if not 0 < length <= _MOST:
        raise NoCertificate(f"The server's answer is not MySQL: {quoted(head)}.")
    return await stream.exactly(length), head[3]


def _mysql_offers(greeting: bytes) -> bool:
    """Whether CLIENT_SSL is among the capabilities: version 10, text to NUL, 4 + 8 + 1 bytes, then their lower half."""
    _, _, rest = greeting[1:].partition(b"\0")
    capabilities = rest[13:15]
    if greeting[:1] != b"\x0a" or len(capabilities) != 2:
        raise NoCertificate(f"The server's greeting is not MySQL: {quoted(greeting[:20])}.")
    return bool(int.from_bytes(capabilities, "little") & _MYSQL_TLS)

"""What a server of each protocol says before TLS, written from its RFC or manual, in the shapes that are seen."""

from __future__ import annotations

import asyncio
import struct

from tests.scan.servers import Conversation

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


async def _expect(reader: Reader, words: bytes) -> None:
    line = await reader.readline()
    assert line.startswith(words), line


async def smtp(reader: Reader, writer: Writer) -> None:
    """RFC 5321, RFC 3207, with a greeting of two lines."""
    writer.write(b"220-mx.example ESMTP\r\n220 ready\r\n")
    await _expect(reader, b"EHLO ")
    writer.write(b"250-mx.example greets you\r\n250-SIZE 1000000\r\n250-STARTTLS\r\n250 HELP\r\n")
    await _expect(reader, b"STARTTLS\r\n")
    writer.write(b"220 Go ahead\r\n")


async def imap(reader: Reader, writer: Writer) -> None:
    """RFC 9051, with an untagged line before the answer."""
    writer.write(b"* OK [CAPABILITY IMAP4rev2 STARTTLS LOGINDISABLED] ready\r\n")
    line = await reader.readline()
    if line.endswith(b"CAPABILITY\r\n"):  # asked by other clients than ours
        writer.write(b"* CAPABILITY IMAP4rev2 STARTTLS\r\n" + line.split()[0] + b" OK done\r\n")
        line = await reader.readline()
    assert line.endswith(b" STARTTLS\r\n"), line
    writer.write(b"* OK still here\r\n" + line.split()[0] + b" OK Begin TLS\r\n")


async def pop3(reader: Reader, writer: Writer) -> None:
    """RFC 2595."""
    writer.write(b"+OK ready\r\n")
    await _expect(reader, b"STLS\r\n")
    writer.write(b"+OK Begin TLS\r\n")


async def ftp(reader: Reader, writer: Writer) -> None:
    """RFC 4217, with a banner whose lines in between bear no code (RFC 959 §4.2)."""
    writer.write(b"220-Welcome\r\n the files of Meadow\r\n221 is not the end\r\n220 Ready\r\n")
    await _expect(reader, b"AUTH TLS\r\n")
    writer.write(b"234 AUTH TLS OK\r\n")


async def ldap(reader: Reader, writer: Writer) -> None:
    """RFC 4511 §4.14; the answer names the extension, in long lengths as Active Directory writes them."""
    request = await reader.readexactly(2)
    body = await reader.readexactly(request[1])
    assert body.endswith(b"1.3.6.1.4.1.1466.20037")
    name = b"\x8a\x16" + b"1.3.6.1.4.1.1466.20037"
    response = b"\x0a\x01\x00\x04\x00\x04\x00" + name
    response = b"\x78\x84" + struct.pack("!I", len(response)) + response
    message = b"\x02\x01\x01" + response
    writer.write(b"\x30\x84" + struct.pack("!I", len(message)) + message)


async def postgresql(reader: Reader, writer: Writer) -> None:
    """The manual's "SSL Session Encryption"."""
    assert await reader.readexactly(8) == struct.pack("!II", 8, 80_877_103)
    writer.write(b"S")


def mysql_greeting(capabilities: int = 0xFFFF) -> bytes:
    """A HandshakeV10 packet."""
    greeting = b"\x0a8.4.3\0" + struct.pack("<I", 7) + b"12345678\0" + struct.pack("<H", capabilities)
    greeting += b"\xff\x02\x00" + struct.pack("<H", 0xDFFF) + b"\x15" + b"\0" * 10 + b"123456789012\0caching_sha2\0"
    return len(greeting).to_bytes(3, "little") + b"\0" + greeting


async def mysql(reader: Reader, writer: Writer) -> None:
    """The manual's "Connection Phase": greeting, SSLRequest of 32 bytes."""
    writer.write(mysql_greeting())
    head = await reader.readexactly(4)
    assert head == b"\x20\0\0\x01", head
    request = await reader.readexactly(32)
    assert int.from_bytes(request[:4], "little") & 0x0800


def _xmpp(namespace: bytes) -> Conversation:
    async def talk(reader: Reader, writer: Writer) -> None:
        opening = await reader.readuntil(b"version='1.0'>")
        assert namespace in opening, opening
        writer.write(
            b"<?xml version='1.0'?><stream:stream xmlns='%s' xmlns:stream='http://etherx.jabber.org/streams' id='1' "
            b"from='meadow.example' version='1.0'>" % namespace
        )
        await writer.drain()
        writer.write(
            b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
            b"</stream:features>"
        )
        asked = await reader.readuntil(b">")
        assert asked.startswith(b"<starttls "), asked
        writer.write(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")

    return talk


CONVERSATIONS: dict[str, Conversation] = {
    "smtp": smtp,
    "imap": imap,
    "pop3": pop3,
    "ftp": ftp,
    "ldap": ldap,
    "postgresql": postgresql,
    "mysql": mysql,
    "xmpp": _xmpp(b"jabber:client"),
    "xmpp-server": _xmpp(b"jabber:server"),
}

"""The protocols that speak in lines: SMTP, IMAP, POP3, FTP."""

from __future__ import annotations

from certwright.targets.scan.reaching import Stream
from certwright.targets.scan.trouble import NoCertificate, quoted


async def smtp(stream: Stream) -> None:
    """RFC 3207: 220, EHLO, STARTTLS, 220. We greet with our address (RFC 5321 §4.1.3), as we have no name to give."""
    await _answer(stream, b"220")
    address = stream.own_address
    literal = f"[{'IPv6:' if address.version == 6 else ''}{address}]"
    await stream.send(b"EHLO %s\r\n" % literal.encode())
    offers = await _answer(stream, b"250")
    if not any(line[4:].strip().upper() == b"STARTTLS" for line in offers):
        raise NoCertificate("The SMTP server offers no STARTTLS.", absent=True)
    await stream.send(b"STARTTLS\r\n")
    await _answer(stream, b"220")


async def ftp(stream: Stream) -> None:
    """RFC 4217 §4: 220, AUTH TLS, 234."""
    await _answer(stream, b"220")
    await stream.send(b"AUTH TLS\r\n")
    said = (await _lines(stream))[-1]
    if said.startswith((b"4", b"5")):
        raise NoCertificate(f"The FTP server offers no TLS: {quoted(said)}.", absent=True)
    _expect(said, b"234")


async def imap(stream: Stream) -> None:
    """RFC 9051 §6.2.1: a greeting, a tagged STARTTLS and its tagged answer, with untagged ones between."""
    greeting = await stream.line()
    if not greeting.upper().startswith(b"* OK"):
        raise NoCertificate(f"The IMAP server greets with {quoted(greeting)}, where no STARTTLS may follow.")
    await stream.send(b"a1 STARTTLS\r\n")
    said = await stream.lines(lambda line: not line.startswith(b"* "))
    answer = said[-1].upper()
    if answer.startswith((b"A1 NO", b"A1 BAD")):
        raise NoCertificate(f"The IMAP server offers no STARTTLS: {quoted(said[-1])}.", absent=True)
    _expect(answer, b"A1 OK")


async def pop3(stream: Stream) -> None:
    """RFC 2595 §4: a greeting, STLS, +OK."""
    _expect(await stream.line(), b"+OK")
    await stream.send(b"STLS\r\n")
    answer = await stream.line()
    if answer.startswith(b"-ERR"):
        raise NoCertificate(f"The POP3 server offers no STLS: {quoted(answer)}.", absent=True)
    _expect(answer, b"+OK")


async def _answer(stream: Stream, code: bytes) -> list[bytes]:
    """All lines of an answer that has this code."""
    said = await _lines(stream)
    _expect(said[-1], code)
    return said


async def _lines(stream: Stream) -> list[bytes]:
    """One answer: ``220 …``, or ``220-…`` and on to a line that starts with ``220`` alone (RFC 5321 §4.2, RFC 959)."""
    first = await stream.line()
    code = first[:3]
    if not code.isdigit() or first[3:4] != b"-":
        return [first]
    return [first, *await stream.lines(lambda line: line[:3] == code and line[3:4] in (b" ", b""))]


def _expect(line: bytes, start: bytes) -> None:
    if not line.startswith(start):
        raise NoCertificate(f"The server answers {quoted(line)}, not {start.decode()}.")

"""The way to a target: one look-up, every address judged, a connection to the address itself. Sockets open here alone.

A name is looked up once and connected to by address, so that no second answer of a name server can lead elsewhere
(DNS rebinding).
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from certwright.policy.egress import Address
from certwright.targets.scan.trouble import NoCertificate, Unreachable, quoted

LookUp = Callable[[str], Sequence[Address]]
"""The addresses of a name, best first; empty when it has none. Raises OSError when nobody can tell. May block."""

LONGEST_LINE = 4_096  # SMTP allows 512 octets (RFC 5321 §4.5.3.1.5), IMAP asks for 8,192 of clients alone
_MOST_PLAIN = 16_384  # bytes of a whole conversation before TLS
_NO_SUCH_NAME = (socket.EAI_NONAME, socket.EAI_NODATA)


def system_look_up(host: str) -> tuple[Address, ...]:
    """The addresses of a name as this machine's resolver finds and sorts them (RFC 6724), ``/etc/hosts`` included."""
    try:
        found = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_NAME:
            return ()
        raise
    return tuple(dict.fromkeys(ip_address(str(entry[4][0])) for entry in found))


class Stream:
    """A connection to a target, with caps on what is read before TLS: the length of a line, and 16 KiB altogether."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._plain = 0

    @property
    def own_address(self) -> Address:
        """Our own address on this connection; raises OSError when it is already broken."""
        name = self._writer.get_extra_info("sockname")
        if name is None:
            raise ConnectionResetError
        return ip_address(str(name[0]).partition("%")[0])

    async def send(self, words: bytes) -> None:
        """Send; raises OSError."""
        self._writer.write(words)
        await self._writer.drain()

    async def some(self) -> bytes:
        """What has come, at most 16 KiB; empty at the end. Raises OSError."""
        return await self._reader.read(16_384)

    async def exactly(self, count: int) -> bytes:
        """So many bytes. Raises NoCertificate when the server hangs up before or has said too much, OSError."""
        self._count(count)
        try:
            return await self._reader.readexactly(count)
        except asyncio.IncompleteReadError as error:
            raise _hung_up(error.partial) from None

    async def line(self) -> bytes:
        """One line without its end. Raises NoCertificate when it is too long or never ends, OSError."""
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            raise NoCertificate(f"The server sends a line of over {LONGEST_LINE:,} bytes before TLS.") from None
        except asyncio.IncompleteReadError as error:
            raise _hung_up(error.partial) from None
        self._count(len(line))
        return line.rstrip(b"\r\n")

    async def lines(self, is_last: Callable[[bytes], bool]) -> list[bytes]:
        """The lines of one answer, up to the one that ``is_last`` knows; raises like :meth:`line`."""
        found = [await self.line()]
        while not is_last(found[-1]):
            found.append(await self.line())
        return found

    async def until(self, is_whole: Callable[[bytes], bool]) -> bytes:
        """All that comes until it is whole; raises like :meth:`exactly`."""
        found = b""
        while not is_whole(found):
            more = await self._reader.read(LONGEST_LINE)
            if not more:
                raise _hung_up(found)
            self._count(len(more))
            found += more
        return found

    def close(self) -> None:
        """End the connection at once, without waiting for the other side."""
        self._writer.transport.abort()

    def _count(self, more: int) -> None:
        self._plain += more
        if self._plain > _MOST_PLAIN:
            raise NoCertificate(f"The server says over {_MOST_PLAIN:,} bytes before TLS.")


async def connect(address: Address, port: int, seconds: float) -> Stream:
    """Connect to an address that has been judged; raises Unreachable. Nothing is looked up: the address is a number."""
    try:
        async with asyncio.timeout(seconds):
            return Stream(*await asyncio.open_connection(str(address), port, limit=LONGEST_LINE))
    except ConnectionRefusedError:
        raise Unreachable(f"{address} refuses a connection to port {port}.", absent=True) from None
    except TimeoutError:
        raise Unreachable(f"{address} does not answer at port {port} within {seconds:.1f} s.") from None
    except OSError as error:
        raise Unreachable(f"{address} cannot be reached: {os.strerror(error.errno or errno.EIO)}.") from None


def _hung_up(said: bytes) -> NoCertificate:
    after = f" after {quoted(said)}" if said else ""
    return NoCertificate(f"The server hangs up before TLS begins{after}.")

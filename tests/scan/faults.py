"""Servers that misbehave where TLS should begin: one conversation for each fault."""

from __future__ import annotations

import asyncio
import socket
import struct
from itertools import chain, repeat

from tests.scan.conversations import Reader, Writer
from tests.scan.servers import Conversation

HTML = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html><body>This is not TLS</body></html>"
WARNING = b"\x15\x03\x03\x00\x02\x01\x5a"  # user_canceled, an alert that does not end the handshake
OVERLONG = b"\x16\x03\x03\x40\x00\x02\xff\xff\xff" + b"\0" * 16_380  # a ServerHello of 16 MiB
HELLO_REQUEST = b"\x16\x03\x03\x00\x04\0\0\0\0"  # which a client may pass over (RFC 5246 §7.4.1.1)
CHANGE_CIPHER = b"\x14\x03\x03\x00\x01\x01"


async def never(reader: Reader, writer: Writer) -> None:
    """Half open: takes everything and says nothing."""
    while await reader.read(65_536):
        pass


async def hang_up(reader: Reader, writer: Writer) -> None:
    """Hangs up once it has heard something."""
    await reader.read(65_536)


async def reset(reader: Reader, writer: Writer) -> None:
    """RST instead of an answer."""
    await reader.read(65_536)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def says(words: bytes) -> Conversation:
    """Answers with these bytes and hangs up."""

    async def talk(reader: Reader, writer: Writer) -> None:
        await reader.read(65_536)
        writer.write(words)
        await writer.drain()

    return talk


def endless(words: bytes, pause: float = 0.0) -> Conversation:
    """Says the same for ever, with a pause in seconds after each time."""

    async def talk(reader: Reader, writer: Writer) -> None:
        while True:
            writer.write(words)
            await writer.drain()
            await asyncio.sleep(pause)

    return talk


async def slow_loris(reader: Reader, writer: Writer) -> None:
    """A byte every 0.2 s, of a record of 16 KiB that begins well."""
    for byte in chain(b"\x16\x03\x03\x40\x00\x02", repeat(0)):
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(0.2)


def truncated(behind: int, after: int) -> Conversation:
    """Carries the handshake of the server at ``behind``, and hangs up after so many bytes of it."""

    async def talk(reader: Reader, writer: Writer) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", behind)
        try:
            outer.write(await reader.read(65_536))
            writer.write(await inner.readexactly(after))
            await writer.drain()
        finally:
            outer.close()

    return talk

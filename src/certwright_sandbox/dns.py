"""A small DNS server for the validators: the records a test planted, and 127.0.0.1 for every other name.

A 127.0.0.1 for any name without a record of its own; NXDOMAIN for an absent TXT or CNAME; an empty answer
for the rest. A planted CNAME is followed inside the table. UDP and TCP on one port (RFC 1035 §4.2). Updates
(RFC 2136) are taken for any zone; every name of two labels is one, with a SOA.
"""

from __future__ import annotations

import asyncio
import struct
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update

from certwright_sandbox.dns_update import Updates
from certwright_sandbox.dns_zone import Zone, plain, rdata_of

TTL_SECONDS = 0
MOST_CNAMES = 8
ABSENT_MEANS_NXDOMAIN = (dns.rdatatype.TXT, dns.rdatatype.CNAME)
PORT_TRIES = 20
HEADER_BYTES = 12
ZONE_LABELS = 3  # the root's empty label is one
SOA = "ns.sandbox.example. hostmaster.sandbox.example. 1 3600 600 86400 60"


def reply(zone: Zone, updates: Updates, wire: bytes) -> bytes | None:
    """The answer to one query or update; None for bytes that are neither."""
    try:
        query = dns.message.from_wire(wire, keyring=updates.keyring)
    except (dns.tsig.BadTime, dns.tsig.BadSignature, dns.message.UnknownTSIGKey):
        return _not_authentic(wire)
    except (dns.exception.DNSException, ValueError):
        return None
    if query.flags & dns.flags.QR:
        return None
    if isinstance(query, dns.update.UpdateMessage):
        return updates.reply(query).to_wire()
    if not query.question:
        return None
    answer = dns.message.make_response(query, recursion_available=True)
    answer.flags |= dns.flags.AA
    question = query.question[0]
    _fill(zone, answer, question.name, question.rdtype)
    return answer.to_wire()


def _not_authentic(wire: bytes) -> bytes:
    """NOTAUTH to a message whose signature is not the key's (RFC 8945 §5.2)."""
    header = bytearray(wire[:HEADER_BYTES])
    header[2] |= 0x80  # QR
    header[3] = header[3] & 0xF0 | dns.rcode.NOTAUTH
    header[4:] = bytes(HEADER_BYTES - 4)
    return bytes(header)


def _fill(zone: Zone, answer: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> None:
    for _ in range(MOST_CNAMES):
        label = plain(name.to_text())
        values = zone.find(label, dns.rdatatype.to_text(kind))
        if values:
            _put(answer, name, dns.rdatatype.to_text(kind), values)
            return
        aliases = zone.find(label, "CNAME")
        if not aliases:
            break
        _put(answer, name, "CNAME", aliases[:1])
        name = dns.name.from_text(aliases[0])
    if kind == dns.rdatatype.SOA and len(name) == ZONE_LABELS:
        answer.answer.append(dns.rrset.from_text(name, TTL_SECONDS, "IN", "SOA", SOA))
    elif kind == dns.rdatatype.A:
        _put(answer, name, "A", ["127.0.0.1"])
    elif kind in ABSENT_MEANS_NXDOMAIN and not answer.answer:
        answer.set_rcode(dns.rcode.NXDOMAIN)


def _put(answer: dns.message.Message, name: dns.name.Name, kind: str, values: list[str]) -> None:
    answer.answer.append(dns.rrset.from_rdata_list(name, TTL_SECONDS, [rdata_of(kind, value) for value in values]))


class DatagramSide(asyncio.DatagramProtocol):
    """DNS over UDP."""

    def __init__(self, zone: Zone, updates: Updates) -> None:
        """Answer from `zone`, change it by `updates`."""
        self._zone = zone
        self._updates = updates

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; called by asyncio."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one query; called by asyncio."""
        answer = reply(self._zone, self._updates, data)
        if answer is not None:
            self._transport.sendto(answer, addr)


class DnsServer:
    """The server: one free port of 127.0.0.1, UDP and TCP."""

    def __init__(self, zone: Zone, updates: Updates) -> None:
        """Answer from `zone`, change it by `updates`, once `open` was called."""
        self._zone = zone
        self._updates = updates
        self._udp: asyncio.BaseTransport | None = None
        self._tcp: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        """Listen. Raises OSError when no port is free for both."""
        loop = asyncio.get_running_loop()
        for attempt in range(PORT_TRIES):
            self._tcp = await asyncio.start_server(self._serve_stream, "127.0.0.1", 0)
            self.port = self._tcp.sockets[0].getsockname()[1]
            try:
                address = ("127.0.0.1", self.port)
                self._udp, _ = await loop.create_datagram_endpoint(
                    lambda: DatagramSide(self._zone, self._updates), address
                )
            except OSError:
                self._tcp.close()
                if attempt == PORT_TRIES - 1:
                    raise
            else:
                return

    def close(self) -> None:
        """Stop listening."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                answer = reply(self._zone, self._updates, await reader.readexactly(length))
                if answer is None:
                    break
                writer.write(struct.pack("!H", len(answer)) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the client has what it wanted
        finally:
            writer.close()

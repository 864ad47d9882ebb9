"""A small DNS server for the validators: the records a test planted, and 127.0.0.1 for every other name.

A 127.0.0.1 for any name without a record of its own; NXDOMAIN for an absent TXT or CNAME; an empty answer
for the rest. A planted CNAME is followed inside the table. UDP and TCP on one port (RFC 1035 §4.2).
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from certwright_sandbox.state import Record, State

TYPES = ("TXT", "CNAME", "A", "AAAA", "CAA")
TTL_SECONDS = 0
MOST_CNAMES = 8
ABSENT_MEANS_NXDOMAIN = (dns.rdatatype.TXT, dns.rdatatype.CNAME)
TXT_PIECE = 255  # RFC 1035 §3.3: a character-string holds at most so many octets
PORT_TRIES = 20


@dataclass(eq=False)
class Planted(Record):
    """A record of the table; `name` in lower case without a final dot. `id` is made of the other three."""

    name: str
    type: str
    value: str


class Zone:
    """The planted records."""

    def __init__(self, state: State) -> None:
        """Go on with what the state holds."""
        self._table = state.table("dns", Planted)
        self._by_name = self._table.index(lambda record: (record.name, record.type))
        self._caa_count = sum(record.type == "CAA" for record in self._table)

    @property
    def has_caa(self) -> bool:
        """Whether any name has a CAA record; most sandboxes never do, and need not ask."""
        return self._caa_count > 0

    def records(self) -> list[dict[str, str]]:
        """All records as JSON values."""
        return [{"name": row.name, "type": row.type, "value": row.value} for row in self._table]

    def add(self, name: str, kind: str, value: str) -> None:
        """Plant a record. Raises ValueError for a type or value that cannot be one."""
        name = plain(name)
        if kind not in TYPES:
            raise ValueError(f"the type must be one of {', '.join(TYPES)}")
        rdata_of(kind, value)
        dns.name.from_text(name)
        key = f"{name} {kind} {value}"
        if self._table.get(key) is None:
            self._table.add(Planted(key, name, kind, value))
            self._caa_count += kind == "CAA"

    def remove(self, name: str, kind: str, value: str) -> bool:
        """Take a record away; whether it was there."""
        record = self._table.get(f"{plain(name)} {kind} {value}")
        if record is None:
            return False
        self._table.remove(record)
        self._caa_count -= kind == "CAA"
        return True

    def clear(self) -> None:
        """Take all records away."""
        for record in self._table:
            self._table.remove(record)
        self._caa_count = 0

    def find(self, name: str, kind: str) -> list[str]:
        """The values of a name's records of one type."""
        return [record.value for record in self._by_name.find((name, kind))]


def plain(name: str) -> str:
    """A name in lower case without its final dot."""
    return name.rstrip(".").lower()


def rdata_of(kind: str, value: str) -> dns.rdata.Rdata:
    """The wire value of a record; a TXT value is taken as it stands. Raises ValueError."""
    if kind == "TXT":
        raw = value.encode()
        pieces = [raw[at : at + TXT_PIECE] for at in range(0, len(raw), TXT_PIECE)] or [b""]
        return _txt(pieces)
    text = plain(value) + "." if kind == "CNAME" else value
    try:
        return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), text)
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{value!r} is not a value of a {kind} record") from error


def _txt(pieces: list[bytes]) -> dns.rdata.Rdata:
    wire = b"".join(bytes((len(piece),)) + piece for piece in pieces)
    return dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.TXT, wire, 0, len(wire))


def reply(zone: Zone, wire: bytes) -> bytes | None:
    """The answer to one query; None for bytes that are no query."""
    try:
        query = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return None
    if not query.question or query.flags & dns.flags.QR:
        return None
    answer = dns.message.make_response(query, recursion_available=True)
    answer.flags |= dns.flags.AA
    question = query.question[0]
    _fill(zone, answer, question.name, question.rdtype)
    return answer.to_wire()


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
    if kind == dns.rdatatype.A:
        _put(answer, name, "A", ["127.0.0.1"])
    elif kind in ABSENT_MEANS_NXDOMAIN and not answer.answer:
        answer.set_rcode(dns.rcode.NXDOMAIN)


def _put(answer: dns.message.Message, name: dns.name.Name, kind: str, values: list[str]) -> None:
    answer.answer.append(dns.rrset.from_rdata_list(name, TTL_SECONDS, [rdata_of(kind, value) for value in values]))


class DatagramSide(asyncio.DatagramProtocol):
    """DNS over UDP."""

    def __init__(self, zone: Zone) -> None:
        """Answer from `zone`."""
        self._zone = zone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; called by asyncio."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one query; called by asyncio."""
        answer = reply(self._zone, data)
        if answer is not None:
            self._transport.sendto(answer, addr)


class DnsServer:
    """The server: one free port of 127.0.0.1, UDP and TCP."""

    def __init__(self, zone: Zone) -> None:
        """Answer from `zone`, once `open` was called."""
        self._zone = zone
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
                self._udp, _ = await loop.create_datagram_endpoint(lambda: DatagramSide(self._zone), address)
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
                answer = reply(self._zone, await reader.readexactly(length))
                if answer is None:
                    break
                writer.write(struct.pack("!H", len(answer)) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the client has what it wanted
        finally:
            writer.close()

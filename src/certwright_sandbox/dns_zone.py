"""The records of the sandbox's DNS server: what a test planted, or an update brought."""

from __future__ import annotations

from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from certwright_sandbox.state import Record, State

TYPES = ("TXT", "CNAME", "A", "AAAA", "CAA")
TXT_PIECE = 255  # RFC 1035 §3.3: a character-string holds at most so many octets


@dataclass(eq=False, slots=True)
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

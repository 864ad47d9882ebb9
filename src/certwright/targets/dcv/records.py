"""A proof as the DNS record that it is."""

from __future__ import annotations

from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from certwright.model.ca import Proof
from certwright.model.errors import Misconfigured
from certwright.model.words import DCVMethod

_PIECE = 255  # RFC 1035 §3.3: a character-string holds at most so many octets
_TYPES = {DCVMethod.DNS_TXT: "TXT", DCVMethod.DNS_CNAME: "CNAME"}


@dataclass(frozen=True, slots=True)
class DNSRecord:
    """A record: owner without final dot, ``TXT`` or ``CNAME``, and its value as text."""

    name: str
    type: str
    value: str

    @classmethod
    def of(cls, proof: Proof) -> DNSRecord:
        """The record of a DNS proof; raises Misconfigured for a proof that cannot be one."""
        record = cls(proof.where.rstrip(".").lower(), _TYPES[DCVMethod(proof.method)], proof.value)
        try:
            _ = record.owner, record.rdata
        except (dns.exception.DNSException, ValueError) as error:
            raise Misconfigured(f"{proof.where!r} cannot be a {record.type} record: {error}.") from None
        return record

    @property
    def owner(self) -> dns.name.Name:
        """The absolute name it stands at."""
        return dns.name.from_text(self.name)

    @property
    def rdata(self) -> dns.rdata.Rdata:
        """Its value as it goes on the wire; a TXT value is taken as it stands, not as zone file text."""
        if self.type == "CNAME":
            target = dns.name.from_text(self.value).to_text()
            return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.CNAME, target)
        raw = self.value.encode()
        pieces = [raw[at : at + _PIECE] for at in range(0, len(raw), _PIECE)] or [b""]
        wire = b"".join(bytes((len(piece),)) + piece for piece in pieces)
        return dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.TXT, wire, 0, len(wire))


def text_of(rdata: dns.rdata.Rdata) -> str:
    """The value of a TXT or CNAME record as people write it: without quotes, without the final dot."""
    if rdata.rdtype == dns.rdatatype.TXT:
        return b"".join(getattr(rdata, "strings", ())).decode("utf-8", "backslashreplace")
    return rdata.to_text().rstrip(".")

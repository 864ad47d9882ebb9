"""Questions to name servers: what stands at a name, which zone it is in, where a host is."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset
import dns.tsig

from certwright.model.errors import CertwrightError, Misconfigured, Unavailable
from certwright.targets.dcv.records import DNSRecord, text_of

SECONDS = 5.0  # the whole of a question and its answer
_LONGEST_SHOWN = 100
_WITH_PORT = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<four>[0-9.]+)):(?P<port>\d{1,5})")
_TURNED_AWAY = (dns.rcode.REFUSED, dns.rcode.NOTAUTH, dns.rcode.NOTIMP, dns.rcode.FORMERR, dns.rcode.NOTZONE)


@dataclass(frozen=True, slots=True)
class NameServer:
    """A name server by address or name. With ``key`` every message is signed (RFC 8945).

    ``stream`` asks over TCP alone; otherwise UDP comes first.
    """

    host: str
    port: int = 53
    key: dns.tsig.Key | None = field(default=None, repr=False)
    stream: bool = False

    def __str__(self) -> str:
        """For people."""
        return self.host if self.port == 53 else f"{self.host} port {self.port}"

    def send(self, message: dns.message.Message) -> dns.message.Message:
        """Send a query or update and return the answer, whatever its rcode.

        Raises Unavailable when there is none, Misconfigured when the key is not the server's.
        """
        if self.key is not None:
            message.use_tsig(self.key)
        try:
            address = self._address()
            if self.stream:
                return dns.query.tcp(message, address, SECONDS, self.port)
            return dns.query.udp_with_fallback(message, address, SECONDS, self.port, ignore_unexpected=True)[0]
        except (dns.tsig.PeerBadTime, dns.tsig.BadTime):
            raise Misconfigured(f"The clocks of {self} and this machine differ.", advice="Set them right.") from None
        except (dns.tsig.PeerError, dns.tsig.BadSignature, dns.message.UnknownTSIGKey) as error:
            raise Misconfigured(
                f"{self} does not accept our TSIG key: {type(error).__name__}.",
                advice="Compare key_name, algorithm and key_secret with the server's.",
            ) from None
        except dns.exception.FormError:
            raise self._unreadable() from None
        except (dns.exception.DNSException, OSError, EOFError) as error:
            why = "no answer in time" if isinstance(error, dns.exception.Timeout | TimeoutError) else _reason(error)
            raise Unavailable(f"{self} cannot be asked: {why}.", advice="It is tried again later.") from None

    def _unreadable(self) -> CertwrightError:
        """A server that refuses a question for a zone that it does not serve does not sign that answer."""
        if self.key is None:
            return Unavailable(f"{self} answered with something that cannot be read.")
        return Misconfigured(
            f"{self} did not sign its answer, so it serves no such zone, or not for this key.",
            advice="Check server, zone and key_name.",
        )

    def _address(self) -> str:
        return str(socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0][4][0])

    def ask(self, name: dns.name.Name, kind: str) -> dns.message.Message:
        """The answer to a question: NOERROR or NXDOMAIN. Raises Unavailable or Misconfigured for any other."""
        answer = self.send(dns.message.make_query(name, kind))
        if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            raise turned_away(self, answer.rcode(), f"a question for {name.to_text(omit_final_dot=True)}")
        return answer

    def records(self, name: dns.name.Name, kind: str) -> dns.rrset.RRset | None:
        """The records of one type at exactly that name."""
        answer = self.ask(name, kind)
        return answer.get_rrset(answer.answer, name, dns.rdataclass.IN, dns.rdatatype.from_text(kind))

    def zone_of(self, name: dns.name.Name) -> dns.name.Name:
        """The zone that the server has the name in: the owner of the SOA (RFC 1035 §3.3.13) it answers with."""
        for candidate in _upwards(name):
            answer = self.ask(candidate, "SOA")
            for rrset in (*answer.answer, *answer.authority):
                if rrset.rdtype == dns.rdatatype.SOA and name.is_subdomain(rrset.name) and rrset.name != dns.name.root:
                    return rrset.name
        raise Misconfigured(
            f"{self} knows no zone that {name.to_text(omit_final_dot=True)} is in.", advice="Set zone, or server."
        )

    def missing(self, record: DNSRecord) -> str:
        """A sentence on what stands where the record should; "" when it does. Never raises."""
        try:
            answer = self.ask(record.owner, record.type)
        except CertwrightError as error:
            return f"{record.name}: {error.detail}"
        if answer.rcode() == dns.rcode.NXDOMAIN:
            return f"{record.name}: {self} knows no such name."
        found = [rdata for rrset in answer.answer if rrset.rdtype == record.rdata.rdtype for rdata in rrset]
        if record.rdata in found:
            return ""
        if not found:
            return f"{record.name}: {self} has no {record.type} record there."
        values = ", ".join(text_of(rdata) for rdata in found)[:_LONGEST_SHOWN]
        says = "the CNAME points to" if record.type == "CNAME" else "TXT there says"
        return f"{record.name}: at {self} {says} {values}."


def turned_away(server: NameServer, rcode: dns.rcode.Rcode, what: str) -> CertwrightError:
    """The error for an rcode other than the good ones."""
    detail = f"{server} answered {what} with {dns.rcode.to_text(rcode)}."
    if rcode in _TURNED_AWAY:
        return Misconfigured(detail, advice="Check server, zone and key, and what the server allows this key.")
    return Unavailable(detail, advice="It is tried again later.")


def name_servers(text: str) -> tuple[NameServer, ...]:
    """Read ``ADDRESS`` and ``ADDRESS:PORT``, separated by commas (``[ADDRESS]:PORT`` of IPv6); raises Misconfigured."""
    return tuple(_name_server(word.strip()) for word in text.split(",") if word.strip())


def _name_server(word: str) -> NameServer:
    found = _WITH_PORT.fullmatch(word)
    host, port = (found["six"] or found["four"], int(found["port"])) if found else (word, 53)
    try:
        return NameServer(str(ipaddress.ip_address(host)), port)
    except ValueError:
        raise Misconfigured(f"{word!r} is no address of a name server.", advice="192.0.2.53 or 192.0.2.53:53") from None


def authoritative(name: dns.name.Name) -> tuple[NameServer, ...]:
    """The servers of the zone that a name is in, as this machine's resolver finds them; raises Unavailable."""
    try:
        zone = dns.resolver.zone_for_name(name, lifetime=SECONDS)
        servers = dns.resolver.resolve(zone, "NS", lifetime=SECONDS)
    except (dns.exception.DNSException, OSError) as error:
        raise Unavailable(
            f"The servers of the zone of {name.to_text(omit_final_dot=True)} cannot be found: {_reason(error)}.",
            advice="Set resolver to name servers that can be asked.",
        ) from None
    return tuple(NameServer(rdata.target.to_text(omit_final_dot=True)) for rdata in servers)


def addresses(host: str, servers: Sequence[NameServer]) -> tuple[str, ...]:
    """Where a host is, as each of the servers says first; each address once. Raises Unavailable when one knows none."""
    return tuple(dict.fromkeys(_address(host, server) for server in servers))


def _address(host: str, server: NameServer) -> str:
    name = dns.name.from_text(host)
    for kind in ("A", "AAAA"):
        for rrset in server.ask(name, kind).answer:
            if rrset.rdtype == dns.rdatatype.from_text(kind):
                return str(rrset[0].to_text())
    raise Unavailable(f"{server} knows no address of {host}.")


def _upwards(name: dns.name.Name) -> Iterator[dns.name.Name]:
    while name != dns.name.root:
        yield name
        name = name.parent()


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).rstrip(".")[:200]

"""A DNS server that takes dynamic updates (RFC 2136), signed with a TSIG key (RFC 8945)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection

import dns.exception
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update

from certwright.model.ca import Proof
from certwright.model.errors import Misconfigured
from certwright.targets.dcv.asking import NameServer, name_servers, turned_away
from certwright.targets.dcv.records import DNSRecord, text_of

# RFC 2136 §2.2: what we said must be there, or must not be there, is otherwise.
_UNEXPECTED = (dns.rcode.YXDOMAIN, dns.rcode.YXRRSET, dns.rcode.NXRRSET, dns.rcode.NXDOMAIN)


class DynamicUpdate:
    """Adds TXT records to what stands there, and CNAME records where nothing does."""

    def __init__(
        self,
        server: str,
        port: int,
        algorithm: str,
        ttl: int,
        zone: str = "",
        key_name: str = "",
        key_secret: str = "",
        resolver: str = "",
    ) -> None:
        """As ``about.toml`` names them; raises Misconfigured for a zone or key that cannot be one."""
        self._server = NameServer(server, port, _key(key_name, key_secret, algorithm), stream=True)
        self._resolvers = name_servers(resolver)
        self._ttl = ttl
        self._zone = _name(zone, "zone") if zone else None

    def __repr__(self) -> str:
        """The server alone."""
        return f"<DynamicUpdate of {self._server}>"

    def publish(self, proof: Proof, former: Collection[str]) -> None:
        """See :class:`certwright.targets.dcv.publisher.Publisher`. One question, and one update if it lacks."""
        record = DNSRecord.of(proof)
        there = self._server.records(record.owner, record.type)
        if there is not None and record.rdata in there:
            return
        update = self._update(record)
        if record.type == "CNAME":
            _clear_the_way(update, record, there, former)
        else:
            update.absent(record.owner, "CNAME")  # §3.4.2.2: beside a CNAME the server would drop it silently
        # Of one name and type the server keeps one TTL (RFC 2181 §5.2): that of others is not ours to change.
        update.add(record.owner, self._ttl if there is None else there.ttl, record.rdata)
        answer = self._server.send(update)
        if answer.rcode() in _UNEXPECTED:
            raise self._conflict(record)
        if answer.rcode() != dns.rcode.NOERROR:
            raise turned_away(self._server, answer.rcode(), f"the update of {record.name}")

    def look(self, proof: Proof) -> str:
        """See :class:`certwright.targets.dcv.publisher.Publisher`: at the resolvers if set, else at the server."""
        record = DNSRecord.of(proof)
        return " ".join(filter(None, (server.missing(record) for server in self._resolvers or (self._server,))))

    def withdraw(self, proof: Proof) -> None:
        """See :class:`certwright.targets.dcv.publisher.Publisher`: that value goes, others at the name stay."""
        record = DNSRecord.of(proof)
        there = self._server.records(record.owner, record.type)
        if there is None or record.rdata not in there:
            return
        update = self._update(record)
        update.delete(record.owner, record.rdata)
        answer = self._server.send(update)
        if answer.rcode() != dns.rcode.NOERROR:
            raise turned_away(self._server, answer.rcode(), f"the removal of {record.name}")

    def _update(self, record: DNSRecord) -> dns.update.UpdateMessage:
        return dns.update.UpdateMessage(self._zone or self._server.zone_of(record.owner))

    def _conflict(self, record: DNSRecord) -> Misconfigured:
        """Something else stands at the name: say what."""
        cname = self._server.records(record.owner, "CNAME")
        what = f"a CNAME to {text_of(cname[0])}" if cname else "another record"
        return conflict(record, what)


def conflict(record: DNSRecord, what: str) -> Misconfigured:
    """The error for a place that is taken."""
    return Misconfigured(
        f"{record.name} has {what}, so no {record.type} can be put there.",
        advice="It was not made here and is left alone: remove it, or prove control by another method.",
    )


def _clear_the_way(
    update: dns.update.UpdateMessage, record: DNSRecord, there: dns.rrset.RRset | None, former: Collection[str]
) -> None:
    """The server itself makes sure that a CNAME replaces nothing but our own former one (RFC 2136 §2.4)."""
    if there is None:
        update.absent(record.owner)
        return
    value = text_of(there[0])
    if value.lower() not in {text.rstrip(".").lower() for text in former}:
        raise conflict(record, f"a CNAME to {value}")
    update.present(record.owner, there[0])
    update.delete(record.owner, "CNAME")


def _key(name: str, secret: str, algorithm: str) -> dns.tsig.Key | None:
    if not name and not secret:
        return None
    if not name or not secret:
        raise Misconfigured("A TSIG key has a name and a secret.", advice="Give key_name and key_secret, or neither.")
    try:
        base64.b64decode(secret, validate=True)
    except binascii.Error:
        raise Misconfigured("key_secret is not base64.") from None
    return dns.tsig.Key(
        _name(name, "key_name"), secret, f"{algorithm}.{_SUFFIX}" if algorithm == "hmac-md5" else algorithm
    )


_SUFFIX = "sig-alg.reg.int"  # RFC 8945 §6: the registered name of HMAC-MD5


def _name(text: str, field: str) -> dns.name.Name:
    try:
        return dns.name.from_text(text)
    except (dns.exception.DNSException, ValueError):
        raise Misconfigured(f"{field} is no DNS name: {text!r}.") from None

"""Dynamic updates of the sandbox's DNS server: signed ones are done whole or not at all, others refused."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.tsig
import dns.update
import pytest

from tests.sandbox.tenant import Sandbox

ZONE = "updates.example."


class Server:
    """The sandbox's server, spoken to by dnspython."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        told = sandbox.management.get("dns")
        self.host, _, port = told["address"].rpartition(":")
        self.port = int(port)
        self.key = told["update_key"]

    def update(self, *, secret: str = "", signed: bool = True) -> dns.update.UpdateMessage:
        """An empty update, to be filled."""
        if not signed:
            return dns.update.UpdateMessage(ZONE)
        key = dns.tsig.Key(self.key["name"], secret or self.key["secret"], self.key["algorithm"])
        return dns.update.UpdateMessage(ZONE, keyring={key.name: key}, keyname=key.name)

    def send(self, update: dns.update.UpdateMessage) -> dns.rcode.Rcode:
        """What it answers over TCP."""
        return dns.query.tcp(update, self.host, port=self.port, timeout=5).rcode()

    def look(self, name: str, kind: str) -> list[str]:
        """What it says to a query."""
        query = dns.message.make_query(name, kind)
        answer = dns.query.udp(query, self.host, port=self.port, timeout=5)
        return [rdata.to_text() for rrset in answer.answer for rdata in rrset]


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[Server]:
    """Emptied of what the test has put there."""
    server = Server(sandbox)
    yield server
    for record in sandbox.management.get("dns")["records"]:
        if record["name"].endswith(ZONE.rstrip(".")):
            sandbox.management.call("DELETE", "dns", record)


def test_a_signed_update_adds_and_deletes_records(server: Server) -> None:
    update = server.update()
    update.add("a", 60, "CNAME", "b.target.example.")
    update.add("t", 60, "TXT", '"one"')
    update.add("t", 60, "TXT", '"two"')
    assert server.send(update) == dns.rcode.NOERROR
    assert server.look("a." + ZONE, "CNAME") == ["b.target.example."]
    assert sorted(server.look("t." + ZONE, "TXT")) == ['"one"', '"two"']
    update = server.update()
    update.delete("a", "CNAME")
    update.delete("t", "TXT", '"one"')
    assert server.send(update) == dns.rcode.NOERROR
    assert server.look("a." + ZONE, "CNAME") == []
    assert server.look("t." + ZONE, "TXT") == ['"two"']


def test_an_update_without_a_signature_is_refused(server: Server) -> None:
    update = server.update(signed=False)
    update.add("a", 60, "TXT", '"one"')
    assert server.send(update) == dns.rcode.REFUSED
    assert server.look("a." + ZONE, "TXT") == []


def test_an_update_with_another_key_is_not_authentic(server: Server) -> None:
    update = server.update(secret=base64.b64encode(bytes(32)).decode())
    update.add("a", 60, "TXT", '"one"')
    with pytest.raises((dns.tsig.PeerError, dns.message.UnknownTSIGKey, dns.exception.DNSException)):
        server.send(update)
    assert server.look("a." + ZONE, "TXT") == []


def test_an_update_whose_prerequisite_does_not_hold_changes_nothing(server: Server) -> None:
    first = server.update()
    first.add("a", 60, "CNAME", "b.target.example.")
    assert server.send(first) == dns.rcode.NOERROR
    for code, fill in (
        (dns.rcode.YXDOMAIN, lambda update: update.absent("a")),
        (dns.rcode.YXRRSET, lambda update: update.absent("a", "CNAME")),
        (dns.rcode.NXDOMAIN, lambda update: update.present("other")),
        (dns.rcode.NXRRSET, lambda update: update.present("a", "TXT")),
        (dns.rcode.NXRRSET, lambda update: update.present("a", "CNAME", "other.target.example.")),
    ):
        update = server.update()
        fill(update)
        update.add("new", 60, "TXT", '"one"')
        assert server.send(update) == code
        assert server.look("new." + ZONE, "TXT") == []
    update = server.update()
    update.present("a", "CNAME", "b.target.example.")
    update.add("new", 60, "TXT", '"one"')
    assert server.send(update) == dns.rcode.NOERROR


def test_the_zone_of_a_name_is_found_as_its_owner_would_find_it(server: Server) -> None:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [server.host], server.port
    found = dns.resolver.zone_for_name("_a.deep.shop.updates.example.", resolver=resolver)
    assert found.to_text() == ZONE

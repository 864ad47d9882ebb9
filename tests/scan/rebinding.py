"""A name server on loopback that says something else each time it is asked for an address."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rdatatype
import dns.resolver
import dns.rrset

from certwright.policy.egress import Address


class Rebinding:
    """Answers each question for an A record with the next of its addresses, the last one for ever; TTL 0."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self.asked = 0
        self.port = 0
        self._addresses = addresses

    def answer(self, wire: bytes) -> bytes:
        question = dns.message.from_wire(wire)
        reply = dns.message.make_response(question)
        reply.flags |= dns.flags.AA
        (one,) = question.question
        if one.rdtype == dns.rdatatype.A:
            address = self._addresses[min(self.asked, len(self._addresses) - 1)]
            self.asked += 1
            reply.answer.append(dns.rrset.from_text(one.name, 0, "IN", "A", address))
        return reply.to_wire()

    def look_up(self, host: str) -> Sequence[Address]:
        """The addresses of a name as this server tells them, over a socket."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], self.port
        return [ip_address(one.to_text()) for one in resolver.resolve(host, "A", lifetime=5)]


@contextmanager
def rebinding(*addresses: str) -> Iterator[Rebinding]:
    """Such a server, running."""
    made = Rebinding(addresses)

    class Answering(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, socket = self.request
            socket.sendto(made.answer(wire), self.client_address)

    with socketserver.UDPServer(("127.0.0.1", 0), Answering) as server:
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()

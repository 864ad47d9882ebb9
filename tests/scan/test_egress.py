"""Where the scanner may connect to: judged after the one look-up, connected to by address (rows 53 and 54)."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address
from threading import Thread

import dns.flags
import dns.message
import dns.resolver
import dns.rrset
import pytest

from certwright.policy.egress import Address, networks
from certwright.targets.scan.wanted import Exclusions
from tests.scan.certificates import Identity
from tests.scan.conftest import Look
from tests.scan.conversations import Reader, Writer
from tests.scan.servers import Servers, carry_on


async def nothing(reader: Reader, writer: Writer) -> None:
    await reader.read()


def leads_to(*addresses: str) -> Callable[[str], Sequence[Address]]:
    return lambda _host: [ip_address(address) for address in addresses]


@pytest.mark.parametrize("word", ["127.0.0.1", "localhost", "smtp://localhost", "127.0.0.1-1", "127.0.0.1/32"])
def test_this_machine_is_not_connected_to_unless_it_is_allowed(word: str, servers: Servers, look: Look) -> None:
    canary = servers.plain(nothing)
    find = look(f"{word}:{canary}", allowed=())
    assert servers.heard(canary) == 0
    assert find.trouble.startswith("Not connected to: ")
    assert (find.absent, find.certificates, find.address) == (False, (), "")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "64:ff9b::127.0.0.1", "::ffff:127.0.0.1", "10.0.0.1", "0.0.0.0"]
)
def test_a_name_that_leads_to_a_forbidden_address_is_refused_before_any_connection(
    address: str, servers: Servers, look: Look
) -> None:
    canary = servers.plain(nothing)
    find = look(f"rebound.example:{canary}", allowed=(), look_up=leads_to(address))
    assert servers.heard(canary) == 0
    assert find.trouble.startswith(f"Not connected to: {ip_address(address)} ")
    assert not find.absent


def test_of_several_addresses_the_forbidden_ones_are_passed_over(servers: Servers, shop: Identity, look: Look) -> None:
    canary = servers.plain(nothing)
    servers.tls(shop.context(), "127.0.0.2", canary)
    find = look(
        f"both.example:{canary}", allowed=networks("127.0.0.2"), look_up=leads_to("127.0.0.1", "::1", "127.0.0.2")
    )
    assert (find.address, find.certificates) == ("127.0.0.2", shop.chain)
    assert servers.heard(canary) == 0


def test_an_excluded_address_is_not_connected_to_by_a_name_either(servers: Servers, look: Look) -> None:
    canary = servers.plain(nothing)
    find = look(f"localhost:{canary}", excluded=Exclusions.read(["127.0.0.0/8", "::1"]))
    assert servers.heard(canary) == 0
    assert "127.0.0.1 is excluded." in find.trouble


def test_an_address_that_refuses_is_followed_by_the_next(servers: Servers, shop: Identity, look: Look) -> None:
    port = servers.tls(shop.context(), "127.0.0.2")
    find = look(f"two.example:{port}", look_up=leads_to("127.0.0.1", "127.0.0.2"))
    assert (find.address, find.certificates) == ("127.0.0.2", shop.chain)


def test_a_name_without_an_address_has_no_certificate(look: Look) -> None:
    find = look("gone.example:443", look_up=leads_to())
    assert (find.trouble, find.absent) == ("gone.example has no address.", True)


def test_a_name_that_cannot_be_looked_up_is_trouble(look: Look) -> None:
    def broken(_host: str) -> Sequence[Address]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    find = look("shop.example:443", look_up=broken)
    assert find.trouble == "shop.example cannot be looked up: Temporary failure in name resolution."
    assert not find.absent


@contextlib.contextmanager
def name_server(answers: Callable[[str, int], list[str]]) -> Iterator[tuple[int, list[str]]]:
    """A DNS server over UDP: ``answers`` gives the lines of records for the n-th question; its port and questions."""
    questions: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                words, sender = listening.recvfrom(4096)
                if not words:
                    return
                query = dns.message.from_wire(words)
                question = str(query.question[0])
                questions.append(question)
                reply = dns.message.make_response(query)
                reply.flags |= dns.flags.RA
                reply.answer = [dns.rrset.from_text(*line.split()) for line in answers(question, len(questions))]
                listening.sendto(reply.to_wire(), sender)

        thread = Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1], questions
        finally:
            listening.sendto(b"", listening.getsockname())
            thread.join()


def asking(port: int) -> Callable[[str], Sequence[Address]]:
    """Looks IPv4 addresses up at the DNS server."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port
    return lambda host: [ip_address(each.to_text()) for each in resolver.resolve(host + ".", "A")]


def test_a_name_server_that_changes_its_answer_is_asked_only_once(servers: Servers, shop: Identity, look: Look) -> None:
    behind = servers.tls(shop.context())

    async def intolerant(reader: Reader, writer: Writer) -> None:
        head = await reader.readexactly(5)
        if int.from_bytes(head[3:]) < 1400:  # the second connection is the one that a rebinding would catch
            await carry_on(reader, writer, behind, head)

    canary = servers.plain(nothing)
    servers.plain(intolerant, address="127.0.0.2", port=canary)
    with name_server(lambda _, count: [f"rebound.example. 0 IN A 127.0.0.{2 if count == 1 else 1}"]) as (port, asked):
        find = look(f"rebound.example:{canary}", look_up=asking(port))

    assert asked == ["rebound.example. IN A"]
    assert (find.address, find.certificates) == ("127.0.0.2", shop.chain)
    assert (servers.heard(canary, "127.0.0.2"), servers.heard(canary)) == (2, 0)


def test_an_alias_that_leads_to_the_metadata_service_is_refused(look: Look) -> None:
    lines = ["alias.example. 0 IN CNAME meta.example.", "meta.example. 0 IN A 169.254.169.254"]
    with name_server(lambda *_: lines) as (port, _):
        find = look("alias.example:80", allowed=(), look_up=asking(port))
    assert find.trouble.startswith("Not connected to: 169.254.169.254 is where a cloud hands")

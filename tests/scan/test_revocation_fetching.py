"""What a certificate names is fetched from servers that may be broken or hostile, and not where nobody may connect."""

from __future__ import annotations

import asyncio
import gzip
import re
import ssl
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from certwright.model.errors import Refused, Unavailable
from certwright.pki.ocsp import Standing
from certwright.policy.egress import Address, networks, refusal
from certwright.targets.revocation.failures import PAUSE
from certwright.targets.revocation.fetching import Fetcher, Unreachable
from certwright.targets.revocation.lookup import Revocations
from certwright.targets.revocation.status import Question
from tests.cases.authority import NOW
from tests.scan.certificates import authority
from tests.scan.conversations import Reader, Writer
from tests.scan.publishing import LOOPBACK, ask, crl_at, http, issue, leads_to, ocsp_at, ok, silent, url
from tests.scan.rebinding import rebinding
from tests.scan.servers import Servers
from tests.targets.tls import self_signed
from tests.unit.pki.revoking import crl

# Servers that are broken or hostile

BOMB = gzip.compress(bytes(8 * 1024 * 1024))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (ok(b"<html>Sign in to the hotel's network</html>", "Content-Type: text/html"), "not a CRL that can be read"),
        (ok(BOMB, "Content-Encoding: gzip"), "not a CRL that can be read"),
        (ok(gzip.compress(crl(authority())), "Content-Encoding: gzip"), "not a CRL that can be read"),
        (ok(b""), "not a CRL that can be read"),
        (ok(crl(authority()))[:-1], "cannot be reached"),
        (ok(crl(authority())[:-1]), "not a CRL that can be read"),
        (ok(crl(authority()), status="404 Not Found"), "answers 404"),
        (ok(b"", "Location: /elsewhere", status="302 Found"), "redirects to '/elsewhere', which is not followed"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000, "cannot be reached"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "cannot be reached"),
        (b"", "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456", "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + crl(authority()), "not a CRL that can be read"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n0", "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n", "cannot be reached"),
    ],
)
def test_a_server_that_sends_no_crl_leaves_the_standing_unknown(said: bytes, why: str, servers: Servers) -> None:
    status = ask(issue(crl_at(url(servers.plain(http(said))))))
    assert status.standing is Standing.UNKNOWN
    assert why in status.trouble


def test_no_more_is_read_than_may_be_there(servers: Servers) -> None:
    sent = 0

    async def endless(reader: Reader, writer: Writer) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(65_536))
            await writer.drain()
            sent += 65_536

    port = servers.plain(endless)
    with pytest.raises(Unavailable, match="more than 100,000 bytes"):
        Fetcher(allowed=LOOPBACK).get(url(port), largest=100_000)
    assert sent < 32 * 1024 * 1024  # what the system buffers


async def endless_in_chunks(reader: Reader, writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1000\r\n" + bytes(0x1000) + b"\r\n")
        await writer.drain()


async def bomb_without_end(reader: Reader, writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
    while True:
        writer.write(BOMB)
        await writer.drain()


@pytest.mark.parametrize("conversation", [endless_in_chunks, bomb_without_end])
def test_an_answer_without_end_is_cut_packed_or_in_chunks_also_that_of_a_responder(
    conversation: Any, servers: Servers
) -> None:
    port = servers.plain(conversation)
    fetcher = Fetcher(allowed=LOOPBACK)
    with pytest.raises(Unavailable, match="more than 100,000 bytes"):
        fetcher.get(url(port), largest=100_000)
    with pytest.raises(Unavailable, match="more than 100,000 bytes"):
        fetcher.post(url(port), b"asked", "application/ocsp-request", largest=100_000)


async def for_ever_about_to_answer(reader: Reader, writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def dripping(reader: Reader, writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + bytes(1000):
        writer.write(bytes([byte]))
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("conversation", [silent, dripping, for_ever_about_to_answer])
def test_a_server_that_never_comes_to_an_end_costs_one_deadline_and_then_nothing_for_a_while(
    conversation: Any, servers: Servers
) -> None:
    port = servers.plain(conversation)
    revocations = Revocations(fetcher=Fetcher(allowed=LOOPBACK, seconds=0.3))
    questions = [Question.of(issue(crl_at(url(port, f"/{n}.crl"))), authority().certificate) for n in range(60)]
    began = time.monotonic()
    found = revocations.statuses(questions, NOW)
    assert time.monotonic() - began < 1.5
    assert {each.trouble for each in found} == {"127.0.0.1 does not answer within 0.3 s."}
    heard = servers.heard(port)
    assert heard <= 4  # those that were under way together
    revocations.statuses(questions, NOW + PAUSE - timedelta(seconds=1))
    assert servers.heard(port) == heard
    revocations.statuses(questions[:1], NOW + PAUSE)
    assert servers.heard(port) == heard + 1


# Where nobody may connect


@pytest.mark.parametrize(
    "place",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "0"],
)
def test_a_certificate_does_not_lead_us_to_this_machine(place: str, servers: Servers) -> None:
    canary = servers.plain(silent)
    status = ask(issue(crl_at(f"http://{place}:{canary}/"), ocsp_at(f"http://{place}:{canary}/")), Revocations())
    assert status.standing is Standing.UNKNOWN
    assert "is not connected to: " in status.trouble
    assert "No CA publishes" not in status.trouble  # the address is the reason, not the canary's port
    assert servers.heard(canary) == 0


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "10.0.0.1", "::1", "127.0.0.1", "fd00:ec2::254", "64:ff9b::a9fe:a9fe"]
)
def test_a_name_does_not_lead_us_to_a_forbidden_address(address: str, servers: Servers) -> None:
    canary = servers.plain(silent)
    fetcher = Fetcher(look_up=leads_to(address))
    reason = re.escape(f"crl.example is not connected to: {refusal(ip_address(address))}")
    for port in (canary, 80):
        with pytest.raises(Refused, match=reason):
            fetcher.get(f"http://crl.example:{port}/", largest=100)
    assert servers.heard(canary) == 0


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/meta-data/", "canary"])
def test_a_redirect_is_not_followed(target: str, servers: Servers) -> None:
    canary = servers.plain(silent)
    location = url(canary) if target == "canary" else target
    port = servers.plain(http(ok(b"", f"Location: {location}", status="301 Moved Permanently")))
    with pytest.raises(Unavailable, match="which is not followed"):
        Fetcher(allowed=LOOPBACK).get(url(port), largest=100)
    assert (servers.heard(port), servers.heard(canary)) == (1, 0)


def test_a_name_is_looked_up_once_and_the_judged_address_alone_is_connected_to(servers: Servers) -> None:
    canary = servers.plain(silent)
    heads: list[str] = []

    def respond(head: str, _body: bytes) -> bytes:
        heads.append(head)
        return ok(b"here")

    servers.plain(http(respond), address="127.0.0.2", port=canary)
    asked: list[str] = []

    def rebinding(host: str) -> Sequence[Address]:
        asked.append(host)
        return leads_to("127.0.0.1", "127.0.0.2")(host) if len(asked) == 1 else leads_to("127.0.0.1")(host)

    fetcher = Fetcher(allowed=networks("127.0.0.2"), look_up=rebinding)
    assert fetcher.get(f"http://crl.example:{canary}/a?b=c", largest=100) == b"here"
    assert asked == ["crl.example"]
    assert heads[0].startswith(f"GET /a?b=c HTTP/1.1\r\nHost: crl.example:{canary}\r\n")
    assert (servers.heard(canary), servers.heard(canary, "127.0.0.2")) == (0, 1)


def test_a_name_server_that_answers_otherwise_the_second_time_leads_nowhere(servers: Servers) -> None:
    canary = servers.plain(silent)
    servers.plain(http(ok(b"here")), address="127.0.0.2", port=canary)
    with rebinding("127.0.0.2", "127.0.0.1") as names:
        fetcher = Fetcher(allowed=networks("127.0.0.2"), look_up=names.look_up)
        assert fetcher.get(f"http://crl.example:{canary}/", largest=100) == b"here"
        assert names.asked == 1
        with pytest.raises(Refused, match=r"127\.0\.0\.1 is a loopback address"):
            fetcher.get(f"http://crl.example:{canary}/", largest=100)
    assert (servers.heard(canary), servers.heard(canary, "127.0.0.2")) == (0, 1)


def test_a_redirect_of_a_responder_is_not_followed(servers: Servers) -> None:
    canary = servers.plain(silent)
    port = servers.plain(http(ok(b"", f"Location: {url(canary)}", status="307 Temporary Redirect")))
    status = ask(issue(ocsp_at(url(port, "/"))))
    assert status.standing is Standing.UNKNOWN
    assert "which is not followed" in status.trouble
    assert (servers.heard(port), servers.heard(canary)) == (1, 0)


def test_the_url_of_an_issuer_in_a_certificate_is_never_followed(servers: Servers) -> None:
    canary = servers.plain(silent)
    issuers = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(url(canary))
    )
    status = ask(issue((x509.AuthorityInformationAccess([issuers]), False)))
    assert status.standing is Standing.UNKNOWN
    assert servers.heard(canary) == 0


def test_an_address_that_refuses_is_followed_by_the_next(servers: Servers) -> None:
    port = servers.plain(http(ok(b"here")), address="127.0.0.2")
    fetcher = Fetcher(allowed=LOOPBACK, look_up=leads_to("127.0.0.1", "127.0.0.2"))
    assert fetcher.get(f"http://crl.example:{port}/", largest=100) == b"here"


def test_a_public_address_is_not_connected_to_at_another_port() -> None:
    with pytest.raises(Refused, match="No CA publishes at port 6379"):
        Fetcher(look_up=leads_to("9.9.9.9")).get("http://crl.example:6379/", largest=100)


@pytest.mark.parametrize(
    "odd",
    [
        "ftp://crl.example/",
        "file:///etc/passwd",
        "gopher://crl.example:6379/_FLUSHALL",
        "http:///nothing",
        "http://user:secret@crl.example/",
        "http://crl.example/\r\nHost: inside.example",
        "http://crl.example/ x",
        "http://crl.example:99999/",
        "http://[::1",
        "http://[fe80::1%25eth0]/",
        "http://crl.exämple/",
        "http://crl.example/" + "x" * 3000,
        "unix:/run/docker.sock",
        "",
    ],
)
def test_a_url_of_another_kind_is_not_even_looked_up(odd: str) -> None:
    asked: list[str] = []
    fetcher = Fetcher(allowed=LOOPBACK, look_up=lambda host: asked.append(host) or ())  # type: ignore[func-returns-value]
    with pytest.raises(Refused):
        fetcher.get(odd, largest=100)
    assert asked == []


def test_a_look_up_that_fails_or_takes_too_long_is_the_servers_failure() -> None:
    released = threading.Event()

    def forever(_host: str) -> Sequence[Address]:
        released.wait(10)
        return ()

    def broken(_host: str) -> Sequence[Address]:
        raise OSError("no name server")

    try:
        for look_up, why in (
            (forever, "does not answer within"),
            (broken, "cannot be looked up"),
            (leads_to(), "no address"),
        ):
            with pytest.raises(Unreachable, match=why):
                Fetcher(look_up=look_up, seconds=0.2).get("http://crl.example/", largest=100)
    finally:
        released.set()


def test_over_tls_a_server_is_verified_by_its_name(servers: Servers, tmp_path: Path) -> None:
    path = self_signed(tmp_path, "crl.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    port = servers._started(servers._listen(http(ok(b"here")), context, ("127.0.0.1", 0)))
    look_up, trust = leads_to("127.0.0.1"), ssl.create_default_context(cafile=path)
    place = f"https://crl.example:{port}/"
    assert Fetcher(allowed=LOOPBACK, look_up=look_up, trust=trust).get(place, largest=100) == b"here"
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        Fetcher(allowed=LOOPBACK, look_up=look_up).get(place, largest=100)
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        Fetcher(allowed=LOOPBACK, look_up=look_up, trust=trust).get(place.replace("crl", "other"), largest=100)

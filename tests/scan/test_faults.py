"""Whatever a server does, a look at it ends in time, in bounded memory, in a Find that says why (rows 11 to 13)."""

from __future__ import annotations

import asyncio
import socket
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cases.authority import root
from tests.scan import faults
from tests.scan.certificates import Identity
from tests.scan.conftest import Look
from tests.scan.conversations import Reader, Writer
from tests.scan.servers import Conversation, Servers

DEADLINE = 0.5
SLACK = 2.0  # what starting and ending a scan may take beside, on a busy machine


@pytest.mark.parametrize("conversation", [faults.never, faults.slow_loris], ids=["half-open", "slow-loris"])
def test_a_server_that_never_comes_to_an_end_is_left_at_the_deadline(
    conversation: Conversation, servers: Servers, look: Look
) -> None:
    began = time.monotonic()
    find = look(f"127.0.0.1:{servers.plain(conversation)}", seconds=DEADLINE)
    assert DEADLINE <= time.monotonic() - began < DEADLINE + SLACK
    assert find.trouble == "The server does not finish the TLS handshake in time."
    assert (find.absent, find.certificates, find.address) == (False, (), "127.0.0.1")


@pytest.mark.parametrize(
    ("conversation", "trouble", "absent"),
    [
        pytest.param(talk, trouble, absent, id=name)
        for name, talk, trouble, absent in (
            ("hang-up", faults.hang_up, "The server hangs up during the TLS handshake.", False),
            ("reset", faults.reset, "The server breaks the connection during the TLS handshake.", False),
            ("http", faults.says(faults.HTML), 'The server speaks HTTP there, not TLS: "HTTP/1.1 400 Bad', True),
            ("html", faults.says(b"<html>hi</html>"), 'The server speaks HTTP there, not TLS: "<html>hi', True),
            ("ssh", faults.says(b"SSH-2.0-X\r\n"), 'The server\'s answer is not TLS: "SSH-2.0-X".', False),
            ("alert", faults.says(b"\x15\x03\x03\x00\x02\x02\x28"), "The TLS handshake fails: ", False),
            ("zeros", faults.endless(b"\0" * 65_536), "The server's answer is not TLS: ", False),
            ("overlong-message", faults.endless(faults.OVERLONG), "The TLS handshake fails: ", False),
            ("endless-warnings", faults.endless(faults.WARNING * 1000), "The TLS handshake fails: ", False),
            (
                "endless-requests",
                faults.endless(faults.HELLO_REQUEST * 1000),
                "The server sends over 262,144 bytes",
                False,
            ),
            ("endless-change", faults.endless(faults.CHANGE_CIPHER * 1000), "The TLS handshake fails: ", False),
        )
    ],
)
def test_a_wrong_answer_in_place_of_tls_is_told(
    conversation: Conversation, trouble: str, absent: bool, servers: Servers, look: Look
) -> None:
    find = look(f"127.0.0.1:{servers.plain(conversation)}")
    assert find.trouble.startswith(trouble)
    assert (find.absent, find.certificates, find.protocol, find.address) == (absent, (), "", "127.0.0.1")


@pytest.mark.parametrize("after", [1, 4, 5, 60, 127, 400, 700])
def test_a_truncated_handshake_is_trouble_and_never_half_a_chain(
    after: int, servers: Servers, shop: Identity, look: Look
) -> None:
    port = servers.plain(faults.truncated(servers.tls(shop.context()), after))
    find = look(f"127.0.0.1:{port}")
    assert (find.certificates, find.absent) == ((), False)
    assert find.trouble == "The server hangs up during the TLS handshake."


def test_a_server_that_stops_after_its_certificate_has_still_presented_it(
    servers: Servers, shop: Identity, look: Look
) -> None:
    context = shop.context()
    context.maximum_version = context.minimum_version.TLSv1_2
    behind = servers.tls(context)

    async def stops(reader: Reader, writer: Writer) -> None:
        """Carries what the server says first, its certificate included, and then nothing more."""
        inner, outer = await asyncio.open_connection("127.0.0.1", behind)
        outer.write(await reader.read(65_536))
        said = b""
        while not said.endswith(b"\x0e\0\0\0"):  # ServerHelloDone
            said = await inner.read(65_536)
            writer.write(said)
        outer.close()
        await faults.never(reader, writer)

    find = look(f"127.0.0.1:{servers.plain(stops)}", seconds=1.5)
    assert (find.certificates, find.protocol, find.trouble) == (shop.chain, "TLSv1.2", "")


def test_a_port_where_nobody_listens_has_no_certificate(look: Look) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        find = look(f"127.0.0.1:{port}")
    assert (find.trouble, find.absent) == (f"127.0.0.1 refuses a connection to port {port}.", True)


def test_a_connection_that_is_never_taken_ends_at_its_own_deadline(look: Look) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for client in (first, second):  # the queue has room for one more than it says
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        began = time.monotonic()
        find = look(f"127.0.0.1:{full.getsockname()[1]}", connect_seconds=0.3)
        assert time.monotonic() - began < 0.3 + SLACK
    assert find.trouble.endswith(" within 0.3 s.")
    assert not find.absent


def test_a_chain_of_fifty_is_taken_and_one_of_hundreds_is_not(
    servers: Servers, certificates: Callable[..., Identity], look: Look
) -> None:
    stray = root("Stray Root").certificate
    long = certificates("long.meadow.example", extra=(stray,) * 48)
    absurd = certificates("absurd.meadow.example", extra=(stray,) * 1500)

    assert look(f"127.0.0.1:{servers.tls(long.context())}").certificates == long.chain
    find = look(f"127.0.0.1:{servers.tls(absurd.context())}")
    assert (find.certificates, find.trouble) == ((), "The TLS handshake fails: excessive message size.")


@pytest.mark.parametrize(
    ("scheme", "words"), [("tls", b"\x16\x03\x03\x40\x00" * 20_000), ("smtp", b"x" * 65_536), ("xmpp", b"<a>" * 20_000)]
)
def test_a_flood_costs_little_memory(scheme: str, words: bytes, servers: Servers, look: Look) -> None:
    port = servers.plain(faults.endless(words))
    look(f"{scheme}://127.0.0.1:{port}")  # loads what a first look loads
    tracemalloc.start()
    try:
        look(f"{scheme}://127.0.0.1:{port}")
        assert tracemalloc.get_traced_memory()[1] < 2_000_000  # what the server of this test buffers included
    finally:
        tracemalloc.stop()


@given(words=st.binary(max_size=300))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("scheme", ["tls", "smtp", "imap", "pop3", "ftp", "ldap", "postgresql", "mysql", "xmpp"])
def test_any_answer_at_all_ends_in_a_find(scheme: str, words: bytes, servers: Servers, look: Look) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        writer.write(words)

    find = look(f"{scheme}://127.0.0.1:{servers.plain(talk)}")
    assert find.certificates == ()
    assert find.trouble.endswith(".")
    assert find.trouble.isprintable()

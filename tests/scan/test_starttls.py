"""STARTTLS in every protocol: what comes before TLS is said as its RFC has it, and refusals are told from faults."""

from __future__ import annotations

import asyncio
import ssl
import subprocess

import pytest

from tests.scan.certificates import Identity, needs_openssl
from tests.scan.conftest import Look
from tests.scan.conversations import CONVERSATIONS, Reader, Writer, mysql_greeting
from tests.scan.servers import Conversation, Servers


@pytest.mark.parametrize("scheme", CONVERSATIONS)
def test_the_certificate_behind_starttls_is_seen(scheme: str, servers: Servers, shop: Identity, look: Look) -> None:
    port = servers.plain(CONVERSATIONS[scheme], shop.context())

    find = look(f"{scheme}://127.0.0.1:{port}")

    assert (find.trouble, find.certificates) == ("", shop.chain)
    assert find.place == f"{scheme}://127.0.0.1:{port}"


@needs_openssl
@pytest.mark.parametrize("scheme", CONVERSATIONS)
def test_openssl_also_finds_the_certificate_of_these_servers(scheme: str, servers: Servers, shop: Identity) -> None:
    port = servers.plain(CONVERSATIONS[scheme], shop.context())
    spelling = {"postgresql": "postgres"}.get(scheme, scheme)
    said = subprocess.run(
        ["openssl", "s_client", "-starttls", spelling, "-connect", f"127.0.0.1:{port}", "-name", "meadow.example"],
        input=b"",
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert ssl.DER_cert_to_PEM_cert(shop.chain[0]).encode() in said.stdout, said.stderr


def says(*words: bytes) -> Conversation:
    """A server that says these things, one at the start and one after each thing it hears, and then waits."""

    async def talk(reader: Reader, writer: Writer) -> None:
        for word in words:
            writer.write(word)
            await reader.read(4096)
        await reader.read()

    return talk


def ldap_result(code: int) -> bytes:
    return bytes.fromhex(f"300c02010178070a01{code:02x}04000400")


MYSQL_BLOCKED = b"\x17\0\0\0\xff\x69\x04Host is blocked okay"


def answers(word: bytes) -> Conversation:
    """A server that hears something, answers, and waits."""

    async def talk(reader: Reader, writer: Writer) -> None:
        await reader.read(4096)
        await says(word)(reader, writer)

    return talk


NO_TLS = {
    "smtp": says(b"220 hi\r\n", b"250-hi\r\n250 HELP\r\n"),
    "imap": says(b"* OK hi\r\n", b"a1 BAD unknown command\r\n"),
    "pop3": says(b"+OK hi\r\n", b"-ERR unknown command\r\n"),
    "ftp": says(b"220 hi\r\n", b"502 not implemented\r\n"),
    "ldap": answers(ldap_result(2)),
    "postgresql": answers(b"N"),
    "mysql": says(mysql_greeting(0xF7FF)),
    "xmpp": answers(b"<stream:stream><stream:features><bind/></stream:features>"),
    "xmpp-server": answers(b"<stream:stream><stream:features/>"),
}


@pytest.mark.parametrize("scheme", NO_TLS)
def test_a_server_that_offers_no_tls_has_no_certificate_there(scheme: str, servers: Servers, look: Look) -> None:
    find = look(f"{scheme}://127.0.0.1:{servers.plain(NO_TLS[scheme])}")
    assert find.absent
    assert find.certificates == ()
    assert find.trouble.startswith("The ")


@pytest.mark.parametrize(
    ("scheme", "words", "trouble"),
    [
        ("smtp", [b"554 go away\r\n"], 'The server answers "554 go away", not 220.'),
        (
            "smtp",
            [b"220 hi\r\n", b"250 STARTTLS\r\n", b"454 not now\r\n"],
            'The server answers "454 not now", not 220.',
        ),
        ("smtp", [b"\x1b[31mred\r\n"], 'The server answers "?[31mred", not 220.'),
        ("imap", [b"* BYE full\r\n"], 'The IMAP server greets with "* BYE full", where no STARTTLS may follow.'),
        ("pop3", [b"-ERR full\r\n"], 'The server answers "-ERR full", not +OK.'),
        ("ftp", [b"421 full\r\n"], 'The server answers "421 full", not 220.'),
        ("mysql", [MYSQL_BLOCKED], 'The MySQL server turns us away: "Host is blocked okay".'),
        ("mysql", [b"\x05\0\0\0\x0a8.4\0"], 'The server\'s greeting is not MySQL: "8.4?".'),
        ("mysql", [b"HTTP/1.1 400 Bad Request\r\n"], 'The server\'s answer is not MySQL: "HTTP".'),
    ],
)
def test_another_answer_than_yes_or_no_is_told_in_the_servers_words(
    scheme: str, words: list[bytes], trouble: str, servers: Servers, look: Look
) -> None:
    find = look(f"{scheme}://127.0.0.1:{servers.plain(says(*words))}")
    assert (find.trouble, find.absent) == (trouble, False)


@pytest.mark.parametrize(
    ("scheme", "word", "trouble"),
    [
        ("ldap", ldap_result(52), "The LDAP server does not begin TLS: result code 52 (RFC 4511 appendix A)."),
        ("ldap", b"HTTP/1.1 400", 'The server\'s answer is not LDAP: "HT".'),
        ("ldap", b"\x30\x84\xff\xff\xff\xff", "The LDAP server's answer is too long to be one."),
        ("ldap", b"\x30\x80\x00\x00", "The LDAP server's answer is too long to be one."),
        ("ldap", b"\x30\x03\x02\x01\x01", 'The server\'s answer is no LDAP response: "???".'),
        ("postgresql", b"E\0\0\0\x10", 'The PostgreSQL server answers "E" to the request for TLS.'),
        ("xmpp", b"<stream:error><host-unknown xmlns='x'/>", 'The XMPP server refuses: "host-unknown".'),
        ("xmpp", b"</stream:stream>", 'The XMPP server refuses: "</stream:stream>".'),
    ],
)
def test_another_first_answer_than_yes_or_no_is_told_in_the_servers_words(
    scheme: str, word: bytes, trouble: str, servers: Servers, look: Look
) -> None:
    find = look(f"{scheme}://127.0.0.1:{servers.plain(answers(word))}")
    assert (find.trouble, find.absent) == (trouble, False)


@pytest.mark.parametrize("scheme", CONVERSATIONS)
def test_a_server_that_hangs_up_before_tls_is_trouble(scheme: str, servers: Servers, look: Look) -> None:
    async def hang_up(reader: Reader, writer: Writer) -> None:
        writer.write(b"2")

    find = look(f"{scheme}://127.0.0.1:{servers.plain(hang_up)}")
    assert not find.absent
    assert find.trouble


def test_smtp_is_greeted_with_our_address(servers: Servers, look: Look) -> None:
    heard: list[bytes] = []

    async def listen(reader: Reader, writer: Writer) -> None:
        writer.write(b"220 hi\r\n")
        heard.append(await reader.readline())

    look(f"smtp://127.0.0.1:{servers.plain(listen)}")
    assert heard == [b"EHLO [127.0.0.1]\r\n"]


def _endless(words: bytes, pause: float = 0.0) -> Conversation:
    async def talk(reader: Reader, writer: Writer) -> None:
        while True:
            writer.write(words)
            await writer.drain()
            await asyncio.sleep(pause)

    return talk


@pytest.mark.parametrize("scheme", CONVERSATIONS)
@pytest.mark.parametrize(
    "words", [b"220-" + b"x" * 65_536, b"220-more\r\n", b"* more\r\n", b"\0", b"\x30\x82\x30\x00", b"<a>" * 1000]
)
def test_a_flood_before_tls_ends_at_a_cap(scheme: str, words: bytes, servers: Servers, look: Look) -> None:
    find = look(f"{scheme}://127.0.0.1:{servers.plain(_endless(words))}", seconds=5.0)
    assert find.certificates == ()
    assert find.trouble
    assert "in time" not in find.trouble


@pytest.mark.parametrize("scheme", ["smtp", "xmpp", "ldap"])
def test_a_byte_at_a_time_before_tls_ends_at_the_deadline(scheme: str, servers: Servers, look: Look) -> None:
    byte = {"smtp": b"2", "xmpp": b"<", "ldap": b"\x30"}[scheme]
    find = look(f"{scheme}://127.0.0.1:{servers.plain(_endless(byte, 0.05))}", seconds=0.5)
    assert find.trouble == f"The server does not begin TLS by {scheme.upper()} in time."

"""A TLS handshake that only looks: it takes the certificates exactly as presented and verifies none of them.

Old versions and ciphers are offered as far as the library has them, since an inventory must see old servers. No
application data is sent or read, so there is nothing that the missing verification could expose.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from functools import cache

from OpenSSL import SSL, crypto

from certwright.targets.scan.reaching import Stream
from certwright.targets.scan.trouble import NoCertificate, NoHandshake, quoted

# Every cipher with a certificate; NULL too, as nothing is sent. Level 0 lets TLS 1.0, SHA-1 and small keys through.
_CIPHERS = b"ALL:COMPLEMENTOFALL:!aNULL:!PSK:!SRP:@SECLEVEL=0"
_MOST_RECEIVED = 262_144  # bytes of a handshake; the library itself stops at 100 KiB of certificates
_NOT_TLS = ("wrong version number", "packet length too long", "http request", "unknown protocol", "bad record type")


@dataclass(frozen=True, slots=True)
class Presented:
    """What a server presented: certificates in DER as they came, leaf first, and the version of TLS (``TLSv1.3``)."""

    certificates: tuple[bytes, ...] = field(repr=False)
    protocol: str


async def shake_hands(stream: Stream, server_name: str, ends: float, *, old: bool = False) -> Presented:
    """Begin TLS on a connection and return what the server presents, also when it turns us away after that.

    ``server_name`` goes into SNI, none when empty; ``ends`` is the deadline in the event loop's time. ``old`` offers
    TLS 1.2 at most, in a first word that fits one packet: some servers hang up on a longer one, or on TLS 1.3.
    Raises NoCertificate; NoHandshake when another try with ``old`` could help.
    """
    connection = SSL.Connection(_context(old=old), None)
    if server_name:
        connection.set_tlsext_host_name(server_name.encode("ascii"))
    connection.set_connect_state()
    trouble = await _finish_or_trouble(connection, stream, ends)
    chain = connection.get_peer_cert_chain() or []
    if not chain:
        raise trouble or NoCertificate("The server speaks TLS without a certificate.", absent=True)
    ders = tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in chain)
    return Presented(ders, connection.get_protocol_version_name())


async def _finish_or_trouble(connection: SSL.Connection, stream: Stream, ends: float) -> NoCertificate | None:
    """Go through the handshake; what stopped it, None when nothing did."""
    try:
        async with asyncio.timeout_at(ends):
            await _finish(connection, stream)
            await _leave(connection, stream)
    except NoCertificate as trouble:
        return trouble
    except TimeoutError:
        return NoCertificate("The server does not finish the TLS handshake in time.")
    except OSError:
        return NoHandshake("The server breaks the connection during the TLS handshake.")
    return None


async def _finish(connection: SSL.Connection, stream: Stream) -> None:
    first, total = b"", 0
    while not await _step(connection, stream, first):
        more = await stream.some()
        first = first or more
        total += len(more)
        if total > _MOST_RECEIVED:
            raise NoCertificate(f"The server sends over {_MOST_RECEIVED:,} bytes without ending the TLS handshake.")
        if more:
            connection.bio_write(more)
        else:
            connection.bio_shutdown()


async def _step(connection: SSL.Connection, stream: Stream, first: bytes) -> bool:
    """One step of the handshake, answers sent; whether it was the last. ``first`` is what the server began with."""
    try:
        connection.do_handshake()
        done = True
    except SSL.WantReadError:
        done = False
    except SSL.Error as error:
        with contextlib.suppress(OSError):  # our alert is a courtesy
            await _flush(connection, stream)
        raise _failed(error, first) from None
    await _flush(connection, stream)
    return done


async def _flush(connection: SSL.Connection, stream: Stream) -> None:
    with contextlib.suppress(SSL.WantReadError):  # there is no more
        while True:
            await stream.send(connection.bio_read(16_384))


async def _leave(connection: SSL.Connection, stream: Stream) -> None:
    """Say goodbye (close_notify), so that the server's log shows no broken connection."""
    with contextlib.suppress(SSL.Error, OSError):
        connection.shutdown()
        await _flush(connection, stream)


def _failed(error: SSL.Error, first: bytes) -> NoCertificate:
    """The sentence for what the library calls the failure."""
    if isinstance(error, SSL.SysCallError | SSL.ZeroReturnError):
        return NoHandshake("The server hangs up during the TLS handshake.")
    queue = error.args[0] if error.args else ()  # (library, function, reason), the first error first
    reason = str(queue[0][-1]) if queue else "no reason given"
    if reason in _NOT_TLS:
        if first.startswith(b"HTTP/") or first.lstrip()[:1] == b"<":
            return NoCertificate(f"The server speaks HTTP there, not TLS: {quoted(first[:40])}.", absent=True)
        return NoCertificate(f"The server's answer is not TLS: {quoted(first[:40])}.")
    return NoHandshake(f"The TLS handshake fails: {reason}.")


@cache
def _context(*, old: bool) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE)  # it observes: what is presented is judged later, by the rules
    context.set_min_proto_version(SSL.TLS1_VERSION)
    if old:
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(_CIPHERS)
    context.set_options(SSL.OP_ALL | SSL.OP_LEGACY_SERVER_CONNECT | SSL.OP_NO_TICKET)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    return context

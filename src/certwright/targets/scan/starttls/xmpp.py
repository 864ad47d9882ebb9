"""XMPP, of clients and between servers (RFC 6120 §5): a stream, its features, starttls, proceed.

The few elements that matter are found by their names; the XML is not parsed, so it can do no harm.
"""

from __future__ import annotations

import re

from certwright.targets.scan.reaching import Stream
from certwright.targets.scan.trouble import NoCertificate, quoted

_NAMESPACE = b"urn:ietf:params:xml:ns:xmpp-tls"
_FEATURES = re.compile(rb"</(?:\w+:)?features\s*>|<(?:\w+:)?features\s*/>", re.ASCII)
_PROCEED = re.compile(rb"<(?:\w+:)?proceed\b[^<>]*(?:/>|>\s*</(?:\w+:)?proceed\s*>)", re.ASCII)
_REFUSED = re.compile(rb"<(?:\w+:)?(?:error|failure)\b|</(?:\w+:)?stream\s*>", re.ASCII)
_CONDITION = re.compile(rb"<(?:\w+:)?(?:error|failure)\b[^<>]*>\s*<(?P<condition>[\w-]+)", re.ASCII)


async def as_client(stream: Stream, host: str) -> None:
    """Ask for TLS where clients log in."""
    await _start(stream, host, b"jabber:client")


async def as_server(stream: Stream, host: str) -> None:
    """Ask for TLS where servers meet."""
    await _start(stream, host, b"jabber:server")


async def _start(stream: Stream, host: str, namespace: bytes) -> None:
    await stream.send(
        b"<?xml version='1.0'?><stream:stream xmlns='%s' xmlns:stream='http://etherx.jabber.org/streams' "
        b"to='%s' version='1.0'>" % (namespace, host.encode("ascii"))
    )
    features = await stream.until(lambda said: bool(_FEATURES.search(said) or _REFUSED.search(said)))
    if not _FEATURES.search(features):
        raise _refused(features)
    if _NAMESPACE not in features:
        raise NoCertificate("The XMPP server offers no STARTTLS.", absent=True)
    await stream.send(b"<starttls xmlns='%s'/>" % _NAMESPACE)
    answer = await stream.until(lambda said: bool(_PROCEED.search(said) or _REFUSED.search(said)))
    if not _PROCEED.search(answer):
        raise _refused(answer)


def _refused(said: bytes) -> NoCertificate:
    found = _CONDITION.search(said)
    return NoCertificate(f"The XMPP server refuses: {quoted(found['condition'] if found else said)}.")

"""What CAs publish over HTTP, and certificates that name it, on this machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from certwright.pki.certificate import Certificate
from certwright.pki.ocsp import Standing
from certwright.policy.egress import Address, networks
from certwright.targets.revocation.lookup import Revocations
from certwright.targets.revocation.status import Status
from tests.cases.authority import NOW, Authority, Extra
from tests.scan.certificates import authority
from tests.scan.conversations import Reader, Writer
from tests.unit.pki.revoking import MADE

LOOPBACK = networks("127.0.0.0/8, ::1/128")
Respond = Callable[[str, bytes], bytes | Awaitable[bytes]]


def http(respond: Respond | bytes) -> Callable[[Reader, Writer], Awaitable[None]]:
    """A server of one answer to a connection; ``respond`` makes it of the head and the body of the request."""

    async def conversation(reader: Reader, writer: Writer) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((line[15:] for line in head.split("\r\n") if line.lower().startswith("content-length:")), "0")
        body = await reader.readexactly(int(length))
        said = respond if isinstance(respond, bytes) else respond(head, body)
        writer.write(said if isinstance(said, bytes) else await said)
        await writer.drain()

    return conversation


def ok(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def silent(reader: Reader, writer: Writer) -> None:
    await reader.read()


def crl_at(*urls: str) -> Extra:
    points = [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in urls]
    return x509.CRLDistributionPoints(points), False


def ocsp_at(*urls: str) -> Extra:
    places = [x509.UniformResourceIdentifier(url) for url in urls]
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place) for place in places]
    ), False


def issue(*extra: Extra, **oddity: Any) -> Certificate:
    return authority().issue(extra=extra, **oddity)


def url(port: int, path: str = "/one.crl") -> str:
    return f"http://127.0.0.1:{port}{path}"


def ask(
    certificate: Certificate,
    revocations: Revocations | None = None,
    issuer: Authority | None = None,
    at: datetime = NOW,
) -> Status:
    revocations = revocations or Revocations(allowed=LOOPBACK)
    return revocations.status(certificate, (issuer or authority()).certificate, at)


def good(source: str) -> Status:
    return Status(Standing.GOOD, source, MADE)


def leads_to(*addresses: str) -> Callable[[str], Sequence[Address]]:
    return lambda _host: [ip_address(address) for address in addresses]

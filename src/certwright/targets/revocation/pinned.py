"""One HTTP exchange with a server at an address that the caller has judged: no look-up, no redirect, little read."""

from __future__ import annotations

import io
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2

from certwright import __version__

FAILURES = (httpx2.HTTPError, httpx2.InvalidURL, OSError)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Received:
    """What came back. ``location`` is where a redirect leads; a body that is ``cut`` goes on beyond what was allowed.

    The body is as it was sent: a packed one is not unpacked.
    """

    status: int
    location: str
    body: bytes = field(repr=False)
    cut: bool


@dataclass(frozen=True, slots=True)
class Pinned:
    """A URL, and the port at which its server is asked."""

    url: str
    port: int

    @property
    def host(self) -> str:
        """The name or address in the URL."""
        return urlsplit(self.url).hostname or ""

    @property
    def secure(self) -> bool:
        """Whether over TLS."""
        return urlsplit(self.url).scheme == "https"

    def at(self, address: str) -> str:
        """The URL with the address for the name, so that no other place is asked than the one looked up."""
        host = f"[{address}]" if ":" in address else address
        return urlsplit(self.url)._replace(netloc=f"{host}:{self.port}", fragment="").geturl()

    @property
    def host_header(self) -> str:
        """Name and, where it is not the usual one, port (RFC 9112 §3.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[urlsplit(self.url).scheme] else f"{host}:{self.port}"

    async def exchange(
        self,
        address: str,
        *,
        largest: int,
        context: ssl.SSLContext | None = None,
        body: bytes = b"",
        media_type: str = "",
        connect_seconds: float | None = None,
    ) -> Received:
        """A GET, or with a body a POST, to the address; a little more than ``largest`` bytes of the answer are read.

        ``context`` says whom to trust over TLS; without one it is nobody. Raises one of FAILURES. The limit of time is
        the caller's, but for that of connecting.
        """
        headers = {
            "Host": self.host_header,
            "User-Agent": f"Certwright/{__version__}",
            "Accept-Encoding": "identity",
            **({"Content-Type": media_type} if body else {}),
        }
        async with (
            httpx2.AsyncClient(
                verify=context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                trust_env=False,
                follow_redirects=False,
                timeout=httpx2.Timeout(None, connect=connect_seconds),
            ) as client,
            client.stream(
                "POST" if body else "GET",
                self.at(address),
                headers=headers,
                content=body or None,
                extensions={"sni_hostname": self.host},
            ) as response,
        ):
            read = io.BytesIO()  # its value is not copied, unlike a bytearray's
            async for chunk in response.aiter_raw():
                read.write(chunk)
                if read.tell() > largest:
                    break
            location = response.headers.get("location", "")
            return Received(response.status_code, location, read.getvalue(), read.tell() > largest)


def verifying() -> ssl.SSLContext:
    """What this machine trusts; a connection that is not verified is not ours to make."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context

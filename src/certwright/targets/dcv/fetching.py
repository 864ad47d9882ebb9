"""A look at a proof that is a file, as a CA fetches it: from outside, and without following a redirect."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from certwright import __version__
from certwright.model.errors import CertwrightError
from certwright.targets.dcv.asking import NameServer, addresses

_SECONDS = 5.0
_LARGEST = 65_536
_LONGEST_SHOWN = 80
_REDIRECTS = range(300, 400)
_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404


@dataclass(frozen=True, slots=True)
class Fetch:
    """Where to look: ``url`` is the CA's, ``port`` where the server is asked, ``file`` where we put it."""

    url: str
    port: int
    file: str

    @property
    def host(self) -> str:
        """The name that is proven."""
        return urlsplit(self.url).hostname or ""

    @property
    def secure(self) -> bool:
        """Whether over TLS."""
        return urlsplit(self.url).scheme == "https"

    def at(self, address: str) -> str:
        """The URL with the address for the name, so that no other place is asked than the one looked up."""
        host = f"[{address}]" if ":" in address else address
        return f"{urlsplit(self.url).scheme}://{host}:{self.port}{urlsplit(self.url).path}"

    @property
    def host_header(self) -> str:
        """Name and, where it is not the usual one, port (RFC 9112 §3.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    def missing(self, value: str, resolvers: Sequence[NameServer]) -> str:
        """A sentence on what is there instead of ``value``; "" when it is. Words are compared, without case."""
        try:
            places = addresses(self.host, resolvers) or (self.host,)
        except CertwrightError as error:
            return error.detail
        return next(filter(None, (self._missing_at(place, value) for place in places)), "")

    def _missing_at(self, address: str, value: str) -> str:
        try:
            response, body = asyncio.run(self._get(address))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return self._unreachable(error)
        status = response.status_code
        if status in _REDIRECTS:
            return self._redirected(response.headers.get("location", ""))
        if status in (_FORBIDDEN, _NOT_FOUND):
            return f"{self.url} answers {status}; the file is {self.file}."
        if status != _OK:
            return f"{self.url} answers {status}."
        if len(body) > _LARGEST:
            return f"{self.url} is longer than a proof can be."
        text = body.decode("utf-8", "backslashreplace")
        if text.lower().split() == value.lower().split():
            return ""
        return f"{self.url} says {' '.join(text.split())[:_LONGEST_SHOWN]!r} instead."

    async def _get(self, address: str) -> tuple[httpx2.Response, bytes]:
        """One GET with one deadline for all of it; little more than 64 KiB of the answer is read."""
        async with (
            asyncio.timeout(_SECONDS),
            httpx2.AsyncClient(verify=_verifying(), trust_env=False, follow_redirects=False, timeout=None) as client,
            client.stream(
                "GET",
                self.at(address),
                headers={
                    "Host": self.host_header,
                    "User-Agent": f"Certwright/{__version__}",
                    "Accept-Encoding": "identity",
                },
                extensions={"sni_hostname": self.host},
            ) as response,
        ):
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > _LARGEST:
                    break
            return response, bytes(body)

    def _redirected(self, location: str) -> str:
        advice = ""
        if not self.secure and location.lower().startswith("https://"):
            advice = " The method https-token has the CA fetch it over TLS at once."
        return f"{self.url} redirects to {location[:200] or 'nowhere'}, which is not followed.{advice}"

    def _unreachable(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"{self.url} does not answer within {_SECONDS:.0f} s."
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return (
                f"The certificate at {self.url} is not trusted here, so it was not fetched; "
                "a CA may accept that all the same (BR 3.2.2.4.18 asks for no valid certificate)."
            )
        return f"{self.url} cannot be fetched: {(str(error) or type(error).__name__).rstrip('.')[:200]}."


def _verifying() -> ssl.SSLContext:
    """What this machine trusts; a connection that is not verified is not ours to make."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context

"""A look at a proof that is a file, as a CA fetches it: from outside, and without following a redirect.

Whoever has the DNS of the ordered name chooses where it leads, which may be into our own network: each address is
judged, and the one that was judged is connected to (rows 53 and 54 of the checklist).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from certwright.model.errors import CertwrightError
from certwright.policy.egress import Network, refusal
from certwright.targets.dcv.asking import NameServer, addresses
from certwright.targets.revocation.pinned import FAILURES, Pinned, Received
from certwright.targets.revocation.pinned import verifying as _verifying
from certwright.targets.scan.reaching import system_look_up

_SECONDS = 5.0
_LARGEST = 65_536
_LONGEST_SHOWN = 80
_MOST_ADDRESSES = 4
_ALLOW = "If the host stands in a network of yours, name that in CERTWRIGHT_SCAN_ALLOW, for the worker too."
_REDIRECTS = range(300, 400)
_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404


@dataclass(frozen=True, slots=True)
class Fetch(Pinned):
    """Where to look: ``url`` is the CA's, ``port`` where the server is asked, ``file`` where we put it.

    ``allowed`` are networks that may be connected to beside public addresses.
    """

    file: str
    allowed: tuple[Network, ...] = ()

    def missing(self, value: str, resolvers: Sequence[NameServer]) -> str:
        """A sentence on what is there instead of ``value``; "" when it is. Words are compared, without case.

        Without ``resolvers`` the host is looked up as this machine does, once.
        """
        try:
            places = addresses(self.host, resolvers) or tuple(map(str, system_look_up(self.host)))[:_MOST_ADDRESSES]
        except CertwrightError as error:
            return error.detail
        except (OSError, UnicodeError):
            return f"{self.host} cannot be looked up."
        if not places:
            return f"{self.host} has no address."
        return next(filter(None, (self._missing_at(place, value) for place in places)), "")

    def _missing_at(self, address: str, value: str) -> str:
        if (reason := refusal(ip_address(address), self.allowed)) is not None:
            return f"{self.url} is not looked at: {reason} {_ALLOW}"
        try:
            received = asyncio.run(self._get(address))
        except FAILURES as error:
            return self._unreachable(error)
        status = received.status
        if status in _REDIRECTS:
            return self._redirected(received.location)
        if status in (_FORBIDDEN, _NOT_FOUND):
            return f"{self.url} answers {status}; the file is {self.file}."
        if status != _OK:
            return f"{self.url} answers {status}."
        if received.cut:
            return f"{self.url} is longer than a proof can be."
        text = received.body.decode("utf-8", "backslashreplace")
        if text.lower().split() == value.lower().split():
            return ""
        return f"{self.url} says {' '.join(text.split())[:_LONGEST_SHOWN]!r} instead."

    async def _get(self, address: str) -> Received:
        """One GET with one deadline for all of it; little more than 64 KiB of the answer is read."""
        async with asyncio.timeout(_SECONDS):
            return await self.exchange(address, largest=_LARGEST, context=_verifying())

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

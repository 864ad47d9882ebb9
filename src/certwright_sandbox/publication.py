"""What the CAs publish for everybody: CRLs (RFC 5280 §5) and, where certificates speak of one, an OCSP responder.

It answers on the CAs' own door, where the certificates say: `/crl/NAME.crl` and `/ocsp/NAME` (RFC 6960 appendix A),
NAME being the short name of an authority of the hierarchy.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import ocsp

from certwright_sandbox.ca import Authority, Revocation
from certwright_sandbox.http import Request, Response
from certwright_sandbox.ocsp import MALFORMED, Standing, response_to
from certwright_sandbox.playing import PlayedCA, Twist, World

CRL_TYPE = "application/pkix-crl"  # RFC 2585 §4.2
OCSP_TYPE = "application/ocsp-response"
CRL_KEPT = timedelta(hours=1)  # a CRL without news is made again after so long
PLAIN_TEXT = "text/plain"


class Publication:
    """The CAs' public information. It is no CA, but its answers can be faulty like one's (`playing.Answering`)."""

    name = "publication"

    def __init__(self, world: World, cas: Sequence[PlayedCA]) -> None:
        """What `cas` have to publish."""
        self._world = world
        self._cas = cas
        self._crls: dict[str, tuple[tuple[int, datetime | None], datetime, bytes]] = {}

    def owns(self, path: str) -> bool:
        """Whether requests for this path are answered here."""
        return path.startswith(("/crl/", "/ocsp/"))

    def is_read(self, request: Request) -> bool:  # noqa: ARG002 - nothing here ever changes anything
        """Always, but nothing stale is kept."""
        return True

    def rate_limited(self, request: Request) -> Response:  # noqa: ARG002 - as every CA answers it
        """A plain 429."""
        return Response(429, b"too many requests\n", PLAIN_TEXT)

    async def answer(self, request: Request, twist: Twist) -> Response:  # noqa: ARG002 - as every CA answers
        """A CRL, an OCSP response, or 404."""
        kind, name, *rest = (*request.segments, "", "")
        if kind == "crl" and name.endswith(".crl") and request.method == "GET":
            return self.crl(name.removesuffix(".crl"))
        if kind == "ocsp" and request.method == "POST":
            return self._ocsp(name, request.body)
        if kind == "ocsp" and request.method == "GET":
            return self._ocsp(name, _decoded("/".join(part for part in rest if part)))
        return _not_found()

    def crl(self, name: str) -> Response:
        """The current CRL (DER) of the authority with this short name."""
        authority = self._authority(name)
        if authority is None:
            return _not_found()
        revoked, now = self._revoked(name), self._world.clock.now()
        state = (len(revoked), max((entry.at for entry in revoked), default=None))
        kept = self._crls.get(name)
        if kept is None or kept[0] != state or not kept[1] <= now < kept[1] + CRL_KEPT:
            kept = self._crls[name] = (state, now, authority.crl(revoked, now))
        return Response(200, kept[2], CRL_TYPE)

    def _ocsp(self, name: str, body: bytes) -> Response:
        authority = self._authority(name)
        if authority is None:
            return _not_found()
        try:
            asked = ocsp.load_der_ocsp_request(body)
            asked.hash_algorithm  # noqa: B018 - read for what it may raise
        except (ValueError, UnsupportedAlgorithm):
            return Response(200, MALFORMED, OCSP_TYPE)
        standing = self._standing(name, asked.serial_number)
        return Response(200, response_to(asked, authority, standing, self._world.clock.now()), OCSP_TYPE)

    def _standing(self, name: str, serial: int) -> Standing:
        revocation = next((entry for entry in self._revoked(name) if entry.serial == serial), None)
        is_issued = revocation is not None or any(ca.has_issued(name, serial) for ca in self._cas)
        return Standing(is_issued, revocation)

    def _revoked(self, name: str) -> list[Revocation]:
        return [entry for ca in self._cas for entry in ca.revocations(name)]

    def _authority(self, name: str) -> Authority | None:
        try:
            return self._world.hierarchy[name]
        except KeyError:
            return None


def _decoded(text: str) -> bytes:
    """The request in the path of a GET; nothing where it is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _not_found() -> Response:
    return Response(404, b"there is no such thing here\n", PLAIN_TEXT)

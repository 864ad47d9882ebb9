"""What is asked of a certificate's revocation, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from certwright.pki import chain
from certwright.pki.certificate import Certificate
from certwright.pki.crl import Revoked
from certwright.pki.errors import Invalid
from certwright.pki.ocsp import Standing


@dataclass(frozen=True, slots=True)
class Question:
    """A certificate whose revocation is asked for: what of it is needed, so that many fit into memory.

    Made by :meth:`of`. ``issuer`` is shared between the questions about its certificates.
    """

    serial: int
    issuer: Certificate = field(repr=False)
    not_after: datetime
    is_ca: bool
    crl_urls: tuple[str, ...]
    ocsp_urls: tuple[str, ...]

    @classmethod
    def of(cls, certificate: Certificate, issuer: Certificate) -> Question:
        """The question about a certificate. Raises Invalid when the issuer did not sign it."""
        if not chain.signed_by(certificate, issuer):
            raise Invalid("The certificate was not issued by the one that is given as its issuer.")
        return cls(
            certificate.parsed.serial_number,
            issuer,
            certificate.not_after,
            certificate.is_ca,
            certificate.crl_urls,
            certificate.ocsp_urls,
        )


@dataclass(frozen=True, slots=True)
class Status:
    """What the issuer says. ``source`` is the URL that told, ``as_of`` (aware UTC) when what it told was made.

    ``revoked`` is there with the standing of that name. Where the standing is unknown, ``trouble`` says why.
    """

    standing: Standing
    source: str = ""
    as_of: datetime | None = None
    revoked: Revoked | None = None
    trouble: str = ""


def unknown(troubles: list[str]) -> Status:
    """Nobody told, for these reasons; each is said once."""
    return Status(Standing.UNKNOWN, trouble=" ".join(dict.fromkeys(filter(None, troubles))))

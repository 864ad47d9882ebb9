"""What a file held, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from certwright.pki.certificate import MAXIMUM_TEXT, Certificate
from certwright.pki.keys import PrivateKey

MAXIMUM_SIZE = MAXIMUM_TEXT  # bytes of any file we read


@dataclass(frozen=True, slots=True)
class Contents:
    """The certificates in the order of the file, and the private keys; nothing says which belong together."""

    certificates: tuple[Certificate, ...] = ()
    private_keys: tuple[PrivateKey, ...] = ()

    def __repr__(self) -> str:
        """Counts alone: a key never shows."""
        return f"Contents({len(self.certificates)} certificates, {len(self.private_keys)} private keys)"


def together(parts: Iterable[Contents]) -> Contents:
    """One Contents with everything the parts hold, in their order."""
    every = list(parts)
    return Contents(
        tuple(certificate for part in every for certificate in part.certificates),
        tuple(key for part in every for key in part.private_keys),
    )

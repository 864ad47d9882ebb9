"""A certificate that a tool knew of without having its bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from certwright.model.inventory import Remarks
from certwright.pki.certificate import Certificate

_PART = re.compile(r"([A-Za-z][A-Za-z0-9.-]*)\s*=\s*(\"[^\"]*\"|(?:\\.|[^,+;/\\\"])*)")


@dataclass(frozen=True, slots=True)
class Known:
    """What a tool said of a certificate whose bytes it does not hand out.

    ``sha256`` is its fingerprint (64 lower-case hex digits); without one it is known by ``serial`` (lower-case hex, no
    leading zeros) and ``issuer``, the issuer's name as the tool wrote it: a whole name or its common name alone.
    ``place`` is the place within the import, as in a :class:`~certwright.model.inventory.Find`.
    """

    place: str
    sha256: str = ""
    serial: str = ""
    issuer: str = ""
    remarks: Remarks = field(default_factory=Remarks)
    replaces: str = ""

    def means(self, certificate: Certificate) -> bool:
        """Whether this is that certificate: by fingerprint, else by serial and issuer together, never by name."""
        if self.sha256:
            return self.sha256 == certificate.fingerprint
        return bool(self.serial) and self.serial == certificate.serial and _same_name(self.issuer, certificate.issuer)


def _same_name(written: str, rfc4514: str) -> bool:
    """Whether a tool's spelling of a name (any order, any separator) is that name, or its common name alone."""
    theirs, ours = _parts(written), _parts(rfc4514)
    if theirs:
        return theirs == ours
    common_name = dict(ours).get("cn")
    return common_name is not None and common_name == _folded(written)


def _parts(name: str) -> frozenset[tuple[str, str]]:
    return frozenset((kind.lower(), _folded(value)) for kind, value in _PART.findall(name))


def _folded(text: str) -> str:
    unescaped = re.sub(r"\\(.)", r"\1", text.strip().removeprefix('"').removesuffix('"'))
    return " ".join(unescaped.casefold().split())

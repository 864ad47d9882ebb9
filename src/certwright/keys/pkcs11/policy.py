"""What a token says about a private key, and whether that is good enough to trust it with a certificate.

These are the token's own words, not an attestation. A token that leaves an attribute out is not refused for
it (the gap is shown); one that admits the key could leave is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pkcs11 import Attribute

from certwright.keys.pkcs11.attributes import read


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """Read-back attributes of a private key; None where the token does not report one.

    ``local`` is information only: NSS says false of keys it generated.
    """

    sensitive: bool | None
    always_sensitive: bool | None
    never_extractable: bool | None
    extractable: bool | None
    local: bool | None

    @property
    def violations(self) -> tuple[str, ...]:
        """What speaks against the key, in PKCS#11's names; empty when it may be used."""
        demanded = {
            "CKA_SENSITIVE is false": self.sensitive is False,
            "CKA_ALWAYS_SENSITIVE is false": self.always_sensitive is False,
            "CKA_NEVER_EXTRACTABLE is false": self.never_extractable is False,
            "CKA_EXTRACTABLE is true": self.extractable is True,
        }
        return tuple(reason for reason, violated in demanded.items() if violated)

    @property
    def not_reported(self) -> tuple[str, ...]:
        """Demanded attributes that the token keeps silent about."""
        reported = {
            "CKA_SENSITIVE": self.sensitive,
            "CKA_ALWAYS_SENSITIVE": self.always_sensitive,
            "CKA_NEVER_EXTRACTABLE": self.never_extractable,
            "CKA_EXTRACTABLE": self.extractable,
        }
        return tuple(name for name, value in reported.items() if value is None)


def read_policy(private: Any) -> KeyPolicy:
    """Read the attributes of a private key object back from the token."""
    return KeyPolicy(
        sensitive=read(private, Attribute.SENSITIVE),
        always_sensitive=read(private, Attribute.ALWAYS_SENSITIVE),
        never_extractable=read(private, Attribute.NEVER_EXTRACTABLE),
        extractable=read(private, Attribute.EXTRACTABLE),
        local=read(private, Attribute.LOCAL),
    )

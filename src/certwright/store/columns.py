"""The columns that are read from a certificate's own bytes."""

from __future__ import annotations

from typing import Any

from certwright.pki.certificate import Certificate
from certwright.pki.errors import Invalid
from certwright.pki.keys import describe, public_key_sha256, spec_of

_LONGEST = 200
_WORD = 32


def certificate_columns(certificate: Certificate) -> dict[str, Any]:
    """Every column of ``store.models.Certificate`` that its DER decides, but for the issuer's number."""
    spec, key_hash = _key(certificate)
    return {
        "fingerprint": certificate.fingerprint,
        "serial": certificate.serial,
        "common_name": (certificate.common_name or "")[:_LONGEST],
        "names": " ".join(certificate.names),
        "organization": certificate.organization[:_LONGEST],
        "validation": certificate.validation,
        "key_spec": spec,
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "public_key_sha256": key_hash,
        "is_leaf": not certificate.is_ca,
    }


def _key(certificate: Certificate) -> tuple[str, str]:
    """The kind of its key (``rsa-2048``, or for people) and the SHA-256; both empty where nobody can read the key."""
    try:
        public = certificate.public_key
    except Invalid:
        return "", ""
    return str(spec_of(public) or describe(public))[:_WORD], public_key_sha256(public)

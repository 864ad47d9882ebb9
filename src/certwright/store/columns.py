"""The columns that are read from a certificate's own bytes."""

from __future__ import annotations

import hashlib
from typing import Any

from certwright.pki.certificate import Certificate
from certwright.pki.errors import Invalid
from certwright.pki.keys import describe, public_key_sha256, spec_of

_LONGEST = 200
_WORD = 32
_SERIAL = 64  # digits, of which a CA may use 40 (RFC 5280 §4.1.2.2)
_NAME = 500  # characters of an issuer: PostgreSQL indexes no more than 2,704 bytes


def certificate_columns(certificate: Certificate) -> dict[str, Any]:
    """Every column of ``store.models.Certificate`` that its DER decides, but for the issuer's number."""
    spec, key_hash = _key(certificate)
    return {
        "fingerprint": certificate.fingerprint,
        "serial": certificate.serial[:_SERIAL],
        "common_name": _text(certificate.common_name or "")[:_LONGEST],
        "names": _text(" ".join(certificate.names)),
        "organization": _text(certificate.organization)[:_LONGEST],
        "validation": certificate.validation,
        "key_spec": spec,
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "public_key_sha256": key_hash,
        "is_leaf": not certificate.is_ca,
    }


def issuer_columns(certificate: Certificate) -> dict[str, str]:
    """The columns of ``store.models.Issuer``: a name that is too long for an index ends in its digest instead."""
    name = _text(certificate.issuer)
    if len(name) > _NAME:
        digest = hashlib.sha256(certificate.issuer_der).hexdigest()
        name = f"{name[: _NAME - len(digest) - 1]}…{digest}"
    return {"name": name, "common_name": _text(certificate.issuer_common_name)[:_LONGEST]}


def _text(value: str) -> str:
    """PostgreSQL keeps no NUL in a text, and one database shall show what another shows."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _key(certificate: Certificate) -> tuple[str, str]:
    """The kind of its key (``rsa-2048``, or for people) and the SHA-256; both empty where nobody can read the key."""
    try:
        public = certificate.public_key
    except Invalid:
        return "", ""
    return str(spec_of(public) or describe(public))[:_WORD], public_key_sha256(public)

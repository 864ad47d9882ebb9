"""Chains: from certificates in any order, with anything missing or too many, to leaf first and root left out.

The leaf is found by its key, every link by its signature; names and positions in a CA's answer prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from certwright.pki.certificate import Certificate
from certwright.pki.errors import Invalid

# Every answer of a CA has four or so. The cap bounds the search below: with so few edges no graph of
# cross-signatures has more than some hundred paths.
MAXIMUM_CERTIFICATES = 32
_MAXIMUM_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Chain:
    """A leaf and the intermediates above it, each signed by the next, root left out.

    ``intermediates`` may end early when a link is missing: verification tells, not this value.
    """

    leaf: Certificate
    intermediates: tuple[Certificate, ...] = ()

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """The leaf and then the intermediates."""
        return (self.leaf, *self.intermediates)

    @property
    def pem(self) -> str:
        """All certificates as PEM blocks, leaf first: the file that TLS servers want."""
        return "".join(certificate.pem for certificate in self.certificates)


def build(
    certificates: Iterable[Certificate],
    *,
    public_key_sha256: str | None = None,
    known: Iterable[Certificate] = (),
) -> Chain:
    """The chain among ``certificates``, which may come in any order, repeated, with roots and strangers.

    The leaf is the one with the key of ``public_key_sha256`` (hex), or without that the only one that is no
    CA. Above it goes the longest path of checked signatures, so a cross-certificate that a CA sends is kept;
    among equals the one that stays valid longest. Only where no given certificate signed the last one,
    ``known`` (our pinned intermediates and roots) is asked. The result does not depend on the order of the
    input.

    Raises Invalid when no certificate or more than one can be the leaf, and for more than
    MAXIMUM_CERTIFICATES.
    """
    given = list(dict.fromkeys(certificates))
    if len(given) > MAXIMUM_CERTIFICATES:
        raise Invalid(f"There are {len(given)} certificates; no chain needs more than {MAXIMUM_CERTIFICATES}.")
    leaf = _leaf_by_key(given, public_key_sha256) if public_key_sha256 else _leaf_by_role(given)
    path = _Search(given, list(dict.fromkeys(known))).longest_path([leaf])
    return Chain(leaf, tuple(certificate for certificate in path[1:] if not is_root(certificate)))


def is_root(certificate: Certificate) -> bool:
    """Whether the certificate is self-issued and signed with its own key."""
    return certificate.is_self_issued and signed_by(certificate, certificate)


def signed_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether ``issuer`` bears the name and the key that signed ``certificate``; no more is looked at."""
    try:
        certificate.parsed.verify_directly_issued_by(issuer.parsed)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _leaf_by_key(given: Sequence[Certificate], public_key_sha256: str) -> Certificate:
    """The one certificate with our key; a precertificate or a CA only when there is nothing else."""
    ours = [certificate for certificate in given if _key_of(certificate) == public_key_sha256]
    proper = [c for c in ours if not c.is_ca and not c.is_precertificate]
    return _only(proper or ours, "carries the key of the order")


def _leaf_by_role(given: Sequence[Certificate]) -> Certificate:
    leaves = [c for c in given if not c.is_ca]
    proper = [c for c in leaves if not c.is_precertificate]
    return _only(proper or leaves, "is an end-entity certificate")


def _only(candidates: Sequence[Certificate], what: str) -> Certificate:
    if not candidates:
        raise Invalid(f"No certificate among those given {what}.")
    if len(candidates) > 1:
        raise Invalid(f"More than one certificate {what}: {', '.join(sorted(c.serial for c in candidates))}.")
    return candidates[0]


def _key_of(certificate: Certificate) -> str:
    """The SHA-256 of the key; empty for a key that cannot be read, which can never be ours."""
    try:
        return certificate.public_key_sha256
    except Invalid:
        return ""


class _Search:
    """The search for the longest path of signatures upwards from a leaf."""

    def __init__(self, given: Sequence[Certificate], known: Sequence[Certificate]) -> None:
        self._given = given
        self._known = known

    def longest_path(self, path: list[Certificate]) -> list[Certificate]:
        """The best continuation of ``path``, which it begins with."""
        last = path[-1]
        if len(path) > _MAXIMUM_LENGTH or is_root(last):
            return path
        issuers = self._issuers(last, self._given) or self._issuers(last, self._known)
        used = {(c.subject_der, _key_of(c)) for c in path}  # a CA appears once in a path: cross-signed loops end
        paths = [
            self.longest_path([*path, issuer])
            for issuer in issuers
            if (issuer.subject_der, _key_of(issuer)) not in used
        ]
        return max([path, *paths], key=_rank)

    def _issuers(self, certificate: Certificate, pool: Sequence[Certificate]) -> list[Certificate]:
        """The certificates whose key signed this one; of those that lead the same way up, the best alone."""
        best: dict[tuple[str, bytes], Certificate] = {}
        for issuer in pool:
            if issuer.subject_der == certificate.issuer_der and signed_by(certificate, issuer):
                way = (_key_of(issuer), issuer.issuer_der)
                best[way] = max(best.get(way, issuer), issuer, key=_freshness)
        return list(best.values())


def _freshness(certificate: Certificate) -> tuple[datetime, str]:
    """Later end first; the fingerprint makes the choice independent of the order of the input."""
    return certificate.not_after, certificate.fingerprint


def _rank(path: Sequence[Certificate]) -> tuple[int, bool, datetime, tuple[str, ...]]:
    """Longer without the root, then complete up to a root, then valid longer, then anything stable."""
    complete = is_root(path[-1])
    intermediates = len(path) - (1 if complete else 0)
    return intermediates, complete, min(c.not_after for c in path), tuple(c.fingerprint for c in path)

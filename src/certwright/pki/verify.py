"""Verification: may this certificate be recorded and installed? Each check says no with a reason, or nothing.

Two verifiers look at a path and both must agree (the lesson of CVE-2026-33810): the one of ``cryptography``
and the small named checks here, which also give the precise reason. Trust anchors are given, never looked up,
and nothing is ever fetched.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from certwright.pki import chain as chains
from certwright.pki import names
from certwright.pki.certificate import Certificate
from certwright.pki.chain import Chain
from certwright.pki.errors import Invalid

SERVER_AUTH = ExtendedKeyUsageOID.SERVER_AUTH.dotted_string
_ANY_USAGE = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string
_SOUND_HASHES = {"sha256", "sha384", "sha512"}
_SECONDS_OF_A_DAY = 86_400  # BR 6.3.2


def carries_key(leaf: Certificate, public_key_sha256: str) -> str | None:
    """Whether the leaf holds the public key with that SHA-256 (hex, of the SubjectPublicKeyInfo)."""
    try:
        found = leaf.public_key_sha256
    except Invalid as problem:
        return problem.detail
    if found != public_key_sha256:
        return f"The certificate carries the key {found[:16]}…; the order's is {public_key_sha256[:16]}…."
    return None


def carries_names(leaf: Certificate, wanted: Collection[str], *, allow_www_variants: bool = True) -> str | None:
    """Whether the SANs are exactly the wanted names; the common name never counts (RFC 9525 §2).

    ``allow_www_variants`` lets the CA's own additions pass: :func:`added_variants` lists them.
    """
    ordered, carried = _normalised(wanted), frozenset(leaf.names)
    missing, extra = ordered - carried, carried - ordered
    if allow_www_variants:
        extra -= added_variants(leaf, wanted)
    reasons = []
    if missing:
        reasons.append(f"lacks {', '.join(sorted(missing))}")
    if extra:
        reasons.append(f"carries {', '.join(sorted(extra))}, which nobody ordered")
    return f"The certificate {' and '.join(reasons)}." if reasons else None


def added_variants(leaf: Certificate, wanted: Collection[str]) -> frozenset[str]:
    """The SANs that the CA added by itself: the ``www`` or base sibling of a wanted name."""
    ordered = _normalised(wanted)
    siblings = frozenset().union(*map(names.www_variants, ordered))
    return (siblings - ordered) & frozenset(leaf.names)


def _normalised(wanted: Collection[str]) -> frozenset[str]:
    """The wanted names in the spelling of :attr:`Certificate.names`, which is compared as it stands."""
    return frozenset(map(names.normalise, wanted))


def is_current(leaf: Certificate, at: datetime) -> str | None:
    """Whether ``at`` (aware) lies between not_before and not_after, both included."""
    if at < leaf.not_before:
        return f"The certificate is not valid before {leaf.not_before:%Y-%m-%d %H:%M:%S} UTC."
    if at > leaf.not_after:
        return f"The certificate expired on {leaf.not_after:%Y-%m-%d %H:%M:%S} UTC."
    return None


def has_server_auth(leaf: Certificate) -> str | None:
    """Whether the extended key usages name TLS server authentication (BR 7.1.2.7.10)."""
    if SERVER_AUTH not in leaf.extended_key_usage:
        return "The certificate is not for TLS servers (no serverAuth among its extended key usages)."
    return None


def is_end_entity(leaf: Certificate) -> str | None:
    """Whether the leaf is barred from issuing certificates itself (BR 7.1.2.7.8)."""
    return "The certificate is a CA certificate." if leaf.is_ca else None


def is_not_precertificate(leaf: Certificate) -> str | None:
    """Whether the leaf is a certificate and not the promise of one (RFC 6962 §3.1)."""
    return "This is a precertificate, which no client accepts." if leaf.is_precertificate else None


def lifetime_within(leaf: Certificate, days: int) -> str | None:
    """Whether the lifetime, both ends counted, is at most ``days`` days of 86,400 seconds (BR 6.3.2)."""
    seconds = leaf.lifetime.total_seconds()
    if seconds > days * _SECONDS_OF_A_DAY:
        return f"The certificate lives {seconds / _SECONDS_OF_A_DAY:.2f} days; {days} are allowed."
    if seconds <= 0:
        return "The certificate ends before it begins."
    return None


def verify_path(chain: Chain, roots: Sequence[Certificate], *, at: datetime) -> tuple[str, ...]:
    """Why the chain does not lead from its leaf to one of ``roots`` at that time (aware); empty when it does.

    Checked for every certificate of the path: signature, dates, CA flag and key usage, path length, extended
    key usage, hash of the signature. Names of the leaf are another question: :func:`carries_names`.
    """
    if not roots:
        return ("No root is pinned to verify the certificate against.",)
    path = _path_to_root(chain, roots)
    objections = _not_current(path, at)
    for check in _PATH_CHECKS:
        objections += check(path)
    if path[-1] not in roots:
        objections.insert(0, f"No pinned root signed the chain; it ends at {path[-1].issuer!r}.")
    if not objections:
        objections.extend(_second_opinion(chain, roots, at))
    return tuple(objections)


def _path_to_root(chain: Chain, roots: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """The certificates from the leaf up to the first pinned root met; without one, the chain as it is.

    What a CA sends beyond that point (a cross-certificate to an older root) is not part of the path.
    """
    for position, certificate in enumerate(chain.certificates):
        if certificate in roots:
            return chain.certificates[: position + 1]
        for root in roots:
            if certificate.issuer_der == root.subject_der and chains.signed_by(certificate, root):
                return (*chain.certificates[: position + 1], root)
    return chain.certificates


def _unsigned_links(path: Sequence[Certificate]) -> list[str]:
    return [
        f"{lower.subject!r} is not signed by {upper.subject!r}."
        for lower, upper in pairwise(path)
        if not chains.signed_by(lower, upper)
    ]


def _not_current(path: Sequence[Certificate], at: datetime) -> list[str]:
    found = [(certificate, is_current(certificate, at)) for certificate in path]
    return [f"{certificate.subject!r}: {objection}" for certificate, objection in found if objection]


def _not_issuing(path: Sequence[Certificate]) -> list[str]:
    """Certificates above the leaf that may not sign certificates (RFC 5280 §6.1.4 k and n)."""
    return [f"{c.subject!r} may not issue certificates." for c in path[1:] if not _may_issue(c)]


def _may_issue(certificate: Certificate) -> bool:
    try:
        usage = certificate.parsed.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return certificate.is_ca
    return certificate.is_ca and usage.key_cert_sign


def _too_deep(path: Sequence[Certificate]) -> list[str]:
    """CAs with more CAs below them than they may have (RFC 5280 §4.2.1.9)."""
    found = []
    for position, certificate in enumerate(path[1:], start=1):
        below = sum(not c.is_self_issued for c in path[1:position])
        allowed = _path_length(certificate)
        if allowed is not None and below > allowed:
            found.append(f"{certificate.subject!r} allows {allowed} CAs below it and has {below}.")
    return found


def _path_length(certificate: Certificate) -> int | None:
    try:
        return certificate.parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    except x509.ExtensionNotFound:
        return None


def _not_for_servers(path: Sequence[Certificate]) -> list[str]:
    """A leaf without serverAuth, and intermediates whose own usages leave it out (BR 7.1.2.10.6)."""
    found = [objection for objection in [has_server_auth(path[0])] if objection]
    for certificate in path[1:]:
        usages = certificate.extended_key_usage
        if usages and SERVER_AUTH not in usages and _ANY_USAGE not in usages:
            found.append(f"{certificate.subject!r} may not issue certificates for TLS servers.")
    return found


def _weakly_signed(path: Sequence[Certificate]) -> list[str]:
    """Signatures with a hash that can be forged or is unknown; a root's own proves nothing anyway."""
    return [
        f"{certificate.subject!r} is signed with {certificate.signature_hash or 'an unknown hash'}."
        for certificate in path
        if not certificate.is_self_issued and certificate.signature_hash not in _SOUND_HASHES
    ]


_PATH_CHECKS: tuple[Callable[[Sequence[Certificate]], list[str]], ...] = (
    _unsigned_links,
    _not_issuing,
    _too_deep,
    _not_for_servers,
    _weakly_signed,
)


def _second_opinion(chain: Chain, roots: Sequence[Certificate], at: datetime) -> list[str]:
    """What ``cryptography`` objects to; it also checks name constraints, criticality and key sizes."""
    subject = _any_subject(chain.leaf)
    if subject is None:
        return ["The certificate has no SAN that it could be verified for."]
    agnostic = verification.Criticality.AGNOSTIC
    anything = verification.ExtensionPolicy.permit_all()
    builder = verification.PolicyBuilder().store(verification.Store([root.parsed for root in roots])).time(at)
    builder = builder.extension_policies(  # the library demands these two; private CAs lack others of WebPKI
        ca_policy=anything.require_present(x509.BasicConstraints, agnostic, None),
        ee_policy=anything.require_present(x509.SubjectAlternativeName, agnostic, None),
    )
    try:
        verifier = builder.build_server_verifier(subject)
        verifier.verify(chain.leaf.parsed, [c.parsed for c in chain.intermediates])
    except (verification.VerificationError, ValueError) as problem:
        return [f"The path does not verify: {str(problem).partition(' (encountered')[0]}."]
    return []


def _any_subject(leaf: Certificate) -> x509.DNSName | x509.IPAddress | None:
    """A name the leaf is good for, in the form the library wants (no wildcards)."""
    for name in leaf.names:
        if names.is_ip(name):
            return x509.IPAddress(ipaddress.ip_address(name))
        if "_" not in name and "\\" not in name and ":" not in name:
            return x509.DNSName(name.replace("*", "any", 1))
    return None

"""What is wrong with the names in a certificate, and with its subject."""

# ruff: noqa: ARG001 - every rule takes the same two arguments
from __future__ import annotations

from datetime import datetime

from cryptography.x509.oid import NameOID

from certwright.pki import names
from certwright.policy import rules
from certwright.policy.faults.words import enumerated, listed
from certwright.policy.judged import Judged

MANY_NAMES = 100


def no_names(judged: Judged, at: datetime) -> str | None:
    """A certificate for servers without a single DNS or IP SAN; the common name counts for nothing."""
    if judged.names or not judged.is_for_servers:
        return None
    return "It has no name among its SANs: clients refuse it, whatever its common name says."


def many_names(judged: Judged, at: datetime) -> str | None:
    """So many names that whatever happens to one happens to very many."""
    if len(judged.names) <= MANY_NAMES:
        return None
    return f"It has {len(judged.names)} names: one key, one renewal and one revocation for them all."


def malformed_name(judged: Judged, at: datetime) -> str | None:
    """Public: a SAN that no client can match: an address as DNS name, spaces, a wildcard inside, a trailing dot."""
    return listed(set(judged.names).difference(judged.well_formed), "is no well-formed name")


def internal_name(judged: Judged, at: datetime) -> str | None:
    """Public: a name or address that belongs to nobody in the public DNS."""
    allowed = judged.reserved_names_allowed
    found = (name for name in judged.well_formed if names.is_internal(name, reserved_allowed=allowed))
    return listed(found, "is internal: no public CA may certify it")


def underscore(judged: Judged, at: datetime) -> str | None:
    """Public: an underscore, which DNS allows and host names do not."""
    return listed((name for name in judged.names if "_" in name), "has an underscore")


def reverse_zone(judged: Judged, at: datetime) -> str | None:
    """Public: a name that maps an address to a name, since they are banned."""
    if rules.on(judged.issued_on).reverse_zones_allowed:
        return None
    return listed(filter(names.reverse_zone, judged.names), "lies in a reverse zone")


def wildcard_on_public_suffix(judged: Judged, at: datetime) -> str | None:
    """Public: ``*.com`` and its like."""
    found = (
        name for name in judged.names if names.is_wildcard(name) and names.is_public_suffix(name.removeprefix("*."))
    )
    return listed(found, "covers the domains of everybody below a public suffix")


def common_name_elsewhere(judged: Judged, at: datetime) -> str | None:
    """Public: a common name that is not among the SANs."""
    common_name = judged.certificate.common_name
    if common_name is None or not judged.names or common_name.lower() in judged.names:
        return None
    as_address = names.normalise_found(common_name, as_dns_name=False)
    if as_address in judged.names or names.normalise_found(common_name) in judged.names:
        return None
    return f"Its common name {common_name[:100]!a} is not among its names {enumerated(judged.names)}."


def organizational_unit(judged: Judged, at: datetime) -> str | None:
    """Public: an OU in the subject, since they are banned."""
    if rules.on(judged.issued_on).organizational_unit_allowed:
        return None
    found = judged.certificate.parsed.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return f"Its subject has the organizational unit {str(found[0].value)[:100]!a}." if found else None

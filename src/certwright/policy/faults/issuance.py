"""What is wrong with what the CA made: usages, serial, transparency, revocation, and the CA's own standing."""

# ruff: noqa: ARG001 - every rule takes the same two arguments
from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.x509 import certificate_transparency as ct
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from certwright.pki import verify
from certwright.policy import rules
from certwright.policy.faults.words import day
from certwright.policy.judged import Judged

CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string
_ANY_USAGE = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string
_LONG_FOR_SCTS = timedelta(days=180)
_LONGEST_SERIAL = 20 * 8 - 1  # bits of a positive INTEGER of 20 octets
# 64 random bits are demanded (BR 7.1). A serial that happens to begin with 24 zero bits meets one in 16 million.
_SHORT_SERIAL = 40  # bits


def precertificate(judged: Judged, at: datetime) -> str | None:
    """The promise of a certificate, not one."""
    return verify.is_not_precertificate(judged.certificate)


def bad_serial(judged: Judged, at: datetime) -> str | None:
    """A serial that is negative, zero or longer than 20 octets."""
    if judged.serial > 0:
        return None if judged.serial.bit_length() <= _LONGEST_SERIAL else "Its serial is longer than 20 octets."
    return f"Its serial is {'zero' if judged.serial == 0 else 'negative'}: some clients refuse it."


def short_serial(judged: Judged, at: datetime) -> str | None:
    """Public: a serial too short to hold the random bits that it must."""
    bits = judged.serial.bit_length()
    if judged.serial <= 0 or bits >= _SHORT_SERIAL:
        return None
    return f"Its serial has {bits} bits; CAs must put 64 random ones into it."


def unknown_issuer(judged: Judged, at: datetime) -> str | None:
    """A certificate of a CA that nobody here knows."""
    if judged.public is not None or judged.issuer is not None or judged.is_self_signed:
        return None
    name = judged.certificate.issuer_common_name or judged.certificate.issuer
    return f"Nothing here knows its issuer {name[:100]!a}: clients without that CA's root refuse it."


def self_signed(judged: Judged, at: datetime) -> str | None:
    """Nobody but itself vouches for a certificate that is no CA's, and no place shows it."""
    return "It is signed with its own key." if judged.is_self_signed and not judged.places else None


def not_for_servers(judged: Judged, at: datetime) -> str | None:
    """Usages that leave serverAuth out, and a server that shows it."""
    if not judged.usages or judged.usages & {verify.SERVER_AUTH, _ANY_USAGE}:
        return None
    return "It is served, and serverAuth is not among its extended key usages: clients refuse it."


def no_usages(judged: Judged, at: datetime) -> str | None:
    """No extended key usage at all, and a server that shows it: Apple's systems want serverAuth by name."""
    return None if judged.usages else "It is served and has no extended key usage: Apple's systems refuse it."


def client_auth_left_over(judged: Judged, at: datetime) -> str | None:
    """Public: clientAuth, which the certificates after it will not have."""
    ban = rules.since("client_auth_allowed", value=False)
    if not _issued_for_clients(judged) or judged.not_after.date() >= ban:
        return None
    return f"It may identify a client (clientAuth); what public CAs issue from {ban} on may not."


def client_auth_outlives(judged: Judged, at: datetime) -> str | None:
    """Public: clientAuth in a certificate that ends when no successor with it can be had any more."""
    ban = rules.since("client_auth_allowed", value=False)
    if not _issued_for_clients(judged) or judged.not_after.date() < ban:
        return None
    return (
        f"It may identify a client (clientAuth) until {day(judged.not_after)}; no public CA issues such a successor "
        f"from {ban} on."
    )


def client_auth_forbidden(judged: Judged, at: datetime) -> str | None:
    """Public: clientAuth in a certificate that was issued when browsers no longer allowed it."""
    if CLIENT_AUTH not in judged.usages or rules.on(judged.issued_on).client_auth_allowed:
        return None
    ban = rules.since("client_auth_allowed", value=False)
    return f"It may identify a client (clientAuth), which no public certificate issued from {ban} on may."


def no_server_auth(judged: Judged, at: datetime) -> str | None:
    """Public: a certificate with names and without serverAuth, not shown anywhere."""
    if judged.places or not judged.names or judged.usages & {verify.SERVER_AUTH, _ANY_USAGE}:
        return None
    return "It has names and no serverAuth among its extended key usages: no browser takes it from a server."


def must_staple_without_ocsp(judged: Judged, at: datetime) -> str | None:
    """The duty to staple an OCSP answer that no CA gives."""
    feature = judged.extension(x509.TLSFeature)
    if feature is None or x509.TLSFeatureType.status_request not in feature:
        return None
    access = judged.extension(x509.AuthorityInformationAccess)
    if any(one.access_method == AuthorityInformationAccessOID.OCSP for one in access or ()):
        return None
    return "It demands a stapled OCSP answer (must-staple) and names no OCSP responder: Firefox refuses it."


def too_few_scts(judged: Judged, at: datetime) -> str | None:
    """Public: SCTs embedded, of fewer logs than Chrome and Safari want."""
    scts = judged.extension(x509.PrecertificateSignedCertificateTimestamps)
    if scts is None:
        return None
    today, long = rules.on(judged.issued_on), judged.certificate.lifetime > _LONG_FOR_SCTS
    needed = today.scts_of_long_lives if long else today.scts_of_short_lives
    found = len({sct.log_id for sct in scts})
    return None if found >= needed else f"It has SCTs of {found} logs; browsers want {needed}."


def no_embedded_scts(judged: Judged, at: datetime) -> str | None:
    """Public: no SCTs inside. Whether the server sends them in another way, the certificate does not tell."""
    if not rules.on(judged.issued_on).scts_expected or judged.certificate.is_precertificate:
        return None
    if judged.extension(x509.PrecertificateSignedCertificateTimestamps) is not None or not judged.is_for_servers:
        return None
    return "It has no SCTs inside: Chrome and Safari refuse it unless its server sends them itself."


def distrusted_issuer(judged: Judged, at: datetime) -> str | None:
    """Issued by a CA that browsers distrust from a date on, and after it."""
    found = _distrust(judged)
    if found is None or _issued_at(judged) <= found.after:
        return None
    return f"Chrome distrusts what its CA issued after {day(found.after)}: it refuses this certificate."


def issuer_no_longer_trusted(judged: Judged, at: datetime) -> str | None:
    """Issued by such a CA before that date: it is trusted, and what follows it will not be."""
    found = _distrust(judged)
    if found is None or _issued_at(judged) > found.after:
        return None
    return f"Chrome distrusts what its CA issued after {day(found.after)}: a successor of this CA would be refused."


def _issued_for_clients(judged: Judged) -> bool:
    return CLIENT_AUTH in judged.usages and rules.on(judged.issued_on).client_auth_allowed


def _distrust(judged: Judged) -> rules.Distrust | None:
    """What is said of the CA that issued it, or of the one above that, as far as its issuer is known."""
    if judged.public is False or verify.SERVER_AUTH not in judged.usages:
        return None
    return next((entry for entry in rules.distrusted() if entry.organizations & judged.issuing_organizations), None)


def _issued_at(judged: Judged) -> datetime:
    """The earliest SCT, by which browsers date it (aware UTC); its beginning where it has none that can be read."""
    scts = judged.extension(x509.PrecertificateSignedCertificateTimestamps)
    return min((_timestamp(sct) or judged.not_before for sct in scts or ()), default=judged.not_before)


def _timestamp(sct: ct.SignedCertificateTimestamp) -> datetime | None:
    """When the log saw it; None for a number of milliseconds beyond the year 9999."""
    try:
        return sct.timestamp.replace(tzinfo=UTC)
    except (OverflowError, ValueError):
        return None

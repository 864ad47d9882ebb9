"""Certificates: one immutable value over the DER bytes, from which alone dates, serials and names are read.

Properties are read from the parsed structure each time: the parser is so fast (see the benchmarks) that
caching would cost more memory than time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from certwright.pki import _pem, keys, names
from certwright.pki.errors import Invalid

MAXIMUM_SIZE = 64 * 1024  # bytes of one certificate
MAXIMUM_TEXT = 4 * 1024 * 1024  # bytes of a file of certificates
PEM_LABEL = "CERTIFICATE"
_VALIDATIONS = {"2.23.140.1.1": "ev", "2.23.140.1.2.3": "iv", "2.23.140.1.2.2": "ov", "2.23.140.1.2.1": "dv"}
_PEM_LABELS = (PEM_LABEL, "X509 CERTIFICATE")
_OCSP = AuthorityInformationAccessOID.OCSP
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_BROKEN = (
    ValueError,
    TypeError,
    KeyError,  # a TLS feature of an unknown number (RFC 7633)
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate; equal and hashed by its DER. Made by :func:`from_der` or :func:`parse_pem_many`."""

    der: bytes = field(repr=False)
    parsed: x509.Certificate = field(repr=False, compare=False)

    def __repr__(self) -> str:
        """Enough to recognise it in a log."""
        return f"Certificate({self.subject!r}, fingerprint={self.fingerprint!r})"

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the DER, lower-case hex."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def serial(self) -> str:
        """The serial number in lower-case hex without leading zeros."""
        return f"{self.parsed.serial_number:x}"

    @property
    def subject(self) -> str:
        """The subject as RFC 4514 text."""
        return self.parsed.subject.rfc4514_string()

    @property
    def issuer(self) -> str:
        """The issuer as RFC 4514 text."""
        return self.parsed.issuer.rfc4514_string()

    @property
    def subject_der(self) -> bytes:
        """The subject in DER: what another certificate's issuer is compared with."""
        return self.parsed.subject.public_bytes()

    @property
    def issuer_der(self) -> bytes:
        """The issuer in DER; with the serial it identifies the certificate at its CA."""
        return self.parsed.issuer.public_bytes()

    @property
    def common_name(self) -> str | None:
        """The subject's first common name, as it stands there."""
        found = self.parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(found[0].value) if found else None

    @property
    def issuer_common_name(self) -> str:
        """The issuer's first common name; empty without one."""
        found = self.parsed.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(found[0].value) if found else ""

    @property
    def organization(self) -> str:
        """The subject's first organization, as it stands there; empty without one."""
        found = self.parsed.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return str(found[0].value) if found else ""

    @property
    def validation(self) -> str:
        """What was validated, ``dv``, ``ov``, ``iv`` or ``ev``, by its policies (BR 7.1.6.1); empty without those."""
        policies = _extension(self.parsed, x509.CertificatePolicies)
        stated = {policy.policy_identifier.dotted_string for policy in policies or ()}
        return next((level for oid, level in _VALIDATIONS.items() if oid in stated), "")

    @property
    def names(self) -> tuple[str, ...]:
        """The DNS and IP SANs in their order, each once, spelled as ``names.normalise_found`` does."""
        found = _extension(self.parsed, x509.SubjectAlternativeName)
        if found is None:
            return ()
        return tuple(dict.fromkeys(filter(None, map(_name, found))))

    @property
    def not_before(self) -> datetime:
        """The first second of validity, aware UTC."""
        return self.parsed.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """The last second of validity, aware UTC."""
        return self.parsed.not_valid_after_utc

    @property
    def lifetime(self) -> timedelta:
        """From the first to the last second of validity, both counted (BR 6.3.2)."""
        return self.not_after - self.not_before + timedelta(seconds=1)

    @property
    def public_key(self) -> keys.PublicKey:
        """The public key. Raises Invalid for a kind of key that ``cryptography`` cannot read."""
        try:
            return self.parsed.public_key()
        except _BROKEN as problem:
            raise Invalid("The certificate's public key is of an unknown kind.") from problem

    @property
    def public_key_sha256(self) -> str:
        """The SHA-256 of the SubjectPublicKeyInfo, lower-case hex; raises as ``public_key`` does."""
        return keys.public_key_sha256(self.public_key)

    @property
    def key_spec(self) -> keys.KeySpec | None:
        """The key spec; None for a kind of key that we do not make."""
        try:
            return keys.spec_of(self.public_key)
        except Invalid:
            return None

    @property
    def signature_hash(self) -> str:
        """``sha256`` and the like; empty where the signature scheme has none or an unknown one."""
        try:
            used = self.parsed.signature_hash_algorithm
        except _BROKEN:
            return ""
        return used.name if used else ""

    @property
    def is_ca(self) -> bool:
        """Whether basicConstraints say that it may issue."""
        constraints = _extension(self.parsed, x509.BasicConstraints)
        return constraints is not None and constraints.ca

    @property
    def extended_key_usage(self) -> tuple[str, ...]:
        """The OIDs of the extended key usages, dotted; empty when the extension is absent."""
        usages = _extension(self.parsed, x509.ExtendedKeyUsage)
        return () if usages is None else tuple(usage.dotted_string for usage in usages)

    @property
    def is_precertificate(self) -> bool:
        """Whether it carries the CT poison: a promise to issue, not a certificate (RFC 6962 §3.1)."""
        return _extension(self.parsed, x509.PrecertPoison) is not None

    @property
    def is_self_issued(self) -> bool:
        """Whether issuer and subject are the same name, as in a root."""
        return self.parsed.issuer == self.parsed.subject

    @property
    def subject_key_id(self) -> str | None:
        """The subject key identifier, hex."""
        found = _extension(self.parsed, x509.SubjectKeyIdentifier)
        return None if found is None else found.digest.hex()

    @property
    def authority_key_id(self) -> str | None:
        """The authority key identifier, hex."""
        found = _extension(self.parsed, x509.AuthorityKeyIdentifier)
        return None if found is None or found.key_identifier is None else found.key_identifier.hex()

    @property
    def crl_urls(self) -> tuple[str, ...]:
        """The URLs of CRLs that tell of every revocation of it, as they stand there, any scheme (RFC 5280 §4.2.1.13).

        Distribution points for some reasons alone, or with the CRL of another issuer, are passed over.
        """
        points = _extension(self.parsed, x509.CRLDistributionPoints) or ()
        whole = (point.full_name or () for point in points if point.reasons is None and point.crl_issuer is None)
        return _urls(name for point_names in whole for name in point_names)

    @property
    def ocsp_urls(self) -> tuple[str, ...]:
        """The URLs of its OCSP responders, as they stand there, any scheme (RFC 5280 §4.2.2.1)."""
        stated = _extension(self.parsed, x509.AuthorityInformationAccess) or ()
        return _urls(each.access_location for each in stated if each.access_method == _OCSP)

    @property
    def pem(self) -> str:
        """The certificate as one PEM block."""
        return _pem.encode(self.der, PEM_LABEL)


def from_der(der: bytes) -> Certificate:
    """The certificate of one DER structure with nothing after it.

    Raises Invalid when it is larger than MAXIMUM_SIZE or cannot be read to its last extension, so every
    property of the value but an unknown kind of public key can be read without surprises.
    """
    if len(der) > MAXIMUM_SIZE:
        raise Invalid(f"The certificate is larger than {MAXIMUM_SIZE // 1024} KiB.")
    try:
        parsed = x509.load_der_x509_certificate(der)
        _ = (parsed.extensions, parsed.subject, parsed.issuer, parsed.not_valid_after_utc)
    except _BROKEN as problem:
        raise Invalid("The bytes are not a certificate that can be read.") from problem
    return Certificate(der, parsed)


def if_readable(der: bytes) -> Certificate | None:
    """As :func:`from_der`, None for what cannot be read: a library is stricter than the one that read it before."""
    try:
        return from_der(der)
    except Invalid:
        return None


def parse_pem_many(data: bytes, *, maximum: int = 1000) -> list[Certificate]:
    """Every certificate of a PEM text, in order; text and other blocks around them are passed over.

    Raises Invalid when the text is larger than MAXIMUM_TEXT, holds more than ``maximum`` blocks or none that
    is a certificate, or when a certificate cannot be read.
    """
    if len(data) > MAXIMUM_TEXT:
        raise Invalid(f"The text is larger than {MAXIMUM_TEXT // (1024 * 1024)} MiB.")
    found = [block for block in _pem.blocks(data, maximum=maximum) if block.label in _PEM_LABELS]
    if not found:
        raise Invalid("The text holds no PEM certificate.")
    return [from_der(block.der()) for block in found]


def _extension(parsed: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    """The value of the one extension of that kind; None when it is absent."""
    try:
        return parsed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _name(name: x509.GeneralName) -> str | None:
    """A DNS or IP SAN in our spelling; None for the other kinds (e-mail, URI …)."""
    if isinstance(name, x509.DNSName):
        return names.normalise_found(name.value)
    if isinstance(name, x509.IPAddress):
        return names.normalise_found(str(name.value), as_dns_name=False)
    return None


def _urls(names: Iterable[x509.GeneralName]) -> tuple[str, ...]:
    """The URIs among the names, each once."""
    return tuple(dict.fromkeys(name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)))

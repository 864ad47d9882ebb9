"""CSRs (PKCS#10, RFC 2986): made for any key, read from whatever people paste.

The key may be software's or a token's: only its public key and the one signature of the builder are used, and
every signature is checked before the CSR leaves this module, because a token can answer "OK" with a wrong
one.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

from certwright.pki import _der, _pem, keys
from certwright.pki.errors import Invalid
from certwright.pki.names import is_ip, normalise

MAXIMUM_SIZE = 64 * 1024  # bytes of text or DER that decode() looks at
MAXIMUM_COMMON_NAME = 64  # characters (RFC 5280 appendix A, ub-common-name)
PEM_LABEL = "CERTIFICATE REQUEST"
_PEM_LABELS = (PEM_LABEL, "NEW CERTIFICATE REQUEST")  # the second is what old Java and IIS write

_BROKEN = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_HASHES: dict[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class CSR:
    """A decoded CSR whose signature has been checked; equal when its bytes are.

    ``names`` holds the common name, if it is a name, and then the DNS and IP SANs, normalised, each once.
    ``subject`` is RFC 4514 text. ``public_key_sha256`` is hex. ``key_spec`` is None for a kind of key that we
    do not make. ``signature_hash`` is ``sha256`` and the like, empty where the scheme has none.
    ``organizational_units`` are the OU values asked for; ``other_names`` counts e-mail, URI and other SANs.
    """

    der: bytes = field(repr=False)
    common_name: str | None = field(compare=False)
    names: tuple[str, ...] = field(compare=False)
    subject: str = field(compare=False)
    public_key: keys.PublicKey = field(compare=False, repr=False)
    public_key_sha256: str = field(compare=False)
    key_spec: keys.KeySpec | None = field(compare=False)
    key_description: str = field(compare=False)
    signature_hash: str = field(compare=False)
    organizational_units: tuple[str, ...] = field(compare=False, default=())
    other_names: int = field(compare=False, default=0)

    @property
    def pem(self) -> str:
        """The CSR as one PEM block."""
        return _pem.encode(self.der, PEM_LABEL)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the DER, lower-case hex."""
        return hashlib.sha256(self.der).hexdigest()


def build(
    key: CertificateIssuerPrivateKeyTypes,
    names: Iterable[str],
    *,
    common_name: str | None = None,
    organization: str | None = None,
    locality: str | None = None,
    state: str | None = None,
    country: str | None = None,
    hash: str = "sha256",  # noqa: A002 - the word that operators and CAs use
) -> bytes:
    """A CSR in DER for these names, signed by ``key`` and its signature checked.

    Every name becomes a SAN. The common name is the one given (which then is a SAN too) or else the first
    wanted name that fits its 64 characters; with none that fits there is no common name. ``hash`` is
    ``sha256``, ``sha384`` or ``sha512``. Raises Invalid for a name that is none, no names at all, a country
    that is no two-letter code, and a key whose signature does not verify.
    """
    sans = _distinct(normalise(name) for name in ([common_name] if common_name else []) + list(names))
    if not sans:
        raise Invalid("A CSR needs at least one name.")
    attributes = (
        (NameOID.COUNTRY_NAME, country.upper() if country else None),
        (NameOID.STATE_OR_PROVINCE_NAME, state),
        (NameOID.LOCALITY_NAME, locality),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.COMMON_NAME, _common_name(sans, common_name)),
    )
    try:
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes if value])
    except ValueError as problem:
        raise Invalid(f"The CSR's subject cannot be written: {problem}.") from problem
    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in sans])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = builder.add_extension(alternatives, critical=False).sign(key, _hash_for(key, hash))
    if not signed.is_signature_valid:
        raise Invalid(
            "The CSR's signature does not verify with the key it was made for.",
            advice="Check the token: its private key and public key may not belong together.",
        )
    return signed.public_bytes(serialization.Encoding.DER)


def decode(data: bytes, *, maximum: int = MAXIMUM_SIZE) -> CSR:
    """The CSR in PEM (however mangled its white space), bare Base64 or DER.

    Raises Invalid when it is larger than ``maximum`` bytes, when there is none or more than one, when bytes
    follow it, when its signature does not verify, and when a name in it is none.
    """
    if len(data) > maximum:
        raise Invalid(f"The CSR is larger than {maximum} bytes.")
    return _decoded(data if _der.looks_like(data) else _der_in_text(data))


@lru_cache(maxsize=64)  # an order's steps read the same CSR again and again, and a CSR never changes
def _decoded(der: bytes) -> CSR:
    try:
        return _described(x509.load_der_x509_csr(der), der)
    except Invalid:
        raise
    except _BROKEN as problem:
        raise Invalid("The bytes are not a CSR that can be read.", advice="Make a new CSR.") from problem


def _der_in_text(data: bytes) -> bytes:
    """The DER of the one CSR in the text that somebody pasted; helpful when it is something else."""
    if _pem.is_pem(data):
        found = _pem.blocks(data, maximum=100)
        labels = [block.label for block in found]
        if any(label.endswith("PRIVATE KEY") for label in labels):
            raise Invalid("The text holds a private key.", advice="Never paste one; treat this key as compromised.")
        requests = [block for block in found if block.label in _PEM_LABELS]
        if len(requests) != 1:
            what = ", ".join(sorted(set(labels)))[:200]
            raise Invalid(f"The text holds {len(requests)} CSRs where one is expected (found: {what}).")
        return requests[0].der()
    if not _pem.is_base64(data):
        raise Invalid("This is no CSR: neither PEM, Base64 nor DER.")
    return _pem.from_base64(data)


def _described(request: x509.CertificateSigningRequest, der: bytes) -> CSR:
    if not request.is_signature_valid:
        raise Invalid("The CSR's signature does not verify.", advice="Make a new CSR with the same key.")
    public = request.public_key()
    common_names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    common_name = str(common_names[0].value) if common_names else None
    sans, others = _subject_alternative_names(request)
    signature_hash = request.signature_hash_algorithm
    return CSR(
        der=der,
        common_name=common_name,
        names=_distinct([*_name_in(common_name), *sans]),
        subject=request.subject.rfc4514_string(),
        public_key=public,
        public_key_sha256=keys.public_key_sha256(public),
        key_spec=keys.spec_of(public),
        key_description=keys.describe(public),
        signature_hash=signature_hash.name if signature_hash else "",
        organizational_units=tuple(
            str(unit.value) for unit in request.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        ),
        other_names=others,
    )


def _subject_alternative_names(request: x509.CertificateSigningRequest) -> tuple[list[str], int]:
    """The DNS and IP names, normalised, and how many names of other kinds there are."""
    try:
        found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [], 0
    wanted: list[str] = []
    others = 0
    for name in found:
        if isinstance(name, x509.DNSName):
            dns_name = normalise(name.value)
            if is_ip(dns_name):  # BR 7.1.2.7.12: an address belongs into an iPAddress
                raise Invalid(f"The CSR has the IP address {dns_name} as a DNS name.", advice="Make a new CSR.")
            wanted.append(dns_name)
        elif isinstance(name, x509.IPAddress) and hasattr(name.value, "packed"):
            wanted.append(normalise(str(name.value)))
        else:
            others += 1
    return wanted, others


def _name_in(common_name: str | None) -> list[str]:
    """The common name as a name; nothing when it is a company's or a person's."""
    try:
        return [normalise(common_name)] if common_name else []
    except Invalid:
        return []


def _distinct(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def _common_name(sans: tuple[str, ...], given: str | None) -> str | None:
    if given is None:
        return next((name for name in sans if len(name) <= MAXIMUM_COMMON_NAME), None)
    if len(sans[0]) > MAXIMUM_COMMON_NAME:  # the given one stands first among the SANs
        raise Invalid(
            f"The common name is longer than {MAXIMUM_COMMON_NAME} characters.",
            advice="Leave it out: the name can stand among the SANs.",
        )
    return sans[0]


def _general_name(name: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(name)) if is_ip(name) else x509.DNSName(name)


def _hash_for(key: CertificateIssuerPrivateKeyTypes, name: str) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        return None  # these sign the message itself (RFC 8410)
    try:
        return _HASHES[name.strip().lower()]
    except KeyError as problem:
        raise Invalid(f"{name!r} is no hash for a CSR.", advice="Use sha256, sha384 or sha512.") from problem

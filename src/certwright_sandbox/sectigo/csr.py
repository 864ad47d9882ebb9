"""CSRs as this CA accepts them (sectigo.md §4): what one says, and everything that is wrong with it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from certwright_sandbox.sectigo import errors
from certwright_sandbox.sectigo.errors import Refusal, lacks_field
from certwright_sandbox.sectigo.products import INTRANET, SINGLE, WILDCARD, Product

ARMOUR = re.compile(r"-----(?:BEGIN|END)[A-Z ]*-----")
ALLOWED = re.compile(r"[A-Za-z0-9.*:-]*\Z")
LEAST_RSA_BITS, MOST_RSA_BITS = 2048, 8192
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
POST_OFFICE_BOX = x509.ObjectIdentifier("2.5.4.18")
COUNTRY_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
ISO_COUNTRIES = frozenset(COUNTRY_CODES.split())  # ISO 3166-1 alpha-2


@dataclass(frozen=True)
class Csr:
    """A CSR that can be decoded."""

    der: bytes
    request: x509.CertificateSigningRequest

    @cached_property
    def pem(self) -> str:
        """As PEM."""
        return self.request.public_bytes(serialization.Encoding.PEM).decode()

    @cached_property
    def common_name(self) -> str:
        """The common name as it stands; empty where there is none."""
        return self.first(NameOID.COMMON_NAME)

    @cached_property
    def dns_names(self) -> list[str]:
        """The DNS names of the SAN extension."""
        try:
            extension = self.request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except (x509.ExtensionNotFound, ValueError):
            return []
        return extension.value.get_values_for_type(x509.DNSName)

    @property
    def md5(self) -> str:
        """Hex digest of the DER, as the DCV request token has it."""
        return hashlib.md5(self.der).hexdigest()  # noqa: S324 - the CA's protocol (sectigo.md §7.2)

    @property
    def sha1(self) -> str:
        """Hex digest of the DER."""
        return hashlib.sha1(self.der).hexdigest()  # noqa: S324 - the CA's protocol (sectigo.md §4)

    @property
    def sha256(self) -> str:
        """Hex digest of the DER, as the DCV request token has it."""
        return hashlib.sha256(self.der).hexdigest()

    def all(self, oid: x509.ObjectIdentifier) -> list[str]:
        """Every value of a subject attribute."""
        return [str(attribute.value) for attribute in self.request.subject.get_attributes_for_oid(oid)]

    def first(self, oid: x509.ObjectIdentifier) -> str:
        """The first value of a subject attribute; empty where there is none."""
        return next(iter(self.all(oid)), "")

    @property
    def key_hash(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, hex: how a compromised key is listed."""
        spki = self.request.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(spki).hexdigest()


def decode(text: str) -> Csr:
    """Decode PEM or bare base64 with any BEGIN label; a space counts as the `+` it once was. Raises Refusal."""
    body = ARMOUR.sub("", text)
    der = _base64("".join(body.split()))
    if der is None:
        der = _base64("".join(body.strip().replace(" ", "+").split()))
    if der is None:
        raise errors.BAD_CSR_BASE64
    try:
        request = x509.load_der_x509_csr(der)
        csr = Csr(der, request)
        csr.first(NameOID.COMMON_NAME)  # a subject that cannot be read is found out here
    except (ValueError, TypeError):
        raise errors.BAD_CSR from None
    return csr


def faults(csr: Csr, product: Product | None = None, compromised: Collection[str] = ()) -> list[Refusal]:
    """Everything that is wrong with a decoded CSR, in the order in which it is told."""
    found = _key_faults(csr, compromised)
    if not csr.common_name:
        return [*found, lacks_field("CN")]
    return found + name_faults(csr.common_name, product)


def name_faults(name: str, product: Product | None) -> list[Refusal]:
    """What is wrong with a common name, by itself and for a product."""
    if name.lower().startswith("http://"):
        return [errors.HTTP_IN_NAME]
    if name.lower().startswith("https://"):
        return [errors.HTTPS_IN_NAME]
    if ALLOWED.match(name) is None:
        return [errors.BAD_CHARACTERS]
    if product is None:
        return []
    return _product_faults(name, product)


def read(text: str, product: Product, compromised: Collection[str]) -> Csr:
    """A CSR that may be ordered with. Raises the first Refusal there is."""
    csr = decode(text)
    for refusal in faults(csr, product, compromised):
        if not (product.is_multi and refusal.code == lacks_field("CN").code):
            raise refusal
    return csr


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) or None
    except (ValueError, binascii.Error):
        return None


def _key_faults(csr: Csr, compromised: Collection[str]) -> list[Refusal]:
    try:
        key = csr.request.public_key()
        is_good_hash = isinstance(csr.request.signature_hash_algorithm, HASHES)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return [errors.BAD_CSR_ALGORITHM]
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey) or not is_good_hash:
        return [errors.BAD_CSR_ALGORITHM]
    found = []
    if not csr.request.is_signature_valid:
        found.append(errors.BAD_CSR_SIGNATURE)
    if isinstance(key, rsa.RSAPublicKey):
        is_good_size = LEAST_RSA_BITS <= key.key_size <= MOST_RSA_BITS
    else:
        is_good_size = isinstance(key.curve, CURVES)
    if not is_good_size:
        found.append(errors.BAD_CSR_KEY_SIZE)
    if csr.key_hash in compromised:
        found.append(errors.COMPROMISED_KEY)
    return found


def _product_faults(name: str, product: Product) -> list[Refusal]:
    if product.kind == WILDCARD:
        is_good = name.startswith("*.") and name.count("*") == 1
        return [] if is_good else [errors.ONE_WILDCARD]
    if product.is_multi:
        return []
    if "*" in name:
        return [errors.NO_WILDCARD]
    address = address_of(name)
    if product.code == INTRANET:
        if address is not None:
            return [errors.NO_PUBLIC_ADDRESS] if address.is_global else []
        return [errors.NO_FQDN] if "." in name else []
    return [errors.NO_ADDRESS] if address is not None and product.kind == SINGLE else []


def address_of(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a name is; None for any other name."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None

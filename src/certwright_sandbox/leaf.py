"""Leaf certificates: what one shall say, and its signing.

The profile follows CA/Browser Forum TLS Baseline Requirements §7.1.2.7 (critical key usage, no CA bit, SAN
with every name, policy OID, serverAuth) with 128 random serial bits (§7.1 asks for 64).
"""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

HASHES: dict[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
SUBJECT_FIELDS = {
    "country": NameOID.COUNTRY_NAME,
    "state": NameOID.STATE_OR_PROVINCE_NAME,
    "city": NameOID.LOCALITY_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "street": NameOID.STREET_ADDRESS,
    "postal_code": NameOID.POSTAL_CODE,
    "unit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "jurisdiction": NameOID.JURISDICTION_COUNTRY_NAME,
    "business_category": NameOID.BUSINESS_CATEGORY,
    "company_number": NameOID.SERIAL_NUMBER,
}
POLICIES = {"dv": "2.23.140.1.2.1", "ov": "2.23.140.1.2.2", "ev": "2.23.140.1.1"}  # BR §7.1.6.1
NOT_CRITICAL, CRITICAL = False, True
NO_CA = x509.BasicConstraints(ca=False, path_length=None)


def key_usage(*, signs_certificates: bool = False, enciphers: bool = False) -> x509.KeyUsage:
    """digitalSignature, with the bits of a CA, or with keyEncipherment as an RSA server key has it."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=enciphers,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


KEY_USAGE_EC = key_usage()
KEY_USAGE_RSA = key_usage(enciphers=True)
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
SERVER_AND_CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


@dataclass(frozen=True)
class Leaf:
    """What a leaf shall say. Times in UTC; `subject` pairs the names in SUBJECT_FIELDS with texts.

    An empty `common_name` is left out of the subject.
    """

    public_key: PublicKey
    common_name: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    subject: tuple[tuple[str, str], ...] = ()
    policy: str = ""
    client_auth: bool = False
    hash_name: str = "sha256"
    ca_bit: bool = False
    precertificate: bool = False


def public_key_of(csr: str) -> PublicKey:
    """The key of a PEM CSR that was accepted before."""
    public_key = x509.load_pem_x509_csr(csr.encode()).public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey)
    return public_key


def csr_der(csr: str) -> bytes:
    """The DER of a PEM CSR that was accepted before."""
    return x509.load_pem_x509_csr(csr.encode()).public_bytes(serialization.Encoding.DER)


def new_serial() -> int:
    """A fresh positive serial of 16 bytes, the first of them never zero."""
    return secrets.randbits(126) | 1 << 126


def general_name(name: str) -> x509.GeneralName:
    """The SAN entry of a DNS name or an IP address."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def subject_name(leaf: Leaf) -> x509.Name:
    """The subject: organization, then common name, cut at 64 characters (RFC 5280, ub-common-name)."""
    attributes = [x509.NameAttribute(SUBJECT_FIELDS[field], value) for field, value in leaf.subject if value]
    if leaf.common_name:
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, leaf.common_name[:64]))
    return x509.Name(attributes)


def leaf_builder(leaf: Leaf, serial: int, issuer_name: x509.Name) -> x509.CertificateBuilder:
    """A builder with everything that the leaf itself decides; the issuer adds what points to it."""
    is_rsa = isinstance(leaf.public_key, rsa.RSAPublicKey)
    constraints = x509.BasicConstraints(ca=True, path_length=None) if leaf.ca_bit else NO_CA
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject_name(leaf))
        .issuer_name(issuer_name)
        .public_key(leaf.public_key)
        .serial_number(serial)
        .not_valid_before(leaf.not_before)
        .not_valid_after(leaf.not_after)
        .add_extension(constraints, CRITICAL)
        .add_extension(KEY_USAGE_RSA if is_rsa else KEY_USAGE_EC, CRITICAL)
        .add_extension(SERVER_AND_CLIENT if leaf.client_auth else SERVER, NOT_CRITICAL)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(leaf.public_key), NOT_CRITICAL)
    )
    if leaf.names:
        names = x509.SubjectAlternativeName([general_name(name) for name in leaf.names])
        has_subject = bool(leaf.common_name or leaf.subject)  # RFC 5280 §4.2.1.6: critical where there is none
        builder = builder.add_extension(names, NOT_CRITICAL if has_subject else CRITICAL)
    if leaf.policy:
        builder = builder.add_extension(policies(leaf.policy), NOT_CRITICAL)
    if leaf.precertificate:  # RFC 6962 §3.1: the critical poison extension
        builder = builder.add_extension(x509.PrecertPoison(), CRITICAL)
    return builder


@lru_cache(maxsize=64)
def policies(oid: str) -> x509.CertificatePolicies:
    """The certificate policies extension with one policy."""
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None)])

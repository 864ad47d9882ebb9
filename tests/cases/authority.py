"""A little CA for tests: root, intermediates and leaves with sane defaults, so that a case builds only its
oddity.

Everything stands in a fixed present, NOW, and leaves carry a P-256 key unless told otherwise.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certwright.pki import certificate, keys
from certwright.pki.certificate import Certificate

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NAME = "shop.meadow.example"
SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)

Extra = tuple[x509.ExtensionType, bool]  # an extension and whether it is critical


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Authority:
    """A CA: its certificate and the key that it signs with."""

    certificate: Certificate
    key: keys.PrivateKey

    def intermediate(
        self,
        name: str = "Meadow Test Intermediate",
        *,
        key: keys.PrivateKey | None = None,
        ca: bool = True,
        path_length: int | None = None,
        cert_sign: bool = True,
        usages: Sequence[x509.ObjectIdentifier] | None = None,
        not_before: datetime = NOW - timedelta(days=300),
        not_after: datetime = NOW + timedelta(days=3000),
        signed_with: hashes.HashAlgorithm | None = None,
        extra: Sequence[Extra] = (),
    ) -> Authority:
        """A CA below this one."""
        key = key or new_key()
        made = _sign(
            self,
            subject=_name(name),
            public=key.public_key(),
            period=(not_before, not_after),
            extensions=[*_ca_extensions(ca, path_length, cert_sign), *_usage(usages), *extra],
            signed_with=signed_with,
        )
        return Authority(made, key)

    def issue(
        self,
        *names: str,
        key: keys.PrivateKey | None = None,
        common_name: str | None = None,
        sans: Sequence[x509.GeneralName] | None = None,
        ca: bool = False,
        usages: Sequence[x509.ObjectIdentifier] | None = SERVER,
        not_before: datetime = NOW - timedelta(hours=1),
        not_after: datetime = NOW + timedelta(days=180),
        signed_with: hashes.HashAlgorithm | None = None,
        extra: Sequence[Extra] = (),
    ) -> Certificate:
        """A leaf for these names (NAME when none is given)."""
        wanted = names or (NAME,)
        alternatives = [_general_name(name) for name in wanted] if sans is None else list(sans)
        san = [(x509.SubjectAlternativeName(alternatives), False)] if alternatives else []
        return _sign(
            self,
            subject=_name(common_name or wanted[0][:64]),
            public=(key or new_key()).public_key(),
            period=(not_before, not_after),
            extensions=[(x509.BasicConstraints(ca, None), True), *_usage(usages), *san, *extra],
            signed_with=signed_with,
        )


def root(
    name: str = "Meadow Test Root",
    *,
    key: keys.PrivateKey | None = None,
    ca: bool = True,
    path_length: int | None = None,
    not_after: datetime = NOW + timedelta(days=7000),
) -> Authority:
    """A self-signed CA."""
    key = key or new_key()
    period = (NOW - timedelta(days=1000), not_after)
    extensions = _ca_extensions(ca, path_length, cert_sign=True)
    return Authority(_self_signed(_name(name), key, period, extensions), key)


def foreign_signature(of: Certificate) -> Certificate:
    """The certificate with one bit of its signature flipped."""
    der = bytearray(of.der)
    der[-1] ^= 1
    return certificate.from_der(bytes(der))


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(usages: Sequence[x509.ObjectIdentifier] | None) -> list[Extra]:
    return [] if usages is None else [(x509.ExtendedKeyUsage(usages), False)]


def _ca_extensions(ca: bool, path_length: int | None, cert_sign: bool) -> list[Extra]:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=cert_sign,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return [(x509.BasicConstraints(ca, path_length), True), (usage, True)]


def _self_signed(
    name: x509.Name, key: keys.PrivateKey, period: tuple[datetime, datetime], extensions: Sequence[Extra]
) -> Certificate:
    builder = _builder(name, name, key.public_key(), period, extensions)
    return _finished(builder.sign(key, hashes.SHA256()))


def _sign(
    by: Authority,
    *,
    subject: x509.Name,
    public: keys.PublicKey,
    period: tuple[datetime, datetime],
    extensions: Sequence[Extra],
    signed_with: hashes.HashAlgorithm | None,
) -> Certificate:
    builder = _builder(subject, by.certificate.parsed.subject, public, period, extensions)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False
    )
    return _finished(builder.sign(by.key, signed_with or hashes.SHA256()))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: keys.PublicKey,
    period: tuple[datetime, datetime],
    extensions: Sequence[Extra],
) -> x509.CertificateBuilder:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(period[0])
        .not_valid_after(period[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder


def _finished(signed: x509.Certificate) -> Certificate:
    return certificate.from_der(signed.public_bytes(serialization.Encoding.DER))

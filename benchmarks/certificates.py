"""Certificates of a large company, a million in minutes: as DER that parses like the real thing, signed by nobody.

Each is put together from parts that ``cryptography`` encoded once (names of issuers, extensions, key headers) and parts
of its own: serial, dates, names, key, SCTs. **The signature is random bytes of the right size and form**, and so are
those of the SCTs: reading a certificate costs the same, and nothing that is measured verifies one. The keys are real,
each its own, and no secrets: on a curve a point whose scalar follows from the seed, in RSA a modulus of four or eight
out of 128 primes (multi-prime RSA, RFC 8017 §3). The same seed gives the same bytes on every machine.
"""

from __future__ import annotations

import hashlib
import os
import random
import struct
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from ipaddress import ip_address
from math import gcd, prod
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from benchmarks.estate import Estate, Plan
from benchmarks.estate_words import Issuer

_FORM = 1  # of what is generated: another number, another file
_LENGTH = struct.Struct(">I")
_RSA_PRIMES = {"rsa-2048": 4, "rsa-4096": 8}  # of 512 bits each
_CURVES: dict[str, ec.EllipticCurve] = {"ec-p256": ec.SECP256R1(), "ec-p384": ec.SECP384R1()}
_EXPONENT = 65537

# AlgorithmIdentifiers (RFC 4055 §5, RFC 5758 §3.2), by what the issuer signs with
_ALGORITHM = {
    "rsa-2048": bytes.fromhex("300d06092a864886f70d01010b0500"),
    "rsa-4096": bytes.fromhex("300d06092a864886f70d01010c0500"),
    "ec-p256": bytes.fromhex("300a06082a8648ce3d040302"),
    "ec-p384": bytes.fromhex("300a06082a8648ce3d040303"),
}
_SIZE = {"rsa-2048": 256, "rsa-4096": 512, "ec-p256": 32, "ec-p384": 48}  # of a signature, or of its two numbers
_SAN = bytes.fromhex("0603551d11")
_SUBJECT_KEY_ID = bytes.fromhex("0603551d0e")
_SCTS = bytes.fromhex("060a2b06010401d679020402")  # RFC 6962 §3.3
_POLICIES = {"dv": "2.23.140.1.2.1", "ov": "2.23.140.1.2.2", "ev": "2.23.140.1.1"}  # BR 7.1.6.1
_VERSION_3 = bytes.fromhex("a003020102")
_LOGS = 6
_SHA256_ECDSA = b"\x04\x03"  # RFC 5246 §7.4.1.4.1


def certificates(estate: Estate, first: int = 0) -> Iterator[bytes]:
    """The certificates of an estate as DER, in the order of their numbers, from one on."""
    for number in range(first, estate.count):
        yield certificate(estate, number)


def certificate(estate: Estate, number: int) -> bytes:
    """The certificate of that number as DER."""
    plan, draw = estate.plan(number), estate.chance(number)
    issuer = plan.issuer
    algorithm = _ALGORITHM[issuer.key_spec]
    signed = _tlv(
        0x30,
        _VERSION_3,
        _tlv(0x02, bytes([draw.randrange(1, 128)]), draw.randbytes(15)),  # 16 bytes, positive
        algorithm,
        _issuer_name(issuer),
        _tlv(0x30, _time(plan.not_before), _time(plan.not_after)),
        _tlv(0x30, _subject(issuer, plan.organization), _common_name(plan.names[0])),
        spki := _public_key(estate.seed, plan.key_spec, plan.key),
        _tlv(0xA3, _tlv(0x30, *_extensions(plan, spki, draw))),
    )
    return _tlv(0x30, signed, algorithm, _tlv(0x03, b"\0", _signature(issuer.key_spec, draw)))


def stored(folder: Path, estate: Estate) -> Path:
    """The file with the certificates of an estate, written if it is not there: each behind its length in four bytes."""
    path = folder / f"certificates-{_FORM}-{estate.count}-{estate.seed}.der"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    with unfinished.open("wb", buffering=1 << 20) as file:
        for der in certificates(estate):
            file.write(_LENGTH.pack(len(der)))
            file.write(der)
    unfinished.replace(path)
    return path


def read(path: Path) -> Iterator[bytes]:
    """The certificates of such a file."""
    with path.open("rb", buffering=1 << 20) as file:
        while length := file.read(_LENGTH.size):
            yield file.read(_LENGTH.unpack(length)[0])


def _tlv(tag: int, *parts: bytes) -> bytes:
    """DER of a tag and its content (X.690 §8.1.3, definite form)."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def _time(moment: datetime) -> bytes:
    """A UTCTime: until 2049 (RFC 5280 §4.1.2.5)."""
    return _tlv(0x17, f"{moment:%y%m%d%H%M%SZ}".encode())


def _common_name(name: str) -> bytes:
    return _tlv(0x31, _tlv(0x30, bytes.fromhex("0603550403"), _tlv(0x0C, name.encode())))


@cache
def _issuer_name(issuer: Issuer) -> bytes:
    return _name(
        (NameOID.COUNTRY_NAME, issuer.country),
        (NameOID.ORGANIZATION_NAME, issuer.organization),
        (NameOID.COMMON_NAME, issuer.common_name),
    )


def _name(*attributes: tuple[x509.ObjectIdentifier, str]) -> bytes:
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in attributes]).public_bytes()


@cache
def _subject(issuer: Issuer, organization: str) -> bytes:
    """What stands before the common name: the content of a Name, without its tag and length."""
    if not organization:
        return b""
    attributes = [
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.STATE_OR_PROVINCE_NAME, "Niedersachsen"),
        (NameOID.LOCALITY_NAME, "Hannover"),
        (NameOID.ORGANIZATION_NAME, organization),
    ]
    if issuer.validation == "ev":  # EV Guidelines §9.2
        attributes += [
            (NameOID.BUSINESS_CATEGORY, "Private Organization"),
            (NameOID.JURISDICTION_COUNTRY_NAME, "DE"),
            (NameOID.SERIAL_NUMBER, f"HRB {len(organization) * 3571}"),
        ]
    name = _name(*attributes)
    return name[2 if name[1] < 0x80 else 2 + (name[1] & 0x7F) :]


def _extensions(plan: Plan, spki: bytes, draw: random.Random) -> Iterator[bytes]:
    yield _same_extensions(plan.issuer, plan.key_spec.startswith("rsa"))
    yield _extension(_SUBJECT_KEY_ID, _tlv(0x04, hashlib.sha1(spki, usedforsecurity=False).digest()))
    yield _extension(_SAN, _tlv(0x30, *map(_general_name, plan.names)))
    if plan.issuer.kind != "private":
        longer = (plan.not_after - plan.not_before).days >= 180  # those need a third log at some clients
        logs = draw.sample(range(_LOGS), 3 if longer else 2)
        scts = b"".join(_sct(log, plan.not_before, draw) for log in logs)
        yield _extension(_SCTS, _tlv(0x04, len(scts).to_bytes(2, "big"), scts))


def _extension(oid: bytes, content: bytes, *, critical: bool = False) -> bytes:
    return _tlv(0x30, oid, b"\x01\x01\xff" if critical else b"", _tlv(0x04, content))


def _general_name(name: str) -> bytes:
    if name[-1].isdigit():
        return _tlv(0x87, ip_address(name).packed)
    return _tlv(0x82, name.encode())


def _sct(log: int, at: datetime, draw: random.Random) -> bytes:
    """A signed certificate timestamp of a log (RFC 6962 §3.2); its signature is chance."""
    timestamp = int(at.timestamp() * 1000).to_bytes(8, "big")
    signature = _signature("ec-p256", draw)
    sct = (
        b"\0"
        + hashlib.sha256(bytes([log])).digest()
        + timestamp
        + b"\0\0"
        + _SHA256_ECDSA
        + len(signature).to_bytes(2, "big")
        + signature
    )
    return len(sct).to_bytes(2, "big") + sct


def _signature(key_spec: str, draw: random.Random) -> bytes:
    size = _SIZE[key_spec]
    if key_spec.startswith("rsa"):
        return b"\x01" + draw.randbytes(size - 1)
    return _tlv(0x30, *(_tlv(0x02, bytes([draw.randrange(1, 128)]), draw.randbytes(size - 1)) for _ in "rs"))


@cache
def _same_extensions(issuer: Issuer, is_rsa: bool) -> bytes:  # noqa: FBT001 - a cache has no keywords
    """The extensions that all its certificates for such keys have."""
    host = issuer.organization.split()[0].lower().strip("'") + ".ca.example"
    file = "".join(filter(str.isalnum, issuer.common_name))
    uri = x509.UniformResourceIdentifier
    points = [x509.DistributionPoint([uri(f"http://crl.{host}/{file}.crl")], None, None, None)]
    access = x509.AccessDescription
    told = [access(AuthorityInformationAccessOID.CA_ISSUERS, uri(f"http://cacerts.{host}/{file}.crt"))]
    if issuer.kind == "public":
        told.insert(0, access(AuthorityInformationAccessOID.OCSP, uri(f"http://ocsp.{host}")))
    usage = [is_rsa if name == "key_encipherment" else name == "digital_signature" for name in _USAGES]
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.AuthorityKeyIdentifier(hashlib.sha256(file.encode()).digest()[:20], None, None), False),
        (x509.KeyUsage(*usage), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.CRLDistributionPoints(points), False),
        (x509.AuthorityInformationAccess(told), False),
        (_policies(issuer, host), False),
    ]
    return b"".join(
        _extension(_oid(value.oid), value.public_bytes(), critical=critical) for value, critical in extensions
    )


_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def _policies(issuer: Issuer, host: str) -> x509.CertificatePolicies:
    own = _POLICIES.get(issuer.validation, "1.3.6.1.4.1.32473.1.1")  # RFC 5612: for examples
    return x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier(own), [f"https://www.{host}/CPS"] if issuer.validation else None)]
    )


def _oid(oid: x509.ObjectIdentifier) -> bytes:
    """An OID in DER (X.690 §8.19)."""
    first, second, *rest = map(int, oid.dotted_string.split("."))
    content = bytearray([first * 40 + second])
    for arc in rest:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return _tlv(0x06, bytes(content))


def _public_key(seed: int, key_spec: str, number: int) -> bytes:
    """A SubjectPublicKeyInfo: the same for the same number."""
    draw = random.Random((seed * 8 + 5) << 48 | number)
    if key_spec in _CURVES:
        scalar = draw.getrandbits(250) | 1
        point = ec.derive_private_key(scalar, _CURVES[key_spec]).public_key()
        return point.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    modulus = prod(draw.sample(_primes(), _RSA_PRIMES[key_spec]))
    head, tail = _around_modulus(_RSA_PRIMES[key_spec])
    return head + modulus.to_bytes(_RSA_PRIMES[key_spec] * 64, "big") + tail


@cache
def _around_modulus(primes: int) -> tuple[bytes, bytes]:
    """What stands before and behind the modulus of a key of so many primes."""
    modulus = prod(_primes()[:primes])
    key = rsa.RSAPublicNumbers(_EXPONENT, modulus).public_key()
    head, _, tail = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).partition(
        modulus.to_bytes(primes * 64, "big")
    )
    return head, tail


@cache
def _primes() -> tuple[int, ...]:
    """128 primes of 512 bits, so large that eight of them make 4096."""
    draw = random.Random(0)
    small = prod(number for number in range(3, 2000) if all(number % by for by in range(2, int(number**0.5) + 1)))
    found: list[int] = []
    while len(found) < 128:
        candidate = draw.getrandbits(512) | 0xF << 508 | 1
        # Fermat's test to two bases: of numbers of this size that nobody chose on purpose it errs on none
        if gcd(candidate, small) == 1 and all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3)):
            found.append(candidate)
    return tuple(found)

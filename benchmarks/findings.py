"""What the rules over an inventory cost: the cheap ones, the search for weak keys, and the linter, on one core."""

from __future__ import annotations

import argparse
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from benchmarks import play
from certwright.pki import certificate, keys, weak
from certwright.pki.certificate import Certificate
from certwright.policy.findings import findings, key_findings, lint_findings
from certwright.policy.judged import Judged, Served

NOW = datetime.now(UTC).replace(microsecond=0)
ROUNDS = 3
_LOAD = "import time; b = time.perf_counter(); import pkilint.cabf.serverauth; print(time.perf_counter() - b)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--certificates", type=int, default=5000, help="certificates of each round (default 5000)")


def run(certificates: int) -> dict[str, Any]:
    """Rates per second of one core; every certificate is read from its DER in the clock, as from the database."""
    play.progress(f"making {certificates} certificates")
    root_key, root = _authority("Benchmark Root")
    key, issuer = _authority("Benchmark CA", (root_key, root))
    rsa_keys = [keys.generate(keys.KeySpec.RSA_2048).public_key() for _ in range(5)]
    ders = [_leaf(number, key, issuer) for number in range(certificates)]
    rsa_ders = [_leaf(n, key, issuer, rsa_keys[n % len(rsa_keys)]) for n in range(certificates // 20)]

    def alone(leaf: Certificate) -> Judged:
        return Judged(leaf, public=True, issuer=issuer)

    def private(leaf: Certificate) -> Judged:
        return Judged(leaf, public=False, issuer=issuer)

    def served(leaf: Certificate) -> Judged:
        place = Served(f"tls://{leaf.names[0]}:443", (issuer, root))
        return Judged(leaf, public=True, issuer=issuer, served=(place,))

    return {
        "parsed_per_second": _rate("reading alone", ders, lambda leaf: leaf.names),
        "cheap_per_second": _rate("cheap rules", ders, lambda leaf: findings(alone(leaf), NOW)),
        "cheap_private_per_second": _rate("of a private CA", ders, lambda leaf: findings(private(leaf), NOW)),
        "cheap_served_per_second": _rate("with a chain", ders, lambda leaf: findings(served(leaf), NOW)),
        "weak_rsa_2048_per_second": _rate("weak RSA keys", rsa_ders, lambda leaf: key_findings(alone(leaf), NOW)),
        "weak_ec_per_second": _rate("weak EC keys", ders, lambda leaf: key_findings(alone(leaf), NOW)),
        "with_blocklist": weak.has_blocklist(),
        "lint_per_second": _rate("lint", rsa_ders, lambda leaf: lint_findings(Judged(leaf, public=True), NOW)),
        "lint_with_issuer_per_second": _rate("with issuer", rsa_ders, lambda leaf: lint_findings(alone(leaf), NOW)),
        "lint_load_seconds": _load(),
    }


def _rate(what: str, ders: Sequence[bytes], judge: Callable[[Certificate], object]) -> int:
    """Certificates per second of processor time, the median of some rounds after one that fills caches."""
    play.progress(what)
    rates = []
    for number in range(ROUNDS + 1):
        begin = time.process_time()
        for der in ders if number else ders[:50]:
            judge(certificate.from_der(der))
        rates.append(len(ders) / (time.process_time() - begin))
    return round(statistics.median(rates[1:]))


def _load() -> float:
    """Seconds that loading the linter adds to a process."""
    told = [
        subprocess.run([sys.executable, "-c", _LOAD], capture_output=True, check=True).stdout for _ in range(ROUNDS)
    ]
    return round(statistics.median(map(float, told)), 2)


def _authority(
    name: str, by: tuple[keys.PrivateKey, Certificate] | None = None
) -> tuple[ec.EllipticCurvePrivateKey, Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_key, issuer = (key, subject) if by is None else (by[0], by[1].parsed.subject)
    builder = _builder(subject, issuer, key.public_key(), timedelta(days=3650))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return key, certificate.from_der(builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.DER))


def _leaf(number: int, key: keys.PrivateKey, issuer: Certificate, public: rsa.RSAPublicKey | None = None) -> bytes:
    """One with three names, as CAs issue them but for its SCTs."""
    host = f"n{number}.meadow.com"
    names = x509.SubjectAlternativeName([x509.DNSName(name) for name in (host, f"www.{host}", f"*.{host}")])
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    holder = public or ec.generate_private_key(ec.SECP256R1()).public_key()
    builder = _builder(subject, issuer.parsed.subject, holder, timedelta(days=190))
    builder = builder.add_extension(names, critical=False).add_extension(usages, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _builder(
    subject: x509.Name, issuer: x509.Name, public: keys.PublicKey, lifetime: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(secrets.randbits(127) | 1 << 127)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + lifetime)
    )

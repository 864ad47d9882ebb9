"""The quick rules over a whole inventory: from rows to findings, on one core with the database; again a day later."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from benchmarks import certificates, inventory_parts, play
from benchmarks.estate import TODAY, Estate
from benchmarks.estate_words import ISSUERS, Issuer
from benchmarks.inventory import own_database, part, rounded
from certwright.engine.discovering import Discovering, Places
from certwright.engine.judging import Judging
from certwright.model.inventory import Find, Source, SourceKind
from certwright.pki import keys
from certwright.store import models
from certwright.store.findings import Findings
from certwright.wiring import public_roots

Figures = dict[str, Any]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--rows", type=int, default=100_000, help="certificates (default 100000)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--folder", type=Path, help="where generated certificates are kept for the next run")


def run(rows: int, database: str, folder: Path | None) -> Figures:
    """Judge an estate of which a third is in force, each of that served somewhere with an intermediate.

    Its signatures are chance, so that each is verified, in vain, against the CA certificate of its issuer's name: every
    certificate in force gets a finding at least.
    """
    figures: Figures = {"rows": rows, "database": database}
    for count, suffix in ((rows // 10, "_of_a_tenth"), (rows, "")):
        with play.home() as home, own_database(database):
            path = certificates.stored(folder or home.parent, Estate(count))
            part("import", fill, path, count)
            judged = part(f"judging {count} certificates", judge, count)
            figures[f"peak_memory_mb{suffix}"] = judged.pop("process_peak_mb")
            figures |= judged
    return {name: rounded(value) for name, value in figures.items()}


def fill(path: Path, count: int) -> Figures:
    """Import them: those in force as a scan finds them, the others from a list."""
    certwright = inventory_parts.opened()
    estate = Estate(count)
    above = {issuer: _authority(issuer) for issuer in ISSUERS}

    def finds(source: Source, _: int) -> Iterator[tuple[int, Find]]:
        for number, der in enumerate(certificates.read(path), 1):
            plan = estate.plan(number - 1)
            host = plan.names[0].replace("*", "www")
            if (plan.not_after >= TODAY) != (source.kind is SourceKind.SCAN):
                continue
            if source.kind is SourceKind.SCAN:
                yield number, Find(f"tls://{host}:443", (der, above[plan.issuer]), protocol="TLSv1.3")
            else:
                yield number, Find(f"file:/old/{number}.pem", (der,))

    look = Places(certwright.sources, finds, complete=False)
    for kind in (SourceKind.SCAN, SourceKind.FOLDER):
        Discovering(certwright.sources, {kind: look}).now(certwright.sources.add(kind, kind))
    return {}


def judge(count: int) -> Figures:
    """All of them once, and a day later those that are due by then."""
    inventory_parts.opened()
    clock = _Moved()
    judging = Judging(Findings(clock), clock, public_roots)
    began, processor = time.perf_counter(), time.process_time()
    first = judging.quick()
    seconds, processor = time.perf_counter() - began, time.process_time() - processor
    if first.judged != count:
        raise RuntimeError(f"not every certificate was judged: {first}")
    clock.at += timedelta(days=1, hours=1)
    began, processor_again = time.perf_counter(), time.process_time()
    again = judging.quick()
    seconds_again, processor_again = time.perf_counter() - began, time.process_time() - processor_again
    began = time.perf_counter()
    judging.quick()
    return {
        "judged_per_second": count / seconds,
        "judged_per_processor_second": count / processor,
        "judged_again": again.judged,
        "judged_again_per_second": again.judged / seconds_again,
        "judged_again_per_processor_second": again.judged / processor_again,
        "nothing_due_ms": (time.perf_counter() - began) * 1000,
        "findings": models.Finding.objects.count(),
    }


class _Moved:
    """A clock that stands at TODAY until it is moved."""

    def __init__(self) -> None:
        self.at = TODAY

    def now(self) -> datetime:
        """The time it was moved to."""
        return self.at


def _authority(issuer: Issuer) -> bytes:
    """A CA certificate with the name of that issuer."""
    key = keys.generate(keys.KeySpec(issuer.key_spec))
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, issuer.country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, issuer.organization),
            x509.NameAttribute(NameOID.COMMON_NAME, issuer.common_name),
        ]
    )
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(TODAY - timedelta(days=900)).not_valid_after(TODAY + timedelta(days=900))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

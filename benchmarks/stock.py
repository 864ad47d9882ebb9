"""An installation to order in, and to fill with certificates. Opened in this process, at CERTWRIGHT_HOME."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.db import connections

from certwright.cas.http import Transport
from certwright.doors.cli.logs import to_standard_error
from certwright.model.order import Request
from certwright.model.words import KeyKind, Operation, OrderState
from certwright.pki import csr, keys
from certwright.pki.certificate import from_der
from certwright.pki.keys import KeySpec
from certwright.store import models
from certwright.store.inventory import certificate_columns
from certwright.store.orders import KeyWish
from certwright.wiring import Certwright

_BATCH = 5_000
_SERIAL = bytes.fromhex("5a" * 16)
_LABEL = "n00000000"


to_standard_error("error")


class Shop:
    """Places orders for names under one domain, as fast as they can be recorded."""

    def __init__(self, domain: str) -> None:
        self.certwright = Certwright()
        self.placed = 0
        self._domain = domain

    def place(self, count: int) -> list[int]:
        """Record so many orders."""
        placed = []
        for _ in range(count):
            name = f"n{self.placed}.{self._domain}"
            order, _ = self.certwright.orders.create(
                "bench",
                Request(Operation.NEW, (name,), name, "ssl_basic"),
                KeyWish(KeyKind.SOFTWARE, KeySpec.EC_P256, label=name),
                reference=self.certwright.new_reference(),
            )
            placed.append(order.id)
            self.placed += 1
        return placed

    def place_and_run(self, count: int) -> None:
        """Record so many orders and advance each in this process; raises unless every one is issued."""
        for order_id in self.place(count):
            order = self.certwright.runner.order(order_id)
            if order is None or order.state is not OrderState.ISSUED:
                raise RuntimeError(f"order {order_id}: {order}")

    def open_orders(self) -> int:
        """How many orders have not ended; raises when one has failed."""
        failed = models.Order.objects.filter(state=OrderState.FAILED).first()
        if failed:
            raise RuntimeError(f"order {failed.pk} failed: {failed.why}")
        return models.Order.objects.exclude(state=OrderState.ISSUED).count()

    @contextmanager
    def measured(self, watch: Callable[[str, Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
        """Time the commits, the calls to the CA, and the cryptography of whatever runs in the block."""
        database = connections["default"]
        database.ensure_connection()
        places: list[tuple[Any, str, str]] = [
            (type(database), "_commit", "commits"),
            (Transport, "_call", "calls_to_the_ca"),
            (keys, "generate", "keys_and_csrs"),
            (csr, "build", "keys_and_csrs"),
        ]
        kept = [getattr(owner, name) for owner, name, _ in places]
        for (owner, name, part), function in zip(places, kept, strict=True):
            setattr(owner, name, watch(part, function))
        try:
            yield
        finally:
            for (owner, name, _), function in zip(places, kept, strict=True):
                setattr(owner, name, function)

    def stock(self, count: int, progress: Callable[[str], None]) -> None:
        """Store so many different leaf certificates, as a first import would: read from their DER, in batches."""
        pattern = _pattern()
        now = datetime.now(UTC)
        for start in range(0, count, _BATCH):
            rows = (
                models.Certificate(**certificate_columns(from_der(_variant(pattern, number))), recorded_at=now)
                for number in range(start, min(start + _BATCH, count))
            )
            models.Certificate.objects.bulk_create(rows, batch_size=_BATCH)
            if (start // _BATCH) % 20 == 19:
                progress(f"{start + _BATCH} of {count}")


def _pattern() -> bytes:
    """A leaf as a public CA issues them; serial, name, key and signature are replaced in each copy."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = f"{_LABEL}.stock.example"
    issuer = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Stock Issuing CA"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Stock"),
        ]
    )
    now = datetime.now(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(_SERIAL, "big"))
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=198))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), x509.DNSName(f"www.{name}")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(secrets.token_bytes(20), None, None), critical=False)
    )
    signed = builder.sign(key, hashes.SHA256())
    return signed.public_bytes(Encoding.DER)


def _variant(pattern: bytes, number: int) -> bytes:
    """The same certificate with another serial and other names: a different one, as far as storing it goes."""
    serial = b"\x5a" + secrets.token_bytes(15)
    return pattern.replace(_SERIAL, serial).replace(_LABEL.encode(), f"n{number:08d}".encode())

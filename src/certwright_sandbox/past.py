"""What orders of the past have in common, whichever CA has them: how many, when placed, their CSR, their serials."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from certwright_sandbox.playing import NotPossible, Switches

T = TypeVar("T")
SPAN = timedelta(days=730)
TURN = 40  # what becomes of an order is decided by its place among so many
MOST = 200_000


class Lots:
    """Choices that look like chance, and are the same ones whenever the name is the same."""

    def __init__(self, name: str) -> None:
        """`name` is what the choices are for, with the sandbox's seed in it."""
        self._left = int.from_bytes(hashlib.blake2b(name.encode()).digest(), "big")

    def below(self, count: int) -> int:
        """A number from 0 up to but without `count`. All numbers drawn may multiply to 2**500 or so."""
        self._left, drawn = divmod(self._left, count)
        return drawn

    def one_of(self, rows: Sequence[T]) -> T:
        """One of the rows."""
        return rows[self.below(len(rows))]

    def is_one_in(self, count: int) -> bool:
        """True once in so many."""
        return self.below(count) == 0


def count_of(switches: Switches) -> int:
    """How many orders of the past the switch `orders` wants; 0 without it. Raises NotPossible."""
    count = switches.get("orders", 0)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MOST:
        raise NotPossible(f"orders cannot be {count!r}")
    return count


def placing_times(count: int, now: datetime) -> Iterator[datetime]:
    """When so many orders were placed, the oldest first: most are young, so that most certificates are valid."""
    for index in range(count):
        yield now - SPAN * ((count - index) / count) ** 3


def new_csr() -> str:
    """A CSR as PEM that many orders can share; nobody keeps its key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stock.example")])
    key = ec.generate_private_key(ec.SECP256R1())
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def serial_of(name: str) -> int:
    """The serial of the certificate that has this name in the sandbox: 16 bytes, always the same ones."""
    digest = hashlib.sha256(name.encode()).digest()[:16]
    return int.from_bytes(digest, "big") >> 1 | 1 << 126

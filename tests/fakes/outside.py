"""The smaller ports in memory: keys, inventory, catalogue, standing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from certwright.model.ca import Organization, Product
from certwright.model.errors import CertwrightError, LostLease, Refused
from certwright.model.order import KeyReference, Order, Revocation
from certwright.model.words import KeyKind
from certwright.pki import csr as csrs
from certwright.pki import keys as pki_keys
from certwright.pki.chain import Chain
from certwright.pki.keys import PrivateKey
from certwright.policy import cadence
from tests.cases.authority import new_key
from tests.fakes.clock import FakeClock
from tests.fakes.journal import Tables


@dataclass
class FakeKeys:
    """Keys in "software" (a new one each time, in its envelope) and in a "token" that may be away or refuse."""

    trouble: CertwrightError | None = None  # raised by every call
    token: dict[str, PrivateKey] = field(default_factory=dict)  # by CKA_ID, survives a crash
    chains: dict[str, Chain] = field(default_factory=dict)
    made: int = 0
    signed: int = 0

    def make(self, key: KeyReference) -> KeyReference:
        """As :class:`certwright.model.ports.Keys`."""
        self._fail()
        if key.made:
            return key
        if key.kind is KeyKind.PKCS11 and key.cka_id in self.token:
            return replace(key, public_key_sha256=_hash(self.token[key.cka_id]))
        private = new_key()
        self.made += 1
        if key.kind is KeyKind.PKCS11:
            self.token[key.cka_id] = private
            return replace(key, public_key_sha256=_hash(private))
        return replace(key, public_key_sha256=_hash(private), sealed=pki_keys.private_key_to_pkcs8(private))

    def sign_csr(self, key: KeyReference, names: Sequence[str], common_name: str) -> bytes:
        """As :class:`certwright.model.ports.Keys`."""
        self._fail()
        self.signed += 1
        private = self.token[key.cka_id] if key.kind is KeyKind.PKCS11 else pki_keys.private_key_from_der(key.sealed)
        return csrs.build(private, names, common_name=common_name)

    def store_chain(self, key: KeyReference, chain: Chain) -> str:
        """As :class:`certwright.model.ports.Keys`."""
        if key.kind is not KeyKind.PKCS11:
            return ""
        self._fail()
        self.chains[key.cka_id] = chain
        return f"token {key.token}"

    def _fail(self) -> None:
        if self.trouble is not None:
            raise self.trouble


def _hash(private: PrivateKey) -> str:
    return pki_keys.public_key_sha256(private.public_key())


@dataclass
class FakeInventory:
    """Certificates by fingerprint; as the store's, it takes nothing from a worker that has lost its lease."""

    orders: Tables[Order]
    recorded: dict[str, int] = field(default_factory=dict)  # to the order
    revocations: list[int] = field(default_factory=list)

    def record(self, order: Order, chain: Chain) -> str:
        """As :class:`certwright.model.ports.Inventory`."""
        row = self.orders.rows[order.id]
        if row.fence != order.fence:
            raise LostLease(f"order {order.id} is no longer ours")
        self.recorded[chain.leaf.fingerprint] = order.id
        row.subject = replace(row.subject, fingerprint=chain.leaf.fingerprint)
        return chain.leaf.fingerprint

    def revoked(self, revocation: Revocation, at: datetime) -> int:
        """As :class:`certwright.model.ports.Inventory`."""
        again = revocation.id in self.revocations
        self.revocations.append(revocation.id)
        return 0 if again else 1


@dataclass
class FakeCatalogue:
    """One product, one organization, unless told otherwise."""

    products: list[Product] = field(default_factory=lambda: [Product("tls", "TLS Basic", "ov", public_trust=True)])
    organizations: list[Organization] = field(default_factory=lambda: [Organization("7", "Meadow GmbH")])

    def product(self, ca_id: str) -> Product | None:
        """As :class:`certwright.model.ports.Catalogue`."""
        return next((product for product in self.products if product.ca_id == ca_id), None)

    def organization(self, wanted: str) -> Organization | None:
        """As :class:`certwright.model.ports.Catalogue`."""
        active = [found for found in self.organizations if found.active]
        fitting = [found for found in active if wanted in ("", found.ca_id, found.name)]
        return fitting[0] if len(fitting) == 1 else None


@dataclass
class FakeStanding:
    """Remembers what it was told; ``askable`` as the store's due query would have it."""

    clock: FakeClock
    failures: int = 0
    quiet_until: datetime | None = None
    paused: str = ""
    answers: int = 0

    def quiet(self, until: datetime, why: str) -> None:
        """As :class:`certwright.model.ports.Standing`."""
        self.quiet_until = max(until, self.quiet_until or until)

    def failed(self, why: str) -> datetime:
        """As :class:`certwright.model.ports.Standing`."""
        until = self.clock.now() + cadence.after_trouble(self.failures)
        self.failures += 1
        if self.failures >= 3:
            self.quiet_until = until
        return until

    def answered(self) -> None:
        """As :class:`certwright.model.ports.Standing`."""
        self.answers += 1
        if self.failures:
            self.failures, self.quiet_until = 0, None

    def pause(self, why: str) -> None:
        """As :class:`certwright.model.ports.Standing`."""
        self.paused = why

    def askable(self) -> bool:
        """Whether orders of the account are due at all."""
        return not self.paused and (self.quiet_until is None or self.quiet_until <= self.clock.now())


def refusing() -> Refused:
    """What a token says that has no room left."""
    return Refused("The token is full.", advice="Delete old certificates from it.")

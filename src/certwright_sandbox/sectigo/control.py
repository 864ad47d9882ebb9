"""Control over names: the request token, where it must stand, and a look whether it stands there (sectigo.md §7)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from certwright_sandbox.leaf import csr_der
from certwright_sandbox.names import base_name, is_address, places
from certwright_sandbox.sectigo.naming import CNAME, FILE_METHODS, HTTPS
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.records import Name, Order, Proven
from certwright_sandbox.sectigo.validity import oldest_proof
from certwright_sandbox.validators import Validators

FILE_FOLDER = "/.well-known/pki-validation/"
ZONES = ("sectigo.com", "comodoca.com")  # both are in production use (sectigo.md §7.2)
TOKEN_LIFETIME = timedelta(days=30)


@dataclass(frozen=True)
class Token:
    """A request token: the digests of the CSR in lower-case hex, and the unique value."""

    md5: str
    sha256: str
    unique_value: str

    @property
    def path(self) -> str:
        """Where the file must be."""
        return f"{FILE_FOLDER}{self.md5.upper()}.txt"

    def is_file(self, text: str) -> bool:
        """Whether a file holds the token: white space and case do not matter, every part does."""
        words = [word.lower() for word in text.split()]
        unique = [self.unique_value.lower()] if self.unique_value else []
        return any(words == [self.sha256, zone, *unique] for zone in ZONES)

    def is_target(self, target: str) -> bool:
        """Whether a CNAME points where the token wants it."""
        labels = [self.sha256[:32], self.sha256[32:], *([self.unique_value.lower()] if self.unique_value else [])]
        return any(target.lower() == ".".join([*labels, zone]) for zone in ZONES)


def token_of(order: Order) -> Token:
    """The order's request token, from its CSR's DER."""
    der = csr_der(order.csr)
    md5 = hashlib.md5(der).hexdigest()  # noqa: S324 - the CA's protocol (sectigo.md §7.2)
    return Token(md5, hashlib.sha256(der).hexdigest(), order.unique_value)


async def look(validators: Validators, token: Token, name: str, method: str) -> bool:
    """Whether the proof of control over a name stands where the method puts it."""
    plain = base_name(name)
    if method in FILE_METHODS:
        text = await validators.file(plain, token.path, tls=method == HTTPS)
        return text is not None and token.is_file(text)
    if method != CNAME or is_address(plain):
        return False  # a mail is answered by a person: `POST /validate`
    for place in places(plain):
        target = await validators.cname(f"_{token.md5}.{place}")
        if target is not None and token.is_target(target):
            return True
    return False


async def check(office: Office, order: Order, *, asked: bool) -> None:
    """Look once for the proof of every name that lacks it, or let it be as the account's `dcv` switch says.

    `asked`: a client wants the look; only such looks count towards a number in the switch.
    """
    if asked:
        order.checks += 1
    switch = office.account_of(order).dcv
    if switch == "auto" or (isinstance(switch, int) and asked and order.checks >= switch):
        prove(office, order, [name.name for name in order.unproven])
    elif switch == "look" and order.unproven and office.now() < order.changed_at + TOKEN_LIFETIME:
        token = token_of(order)
        found = [
            name.name for name in order.unproven if await look(office.world.validators, token, name.name, name.method)
        ]
        prove(office, order, found)


async def is_companion_proven(office: Office, order: Order, companion: str) -> bool:
    """Whether the name that comes along is proven too.

    A record or address at a name covers what is below it; a file covers its own host alone (sectigo.md §7.4).
    """
    first = order.names[0]
    if office.account_of(order).dcv != "look":
        return True
    if companion == base_name(first.name):
        return True  # a wildcard is proven at its base
    if companion.endswith(f".{first.name}") and first.method not in FILE_METHODS:
        return True
    if first.email:
        return first.email.endswith(f"@{companion}")
    return await look(office.world.validators, token_of(order), companion, first.method)


def prove(office: Office, order: Order, names: Iterable[str]) -> None:
    """Control over these names of the order is proven from now on, for later orders of the account, too."""
    proven, now = set(names), office.now()
    if not proven:
        return
    order.names = tuple(
        replace(name, proven_at=now) if name.name in proven and name.proven_at is None else name for name in order.names
    )
    for name in proven:
        number = f"{order.account}/{name}"
        known = office.proven.get(number)
        if known is None:
            office.proven.add(Proven(number, now))
        else:
            known.at = now


def with_earlier_proofs(office: Office, account: str, names: tuple[Name, ...]) -> tuple[Name, ...]:
    """The names with the proofs of earlier orders that may be used again (sectigo.md §12, §18); of that very name."""
    oldest = oldest_proof(office.now())
    found = [(name, office.proven.get(f"{account}/{name.name}")) for name in names]
    return tuple(
        replace(name, proven_at=proof.at) if proof is not None and proof.at > oldest else name for name, proof in found
    )

"""A large company's certificates, as a plan: which names, issuers, dates and owners each has. Same seed, same company.

Every certificate is told from its number alone, so that nothing is kept in memory and any part can be asked for. The
numbers go through the estate in no order: neighbours are of other lineages, years and issuers, the hardest case for
an index. All names end in ``example`` (RFC 2606 §2), addresses are private or of documentation (RFC 1918, 3849, 5737).
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import TypeVar

from benchmarks.estate_words import (
    APPLICATIONS,
    ENVIRONMENTS,
    ISSUERS,
    ORGANIZATIONS,
    SUFFIXES,
    TAGS,
    TEAMS,
    WORDS,
    Issuer,
)
from certwright.model.words import CertificateState, RevocationReason

Choice = TypeVar("Choice")

TODAY = datetime(2026, 11, 21, 12, tzinfo=UTC)  # the day on which all of this is so, whenever it is run
_VALID = 0.35
_REVOKED = 0.03
_LINEAGES = (3, 4, 4, 5, 6, 8)  # lengths, over and over: five on average
_LINEAGE_ENDS = tuple(accumulate(_LINEAGES))
_DOMAINS = (2, 4, 8, 12, 24, 40, 70, 160)  # hosts of a domain, over and over: forty on average
_DOMAIN_ENDS = tuple(accumulate(_DOMAINS))
_KEYS = (("rsa-2048", 40), ("ec-p256", 50), ("rsa-4096", 6), ("ec-p384", 4))
_SAN_COUNTS = (((1, 1), 35), ((2, 2), 30), ((3, 3), 12), ((4, 6), 8), ((7, 15), 8), ((16, 40), 5), ((41, 100), 2))
_REASONS = (RevocationReason.SUPERSEDED, RevocationReason.CESSATION_OF_OPERATION, RevocationReason.KEY_COMPROMISE)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a certificate says. ``key`` numbers its key pair: renewals of some lineages keep it."""

    issuer: Issuer
    names: tuple[str, ...]  # the first is the common name
    organization: str  # "" where only the domain was validated
    not_before: datetime
    not_after: datetime
    key_spec: str
    key: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a certificate beside its bytes; "" for what is not. ``replaces`` is a number of the estate.

    ``account`` is a CA account of ``ca``. No CA account has the certificates of private CAs and of ACME.
    """

    ca: str
    account: str
    order_id: str
    certificate_id: str
    product: str
    owner: str
    tags: tuple[str, ...]
    state: CertificateState
    revoked_at: datetime | None
    reason: RevocationReason | None
    replaces: int | None


@dataclass(frozen=True, slots=True)
class _Service:
    """What the certificates of a lineage have in common."""

    issuer: Issuer
    names: tuple[str, ...]
    organization: str
    key_spec: str
    keeps_key: bool
    valid: int  # so many of the newest are in force
    account: str
    owner: str
    tags: tuple[str, ...]


class Estate:
    """So many certificates of a company."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self.count = count
        self.seed = seed
        step = int(count * 0.618) | 1
        while math.gcd(step, count) != 1:
            step += 2
        self._step = step
        self._back = pow(step, -1, count) if count > 1 else 0
        self._service = lru_cache(maxsize=4096)(self._make_service)

    def plan(self, number: int) -> Plan:
        """What the certificate of that number says."""
        place = number * self._step % self.count
        number_of_service, age = _lineage(place)
        service = self._service(number_of_service)
        draw = self._random(2, place)
        not_before, not_after = _dates(service.issuer, age, service.valid, draw)
        key = number_of_service if service.keeps_key else self.count + place
        return Plan(service.issuer, service.names, service.organization, not_before, not_after, service.key_spec, key)

    def known(self, number: int) -> Known:
        """What is known of it."""
        place = number * self._step % self.count
        number_of_service, age = _lineage(place)
        service = self._service(number_of_service)
        not_before, not_after = _dates(service.issuer, age, service.valid, self._random(2, place))
        draw = self._random(3, place)
        revoked = draw.random() < _REVOKED
        state = CertificateState.REPLACED if age else CertificateState.VALID
        last = age == _LINEAGES[number_of_service % len(_LINEAGES)] - 1 or place + 1 == self.count
        ours = bool(service.account)
        return Known(
            ca=service.issuer.ca if ours else "",
            account=service.account,
            order_id=str(100_000_000 + place) if ours else "",
            certificate_id=str(500_000_000 + place) if ours else "",
            product=service.issuer.product if ours else "",
            owner=service.owner,
            tags=service.tags,
            state=CertificateState.REVOKED if revoked else state,
            revoked_at=min(not_before + (not_after - not_before) * draw.random(), TODAY) if revoked else None,
            reason=draw.choice(_REASONS) if revoked else None,
            replaces=None if last else (place + 1) * self._back % self.count,
        )

    def chance(self, number: int) -> random.Random:
        """Chance for the bytes of that certificate that nobody looks at: serial, signatures."""
        return self._random(1, number)

    def _random(self, purpose: int, number: int) -> random.Random:
        return random.Random((self.seed * 8 + purpose) << 48 | number)

    def _make_service(self, number: int) -> _Service:
        draw = self._random(4, number)
        issuer = _weighted(draw, tuple((issuer, issuer.weight) for issuer in ISSUERS))
        length = _LINEAGES[number % len(_LINEAGES)]
        accounts = ("main", "main", "shops") if issuer.ca == "digicert" else ("main",)
        return _Service(
            issuer=issuer,
            names=_names(number, issuer, draw),
            organization=draw.choice(ORGANIZATIONS) if issuer.validation in ("ov", "ev") else "",
            key_spec=_weighted(draw, _KEYS),
            keeps_key=draw.random() < 0.2,
            valid=int(length * _VALID + draw.random()),
            account=f"{issuer.ca}-{draw.choice(accounts)}" if issuer.ca else "",
            owner=TEAMS[int(len(TEAMS) * draw.random() ** 2)] if draw.random() < 0.7 else "",
            tags=tuple(sorted(draw.sample(TAGS, draw.choice((1, 1, 2, 3))))) if draw.random() < 0.4 else (),
        )


def _lineage(place: int) -> tuple[int, int]:
    """The service whose certificate stands there, and how many newer ones that has."""
    rounds, rest = divmod(place, _LINEAGE_ENDS[-1])
    at = bisect_right(_LINEAGE_ENDS, rest)
    return rounds * len(_LINEAGES) + at, rest - (_LINEAGE_ENDS[at - 1] if at else 0)


def _dates(issuer: Issuer, age: int, valid: int, draw: random.Random) -> tuple[datetime, datetime]:
    """First and last second: of one in force where fewer are newer than ``valid``, else of one that is over."""
    chance = draw.random()
    if age < valid:
        days = _days_in_force(issuer, (age + chance) / valid)
    else:
        first, spread = {"acme": (91, 90), "private": (731, 400)}.get(issuer.kind, (400, 420))
        days = int(first + spread * (age - valid + chance * 0.95))
    midnight = TODAY.replace(hour=0) - timedelta(days=days)
    begins = midnight + timedelta(seconds=draw.randrange(40_000)) if issuer.kind == "acme" else midnight
    return begins, begins + timedelta(days=_lifetime(issuer, begins), seconds=-1)


def _days_in_force(issuer: Issuer, part: float) -> int:
    """How long ago one began that is still in force; ``part`` of the way to the longest ago."""
    if issuer.kind != "public":
        return int(part * (88 if issuer.kind == "acme" else 728))
    # issued since the limit of 200 days, or before it and with 398: in between they have ended
    return int(part / 0.75 * 199) if part < 0.75 else 252 + int((part - 0.75) / 0.25 * 145)


def _lifetime(issuer: Issuer, begins: datetime) -> int:
    """Days: as the Baseline Requirements 6.3.2 allowed at that time."""
    if issuer.kind != "public":
        return 90 if issuer.kind == "acme" else 730
    if begins >= datetime(2026, 3, 15, tzinfo=UTC):
        return 200
    return 398 if begins >= datetime(2020, 9, 1, tzinfo=UTC) else 825


def _names(service: int, issuer: Issuer, draw: random.Random) -> tuple[str, ...]:
    """Its SANs: hosts of its own domain, which others of the domain may have too."""
    low, high = _weighted(draw, _SAN_COUNTS)
    count = draw.randint(low, high)
    chance = draw.random()
    host = _host(service)
    first = f"*.{host}" if chance < 0.06 else host
    names = [first]
    if count > 1:
        names.append(host if first != host else f"www.{host}" if chance < 0.5 else _host(_neighbour(service, 1)))
    names += [_host(_neighbour(service, step)) for step in range(2, min(count, _hosts_beside(service) + 1))]
    names += [f"edge{step}.{host}" for step in range(count - len(names))]
    if draw.random() < (0.1 if issuer.kind == "private" else 0.01):
        last = draw.randrange(1, 255)
        private = f"10.{draw.randrange(256)}.{draw.randrange(256)}.{last}"
        names[-1 if count > 1 else 1 :] = [private if issuer.kind == "private" else f"203.0.113.{last}"]
    return tuple(dict.fromkeys(names))


def _domain(service: int) -> tuple[int, int, int]:
    """The number of its domain, the first service of that, and how many there are."""
    rounds, rest = divmod(service, _DOMAIN_ENDS[-1])
    at = bisect_right(_DOMAIN_ENDS, rest)
    return rounds * len(_DOMAINS) + at, service - rest + (_DOMAIN_ENDS[at - 1] if at else 0), _DOMAINS[at]


def _neighbour(service: int, step: int) -> int:
    """Another service of its domain."""
    _, first, size = _domain(service)
    return first + (service - first + step) % size


def _hosts_beside(service: int) -> int:
    return _domain(service)[2] - 1


def _host(service: int) -> str:
    """The host name of a service; the first of a domain has the domain itself."""
    number, first, _ = _domain(service)
    domain = _domain_name(number)
    place = service - first
    if not place:
        return domain
    round_, application = divmod(place * 7 + number % 7, len(APPLICATIONS))
    environment = ENVIRONMENTS[(place + number) % len(ENVIRONMENTS)]
    return f"{APPLICATIONS[application]}{round_:02}{environment}.{domain}"


def _domain_name(number: int) -> str:
    round_, rest = divmod(number, len(WORDS) ** 2)
    first, second = divmod(rest * 2741 % len(WORDS) ** 2, len(WORDS))
    return f"{WORDS[first]}{'-' if number % 3 else ''}{WORDS[second]}{round_ or ''}{SUFFIXES[number % len(SUFFIXES)]}"


def _weighted(draw: random.Random, choices: Sequence[tuple[Choice, int]]) -> Choice:
    return draw.choices([value for value, _ in choices], [weight for _, weight in choices])[0]

"""Publishes the proofs that a target of ours serves, and takes them away: rows first, then the world.

After a crash anywhere a row tells what may stand where, and publishing and withdrawing can be repeated.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import structlog

from certwright.model.ca import Proof
from certwright.model.errors import CertwrightError, Misconfigured
from certwright.model.order import Order
from certwright.model.words import DCVMethod
from certwright.store.targets import Challenge, ChallengeStore, Target, Targets
from certwright.targets.dcv.kinds import Kind
from certwright.targets.dcv.publisher import Publisher

PERIOD = timedelta(minutes=5)
_BATCH = 20  # a target that does not answer may cost half a minute each
_MANY_VALUES = frozenset({DCVMethod.DNS_TXT})  # elsewhere only one value can stand at a place

PublisherFor = Callable[[Target], Publisher]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Challenges:
    """See :class:`certwright.model.ports.Challenges`. ``publisher_for`` opens a target with its secrets."""

    targets: Targets
    store: ChallengeStore
    publisher_for: PublisherFor

    def serves(self, proof: Proof) -> bool:
        """See :class:`certwright.model.ports.Challenges`."""
        return self._serving(proof) is not None

    def publish(self, order: Order, proof: Proof) -> str:
        """See :class:`certwright.model.ports.Challenges`. Once it stands there, that is one look at our own rows."""
        challenge = self._open(order, proof)
        if challenge.published_at is None:
            self.put(challenge)
        return f"target {challenge.target.name}"

    def look(self, order: Order, proof: Proof) -> str:
        """See :class:`certwright.model.ports.Challenges`. What is not seen is published again the next time."""
        challenge = self._open(order, proof)
        sentence = self.publisher_for(challenge.target).look(proof)
        if sentence:
            self.store.doubted(challenge)
        return sentence

    def withdraw(self, order: Order) -> int:
        """See :class:`certwright.model.ports.Challenges`."""
        return self.take_away(self.store.standing(order.id))

    def put(self, challenge: Challenge) -> None:
        """Publish a challenge whose row is committed, and note how that went."""
        try:
            self.publisher_for(challenge.target).publish(challenge.proof, self.store.former_values(challenge))
        except CertwrightError as error:
            self.store.troubled(challenge, str(error))
            raise
        self.store.published(challenge)

    def take_away(self, challenges: Sequence[Challenge]) -> int:
        """Withdraw each, and return how many; the first trouble is raised after all were tried."""
        troubles = []
        for challenge in challenges:
            try:
                self._take_away(challenge)
            except CertwrightError as error:
                self.store.troubled(challenge, str(error))
                troubles.append(error)
        if troubles:
            raise troubles[0]
        return len(challenges)

    def _take_away(self, challenge: Challenge) -> None:
        if self.store.let_go(challenge):
            return
        self.publisher_for(challenge.target).withdraw(challenge.proof)
        self.store.withdrawn(challenge)

    def _open(self, order: Order, proof: Proof) -> Challenge:
        """The challenge of the order's proof, where it stands already or else at the target that serves it now."""
        for challenge in self.store.standing(order.id):
            known = (challenge.proof.method, challenge.proof.where, challenge.proof.value)
            if known == (proof.method, proof.where, proof.value) and challenge.target.enabled:
                return challenge
        target = self._serving(proof)
        if target is None:
            raise Misconfigured(f"No target serves {proof.name}.", advice="Publish it yourself: certwright order show")
        return self.store.open(order.id, target, proof, alone=proof.method not in _MANY_VALUES)

    def _serving(self, proof: Proof) -> Target | None:
        return serving(self.targets.enabled(), proof)


def serving(targets: Sequence[Target], proof: Proof) -> Target | None:
    """The target for a proof: of those that can publish it, the one with the longest domain it is at or below."""
    fitting = [
        (len(domain), target)
        for target in targets
        if proof.method in Kind.load(target.kind).serves
        for domain in target.domains
        if _is_below(proof.name.removeprefix("*."), domain) and _is_below(_host(proof), domain)
    ]
    return max(fitting, key=lambda found: found[0], default=(0, None))[1]


def _host(proof: Proof) -> str:
    """Where the proof is written to: a CA that names a place outside of the target's domains is not obeyed."""
    return urlsplit(proof.where).hostname or "" if "://" in proof.where else proof.where.rstrip(".").lower()


def _is_below(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


@dataclass(slots=True)
class Tidy:
    """Takes away what orders left behind that have ended, or that were forgotten."""

    challenges: Challenges
    _after: int = field(default=0, init=False)

    def turn(self) -> None:
        """Try some, beginning behind those of the last turn, so that one broken target does not hold up others."""
        found = self.challenges.store.of_ended_orders(_BATCH, self._after)
        self._after = found[-1].id if len(found) == _BATCH else 0
        for challenge in found:
            try:
                self.challenges.take_away([challenge])
            except CertwrightError as error:
                log.warning(
                    "proof not withdrawn", target=challenge.target.name, where=challenge.proof.where, why=str(error)
                )


def trial(challenges: Challenges, target: Target) -> Challenge:
    """A challenge of no order with a random harmless proof at or below the first domain of the target.

    It is recorded and not published yet; if its trial breaks off, :class:`Tidy` takes it away after a while.
    """
    word = secrets.token_hex(8)
    name, serves = target.domains[0], Kind.load(target.kind).serves
    if DCVMethod.DNS_TXT in serves:
        proof = Proof(name, DCVMethod.DNS_TXT, f"_certwright-test-{word}.{name}", f"certwright-test-{word}")
    else:
        url = f"http://{name}/.well-known/pki-validation/certwright-test-{word}.txt"
        proof = Proof(name, DCVMethod.HTTP, url, f"certwright-test-{word}")
    return challenges.store.open(None, target, proof, alone=False)

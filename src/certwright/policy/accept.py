"""May this certificate be recorded and installed? Named rules over what a CA delivered.

A certificate that meets an objection is kept as evidence, never installed, and is never a reason to order
again. One objection means patience instead of alarm: ``older_than_order`` says that the CA still shows the
certificate of before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from certwright.pki import verify
from certwright.pki.certificate import Certificate
from certwright.pki.chain import Chain
from certwright.policy import due, rules
from certwright.policy.objection import Objection

OLDER_THAN_ORDER = "older_than_order"
# CAs may set not_before up to 48 hours before they sign (BR 7.1.2.7), and many begin at midnight.
_BACKDATING = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a CA delivered, and everything it must match; the times are aware UTC."""

    chain: Chain
    wanted_names: tuple[str, ...]
    public_key_sha256: str
    roots: tuple[Certificate, ...]
    at: datetime
    ordered_at: datetime
    public_trust: bool
    earlier: frozenset[str]
    asked_days: int | None

    @property
    def leaf(self) -> Certificate:
        """The certificate that was ordered, or is claimed to be."""
        return self.chain.leaf


def objections(
    chain: Chain,
    *,
    wanted_names: Collection[str],
    public_key_sha256: str,
    roots: Sequence[Certificate],
    at: datetime,
    ordered_at: datetime,
    public_trust: bool,
    earlier: Collection[str] = (),
    asked_days: int | None = None,
) -> tuple[Objection, ...]:
    """Every rule's objection to recording the chain's leaf as the answer to an order; empty when it may be.

    ``public_key_sha256`` is hex, ``roots`` are the pinned ones of that CA, ``at`` is now and ``ordered_at``
    when this order, reissue or renewal was placed (aware UTC). ``earlier`` are fingerprints of certificates
    we had before: after a reissue, the CA may go on showing one of them for a while. ``asked_days`` is the
    life that was asked for, None where the CA decides (a reissue ends with its order).

    Where ``chain.build`` finds no certificate with the order's key, build the chain without naming the key
    and ask here all the same: the answer tells the certificate of before from a wrong one.
    """
    delivery = Delivery(
        chain,
        tuple(wanted_names),
        public_key_sha256,
        tuple(roots),
        at,
        ordered_at,
        public_trust,
        frozenset(earlier),
        asked_days,
    )
    answers = [(rule, rule(delivery), advice) for rule, advice in RULES]
    return tuple(Objection(rule.__name__, reason, advice) for rule, reason, advice in answers if reason)


def older_than_order(delivery: Delivery) -> str | None:
    """A certificate from before the order: one we know, or one that begins too early for backdating."""
    if delivery.leaf.fingerprint in delivery.earlier:
        return "This is the certificate of before."
    if delivery.leaf.not_before < delivery.ordered_at - _BACKDATING:
        return f"The certificate begins on {delivery.leaf.not_before:%Y-%m-%d}, long before the order."
    return None


def precertificate(delivery: Delivery) -> str | None:
    """A precertificate in place of the certificate."""
    return verify.is_not_precertificate(delivery.leaf)


def ca_certificate(delivery: Delivery) -> str | None:
    """A certificate that could issue others."""
    return verify.is_end_entity(delivery.leaf)


def other_key(delivery: Delivery) -> str | None:
    """A certificate for somebody else's key."""
    return verify.carries_key(delivery.leaf, delivery.public_key_sha256)


def other_names(delivery: Delivery) -> str | None:
    """Names missing or added, but for the ``www`` and base variants that CAs give away."""
    return verify.carries_names(delivery.leaf, delivery.wanted_names)


def not_current(delivery: Delivery) -> str | None:
    """Expired, or not valid yet."""
    return verify.is_current(delivery.leaf, delivery.at)


def nearly_over(delivery: Delivery) -> str | None:
    """So little time left that an alarm would be due at once."""
    leaf = delivery.leaf
    if not due.alarm_at(leaf.not_before, leaf.not_after) <= delivery.at <= leaf.not_after:
        return None
    return f"The certificate ends already on {leaf.not_after:%Y-%m-%d %H:%M} UTC."


def too_short(delivery: Delivery) -> str | None:
    """Less than half of the life that was asked for and, on that day, could be had."""
    if delivery.asked_days is None:
        return None
    leaf = delivery.leaf
    allowed = rules.on(leaf.not_before.date()).max_lifetime_days if delivery.public_trust else delivery.asked_days
    due_days = min(delivery.asked_days, allowed)
    if leaf.lifetime >= timedelta(days=due_days) / 2:
        return None
    return f"The certificate lives {leaf.lifetime.days} days; {due_days} were asked for."


def too_long(delivery: Delivery) -> str | None:
    """Public: a longer life than was allowed on its day of issue; browsers refuse it (BR 6.3.2)."""
    if not delivery.public_trust:
        return None
    issued_on = delivery.leaf.not_before.date()
    return verify.lifetime_within(delivery.leaf, rules.on(issued_on).max_lifetime_days)


def not_for_servers(delivery: Delivery) -> str | None:
    """Without serverAuth."""
    return verify.has_server_auth(delivery.leaf)


def unverified_path(delivery: Delivery) -> str | None:
    """A chain that does not lead to a pinned root of this CA."""
    found = verify.verify_path(delivery.chain, delivery.roots, at=delivery.at)
    return " ".join(found) or None


Rule = Callable[[Delivery], str | None]

_NEVER_INSTALL = "Keep it as evidence, do not install it, and ask the CA."

RULES: tuple[tuple[Rule, str], ...] = (
    (older_than_order, "Wait: the CA has not finished yet."),
    (precertificate, "Wait for the certificate itself, or ask the CA."),
    (ca_certificate, _NEVER_INSTALL),
    (other_key, _NEVER_INSTALL),
    (other_names, _NEVER_INSTALL),
    (not_current, "Check this machine's clock first; then ask the CA."),
    (nearly_over, "Check this machine's clock first; then ask the CA, or renew the order."),
    (too_short, _NEVER_INSTALL),
    (too_long, _NEVER_INSTALL),
    (not_for_servers, _NEVER_INSTALL),
    (unverified_path, "Check the pinned roots and intermediates of this CA; then ask it."),
)

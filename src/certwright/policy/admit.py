"""May this be ordered? Named rules over a wish, asked before any CA is called and any money is spent.

The table RULES at the end reads as the specification. Rules marked "public" hold only where browsers must
trust the certificate.
"""

# ruff: noqa: ARG001 - every rule takes the same two arguments
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from certwright.pki import names, weak
from certwright.pki.csr import CSR, MAXIMUM_COMMON_NAME
from certwright.pki.errors import Invalid
from certwright.pki.keys import KeySpec, PublicKey, same_key
from certwright.policy import rules
from certwright.policy.objection import Objection

MAXIMUM_NAMES = 250  # what the largest products of CAs take


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to order, as typed.

    ``names`` and ``common_name`` need not be normalised. ``public_key`` is that of an existing key,
    ``key_spec`` that of a key still to be made, ``csr`` a given one. ``public_trust`` is False for a private
    CA's product. ``term_days`` is the term of the order, which may outlast its certificates.
    ``reserved_names_allowed`` lets ``.example``, ``.test`` and documentation addresses pass, for sandboxes.
    """

    names: tuple[str, ...]
    common_name: str | None = None
    public_key: PublicKey | None = None
    key_spec: KeySpec | None = None
    csr: CSR | None = None
    public_trust: bool = True
    term_days: int | None = None
    organizational_units: tuple[str, ...] = ()
    reserved_names_allowed: bool = False
    maximum_names: int = MAXIMUM_NAMES

    def well_formed(self) -> tuple[str, ...]:
        """Those of the names that are well-formed, normalised, with repetitions."""
        return tuple(name for name in map(_normalised, self.names) if name is not None)


def objections(wish: Wish, at: datetime) -> tuple[Objection, ...]:
    """Every rule's objection to ordering the wish at that time (aware UTC); empty when it may be ordered."""
    answers = [(rule, rule(wish, at), advice) for rule, advice in RULES]
    return tuple(Objection(rule.__name__, reason, advice) for rule, reason, advice in answers if reason)


def no_name(wish: Wish, at: datetime) -> str | None:
    """Nothing to certify."""
    return None if wish.names else "The order has no name."


def malformed_name(wish: Wish, at: datetime) -> str | None:
    """Text that is neither a DNS name, a wildcard nor an IP address."""
    reasons = []
    for name in wish.names:
        try:
            names.normalise(name)
        except Invalid as problem:
            reasons.append(problem.detail)
    return " ".join(reasons[:5]) or None


def too_many_names(wish: Wish, at: datetime) -> str | None:
    """More names than the product takes."""
    if len(wish.names) <= wish.maximum_names:
        return None
    return f"The order has {len(wish.names)} names; {wish.maximum_names} are allowed."


def duplicate_name(wish: Wish, at: datetime) -> str | None:
    """The same name twice, in whatever spelling."""
    return _listed((name for name, times in Counter(wish.well_formed()).items() if times > 1), "stands there twice")


def internal_name(wish: Wish, at: datetime) -> str | None:
    """Public: a name or address that belongs to nobody in the public DNS (BR 7.1.2.7.12)."""
    if not wish.public_trust:
        return None
    found = (
        name for name in wish.well_formed() if names.is_internal(name, reserved_allowed=wish.reserved_names_allowed)
    )
    return _listed(found, "is internal: no public CA may certify it")


def wildcard_on_public_suffix(wish: Wish, at: datetime) -> str | None:
    """Public: ``*.com`` and its like (BR 3.2.2.6)."""
    if not wish.public_trust:
        return None
    found = (
        name
        for name in wish.well_formed()
        if names.is_wildcard(name) and names.is_public_suffix(name.removeprefix("*."))
    )
    return _listed(found, "covers the domains of everybody below a public suffix")


def reverse_zone(wish: Wish, at: datetime) -> str | None:
    """Public: names that map addresses to names (SC-086, since 2026-03-15)."""
    if not wish.public_trust or rules.on(at.date()).reverse_zones_allowed:
        return None
    return _listed(filter(names.reverse_zone, wish.well_formed()), "lies in a reverse zone")


def underscore(wish: Wish, at: datetime) -> str | None:
    """Public: an underscore, which DNS allows and host names do not (BR 7.1.2.7.12)."""
    if not wish.public_trust:
        return None
    return _listed((name for name in wish.well_formed() if "_" in name), "has an underscore")


def reserved_label(wish: Wish, at: datetime) -> str | None:
    """Public: ``ab--cd``, reserved for encodings other than ``xn--`` that do not exist (BR 7.1.2.7.12)."""
    if not wish.public_trust:
        return None
    found = (name for name in wish.well_formed() if any(map(_is_reserved, name.split("."))))
    return _listed(found, "has a label with hyphens in the third and fourth place")


def common_name_elsewhere(wish: Wish, at: datetime) -> str | None:
    """A common name that is not among the names (BR 7.1.4.3) or too long for its field (RFC 5280)."""
    if wish.common_name is None:
        return None
    common_name = _normalised(wish.common_name)
    if common_name is None or common_name not in wish.well_formed():
        return f"The common name {wish.common_name!a} is not among the names."
    if len(common_name) > MAXIMUM_COMMON_NAME:
        return f"The common name is longer than {MAXIMUM_COMMON_NAME} characters."
    return None


def weak_key(wish: Wish, at: datetime) -> str | None:
    """A key whose private half can be computed or is known, or of a kind that CAs do not sign."""
    given = wish.csr.public_key if wish.csr else wish.public_key
    return None if given is None else weak.weakness(given)


def csr_of_another_key(wish: Wish, at: datetime) -> str | None:
    """A CSR that does not belong to the key the order names."""
    if wish.csr is None or wish.public_key is None or same_key(wish.csr.public_key, wish.public_key):
        return None
    return "The CSR was made with another key than the order names."


def csr_with_other_names(wish: Wish, at: datetime) -> str | None:
    """A CSR that asks for names nobody ordered: some CAs would certify them (CVE-2022-34831)."""
    if wish.csr is None:
        return None
    if wish.csr.other_names:
        return "The CSR asks for e-mail addresses, URIs or other names that are none of a TLS server."
    return _listed(names.missing_and_extra(wish.names, wish.csr.names)[1], "stands in the CSR alone")


def csr_hash(wish: Wish, at: datetime) -> str | None:
    """A CSR signed with MD5, or with SHA-1 since 2026-09-15 (SC-097)."""
    if wish.csr is None:
        return None
    used = wish.csr.signature_hash
    broken = used == "md5" or (used == "sha1" and not rules.on(at.date()).sha1_allowed)
    return f"The CSR is signed with {used.upper()}." if broken else None


def organizational_unit(wish: Wish, at: datetime) -> str | None:
    """Public: an OU in the subject (SC-047, since 2022-09-01)."""
    if not wish.organizational_units or not wish.public_trust:
        return None
    if rules.on(at.date()).organizational_unit_allowed:
        return None
    return "Public certificates must not have an organizational unit."


def impossible_term(wish: Wish, at: datetime) -> str | None:
    """A term that is no time at all."""
    if wish.term_days is None or wish.term_days >= 1:
        return None
    return f"The term of {wish.term_days} days is no term."


Rule = Callable[[Wish, datetime], str | None]

RULES: tuple[tuple[Rule, str], ...] = (
    (no_name, "Give at least one name."),
    (malformed_name, "Correct the name."),
    (too_many_names, "Split the names over several orders."),
    (duplicate_name, "Give each name once."),
    (internal_name, "Use a name of a domain you have registered, or a private CA."),
    (wildcard_on_public_suffix, "Order the wildcard of your own domain."),
    (reverse_zone, "Order the host's own name."),
    (underscore, "Rename the host, or order a wildcard that covers it."),
    (reserved_label, "Use another name for the host, or order a wildcard that covers it."),
    (common_name_elsewhere, "Leave the common name out, or make it one of the names."),
    (weak_key, "Make a new key."),
    (csr_of_another_key, "Make the CSR with the key you want certified."),
    (csr_with_other_names, "Order these names too, or make a CSR with exactly the names you want."),
    (csr_hash, "Make a new CSR with SHA-256."),
    (organizational_unit, "Leave the organizational unit out."),
    (impossible_term, "Give a term of at least a day."),
)


def _normalised(name: str) -> str | None:
    try:
        return names.normalise(name)
    except Invalid:
        return None


def _is_reserved(label: str) -> bool:
    return label[2:4] == "--" and not label.startswith("xn--")


def _listed(found: Iterable[str], what: str) -> str | None:
    """``a, b is internal``, or None for no name."""
    every = sorted(set(found))
    return f"{', '.join(every[:10])}{' …' if len(every) > 10 else ''} {what}." if every else None

"""Who issued a certificate, and whether browsers trust that: by signatures, among the CA certificates that we know."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from certwright.pki import chain as chains
from certwright.pki.certificate import Certificate
from certwright.pki.errors import Invalid

_TRIED = 50  # CA certificates of one name: some appliances all give themselves the same
_LEVELS = 10  # of CAs above one another
Called = Callable[[Collection[str]], Sequence[Certificate]]


class Authorities:
    """The CA certificates that may have issued something, and which of them browsers trust."""

    def __init__(self, called: Called, public_roots: Sequence[Certificate]) -> None:
        """``called`` gives the CA certificates with some common names (of their subjects; "" for those without)."""
        self._called = called
        self._asked: set[str] = set()
        self._by_subject: dict[bytes, list[Certificate]] = {}
        self._roots: dict[bytes, set[str]] = {}  # the keys of those that browsers trust, by subject
        for root in public_roots:
            self._roots.setdefault(root.subject_der, set()).add(root.public_key_sha256)
        self._public: dict[Certificate, bool | None] = {}
        self._add(public_roots)

    def learn(self, certificates: Iterable[Certificate]) -> None:
        """Have at hand whoever may have issued these, and whoever is above that."""
        below: Iterable[Certificate] = certificates
        for _ in range(_LEVELS):
            names = {one.issuer_common_name for one in below if not one.is_self_issued} - self._asked
            if not names:
                return
            self._asked |= names
            below = self._called(names)
            self._add(below)

    def issuer_of(self, certificate: Certificate) -> Certificate | None:
        """The certificate whose key signed it; None when we have none such. Of several, the one that ends last."""
        return next(iter(self._signers(certificate)), None)

    def is_public(self, certificate: Certificate, issuer: Certificate | None) -> bool | None:
        """Whether it was issued under a root that browsers trust; None where no path is known to its end."""
        if self._is_trusted(certificate):
            return True
        if issuer is None:
            return False if chains.is_root(certificate) else None
        if issuer not in self._public:
            self._public[issuer] = self._leads_to_public(issuer)
        return self._public[issuer]

    def _leads_to_public(self, authority: Certificate) -> bool | None:
        """Whether one of its ways up, which may be in a circle, ends at such a root; else whether any ends at all."""
        reached, waiting, ends = {authority}, [authority], False
        while waiting:
            one = waiting.pop()
            if self._is_trusted(one):
                return True
            if chains.is_root(one):
                ends = True
                continue
            uppers = [upper for upper in self._signers(one) if upper not in reached]
            reached.update(uppers)
            waiting += uppers
        return False if ends else None

    def _is_trusted(self, certificate: Certificate) -> bool:
        """Whether it has the name and the key of a root that browsers trust, which may have several certificates."""
        keys = self._roots.get(certificate.subject_der)
        if keys is None:
            return False
        try:
            return certificate.public_key_sha256 in keys
        except Invalid:
            return False

    def _signers(self, certificate: Certificate) -> Iterable[Certificate]:
        candidates = self._by_subject.get(certificate.issuer_der, ())
        return (one for one in _likely_first(certificate, candidates) if chains.signed_by(certificate, one))

    def _add(self, authorities: Iterable[Certificate]) -> None:
        for one in authorities:
            namesakes = self._by_subject.setdefault(one.subject_der, [])
            if one not in namesakes:
                namesakes.append(one)
                namesakes.sort(key=lambda other: (other.not_after, other.fingerprint), reverse=True)
        self._public.clear()  # what is new may be a way up


def _likely_first(certificate: Certificate, candidates: Sequence[Certificate]) -> Sequence[Certificate]:
    """Those first whose key has the identifier that the certificate names (RFC 5280 §4.2.1.1): signatures are slow."""
    if len(candidates) < 2:
        return candidates
    wanted = certificate.authority_key_id
    return sorted(candidates, key=lambda one: one.subject_key_id != wanted)[:_TRIED]

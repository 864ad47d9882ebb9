"""Which certificates of a file belong together: each leaf with what signed it, by signatures and not by position."""

from __future__ import annotations

from collections.abc import Sequence

from certwright.pki.certificate import Certificate
from certwright.pki.chain import signed_by
from certwright.pki.errors import Invalid
from certwright.targets.files.opening import key_hash

_MOST_CHECKS = 5000  # signatures of one file: half a second or so


def group(certificates: Sequence[Certificate]) -> list[tuple[Certificate, ...]]:
    """The certificates in groups: a head, then the certificates of the file above it, in the file's order.

    Heads are the leaves, in the file's order, and then the CAs that are above none of them. Every certificate is in a
    group; one that signed for two leaves is in both. Raises Invalid when that takes too many checks of signatures.
    """
    ways = _Ways(certificates)
    leaves = [one for one in certificates if not one.is_ca]
    groups = [(leaf, *ways.above(leaf)) for leaf in leaves]
    covered = {one for members in groups for one in members}
    rest = [one for one in certificates if one not in covered]
    issuers = {above for one in rest for above in ways.parents(one)}
    for head in [*(one for one in rest if one not in issuers), *rest]:  # the second time: what is left is a circle
        if head not in covered:
            groups.append((head, *ways.above(head)))
            covered.update(groups[-1])
    return groups


class _Ways:
    """The ways up from a certificate, among those of the file."""

    def __init__(self, certificates: Sequence[Certificate]) -> None:
        self._order = {one: number for number, one in enumerate(certificates)}
        self._by_subject: dict[bytes, list[Certificate]] = {}
        for one in certificates:
            self._by_subject.setdefault(one.subject_der, []).append(one)
        self._parents: dict[Certificate, tuple[Certificate, ...]] = {}
        self._checks = 0

    def above(self, head: Certificate) -> list[Certificate]:
        """Everything that can be reached upwards from the head, without it, in the file's order."""
        reached: dict[Certificate, None] = {}
        waiting = [head]
        while waiting:
            for parent in self.parents(waiting.pop()):
                if parent != head and parent not in reached:
                    reached[parent] = None
                    waiting.append(parent)
        return sorted(reached, key=self._order.__getitem__)

    def parents(self, one: Certificate) -> tuple[Certificate, ...]:
        """The other certificates of the file whose key signed this one."""
        if one not in self._parents:
            self._parents[one] = tuple(self._signers(one))
        return self._parents[one]

    def _signers(self, one: Certificate) -> list[Certificate]:
        by_key: dict[str, bool] = {}  # certificates of one key sign alike: a CA renews its own, too
        signers = []
        for candidate in self._by_subject.get(one.issuer_der, ()):
            key = key_hash(candidate)
            if candidate == one or not key:
                continue
            if key not in by_key:
                by_key[key] = self._check(one, candidate)
            if by_key[key]:
                signers.append(candidate)
        return signers

    def _check(self, one: Certificate, candidate: Certificate) -> bool:
        self._checks += 1
        if self._checks > _MOST_CHECKS:
            raise Invalid("The file holds too many certificates of one name to tell which belong together.")
        return signed_by(one, candidate)

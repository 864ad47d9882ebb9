"""Findings, kept up to date: the quick rules over every certificate, the slow ones with what time is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from certwright.model.inventory import Finding
from certwright.model.ports import Clock
from certwright.pki import chain as chains
from certwright.pki import lint
from certwright.pki.certificate import Certificate
from certwright.policy import findings
from certwright.policy.judged import Judged, Served
from certwright.store.findings import Case, Findings

PERIOD_SECONDS = 10.0
_BATCH = 500
_SLOW_BATCH = 20
_KEY_RULES = frozenset(rule.check.__name__ for rule in findings.KEYS)

log = structlog.get_logger(__name__)
OnBatch = Callable[[int], None]  # so many are judged


class Authorities:
    """The CA certificates that may have issued something, and which of them browsers trust."""

    def __init__(self, known: Sequence[Certificate], public_roots: Sequence[Certificate]) -> None:
        self._by_subject: dict[bytes, list[Certificate]] = {}
        for one in dict.fromkeys([*known, *public_roots]):
            self._by_subject.setdefault(one.subject_der, []).append(one)
        self._public_roots = frozenset(public_roots)
        self._public: dict[Certificate, bool | None] = {}

    def issuer_of(self, certificate: Certificate) -> Certificate | None:
        """The certificate whose key signed it; None when we have none such."""
        candidates = self._by_subject.get(certificate.issuer_der, ())
        return next((one for one in candidates if chains.signed_by(certificate, one)), None)

    def is_public(self, certificate: Certificate, issuer: Certificate | None) -> bool | None:
        """Whether it was issued under a root that browsers trust; None where the path is not known to its end."""
        if issuer is None:
            return False if chains.is_root(certificate) else None
        if issuer not in self._public:
            self._public[issuer] = None  # a circle of cross-signatures ends here
            self._public[issuer] = self._leads_to_public(issuer)
        return self._public[issuer]

    def _leads_to_public(self, authority: Certificate) -> bool | None:
        if authority in self._public_roots:
            return True
        if chains.is_root(authority):
            return any(
                root.subject_der == authority.subject_der and root.public_key_sha256 == authority.public_key_sha256
                for root in self._public_roots
            )
        return self.is_public(authority, self.issuer_of(authority))


class Judging:
    """Judges certificates, a batch at a time."""

    def __init__(self, store: Findings, clock: Clock, public_roots: Callable[[], Sequence[Certificate]]) -> None:
        """``public_roots`` reads the roots that browsers trust."""
        self._store = store
        self._clock = clock
        self._public_roots = public_roots
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Have a turn that is under way end after its batch."""
        self._stopping.set()

    def turn(self) -> None:
        """Judge what is due by the quick rules, and spend about half of a period on the slow ones."""
        self.quick()
        self.slow(PERIOD_SECONDS / 2)

    def quick(self, on_batch: OnBatch = lambda _: None) -> int:
        """Judge by the quick rules until none is due; returns how many certificates that were."""
        authorities: Authorities | None = None
        done = 0
        while not self._stopping.is_set() and (cases := self._store.to_judge(_BATCH)):
            authorities = authorities or self._authorities()
            self._keep(cases, authorities, findings.findings, lambda rule: not _is_slow(rule), slow=False)
            done += len(cases)
            on_batch(done)
        return done

    def slow(self, seconds: float, on_batch: OnBatch = lambda _: None) -> int:
        """Judge by the slow rules for so long; as much time again is left to others, unless it is too short for that.

        Returns how many certificates that were.
        """
        authorities: Authorities | None = None
        done, end = 0, time.monotonic() + seconds
        while time.monotonic() < end and (cases := self._store.to_examine(_SLOW_BATCH)):
            began = time.monotonic()
            authorities = authorities or self._authorities()
            self._keep(cases, authorities, _slowly, _is_slow, slow=True)
            done += len(cases)
            on_batch(done)
            if self._stopping.wait(time.monotonic() - began):
                break
        return done

    def _authorities(self) -> Authorities:
        return Authorities(self._store.authorities(), self._public_roots())

    def _keep(
        self,
        cases: Sequence[Case],
        authorities: Authorities,
        judge: Callable[[Judged, datetime], tuple[Finding, ...]],
        asked: Callable[[str], bool],
        *,
        slow: bool,
    ) -> None:
        now = self._clock.now()
        found = []
        for case in cases:
            try:
                found.append((case.id, judge(_judged(case, authorities), now)))
            except Exception:  # one certificate that no rule was made for keeps no other from being judged
                log.exception("not judged", certificate=case.certificate.fingerprint)
                found.append((case.id, ()))
        self._store.keep(found, of=asked, slow=slow)


def _judged(case: Case, authorities: Authorities) -> Judged:
    issuer = authorities.issuer_of(case.certificate)
    return Judged(
        case.certificate,
        public=authorities.is_public(case.certificate, issuer),
        issuer=issuer,
        served=tuple(Served(one.place, one.above) for one in case.seen),
        replaced=case.replaced,
        revoked_at=case.revoked_at,
        revocation_reason=case.revocation_reason,
        sharing_key=case.sharing_key,
    )


def _slowly(judged: Judged, at: datetime) -> tuple[Finding, ...]:
    """The slow rules; the linter only where it is installed."""
    found = findings.key_findings(judged, at)
    return found + findings.lint_findings(judged, at) if lint.is_installed() else found


def _is_slow(rule: str) -> bool:
    return rule in _KEY_RULES or rule.startswith(findings.LINT)

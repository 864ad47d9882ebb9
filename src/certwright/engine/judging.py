"""Findings, kept up to date: the quick rules over every certificate, the slow ones with what time is left."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from certwright.engine.authorities import Authorities
from certwright.model.inventory import Finding
from certwright.model.ports import Clock
from certwright.pki import lint
from certwright.pki.certificate import Certificate, from_der
from certwright.pki.errors import Invalid
from certwright.policy import findings
from certwright.policy.judged import Judged, Served, is_over
from certwright.store.cases import Case
from certwright.store.findings import Findings, Kept, Verdict
from certwright.store.loading import uncollected

PERIOD_SECONDS = 10.0
_BATCH = 500
_SLOW_BATCH = 20
_LONGEST_PASS = 60_000  # certificates, then what is common to many is read anew
_KEY_RULES = frozenset(rule.check.__name__ for rule in findings.KEYS)

log = structlog.get_logger(__name__)
OnBatch = Callable[[Kept], None]  # what has come of it so far
Judge = Callable[[Judged, datetime], tuple[Finding, ...]]


class Judging:
    """Judges certificates, a batch at a time. Several processes may do it at the same time."""

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
        self.slow(PERIOD_SECONDS / 2, rests=True)

    def quick(self, on_batch: OnBatch = lambda _: None, *, seconds: float | None = None) -> Kept:
        """Judge by the quick rules until none is due, or for so long."""
        end = _end(seconds)
        self._store.take_in_authorities()
        bench: _Bench | None = None
        kept = Kept()
        for claim in self._store.claims(_BATCH):
            if bench is None or bench.judged >= _LONGEST_PASS:
                bench = _Bench(self._store, self._clock, self._public_roots())
            with uncollected():
                cases = bench.cases(claim.ids)
                verdicts = bench.verdicts(cases, findings.findings)
            kept += self._store.keep(verdicts, claim, lambda rule: not _is_slow(rule))
            if given_away := [case.id for case in cases if case.gives_away_key]:
                self._store.with_key_of(given_away)
            on_batch(kept)
            if self._stopping.is_set() or time.monotonic() >= end:
                return kept
        return kept + self._authorities(end)

    def _authorities(self, end: float) -> Kept:
        """Judge the CA certificates that are due; they do not count as judged, which leaf certificates do."""
        kept = Kept()
        for claim in self._store.authority_claims(_BATCH):
            with uncollected():
                bench = _Bench(self._store, self._clock, self._public_roots())
                verdicts = bench.authority_verdicts(bench.cases(claim.ids))
            kept += replace(self._store.keep(verdicts, claim, lambda rule: not _is_slow(rule)), judged=0)
            if self._stopping.is_set() or time.monotonic() >= end:
                break
        return kept

    def slow(self, seconds: float | None = None, on_batch: OnBatch = lambda _: None, *, rests: bool = False) -> Kept:
        """Judge by the slow rules until there is nothing left, or for so long.

        With ``rests`` as much time again as they take is left to others. Rules or data of theirs that this
        installation has not asked before have every certificate asked about again, the newest first.
        """
        end = _end(seconds)
        self._store.ask_anew(findings.slow_rules(), findings.lacking())
        bench: _Bench | None = None
        kept = Kept()
        while not self._stopping.is_set() and time.monotonic() < end:
            ids = self._store.unexamined(_SLOW_BATCH, os.getpid())
            if not ids:
                break
            began = time.monotonic()
            if bench is None or bench.judged >= _LONGEST_PASS:
                bench = _Bench(self._store, self._clock, self._public_roots())
            now_kept = self._store.keep_slow(bench.verdicts(bench.cases(ids), _slowly), _is_slow)
            kept += now_kept
            on_batch(kept)
            # what is being changed by somebody else just now is passed over: then it is better to wait, too
            if (rests or not now_kept.judged) and self._stopping.wait(time.monotonic() - began):
                break
        return kept


class _Bench:
    """What one pass over many certificates needs at hand."""

    def __init__(self, store: Findings, clock: Clock, public_roots: Sequence[Certificate]) -> None:
        self._store = store
        self._cases = store.cases()
        self._issuing = store.issuing()
        self._clock = clock
        self._authorities = Authorities(store.authorities, public_roots)
        self.judged = 0

    def cases(self, ids: Sequence[int]) -> list[Case]:
        """What is known of those certificates."""
        return self._cases.of(ids)

    def verdicts(self, cases: Sequence[Case], judge: Judge) -> list[Verdict]:
        """What those rules say; what goes wrong with one certificate is told, and keeps no other waiting."""
        now = self._clock.now()
        self.judged += len(cases)
        past = {case.id for case in cases if not case.seen and is_over(case.not_after, case.revoked_at, now)}
        known = {case.id: _known(case) for case in cases if case.id not in past}
        self._authorities.learn(judged.certificate for judged in known.values() if judged is not None)
        return [
            Verdict(case.id, (), is_past=True) if case.id in past else self._verdict(case, known[case.id], judge, now)
            for case in cases
        ]

    def authority_verdicts(self, cases: Sequence[Case]) -> list[Verdict]:
        """What the rules for CA certificates say; nothing of those that no leaf certificate in force hangs on."""
        now = self._clock.now()
        known = {case.id: _known(case) for case in cases}
        called = self._store.authorities(
            {one.certificate.common_name or "" for one in known.values() if one is not None}
        )
        ends = _latest_ends(called)
        self._authorities.learn(one.certificate for one in known.values() if one is not None)
        return [
            self._verdict(case, known[case.id], lambda judged, at: self._of_authority(judged, ends, at), now)
            for case in cases
        ]

    def _of_authority(
        self, judged: Judged, ends: Mapping[tuple[bytes, str], datetime], at: datetime
    ) -> tuple[Finding, ...]:
        certificate = judged.certificate
        if not self._issuing.is_in_use(certificate):
            return ()
        replaced = ends.get(_name_and_key(certificate), certificate.not_after) > certificate.not_after
        return findings.authority_findings(replace(judged, replaced=replaced), at)

    def _verdict(self, case: Case, judged: Judged | None, judge: Judge, now: datetime) -> Verdict:
        if judged is None:
            return Verdict(case.id, None)
        try:
            return Verdict(case.id, judge(self._with_issuer(judged), now))
        except Exception:  # one certificate that no rule was made for keeps no other from being judged
            log.exception("not judged", certificate=case.fingerprint)
            return Verdict(case.id, None)

    def _with_issuer(self, judged: Judged) -> Judged:
        issuer = self._authorities.issuer_of(judged.certificate)
        public = self._authorities.is_public(judged.certificate, issuer)
        issued = judged.is_ca and judged.is_self_signed and self._issuing.has_issued(judged.certificate)
        return replace(judged, issuer=issuer, public=public, has_issued=issued)


def _known(case: Case) -> Judged | None:
    """What is known but for the issuer; None for a certificate that the library of today reads no more."""
    try:
        certificate = from_der(case.der)
    except Invalid:
        log.warning("a certificate can be read no more", certificate=case.fingerprint)
        return None
    return Judged(
        certificate,
        served=tuple(Served(one.place, one.above, one.revoked) for one in case.seen),
        replaced=case.replaced,
        revoked_at=case.revoked_at,
        revocation_reason=case.revocation_reason,
        compromised=case.compromised,
        sharing_key=case.sharing_key,
    )


def _latest_ends(authorities: Iterable[Certificate]) -> dict[tuple[bytes, str], datetime]:
    """By name and key, the latest end."""
    ends: dict[tuple[bytes, str], datetime] = {}
    for one in authorities:
        name = _name_and_key(one)
        ends[name] = max(one.not_after, ends.get(name, one.not_after))
    return ends


def _name_and_key(authority: Certificate) -> tuple[bytes, str]:
    """What a successor must have for clients to take it in the place of the other; no key where it cannot be read."""
    try:
        return authority.subject_der, authority.public_key_sha256
    except Invalid:
        return authority.subject_der, authority.fingerprint


def _slowly(judged: Judged, at: datetime) -> tuple[Finding, ...]:
    """The slow rules; the linter only where it is installed."""
    found = findings.key_findings(judged, at)
    return found + findings.lint_findings(judged, at) if lint.is_installed() else found


def _is_slow(rule: str) -> bool:
    return rule in _KEY_RULES or rule.startswith(findings.LINT)


def _end(seconds: float | None) -> float:
    """When that time is up, by the monotonic clock."""
    return float("inf") if seconds is None else time.monotonic() + seconds

"""Asking issuers which certificates in force they have revoked: what is revoked elsewhere is revoked here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from certwright.engine.authorities import Authorities
from certwright.model.ports import Clock
from certwright.pki.certificate import Certificate
from certwright.pki.ocsp import Standing
from certwright.store.findings import Findings
from certwright.store.revocation_checks import Checked, RevocationChecks
from certwright.targets.revocation.lookup import Revocations
from certwright.targets.revocation.status import Question, Status

PERIOD_SECONDS = 300.0
_BATCH = 500
UNREADABLE = "It can be read no more."
NO_ISSUER = "The certificate of its issuer is not known here."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of it: certificates asked about, those of them that are newly revoked, those nobody told about.

    ``troubles`` are the reasons for the last, each once with how many certificates that concerns.
    """

    asked: int
    revoked: int
    unknown: int
    troubles: dict[str, int]


class Checking:
    """Asks the issuers, one after the other, about all their certificates that are due."""

    def __init__(
        self,
        checks: RevocationChecks,
        findings: Findings,
        revocations: Revocations,
        clock: Clock,
        public_roots: Callable[[], Sequence[Certificate]],
    ) -> None:
        """``public_roots`` reads the roots that browsers trust."""
        self._checks = checks
        self._findings = findings
        self._revocations = revocations
        self._clock = clock
        self._public_roots = public_roots
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Have a turn that is under way end after its batch."""
        self._stopping.set()

    def turn(self) -> None:
        """Ask about all that are due; what cannot be known is told, a line for each reason."""
        for why, count in self.run().troubles.items():
            log.warning("revocation not known", certificates=count, why=why)

    def run(self, on_batch: Callable[[int], None] = lambda _: None) -> Asked:
        """Ask about all that are due."""
        authorities: Authorities | None = None
        asked = revoked = 0
        troubles: dict[str, int] = {}
        while not self._stopping.is_set() and (batch := self._checks.due(_BATCH)):
            if authorities is None:
                self._findings.take_in_authorities()
                authorities = Authorities(self._findings.authorities, self._public_roots())
            checked, unknown = self._ask(batch, authorities)
            revoked += self._checks.keep(checked)
            asked += len(checked)
            for why in unknown:
                troubles[why] = troubles.get(why, 0) + 1
            on_batch(asked)
        revoked += self._ask_about_authorities()
        return Asked(asked, revoked, sum(troubles.values()), troubles)

    def _ask_about_authorities(self) -> int:
        """Ask about CA certificates that are due; returns how many are newly revoked.

        They do not count as asked about, and silence about them is no trouble: of a root nobody can tell, and many an
        intermediate names no CRL. What can be read no more is told in the log.
        """
        revoked = 0
        authorities: Authorities | None = None
        while not self._stopping.is_set() and (batch := self._checks.due_authorities(_BATCH)):
            authorities = authorities or Authorities(self._findings.authorities, self._public_roots())
            checked, unknown = self._ask(batch, authorities)
            revoked += self._checks.keep(checked)
            if UNREADABLE in unknown:
                log.warning("CA certificates can be read no more", certificates=unknown.count(UNREADABLE))
        return revoked

    def _ask(
        self, batch: Sequence[tuple[int, Certificate | None]], authorities: Authorities
    ) -> tuple[list[Checked], list[str]]:
        """What came of each, and why of some nothing did."""
        readable = {number: certificate for number, certificate in batch if certificate is not None}
        authorities.learn(readable.values())
        questions: dict[int, Question] = {}
        for number, certificate in readable.items():
            issuer = authorities.issuer_of(certificate)
            if issuer is not None and issuer != certificate:
                questions[number] = Question.of(certificate, issuer)
        statuses = self._revocations.statuses(questions.values(), self._clock.now())
        told = dict(zip(questions, statuses, strict=True))
        checked = [_checked(number, told.get(number)) for number, _ in batch]
        unknown = [one.trouble for one in statuses if one.standing is Standing.UNKNOWN]
        unknown += [UNREADABLE] * (len(batch) - len(readable))
        return checked, unknown + [NO_ISSUER] * (len(readable) - len(questions))


def _checked(number: int, status: Status | None) -> Checked:
    if status is None or status.standing is Standing.UNKNOWN:
        return Checked(number)
    if status.revoked is None:
        return Checked(number, told=True)
    return Checked(number, told=True, revoked_at=status.revoked.at, reason=status.revoked.reason)

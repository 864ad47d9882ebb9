"""The look-up: which of many certificates are revoked, as their issuers publish it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from certwright.model.errors import CertwrightError, Refused
from certwright.pki import ocsp
from certwright.pki.certificate import Certificate
from certwright.pki.crl import RevocationList, Revoked
from certwright.pki.errors import Invalid
from certwright.pki.ocsp import Standing
from certwright.policy.egress import Network
from certwright.targets.revocation.failures import Failures
from certwright.targets.revocation.fetching import Fetcher, Unreachable
from certwright.targets.revocation.lists import Lists
from certwright.targets.revocation.status import Question, Status, unknown

_MOST_URLS = 3  # of a kind, in one certificate; each may cost a deadline
_AT_ONCE = 4  # each may hold a CRL of the largest size while it is fetched
_SCHEMES = ("http://", "https://")  # ldap:// is passed over


class Revocations:
    """Looks up revocations, at public addresses and at those in the networks of ``allowed``.

    CRLs are kept in memory between calls. Safe to share between threads; not for use inside an event loop.
    """

    def __init__(self, *, allowed: Sequence[Network] = (), fetcher: Fetcher | None = None) -> None:
        self._fetcher = fetcher or Fetcher(allowed=allowed)
        self._failures = Failures()
        self._lists = Lists(self._fetcher, self._failures)

    def status(self, certificate: Certificate, issuer: Certificate, at: datetime) -> Status:
        """Whether a certificate of that issuer is revoked at a time (aware UTC), which is about now."""
        try:
            return self.statuses([Question.of(certificate, issuer)], at)[0]
        except Invalid as error:
            return unknown([error.detail])

    def statuses(self, questions: Iterable[Question], at: datetime) -> list[Status]:
        """The statuses in the order of the questions; each CRL is searched once for all that name it.

        Hand over many at once: a thousand certificates of a CRL cost as much as one. Those that no CRL speaks of are
        asked for by OCSP, one by one and a few at once. Whatever cannot be had is an unknown standing, not an error.
        """
        asked = list(questions)
        found: dict[int, Status] = {}
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="certwright-revocation") as threads:
            groups = _groups(asked, at)
            in_lists = threads.map(lambda group: self._in_lists(asked, group, at), groups)
            for group, statuses in zip(groups, in_lists, strict=True):
                found.update(zip(group, statuses, strict=True))
            untold = [each for each, status in found.items() if status.standing is Standing.UNKNOWN]
            at_responders = threads.map(lambda each: self._at_responders(asked[each], found[each], at), untold)
            told = dict(zip(untold, at_responders, strict=True))
        return [told.get(each) or found.get(each) or _expired(question) for each, question in enumerate(asked)]

    def _in_lists(self, asked: Sequence[Question], group: Sequence[int], at: datetime) -> list[Status]:
        """The statuses of those that have issuer and CRLs in common; unknown where no CRL tells."""
        one, serials = asked[group[0]], {asked[each].serial for each in group}
        revoked: dict[int, Status] = {}
        troubles = []
        for url in _usable(one.crl_urls):
            try:
                there = self._lists.believed(url, one.issuer, at)
                revoked |= {serial: _revoked(url, there, how) for serial, how in there.find(serials).items()}
                reason = there.silence(one.crl_urls, is_ca=one.is_ca)
            except (CertwrightError, Invalid) as error:
                reason = error.detail
            if reason is None:
                others = Status(Standing.GOOD, url, there.this_update)
                break
            troubles.append(reason)
        else:
            others = unknown(troubles or ["The certificate names no CRL that can be fetched."])
        return [revoked.get(asked[each].serial, others) for each in group]

    def _at_responders(self, question: Question, so_far: Status, at: datetime) -> Status:
        """What a responder says where no CRL told."""
        troubles = [so_far.trouble]
        for url in _usable(question.ocsp_urls):
            try:
                answer = self._answer(url, question, at)
            except (CertwrightError, Invalid) as error:
                troubles.append(error.detail)
                continue
            if answer.standing is not Standing.UNKNOWN:
                return Status(answer.standing, url, answer.this_update, answer.revoked)
            troubles.append("The OCSP responder does not know the certificate.")
        return unknown(troubles)

    def _answer(self, url: str, question: Question, at: datetime) -> ocsp.Answer:
        self._failures.check(url, at)
        body = ocsp.request(question.serial, question.issuer)
        try:
            received = self._fetcher.post(url, body, ocsp.REQUEST_TYPE, largest=ocsp.MAXIMUM_SIZE)
        except (Unreachable, Refused) as error:  # what it answers to one question tells nothing of the next
            self._failures.remember(url, error, error.detail, at)
            raise
        return ocsp.read(received, question.serial, question.issuer, at)


def _groups(asked: Sequence[Question], at: datetime) -> list[list[int]]:
    """The positions of those that have issuer and CRLs in common, expired ones left out."""
    groups: defaultdict[tuple[Certificate, tuple[str, ...], bool], list[int]] = defaultdict(list)
    for position, question in enumerate(asked):
        if at <= question.not_after:
            groups[question.issuer, question.crl_urls, question.is_ca].append(position)
    return list(groups.values())


def _usable(urls: Sequence[str]) -> list[str]:
    return [url for url in urls if url.lower().startswith(_SCHEMES)][:_MOST_URLS]


def _revoked(url: str, there: RevocationList, how: Revoked) -> Status:
    return Status(Standing.REVOKED, url, there.this_update, how)


def _expired(question: Question) -> Status:
    """CAs leave expired certificates out of their CRLs (RFC 5280 §5), so that silence means nothing."""
    return unknown([f"The certificate expired on {question.not_after:%Y-%m-%d}; issuers tell of current ones alone."])

"""Findings: which certificates are to be judged, by whom just now, and what was found.

A certificate is due when ``judged_at`` is null (it is new, or something that is known of it has changed: whoever
changes that writes the null), and a day after it was judged, for time alone makes some rules speak. Who takes it writes
a time by which it is due again in some minutes: so two processes do not judge the same, what a killed one had taken
is taken up by another, and a change that comes in between is seen, because then that time is no longer there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, QuerySet

from certwright.model.inventory import Finding, SourceKind
from certwright.model.ports import Clock
from certwright.model.words import CertificateState
from certwright.pki.certificate import Certificate, from_der
from certwright.pki.errors import Invalid
from certwright.store import bulk, models
from certwright.store.browsing import SEVERITIES
from certwright.store.cases import Cases, called
from certwright.store.issuing import Issuing

AGAIN = timedelta(days=1)
TAKEN_FOR = timedelta(minutes=5)
_FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)  # judged for the last time, unless something changes
_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # a CA certificate that has come in and was not judged
_NEWEST = 500  # of which a process takes some, in an order of its own
_LONGEST_RULE = 200
_ASKED_ANEW = 5_000  # certificates in one transaction
_LOCK = 0x6A75646765  # "judge", PostgreSQL's number of the lock


@dataclass(frozen=True, slots=True)
class Claim:
    """Certificates that a process has taken to judge, by id, and the mark that it has put on them."""

    ids: tuple[int, ...]
    mark: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules find in the certificate of an id; None where they could not be asked: what stood stays.

    ``is_past`` tells that they will never find anything as long as nothing that is known of it changes.
    """

    certificate: int
    findings: tuple[Finding, ...] | None
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """How many certificates were judged, and how many findings that added and ended."""

    judged: int = 0
    new: int = 0
    over: int = 0

    def __add__(self, other: Kept) -> Kept:
        return Kept(self.judged + other.judged, self.new + other.new, self.over + other.over)


@dataclass(frozen=True, slots=True)
class Due:
    """How many certificates are to be judged by the quick rules, and by the slow ones."""

    quick: int
    slow: int


class Findings:
    """What is wrong with certificates."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def due(self) -> Due:
        """How much there is to do. What somebody has taken counts until it is judged."""
        leaves = models.Certificate.objects.filter(is_leaf=True)
        taken = self._clock.now() - AGAIN + TAKEN_FOR  # the latest mark there can be
        return Due(
            leaves.filter(judged_at=None).count() + leaves.filter(judged_at__lte=taken).count(),
            leaves.filter(linted_at=None).count(),
        )

    def claims(self, most: int) -> Iterator[Claim]:
        """Take what is due by the quick rules, so many at a time: first what is new or has changed, until none is.

        To be read on only when the certificates taken before have been judged.
        """
        took = True
        while took:
            took = False
            for claim in self._sweep(most):
                took = True
                yield claim

    def _sweep(self, most: int) -> Iterator[Claim]:
        """Everything once, in the order of an index, so that no certificate is passed over again and again."""
        leaves = models.Certificate.objects.filter(is_leaf=True)
        last = 0
        while claim := self._claim(leaves.filter(judged_at=None, pk__gt=last).order_by("pk")[:most]):
            yield claim
            last = claim.ids[-1]
        before = self._clock.now() - AGAIN
        while claim := self._claim(leaves.filter(judged_at__lt=before).order_by("judged_at")[:most]):
            yield claim

    def authority_claims(self, most: int) -> Iterator[Claim]:
        """The same of CA certificates that are not used as leaves: those that have come in, and all after a day.

        To be read on only when the certificates taken before have been judged.
        """
        authorities = models.Certificate.objects.filter(is_leaf=False)
        before = self._clock.now() - AGAIN
        while claim := self._claim(authorities.filter(judged_at__lt=before).order_by("judged_at")[:most]):
            yield claim

    def _claim(self, wanted: QuerySet[models.Certificate]) -> Claim | None:
        mark = self._clock.now() - AGAIN + TAKEN_FOR
        with transaction.atomic():
            ids = list(wanted.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
            for keys in bulk.pieces(ids):
                models.Certificate.objects.filter(pk__in=keys).update(judged_at=mark)
        return Claim(tuple(ids), mark) if ids else None

    def unexamined(self, most: int, salt: object) -> list[int]:
        """Some of the newest certificates that the slow rules have not seen.

        Another salt gives others: so two processes seldom do the same work.
        """
        fresh = models.Certificate.objects.filter(is_leaf=True, linted_at=None).order_by("-pk")
        ids = list(fresh.values_list("pk", flat=True)[:_NEWEST])
        return sorted(sorted(ids, key=lambda pk: hash((salt, pk)))[:most], reverse=True)

    def ask_anew(self, slow_rules: str, lacking: Collection[str] = ()) -> None:
        """Have the slow rules asked of every leaf again, unless these have been here before.

        ``slow_rules`` names versions of rules and data, in 200 characters at most. Processes that have others beside
        each other, as during an update, do not have it all asked again and again: each text counts once.

        ``lacking`` are the parts of it that say that something is not installed. Where that was there before, nothing
        is asked again: what was found with it would be lost.
        """
        known = models.SlowRules.objects.all()
        if known.filter(text=slow_rules).exists():
            return
        if any(known.exclude(text__contains=word).exists() for word in lacking):
            return
        last = models.Certificate.objects.aggregate(last=Max("pk"))["last"] or 0
        for start in range(0, last + 1, _ASKED_ANEW):  # in pieces, between which others can write
            some = models.Certificate.objects.filter(pk__gte=start, pk__lt=start + _ASKED_ANEW)
            some.filter(is_leaf=True, linted_at__isnull=False).update(linted_at=None)
        models.SlowRules.objects.get_or_create(text=slow_rules, defaults={"since": self._clock.now()})

    def issuing(self) -> Issuing:
        """Tells what CA certificates have signed."""
        return Issuing(self._clock)

    def cases(self) -> Cases:
        """Reads what is known of certificates; for one pass."""
        return Cases(self._clock.now())

    def authorities(self, common_names: Collection[str]) -> list[Certificate]:
        """The CA certificates that we know with those common names."""
        return called(common_names)

    def keep(self, verdicts: Sequence[Verdict], claim: Claim, asked: Callable[[str], bool]) -> Kept:
        """Keep what the quick rules say of certificates that were taken, unless something has changed since.

        ``asked`` tells of a rule's name whether it was among those asked: what the others found stays.
        """
        with _alone():
            return self._keep(verdicts, asked, {"judged_at": claim.mark})

    def keep_slow(self, verdicts: Sequence[Verdict], asked: Callable[[str], bool]) -> Kept:
        """The same for the slow rules."""
        with _alone():
            return self._keep(verdicts, asked, {})

    def _keep(self, verdicts: Sequence[Verdict], asked: Callable[[str], bool], as_taken: dict[str, datetime]) -> Kept:
        now = self._clock.now()
        mine = models.Certificate.objects.filter(**as_taken).order_by("pk")
        mine = mine.select_for_update(skip_locked=True, no_key=True)  # what somebody else is changing is judged later
        ids = [one.certificate for one in verdicts]
        still = set(bulk.look_up(lambda keys: mine.filter(pk__in=keys).values_list("pk", flat=True), ids))
        judged = [one for one in verdicts if one.certificate in still]
        new, over = self._write(judged, asked, now)
        worst = _worst(ids)
        until = {one.certificate: _FOR_GOOD if one.is_past else now for one in judged}
        bulk.update(
            models.Certificate,
            ("severity", "judged_at" if as_taken else "linted_at"),
            ((worst.get(pk, 0), until[pk] if as_taken else now, pk) for pk in sorted(until)),
        )
        return Kept(len(judged), new, over)

    def _write(self, judged: Sequence[Verdict], asked: Callable[[str], bool], now: datetime) -> tuple[int, int]:
        """Make the findings those that were told; returns how many are new and how many are over."""
        told = {
            (verdict.certificate, one.rule[:_LONGEST_RULE]): one for verdict in judged for one in verdict.findings or ()
        }
        ids = [one.certificate for one in judged if one.findings is not None]
        stood = bulk.look_up(lambda keys: models.Finding.objects.filter(certificate__in=keys).order_by(), ids)
        known = {(row.certificate_id, row.rule): row for row in stood if asked(row.rule)}
        over = [row.pk for key, row in known.items() if key not in told]
        for keys in bulk.pieces(over):
            models.Finding.objects.filter(pk__in=keys).delete()
        changed = [
            (*_columns(one), known[key].pk) for key, one in told.items() if key in known and _differs(known[key], one)
        ]
        bulk.update(models.Finding, _TOLD, changed)
        new = [(*key, *_columns(one), now) for key, one in told.items() if key not in known]
        bulk.insert(models.Finding, ("certificate", "rule", *_TOLD, "found_at"), new)
        return len(new), len(over)

    def with_key_of(self, certificates: Collection[int]) -> int:
        """Have judged again whatever has the key of one of these, whose key is in other hands; returns how many."""
        keys = models.Certificate.objects.filter(pk__in=certificates).exclude(public_key_sha256="")
        others = models.Certificate.objects.filter(
            is_leaf=True,
            public_key_sha256__in=keys.values("public_key_sha256"),
            not_after__gte=self._clock.now(),
            judged_at__isnull=False,
        )
        others = others.exclude(state=CertificateState.REVOKED).exclude(findings__rule="compromised_key")
        return self._again(others)

    def take_in_authorities(self) -> int:
        """Have judged again what is signed by CA certificates that have come in, and that nobody knew the issuer of,
        and what servers show that is signed by one that was revoked. Returns how many certificates those are.
        """
        unread = models.Certificate.objects.filter(is_leaf=False, judged_at=None).order_by("pk")
        count, last = 0, 0
        while rows := list(unread.filter(pk__gt=last).values_list("pk", "bytes__der", "state")[: bulk.LOOKED_UP]):
            last = rows[-1][0]
            subjects = [_subject(bytes(der)) for _, der, _ in rows]
            orphans = models.Certificate.objects.filter(issuer__name__in=subjects, findings__rule="unknown_issuer")
            count += self._again(orphans.filter(judged_at__isnull=False))
            states = [state for *_, state in rows]
            revoked = [name for name, state in zip(subjects, states, strict=True) if state == CertificateState.REVOKED]
            count += self._again(self._shown_under(revoked))
            models.Certificate.objects.filter(pk__in=[pk for pk, *_ in rows]).update(judged_at=_AT_ONCE)
        return count

    def _shown_under(self, subjects: Collection[str]) -> QuerySet[models.Certificate]:
        """What servers show of the certificates in force that name one of these as their issuer."""
        return models.Certificate.objects.filter(
            issuer__name__in=subjects,
            not_after__gte=self._clock.now(),
            judged_at__isnull=False,
            sightings__vanished_at=None,
            sightings__source__kind=SourceKind.SCAN,
        )

    def _again(self, wanted: QuerySet[models.Certificate]) -> int:
        count = 0
        for keys in bulk.pieces(sorted(set(wanted.order_by().values_list("pk", flat=True)))):
            count += models.Certificate.objects.filter(pk__in=keys).update(judged_at=None)
        return count


@contextmanager
def _alone() -> Iterator[None]:
    """A transaction in which no other process keeps findings: two would wait for each other's counts of rules.

    On SQLite every transaction that writes is alone.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        yield


_TOLD = ("severity", "detail", "advice", "source")


def _columns(one: Finding) -> tuple[int, str, str, str]:
    return SEVERITIES.index(one.severity), one.detail, one.advice, one.source


def _differs(row: Any, one: Finding) -> bool:
    return (row.severity, row.detail, row.advice, row.source) != _columns(one)


def _worst(ids: Sequence[int]) -> dict[int, int]:
    """How bad the worst finding of each is, by number."""
    worst: dict[int, int] = {}
    found: Iterable[tuple[int, int]] = bulk.look_up(
        lambda keys: (
            models.Finding.objects.filter(certificate__in=keys).order_by().values_list("certificate_id", "severity")
        ),
        ids,
    )
    for certificate, severity in found:
        worst[certificate] = max(worst.get(certificate, 0), severity)
    return worst


def _subject(der: bytes) -> str:
    """The name under which the issuer of its certificates is kept; "" for what can be read no more."""
    try:
        return from_der(der).subject
    except Invalid:
        return ""

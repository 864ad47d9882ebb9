"""Findings: which certificates are to be judged, what is known of them then, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from certwright.model.inventory import Finding, SourceKind
from certwright.model.ports import Clock
from certwright.model.words import CertificateState
from certwright.pki.certificate import Certificate, from_der
from certwright.store import bulk, models
from certwright.store.browsing import SEVERITIES

_AGAIN = timedelta(days=1)  # time alone makes some rules speak
_SHARED = 2_000  # other holders of keys that a batch is compared with
_PLACES = 50  # of one certificate: more tell nothing new


@dataclass(frozen=True, slots=True)
class Sight:
    """A place that shows a certificate now, and the certificates that came with it there; None where not known."""

    place: str
    above: tuple[Certificate, ...] | None


@dataclass(frozen=True, slots=True)
class Case:
    """A certificate to be judged, with what the inventory knows of it. See ``policy.judged.Judged``."""

    id: int
    certificate: Certificate
    seen: tuple[Sight, ...]
    replaced: bool
    revoked_at: datetime | None
    revocation_reason: str
    sharing_key: int


class Findings:
    """What is wrong with certificates."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def authorities(self, most: int = 20_000) -> list[Certificate]:
        """The CA certificates that we know, newest first."""
        rows = models.CertificateBytes.objects.filter(certificate__is_leaf=False).order_by("-pk")
        return [from_der(bytes(row.der)) for row in rows[:most]]

    def to_judge(self, most: int) -> list[Case]:
        """Leaf certificates that were never judged, or of which something has changed, or whose last time is long ago.

        What ended long ago and is seen nowhere is judged once.
        """
        now = self._clock.now()
        leaves = models.Certificate.objects.filter(is_leaf=True)
        found = list(leaves.filter(judged_at=None).order_by("pk").values_list("pk", flat=True)[:most])
        if len(found) < most:
            current = Q(not_after__gte=now - _AGAIN) | Q(severity__gt=0)
            old = leaves.filter(current, judged_at__lt=now - _AGAIN).order_by("judged_at")
            found += old.values_list("pk", flat=True)[: most - len(found)]
        return self._cases(found, now)

    def to_examine(self, most: int) -> list[Case]:
        """Leaf certificates in force that the slow rules have not seen, newest first."""
        now = self._clock.now()
        fresh = models.Certificate.objects.filter(is_leaf=True, linted_at=None, not_after__gte=now)
        return self._cases(list(fresh.order_by("-pk").values_list("pk", flat=True)[:most]), now)

    def _cases(self, ids: Sequence[int], now: datetime) -> list[Case]:
        rows = [
            row
            for keys in bulk.pieces(ids)
            for row in models.Certificate.objects.filter(pk__in=keys).select_related("bytes")
        ]
        seen = self._seen(ids)
        sharing = self._sharing(rows, now)
        return [
            Case(
                id=row.pk,
                certificate=from_der(bytes(row.bytes.der)),
                seen=seen.get(row.pk, ()),
                replaced=row.state == CertificateState.REPLACED,
                revoked_at=row.revoked_at or now if row.state == CertificateState.REVOKED else None,
                revocation_reason=row.revocation_reason,
                sharing_key=sharing.get(row.pk, 0),
            )
            for row in sorted(rows, key=lambda row: row.pk)
        ]

    def _seen(self, ids: Sequence[int]) -> dict[int, tuple[Sight, ...]]:
        """By certificate, the places on the network that show it now."""
        sightings = [
            row
            for keys in bulk.pieces(ids)
            for row in models.Sighting.objects.filter(
                certificate__in=keys, vanished_at=None, source__kind=SourceKind.SCAN
            ).order_by("certificate", "place")
        ]
        bytes_of = _bytes({fingerprint for row in sightings for fingerprint in row.presented})
        found: dict[int, list[Sight]] = {}
        for row in sightings:
            places = found.setdefault(row.certificate_id, [])
            if len(places) < _PLACES:
                above = [bytes_of.get(fingerprint) for fingerprint in row.presented]
                places.append(Sight(row.place, None if None in above else tuple(one for one in above if one)))
        return {certificate: tuple(places) for certificate, places in found.items()}

    def _sharing(self, rows: Sequence[models.Certificate], now: datetime) -> dict[int, int]:
        """By certificate, how many others in force have its key under other names."""
        in_force = models.Certificate.objects.filter(is_leaf=True, state=CertificateState.VALID, not_after__gte=now)
        by_key: dict[str, list[tuple[int, str]]] = {}
        for keys in bulk.pieces(sorted({row.public_key_sha256 for row in rows} - {""})):
            others = in_force.filter(public_key_sha256__in=keys).order_by()
            for key, pk, names in others.values_list("public_key_sha256", "pk", "names")[:_SHARED]:
                by_key.setdefault(key, []).append((pk, names))
        return {
            row.pk: sum(pk != row.pk and names != row.names for pk, names in by_key.get(row.public_key_sha256, ()))
            for row in rows
        }

    def keep(
        self, found: Sequence[tuple[int, Sequence[Finding]]], *, of: Callable[[str], bool], slow: bool
    ) -> tuple[int, int]:
        """Keep what the rules say of each certificate now; returns how many findings are new and how many are over.

        ``of`` tells of a rule's name whether it was asked: what the others found stays. ``slow`` names the rules.
        """
        now = self._clock.now()
        ids = [certificate for certificate, _ in found]
        with transaction.atomic():
            before = list(
                bulk.look_up(lambda keys: models.Finding.objects.filter(certificate__in=keys).order_by(), ids)
            )
            known = {(row.certificate_id, row.rule): row for row in before}
            told = {(certificate, one.rule): one for certificate, findings in found for one in findings}
            over = [row.pk for key, row in known.items() if of(row.rule) and _differs(row, told.get(key))]
            new = [key for key, one in told.items() if key not in known or _differs(known[key], one)]
            for keys in bulk.pieces(over):
                models.Finding.objects.filter(pk__in=keys).delete()
            self._insert(((certificate, told[certificate, rule]) for certificate, rule in new), known, now)
            self._mark(ids, now, slow=slow)
        return len(set(new) - set(known)), len([key for key, row in known.items() if of(row.rule) and key not in told])

    def _insert(self, rows: Iterable[tuple[int, Finding]], known: dict[Any, Any], now: datetime) -> None:
        bulk.insert(
            models.Finding,
            ("certificate", "rule", "severity", "detail", "advice", "source", "found_at"),
            (
                (
                    certificate,
                    one.rule[:200],
                    SEVERITIES.index(one.severity),
                    one.detail,
                    one.advice,
                    one.source,
                    known[certificate, one.rule].found_at if (certificate, one.rule) in known else now,
                )
                for certificate, one in rows
            ),
        )

    def _mark(self, ids: Sequence[int], now: datetime, *, slow: bool) -> None:
        """Write when they were judged, and how bad the worst of their findings is."""
        worst = dict.fromkeys(ids, 0)
        for certificate, severity in bulk.look_up(
            lambda keys: (
                models.Finding.objects.filter(certificate__in=keys).order_by().values_list("certificate_id", "severity")
            ),
            ids,
        ):
            worst[certificate] = max(worst[certificate], severity)
        bulk.update(
            models.Certificate,
            ("severity", "linted_at" if slow else "judged_at"),
            ((severity, now, certificate) for certificate, severity in worst.items()),
        )


def _differs(row: Any, one: Finding | None) -> bool:
    if one is None:
        return True
    return bool(row.detail != one.detail or row.severity != SEVERITIES.index(one.severity))


def _bytes(fingerprints: Collection[str]) -> dict[str, Certificate]:
    rows = bulk.look_up(
        lambda keys: models.CertificateBytes.objects.filter(certificate__fingerprint__in=keys).values_list(
            "certificate__fingerprint", "der"
        ),
        sorted(fingerprints),
    )
    return {fingerprint: from_der(bytes(der)) for fingerprint, der in rows}

"""What the inventory knows of certificates that are to be judged, read in batches; bounded for any one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, F, Max, Min, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from certwright.model.inventory import SourceKind
from certwright.model.words import CertificateState, RevocationReason
from certwright.pki.certificate import Certificate, if_readable
from certwright.store import bulk, models

PLACES = 1_000  # of one certificate that are looked at, the first in alphabetical order
OUT_OF_SIGHT = timedelta(days=14)  # a place that could not be looked at for so long counts no more
_NAMESAKES = 100  # CA certificates of one common name that are considered, the newest
_CROWD = 100  # certificates with one key: how many they are is remembered for a pass
_LONGEST_NAME = 200  # as the column has it
_REMEMBERED = 5_000  # what servers show above their own certificates

_COMPROMISED = Q(state=CertificateState.REVOKED, revocation_reason=RevocationReason.KEY_COMPROMISE)


@dataclass(frozen=True, slots=True)
class Sight:
    """A place that shows a certificate now, and the certificates that came with it there; None where not known.

    ``revoked`` are those of them that their issuers have revoked.
    """

    place: str
    above: tuple[Certificate, ...] | None
    revoked: frozenset[Certificate] = frozenset()


@dataclass(frozen=True, slots=True)
class Case:
    """A certificate to be judged, as DER, with what the inventory knows of it. See ``policy.judged.Judged``.

    ``gives_away_key`` tells that it was revoked because somebody else has its key.
    """

    id: int
    fingerprint: str
    der: bytes
    not_after: datetime
    seen: tuple[Sight, ...]
    replaced: bool
    revoked_at: datetime | None
    revocation_reason: str
    gives_away_key: bool
    compromised: bool
    sharing_key: int
    is_leaf: bool


class _Row(NamedTuple):
    """What is read of a certificate: its columns."""

    pk: int
    fingerprint: str
    public_key_sha256: str
    state: str
    revoked_at: datetime | None
    revocation_reason: str
    not_after: datetime
    is_leaf: bool
    bytes__der: bytes


class _Holders(NamedTuple):
    """The certificates with one key: how many are in force, the least and the greatest of their lists of names, and
    how many were revoked because somebody else has the key."""

    in_force: int
    least: str
    greatest: str
    compromised: int


class Cases:
    """Reads cases. For one pass: what many certificates have in common is read once."""

    def __init__(self, now: datetime) -> None:
        """``now`` is aware UTC."""
        self._now = now
        self._crowds: dict[str, _Holders] = {}
        self._shown: dict[str, Certificate | None] = {}  # by fingerprint, what servers show above their own
        self._revoked: set[str] = set()  # the fingerprints of those of them that are revoked

    def of(self, ids: Sequence[int]) -> list[Case]:
        """The certificates of those ids, in their order."""
        query = models.Certificate.objects.order_by().values_list(*_Row._fields)
        rows = {row[0]: _Row(*row) for row in bulk.look_up(lambda keys: query.filter(pk__in=keys), ids)}
        seen = self._seen(ids)
        holders = self._holders({row.public_key_sha256 for row in rows.values()} - {""})
        return [self._case(rows[pk], seen.get(pk, ()), holders) for pk in ids if pk in rows]

    def _case(self, row: _Row, seen: tuple[Sight, ...], holders: dict[str, _Holders]) -> Case:
        revoked = row.state == CertificateState.REVOKED
        given_away = revoked and row.revocation_reason == RevocationReason.KEY_COMPROMISE
        same_key = holders.get(row.public_key_sha256)
        return Case(
            id=row.pk,
            fingerprint=row.fingerprint,
            der=bytes(row.bytes__der),
            not_after=row.not_after,
            seen=seen,
            replaced=row.state == CertificateState.REPLACED,
            revoked_at=(row.revoked_at or self._now) if revoked else None,
            revocation_reason=row.revocation_reason,
            gives_away_key=given_away,
            compromised=same_key is not None and same_key.compromised > given_away,
            sharing_key=self._sharing(row, same_key),
            is_leaf=row.is_leaf,
        )

    def _sharing(self, row: _Row, same_key: _Holders | None) -> int:
        """How many others have its key, where they do not all stand for the same names.

        Of one that is no longer in force nothing is said: its successors have the key as a rule.
        """
        if same_key is None or row.state != CertificateState.VALID or row.not_after < self._now:
            return 0
        return 0 if same_key.least == same_key.greatest else max(same_key.in_force - 1, 0)

    def _holders(self, keys: Collection[str]) -> dict[str, _Holders]:
        """By key, who has it."""
        valid = Q(is_leaf=True, state=CertificateState.VALID, not_after__gte=self._now)
        found = bulk.look_up(
            lambda some: (
                models.Certificate.objects.filter(public_key_sha256__in=some)
                .order_by()
                .values_list("public_key_sha256")
                .annotate(
                    in_force=Count("pk", filter=valid),
                    least=Min("names", filter=valid),
                    greatest=Max("names", filter=valid),
                    compromised=Count("pk", filter=_COMPROMISED),
                )
            ),
            sorted(set(keys) - set(self._crowds)),
        )
        holders = {key: _Holders(*rest) for key, *rest in found}
        self._crowds |= {key: one for key, one in holders.items() if one.in_force > _CROWD}
        return self._crowds | holders if self._crowds else holders

    def _seen(self, ids: Sequence[int]) -> dict[int, tuple[Sight, ...]]:
        """By certificate, the places on the network that show it now."""
        rows = list(self._current(self._sightings(ids)))
        shown = self._certificates({fingerprint for _, _, presented, _ in rows for fingerprint in presented})
        found: dict[int, list[Sight]] = {}
        for certificate, place, presented, _ in rows:
            above = [shown.get(fingerprint) for fingerprint in presented]
            known = tuple(one for one in above if one is not None)
            revoked = frozenset(one for one in known if one.fingerprint in self._revoked)
            found.setdefault(certificate, []).append(Sight(place, known if len(known) == len(above) else None, revoked))
        return {certificate: tuple(sights) for certificate, sights in found.items()}

    def _sightings(self, ids: Sequence[int]) -> Iterable[Any]:
        """(certificate, place, what came with it, when last seen) of the places of each, not too many."""
        number = Window(RowNumber(), partition_by="certificate", order_by=("place", F("last_seen_at").desc()))
        return bulk.look_up(
            lambda keys: (
                self._standing()
                .filter(certificate__in=keys)
                .annotate(number=number)
                .filter(number__lte=PLACES)
                .order_by("certificate", "number")
                .values_list("certificate_id", "place", "presented", "last_seen_at")
            ),
            ids,
        )

    def _standing(self) -> QuerySet[models.Sighting]:
        """What scans have seen last at each place, unless that is long ago."""
        in_sight = Q(trouble="") | Q(last_seen_at__gte=self._now - OUT_OF_SIGHT)
        return models.Sighting.objects.filter(in_sight, vanished_at=None, source__kind=SourceKind.SCAN)

    def _current(self, rows: Iterable[Any]) -> Iterable[Any]:
        """Without what another scan has seen otherwise since: of two that look at one place the later one counts."""
        every = list(rows)
        scans = list(models.Source.objects.filter(kind=SourceKind.SCAN).values_list("pk", flat=True))
        if len(scans) < 2:
            return every
        latest = bulk.look_up(
            lambda some: (
                models.Sighting.objects.filter(source__in=scans, place__in=some, vanished_at=None)
                .order_by()
                .values_list("place")
                .annotate(at=Max("last_seen_at"))
            ),
            sorted({place for _, place, _, _ in every}),
        )
        last: dict[str, datetime] = dict(latest)
        return [row for row in every if row[3] >= last.get(row[1], row[3])]

    def _certificates(self, fingerprints: Collection[str]) -> dict[str, Certificate | None]:
        unknown = sorted(set(fingerprints) - set(self._shown))
        if len(self._shown) + len(unknown) > _REMEMBERED:
            self._shown.clear()
            self._revoked.clear()
            unknown = sorted(fingerprints)
        self._shown |= dict.fromkeys(unknown)
        found = bulk.look_up(
            lambda keys: models.CertificateBytes.objects.filter(certificate__fingerprint__in=keys).values_list(
                "certificate__fingerprint", "der", "certificate__state"
            ),
            unknown,
        )
        for fingerprint, der, state in found:
            self._shown[fingerprint] = if_readable(bytes(der))
            if state == CertificateState.REVOKED:
                self._revoked.add(fingerprint)
        return self._shown


def called(common_names: Collection[str]) -> list[Certificate]:
    """The CA certificates that we know with those common names ("" among them for those without), the newest of each.

    Among them are those that some server shows as its own, which count as leaves otherwise.
    """
    used_as_leaves = Q(is_leaf=True) & ~Q(common_name="")
    number = Window(RowNumber(), partition_by=("common_name", "is_leaf"), order_by=F("pk").desc())
    ids = bulk.look_up(
        lambda keys: (
            models.Certificate.objects.filter(Q(is_leaf=False) | used_as_leaves, common_name__in=keys)
            .annotate(number=number)
            .filter(number__lte=_NAMESAKES)
            .order_by()
            .values_list("pk", flat=True)
        ),
        sorted({name[:_LONGEST_NAME] for name in common_names}),
    )
    ders = bulk.look_up(
        lambda keys: models.CertificateBytes.objects.filter(certificate__in=keys).values_list("der", flat=True),
        list(ids),
    )
    return [one for one in (if_readable(bytes(der)) for der in ders) if one is not None and one.is_ca]

"""What hangs on a CA's certificate: the certificates of the inventory that its key has signed, and their number."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from certwright.model.inventory import Severity
from certwright.model.ports import Clock
from certwright.model.words import CertificateState
from certwright.pki.certificate import Certificate, if_readable
from certwright.pki.chain import signed_by
from certwright.store import bulk, models
from certwright.store.browsing import SEVERITIES

_LOOKED_AT = 100  # of those that bear a CA's name as their issuer's, at either end: see Issuing.signed
_SHORTEST_FINGERPRINT = 8


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate that a CA's key signed. ``in_force``: neither expired nor revoked."""

    certificate: Certificate
    is_leaf: bool
    in_force: bool


@dataclass(frozen=True, slots=True)
class AuthorityLine:
    """A CA's certificate in a list. Times are aware UTC.

    ``name`` and ``issuer_name`` are the common names, the whole ones (``subject``, ``issuer``) where there are none.
    ``leaves`` are the leaf certificates in force with its name as their issuer's: certificates of one CA under one name
    share them. ``findings`` are the rules that find something, the worst first.
    """

    fingerprint: str
    name: str
    subject: str
    issuer_name: str
    issuer: str
    not_after: datetime
    state: CertificateState
    leaves: int
    severity: Severity | None
    findings: tuple[str, ...]


class Issuing:
    """CA certificates and what they have issued."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def signed(self, authority: Certificate) -> Iterator[Signed]:
        """What it signed, itself left out: those found among the ones of its name that end last, and among those in
        force that end first, so many each.

        At both ends, for a CA that was given a new key under its old name has signed with the old one what ends first.
        One that bears its subject too is no work of a CA but a namesake: appliances all give themselves the same name.
        """
        now = self._clock.now()
        bearing_name = models.Certificate.objects.filter(issuer__name=authority.subject)
        of_name = bearing_name.values_list("pk", "is_leaf", "not_after", "state")
        last = of_name.order_by("-not_after")[:_LOOKED_AT]
        first = of_name.filter(not_after__gte=now).order_by("not_after")[:_LOOKED_AT]
        every = list(dict.fromkeys([*last, *first]))
        ids = [pk for pk, *_ in every]
        ders = models.CertificateBytes.objects.filter(certificate__in=ids).values_list("certificate_id", "der")
        kept = {pk: bytes(der) for pk, der in ders}
        for pk, is_leaf, not_after, state in every:
            certificate = if_readable(kept.get(pk, b""))
            if certificate is None or certificate.is_self_issued or not signed_by(certificate, authority):
                continue
            yield Signed(certificate, is_leaf, not_after >= now and state != CertificateState.REVOKED)

    def has_issued(self, authority: Certificate) -> bool:
        """Whether anything is known that it signed."""
        return next(self.signed(authority), None) is not None

    def is_in_use(self, authority: Certificate) -> bool:
        """Whether a leaf certificate in force hangs on it, over however many intermediates."""
        reached, waiting = {authority}, [authority]
        while waiting:
            for one in self.signed(waiting.pop()):
                if one.in_force and one.is_leaf:
                    return True
                if one.in_force and one.certificate not in reached:
                    reached.add(one.certificate)
                    waiting.append(one.certificate)
        return False

    def authorities(self) -> Iterator[AuthorityLine]:
        """Every CA certificate that is not used as a leaf, in the order of their ends; read in pieces."""
        of_name = self._leaves()
        last: tuple[datetime, int] | None = None
        while rows := self._after(last):
            last = rows[-1].not_after, rows[-1].pk
            found = _findings([row.pk for row in rows])
            for row in rows:
                certificate = if_readable(bytes(row.bytes.der))
                subject = certificate.subject if certificate else row.common_name
                yield AuthorityLine(
                    row.fingerprint,
                    row.common_name or subject,
                    subject,
                    row.issuer.common_name or row.issuer.name,
                    row.issuer.name,
                    row.not_after,
                    self._state(row),
                    of_name.get(subject, 0),
                    SEVERITIES[row.severity] if row.severity else None,
                    found.get(row.pk, ()),
                )

    def _after(self, last: tuple[datetime, int] | None) -> Sequence[models.Certificate]:
        wanted = models.Certificate.objects.filter(is_leaf=False).select_related("issuer", "bytes")
        if last is not None:
            end, pk = last
            wanted = wanted.filter(not_after=end, pk__gt=pk) | wanted.filter(not_after__gt=end)
        return list(wanted.order_by("not_after", "pk")[: bulk.LOOKED_UP])

    def _state(self, row: models.Certificate) -> CertificateState:
        state = CertificateState(row.state)
        ended = row.not_after < self._clock.now() and state is not CertificateState.REVOKED
        return CertificateState.EXPIRED if ended else state

    def _leaves(self) -> dict[str, int]:
        """By the name of their issuer, how many leaf certificates are in force."""
        valid = models.Certificate.objects.filter(is_leaf=True, not_after__gte=self._clock.now())
        counted = valid.exclude(state=CertificateState.REVOKED).order_by().values_list("issuer").annotate(n=Count("pk"))
        numbers = dict(counted)
        names = bulk.look_up(
            lambda keys: models.Issuer.objects.filter(pk__in=keys).values_list("pk", "name"), sorted(numbers)
        )
        return {name: numbers[pk] for pk, name in names}


def authority_id(fingerprint: str) -> int | None:
    """Our id of a CA's certificate by its fingerprint or the beginning of that, 8 hex digits at least.

    None where there is no such one, or several, or where it is used as a leaf.
    """
    text = fingerprint.strip().lower().replace(":", "")
    if len(text) < _SHORTEST_FINGERPRINT:
        return None
    fitting = models.Certificate.objects.filter(is_leaf=False, fingerprint__startswith=text)
    found = list(fitting.values_list("pk", flat=True)[:2])
    return found[0] if len(found) == 1 else None


def _findings(ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    rows = models.Finding.objects.filter(certificate__in=ids).order_by("-severity", "rule")
    for certificate, rule in rows.values_list("certificate_id", "rule"):
        found[certificate] = (*found.get(certificate, ()), rule)
    return found

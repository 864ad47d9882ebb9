"""Which certificates are to be looked up at their issuers, and what these said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from certwright.model.ports import Clock
from certwright.model.words import CertificateState
from certwright.pki.certificate import Certificate, if_readable
from certwright.store import bulk, models

AGAIN = timedelta(hours=12)
_HOLD = "certificateHold"  # the one revocation that may be taken back (RFC 5280 §5.3.1); public CAs must not use it


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of asking the issuer of the certificate of that id.

    ``told``: whether it is known now; then ``revoked_at`` is when it was revoked (aware UTC), None for not, and
    ``reason`` why.
    """

    id: int
    told: bool = False
    revoked_at: datetime | None = None
    reason: str = ""


class RevocationChecks:
    """Revocations as issuers publish them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def due(self, most: int) -> list[tuple[int, Certificate | None]]:
        """Certificates in force of one issuer that were not looked up for long, those first that never were.

        None in the place of one that can be read no more: it is due like the others, and to be kept like them.
        """
        now = self._clock.now()
        revoked = Q(state=CertificateState.REVOKED) & ~Q(revocation_reason=_HOLD)
        wanted = models.Certificate.objects.filter(is_leaf=True, not_after__gte=now).exclude(revoked)
        for old in (Q(revocation_asked_at=None), Q(revocation_asked_at__lt=now - AGAIN)):
            first = wanted.filter(old).order_by("revocation_asked_at", "pk").values_list("issuer", flat=True).first()
            if first is not None:
                rows = wanted.filter(old, issuer=first).order_by("pk").select_related("bytes")
                return [(row.pk, if_readable(bytes(row.bytes.der))) for row in rows[:most]]
        return []

    def due_authorities(self, most: int) -> list[tuple[int, Certificate | None]]:
        """The same of CA certificates, of any issuer. Roots are among them, of which nobody can tell."""
        now = self._clock.now()
        wanted = models.Certificate.objects.filter(is_leaf=False, not_after__gte=now)
        wanted = wanted.exclude(Q(state=CertificateState.REVOKED) & ~Q(revocation_reason=_HOLD))
        due = wanted.filter(Q(revocation_asked_at=None) | Q(revocation_asked_at__lt=now - AGAIN))
        rows = due.order_by("pk").select_related("bytes")[:most]
        return [(row.pk, if_readable(bytes(row.bytes.der))) for row in rows]

    def keep(self, checked: Sequence[Checked]) -> int:
        """Write what was said; a revoked certificate is judged anew. Returns how many are newly revoked."""
        now = self._clock.now()
        count = 0
        with transaction.atomic():
            for column, asked in (("revocation_asked_at", checked), ("revocation_told_at", _told(checked))):
                for ids in bulk.pieces([one.id for one in asked]):
                    models.Certificate.objects.filter(pk__in=ids).update(**{column: now})
            held = self._held(checked)
            for one in checked:
                if one.id in held and one.told and one.reason != _HOLD:  # taken back, or now revoked for good
                    state = CertificateState.REPLACED if _has_successor(one.id) else CertificateState.VALID
                    models.Certificate.objects.filter(pk=one.id).update(
                        state=state, revoked_at=None, revocation_reason="", judged_at=None
                    )
                if one.revoked_at is not None:
                    fresh = models.Certificate.objects.filter(pk=one.id).exclude(state=CertificateState.REVOKED)
                    count += fresh.update(
                        state=CertificateState.REVOKED,
                        revoked_at=one.revoked_at,
                        revocation_reason=one.reason[:32],
                        judged_at=None,
                    )
        return count

    def _held(self, checked: Sequence[Checked]) -> set[int]:
        """Those of them that are revoked for the time being; few are ever."""
        held = models.Certificate.objects.filter(state=CertificateState.REVOKED, revocation_reason=_HOLD)
        ids = [one.id for one in checked]
        return set(bulk.look_up(lambda some: held.filter(pk__in=some).values_list("pk", flat=True), ids))


def _has_successor(certificate: int) -> bool:
    return models.Certificate.objects.filter(replaces=certificate).exists()


def _told(checked: Sequence[Checked]) -> list[Checked]:
    return [one for one in checked if one.told]

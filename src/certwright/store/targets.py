"""Targets, and the challenges published at them: a row is committed before anything is published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from certwright.model.ca import Proof
from certwright.model.errors import NotFound, Refused, Unavailable
from certwright.model.ports import Clock
from certwright.model.words import OrderState
from certwright.store import models

_ENDED = [state for state in OrderState if state.ended]
_OURS_ALONE = timedelta(minutes=10)  # a challenge without order belongs to a trial; one this old, to a broken one


@dataclass(frozen=True, slots=True)
class Target:
    """A target. ``sealed_secrets`` stay sealed here; who may open them does so in ``wiring``."""

    id: int
    name: str
    kind: str
    domains: tuple[str, ...]
    settings: Mapping[str, str]
    enabled: bool
    created_at: datetime
    sealed_secrets: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True)
class Challenge:
    """A proof at a target. ``order_id`` is None of a trial and of a forgotten order."""

    id: int
    order_id: int | None
    target: Target
    proof: Proof
    opened_at: datetime
    published_at: datetime | None
    withdrawn_at: datetime | None
    trouble: str


class Targets:
    """The targets of this installation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def add(self, target: Target) -> Target:
        """Keep a new target (its id is ignored); raises Refused when the name is taken."""
        try:
            with transaction.atomic():
                models.Target.objects.create(
                    name=target.name,
                    kind=target.kind,
                    domains=list(target.domains),
                    settings=dict(target.settings),
                    secrets=target.sealed_secrets,
                    enabled=target.enabled,
                    created_at=self._clock.now(),
                )
        except IntegrityError:
            raise Refused(
                f"There is a target {target.name!r} already.",
                advice="Choose another name, or change it: certwright target change",
            ) from None
        return self.get(target.name)

    def get(self, name: str) -> Target:
        """The target of that name; raises NotFound."""
        row = models.Target.objects.filter(name=name).first()
        if row is None:
            raise NotFound(f"There is no target {name!r}.", advice="certwright target list shows them.")
        return _target(row)

    def all(self) -> Iterator[Target]:
        """All targets by name."""
        return (_target(row) for row in models.Target.objects.order_by("name"))

    def enabled(self) -> list[Target]:
        """Those that may be published at."""
        return [_target(row) for row in models.Target.objects.filter(enabled=True).order_by("name")]

    def change(self, target: Target) -> None:
        """Replace domains, settings and sealed secrets of the target of that name."""
        models.Target.objects.filter(name=target.name).update(
            domains=list(target.domains), settings=dict(target.settings), secrets=target.sealed_secrets
        )

    def reseal(self, name: str, sealed_secrets: bytes) -> None:
        """Replace the sealed secrets, after a rotation."""
        models.Target.objects.filter(name=name).update(secrets=sealed_secrets)

    def enable(self, name: str, *, enabled: bool) -> None:
        """Let proofs be published there, or no more; what stands there is taken away either way."""
        models.Target.objects.filter(name=self.get(name).name).update(enabled=enabled)

    def remove(self, name: str) -> None:
        """Delete the target and what is known of its former challenges; raises Refused while one stands."""
        target = self.get(name)
        with transaction.atomic():
            _hold(target.id)
            challenges = models.Challenge.objects.filter(target_id=target.id)
            if count := challenges.filter(withdrawn_at=None).count():
                raise Refused(
                    f"{count} proofs stand at {name!r}.",
                    advice="They are taken away when their orders have ended; meanwhile: certwright target disable",
                )
            challenges.delete()
            models.Target.objects.filter(pk=target.id).delete()


class ChallengeStore:
    """What is published, and what is about to be."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def open(self, order_id: int | None, target: Target, proof: Proof, *, alone: bool) -> Challenge:
        """The challenge of that proof at that target, committed; an open one of the same order is returned.

        ``alone``: only one value can stand at ``proof.where``. Raises Unavailable while another order that goes on
        needs another value there.
        """
        with transaction.atomic():
            _hold(target.id)
            there = models.Challenge.objects.filter(target_id=target.id, where=proof.where, withdrawn_at=None)
            row = _of_order(there, order_id).filter(value=proof.value).select_related("target").first()
            if row is None:
                if alone:
                    _refuse_others(there.exclude(value=proof.value), order_id, proof)
                row = models.Challenge.objects.create(
                    order_id=order_id,
                    target_id=target.id,
                    name=proof.name,
                    method=proof.method,
                    where=proof.where,
                    value=proof.value,
                    opened_at=self._clock.now(),
                )
        return _challenge(row)

    def former_values(self, challenge: Challenge) -> frozenset[str]:
        """Values of ours at the same place that no order needs any more, or only an earlier wish of this one."""
        same_place = models.Challenge.objects.filter(target_id=challenge.target.id, where=challenge.proof.where)
        needless = Q(withdrawn_at__isnull=False) | Q(order=None)
        if challenge.order_id is not None:
            needless |= Q(order_id=challenge.order_id)
        values = same_place.filter(needless | Q(order__state__in=_ENDED)).values_list("value", flat=True)
        return frozenset(values) - {challenge.proof.value}

    def standing(self, order_id: int) -> list[Challenge]:
        """What is, or may be, published for an order, oldest first."""
        rows = models.Challenge.objects.filter(order_id=order_id, withdrawn_at=None)
        return [_challenge(row) for row in rows.select_related("target").order_by("pk")]

    def standing_at(self, target: Target) -> list[Challenge]:
        """What is, or may be, published at a target, oldest first."""
        rows = models.Challenge.objects.filter(target_id=target.id, withdrawn_at=None)
        return [_challenge(row) for row in rows.select_related("target").order_by("pk")]

    def of_ended_orders(self, limit: int, after: int = 0) -> list[Challenge]:
        """At most so many that nobody needs any more and that are still there, by id from behind ``after``."""
        abandoned = Q(order=None, opened_at__lt=self._clock.now() - _OURS_ALONE)
        rows = models.Challenge.objects.filter(withdrawn_at=None, pk__gt=after)
        rows = rows.filter(abandoned | Q(order__state__in=_ENDED)).select_related("target").order_by("pk")
        return [_challenge(row) for row in rows[:limit]]

    def published(self, challenge: Challenge) -> None:
        """Note that it stands there."""
        self._rows(challenge).update(published_at=self._clock.now(), trouble="")

    def doubted(self, challenge: Challenge) -> None:
        """Note that it was not seen, so that it is published again next time."""
        self._rows(challenge).update(published_at=None)

    def troubled(self, challenge: Challenge, why: str) -> None:
        """Note why it could not be published or taken away."""
        self._rows(challenge).update(trouble=why)

    def withdrawn(self, challenge: Challenge) -> None:
        """Note that it is gone."""
        self._rows(challenge).update(withdrawn_at=self._clock.now(), trouble="")

    def let_go(self, challenge: Challenge) -> bool:
        """Mark the challenge withdrawn when another open one needs the same value at the same place; else False."""
        with transaction.atomic():
            _hold(challenge.target.id)
            same = models.Challenge.objects.filter(
                target_id=challenge.target.id,
                where=challenge.proof.where,
                value=challenge.proof.value,
                withdrawn_at=None,
            )
            if not same.exclude(pk=challenge.id).exists():
                return False
            self.withdrawn(challenge)
        return True

    def _rows(self, challenge: Challenge) -> QuerySet[models.Challenge]:
        return models.Challenge.objects.filter(pk=challenge.id)


def _hold(target_id: int) -> None:
    """Whoever opens or ends a challenge at a target does so one after the other (SQLite has one writer anyway)."""
    models.Target.objects.select_for_update().filter(pk=target_id).update(name=F("name"))


def _of_order(rows: QuerySet[models.Challenge], order_id: int | None) -> QuerySet[models.Challenge]:
    return rows.filter(order=None) if order_id is None else rows.filter(order_id=order_id)


def _refuse_others(others: QuerySet[models.Challenge], order_id: int | None, proof: Proof) -> None:
    needed = others.exclude(order=None).exclude(order__state__in=_ENDED)
    if order_id is not None:
        needed = needed.exclude(order_id=order_id)
    if other := needed.first():
        raise Unavailable(
            f"Order {other.order_id} needs another value at {proof.where}.",
            advice="It is published when that order has ended; cancel it if it is not wanted.",
        )


def _target(row: models.Target) -> Target:
    return Target(
        id=row.pk,
        name=row.name,
        kind=row.kind,
        domains=tuple(row.domains),
        settings=dict(row.settings),
        enabled=row.enabled,
        created_at=row.created_at,
        sealed_secrets=bytes(row.secrets),
    )


def _challenge(row: models.Challenge) -> Challenge:
    return Challenge(
        id=row.pk,
        order_id=row.order_id,
        target=_target(row.target),
        proof=Proof(row.name, row.method, row.where, row.value),
        opened_at=row.opened_at,
        published_at=row.published_at,
        withdrawn_at=row.withdrawn_at,
        trouble=row.trouble,
    )

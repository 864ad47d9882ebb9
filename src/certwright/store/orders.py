"""Orders and revocations as people meet them: recorded, listed, shown, cancelled, forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from certwright.model.ca import CAOrder
from certwright.model.errors import LostLease, NotFound, Refused
from certwright.model.order import Event, EventKind, Order, Outcome, Request, Revocation
from certwright.model.ports import Clock
from certwright.model.words import AutoRenew, KeyKind, OrderState, RevocationReason, RevocationState, WaitingFor
from certwright.pki.keys import KeySpec
from certwright.store import models, rows
from certwright.store.journal import write_events
from certwright.store.keys import KeyStore


@dataclass(frozen=True, slots=True)
class KeyWish:
    """Where the key of a new order is to live; ``existing`` takes one we have instead of making one."""

    kind: KeyKind
    spec: KeySpec | None = None
    token: str = ""
    label: str = ""
    public_key_sha256: str = ""
    existing: int | None = None
    id_length: int = 16  # bytes of a new CKA_ID


class Orders:
    """The orders and revocations of this installation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys = KeyStore(clock)

    def create(
        self,
        account: str,
        request: Request,
        key: KeyWish,
        *,
        reference: str,
        csr: bytes = b"",
        replaces: str = "",
        watched_until: datetime | None = None,
        auto_renew: AutoRenew = AutoRenew.OFF,
        renew_days: int | None = None,
        at_ca: CAOrder | None = None,
    ) -> tuple[Order, bool]:
        """Record an order, due at once. Returns it and whether it is new.

        The same reference with the same request is the same order, however often it is submitted; with another
        request it is refused. ``csr`` is DER; ``replaces`` the fingerprint of the certificate it succeeds.
        ``at_ca`` is the CA order of one that is not placed but only collected, because the CA renews by itself.
        """
        now = self._clock.now()
        predecessor = models.Certificate.objects.filter(fingerprint=replaces).first() if replaces else None
        columns: dict[str, Any] = {
            "reference": reference,
            "csr": csr,
            "replaces": predecessor,
            "watched_until": watched_until,
            "auto_renew": auto_renew,
            "renew_days": renew_days,
            "renewal_due_at": None if auto_renew is AutoRenew.OFF else now,
            **rows.request_columns(request),
        }
        if at_ca is not None:
            columns |= {
                "state": OrderState.PENDING,
                "step": "collect",
                "waiting_for": WaitingFor.CA_RENEWAL,
                "ca_order_id": at_ca.order_id,
                "placed_at": predecessor.not_before if predecessor else now,
            }
        try:
            with transaction.atomic():
                row = self._insert(account, key, columns, now)
                write_events("order_id", row.pk, [Event(EventKind.PERSON, "", "ordered")], now)
        except IntegrityError:
            return self._same(reference, account, request, csr), False
        return self.get_by_id(int(row.pk)), True

    def _insert(
        self,
        account: str,
        key: KeyWish,
        columns: dict[str, Any],
        now: datetime,
    ) -> models.Order:
        owner = models.CAAccount.objects.get(name=account)
        key_id = (
            key.existing
            or self._keys.plan(
                key.kind,
                key.spec,
                token=key.token,
                label=key.label,
                public_key_sha256=key.public_key_sha256,
                id_length=key.id_length,
            ).id
        )
        first = {"state": OrderState.DRAFT, "step": "admit"}
        return models.Order.objects.create(
            account=owner, key_id=key_id, created_at=now, next_action_at=now, **{**first, **columns}
        )

    def _same(self, reference: str, account: str, request: Request, csr: bytes) -> Order:
        order = self.get(reference)
        asked = replace(order.request, organization=request.organization)  # found out meanwhile, it may differ
        same = asked == request and (not csr or csr == order.csr)
        if order.account != account or not same:
            raise Refused(
                f"The reference {reference!r} belongs to order {order.id}, which asks for something else.",
                advice="Choose another --reference.",
            )
        return order

    def get(self, wanted: str) -> Order:
        """The order by our id, our reference or the CA's order id; raises NotFound."""
        query = models.Order.objects.select_related("account", "key", "certificate", "replaces")
        row = query.filter(reference=wanted).first()
        if row is None and wanted.isdecimal():
            row = query.filter(pk=int(wanted)).first()
        if row is None and wanted:
            row = query.filter(ca_order_id=wanted).order_by("pk").first()
        if row is None:
            raise NotFound(f"There is no order {wanted!r}.", advice="certwright order list shows them.")
        return rows.order_value(row)

    def give_csr(self, order: Order, csr: bytes, key: KeyWish) -> Order:
        """Give an order that waits for it its CSR (DER) and the key of that; raises LostLease when it is not held."""
        key_id = key.existing or self._keys.plan(key.kind, key.spec, public_key_sha256=key.public_key_sha256).id
        held = models.Order.objects.filter(pk=order.id, fence=order.fence)
        if not held.update(key_id=key_id, csr=csr):
            raise LostLease(f"order {order.id} is no longer ours at fence {order.fence}")
        return replace(order, csr=csr, key=self._keys.get(key_id))

    def get_by_id(self, order_id: int) -> Order:
        """The order by our id; raises NotFound."""
        query = models.Order.objects.select_related("account", "key", "certificate", "replaces")
        row = query.filter(pk=order_id).first()
        if row is None:
            raise NotFound(f"There is no order {order_id}.", advice="certwright order list shows them.")
        return rows.order_value(row)

    def browse(
        self, *, account: str = "", state: str = "", name: str = "", after: int = 0, page: int = 500
    ) -> Iterator[Order]:
        """Orders, oldest first, read in pages so that any number of them costs little memory."""
        query = models.Order.objects.select_related("account", "key", "certificate", "replaces").order_by("pk")
        if account:
            query = query.filter(account__name=account)
        if state:
            query = query.filter(state=state)
        if name:
            query = query.filter(common_name=name)
        while batch := list(query.filter(pk__gt=after)[:page]):
            yield from (rows.order_value(row) for row in batch)
            after = batch[-1].pk

    def events(self, order_id: int) -> list[dict[str, Any]]:
        """The journal of an order and of its revocations, oldest first."""
        mine = models.OrderEvent.objects.filter(order_id=order_id)
        theirs = models.OrderEvent.objects.filter(revocation__order_id=order_id)
        lines = (mine | theirs).order_by("at", "pk")
        return [dict(line) for line in lines.values("at", "kind", "step", "note", "revocation_id")]

    def intents(self, order_id: int) -> list[dict[str, Any]]:
        """The calls of an order that were to be made exactly once, with their outcomes."""
        mine = models.PurchaseIntent.objects.filter(order_id=order_id).order_by("attempt")
        return [dict(row) for row in mine.values("attempt", "opened_at", "deadline", "outcome", "closed_at")]

    def watch(self, order: Order, seconds: float) -> None:
        """A person waits for this order: look often, starting now."""
        now = self._clock.now()
        table = models.Order.objects.filter(pk=order.id)
        table.update(watched_until=now + timedelta(seconds=seconds))
        table.filter(next_action_at__isnull=False).update(next_action_at=now)

    def wake(self, order: Order) -> None:
        """Make an unfinished order due now; one that is just being advanced, again after that."""
        table = models.Order.objects.filter(pk=order.id)
        table.exclude(state__in=[state for state in OrderState if state.ended]).update(next_action_at=self._clock.now())

    def hint(self, account: str, ca_order_id: str) -> int:
        """A CA hinted that something happened: what is pending there becomes due now; returns how much that was."""
        pending = models.Order.objects.filter(
            account__name=account, state__in=[OrderState.PENDING, OrderState.OUTCOME_UNKNOWN]
        )
        if ca_order_id:
            pending = pending.filter(ca_order_id=ca_order_id)
        return pending.update(next_action_at=self._clock.now())

    def overdue(self, seconds: float) -> int:
        """How many orders should have been looked at that long ago; capped at 1,000."""
        before = self._clock.now() - timedelta(seconds=seconds)
        late = models.Order.objects.filter(next_action_at__lt=before, account__enabled=True, account__paused_because="")
        return late[:1000].count()

    def note(self, order: Order, note: str) -> None:
        """Enter a person's act in the journal."""
        write_events("order_id", order.id, [Event(EventKind.PERSON, "", note)], self._clock.now())

    def ask_to_cancel(self, order: Order, comment: str) -> None:
        """Record that a person wants the order withdrawn; the story does it at its next step."""
        if order.ended:
            raise Refused(
                f"Order {order.id} is {order.state} already.",
                advice="An issued certificate is ended with: certwright cert revoke",
            )
        with transaction.atomic():
            models.Order.objects.filter(pk=order.id).update(cancel_comment=comment or "Cancelled.")
            self.note(order, f"asked to cancel: {comment}")
        self.wake(order)

    def judge_again(self, order: Order) -> bool:
        """Put an order that failed at its certificate back before that judgement, for our side may have been wrong.

        Nothing is ordered again: the evidence that was kept is looked at once more. False when there is none.
        """
        if order.state is not OrderState.FAILED or order.step != "verify" or not order.collected:
            return False
        with transaction.atomic():
            models.Order.objects.filter(pk=order.id, state=OrderState.FAILED).update(
                state=OrderState.PENDING, next_action_at=self._clock.now()
            )
            renewed = models.Order.objects.filter(pk=order.id).exclude(auto_renew=AutoRenew.OFF)
            renewed.update(renewal_due_at=self._clock.now())  # planning had ended with the order
            self.note(order, "asked to judge the kept certificate again")
        return True

    def forget(self, order: Order) -> None:
        """Delete the order here. Nothing is called; its certificate and key stay, the CA keeps its own record.

        Raises Refused while the outcome of a paid call is unknown: nobody would look for it any more.
        """
        unclear = models.PurchaseIntent.objects.filter(order_id=order.id)
        with transaction.atomic():  # or a worker could send between the question and the deletion
            if unclear.filter(outcome__in=(Outcome.OPEN, Outcome.OVERDUE)).exists():
                raise Refused(
                    f"Whether the CA carried out the call of order {order.id} is not known yet.",
                    advice=f"Find out first: certwright order check {order.id}",
                )
            models.Order.objects.filter(pk=order.id).delete()

    def revoke(
        self,
        order: Order | None,
        account: str,
        ca_order: CAOrder,
        *,
        fingerprint: str,
        reason: RevocationReason,
        comment: str,
        whole_order: bool = False,
        watched_until: datetime | None = None,
    ) -> Revocation:
        """Record a revocation, due at once; one that is under way for the same target is returned instead."""
        now = self._clock.now()
        certificate = models.Certificate.objects.filter(fingerprint=fingerprint).first() if fingerprint else None
        with transaction.atomic():
            open_ones = models.Revocation.objects.filter(
                account__name=account,
                ca_order_id=ca_order.order_id,
                certificate=certificate,
                whole_order=whole_order,
            ).exclude(state__in=[RevocationState.REFUSED, RevocationState.REVOKED])
            row = open_ones.first() or models.Revocation.objects.create(
                account=models.CAAccount.objects.get(name=account),
                order_id=order.id if order else None,
                certificate=certificate,
                ca_order_id=ca_order.order_id,
                ca_certificate_id=ca_order.certificate_id,
                whole_order=whole_order,
                reason=reason,
                comment=comment,
                state=RevocationState.REQUESTED,
                step="ask",
                created_at=now,
                next_action_at=now,
                watched_until=watched_until,
            )
            if order is not None:
                what = "order" if whole_order else f"certificate {fingerprint}"
                self.note(order, f"asked to revoke {what}: {reason} {comment}".rstrip())
        return self.revocation(int(row.pk))

    def pending_revocation(self, order: Order) -> Revocation | None:
        """The revocation of the order, or of its certificate, that waits for an approver at the CA."""
        waiting = models.Revocation.objects.filter(order_id=order.id, state=RevocationState.PENDING)
        row = waiting.select_related("account", "certificate", "order").order_by("-pk").first()
        return rows.revocation_value(row) if row else None

    def wake_revocation(self, revocation: Revocation) -> None:
        """Make an unfinished revocation due now."""
        waiting = models.Revocation.objects.filter(pk=revocation.id, lease_owner="", next_action_at__isnull=False)
        waiting.update(next_action_at=self._clock.now())

    def accounts_to_watch(self, further_away: timedelta) -> list[str]:
        """CA accounts that may be asked now and have pending orders to be looked at only after that time."""
        now = self._clock.now()
        quiet = Q(account__quiet_until__isnull=True) | Q(account__quiet_until__lte=now)
        far = models.Order.objects.filter(
            quiet,
            state=OrderState.PENDING,
            next_action_at__gt=now + further_away,
            account__enabled=True,
            account__paused_because="",
        )
        return list(far.values_list("account__name", flat=True).distinct())

    def revocation(self, revocation_id: int) -> Revocation:
        """The revocation by our id; raises NotFound."""
        query = models.Revocation.objects.select_related("account", "certificate", "order")
        row = query.filter(pk=revocation_id).first()
        if row is None:
            raise NotFound(f"There is no revocation {revocation_id}.")
        return rows.revocation_value(row)

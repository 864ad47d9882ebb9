"""The certificates we know, identified by the SHA-256 of their DER."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from certwright.model.ca import CAOrder, ReportedOrder
from certwright.model.errors import LostLease, NotFound, Refused
from certwright.model.order import KeyReference, Order, Revocation
from certwright.model.ports import Clock
from certwright.model.words import CertificateState, Operation
from certwright.pki.certificate import Certificate, from_der
from certwright.pki.chain import Chain
from certwright.store import bulk, models, rows
from certwright.store.columns import certificate_columns
from certwright.store.loading import issuer_row
from certwright.store.searching import SHORTEST, numbers_having

# Where a CA's certificates have no ids of their own, an order has one at a time, and earlier ones are left alone.
_IN_FORCE_OR_NUMBERED = Q(state=CertificateState.VALID) | ~Q(ca_certificate_id="")


@dataclass(frozen=True, slots=True)
class Entry:
    """A leaf certificate in the inventory, with what we know about it beyond its own bytes."""

    id: int
    certificate: Certificate
    state: CertificateState
    account: str
    ca_order: CAOrder
    key: KeyReference | None
    revoked_at: datetime | None
    revocation_reason: str
    replaces: str
    replaced_by: str
    order_id: int | None
    recorded_at: datetime


class Inventory:
    """Records, finds and marks certificates."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def record(self, order: Order, chain: Chain) -> str:
        """See :class:`certwright.model.ports.Inventory`."""
        now = self._clock.now()
        leaf = chain.leaf
        with transaction.atomic():
            mine = models.Order.objects.filter(pk=order.id, fence=order.fence)
            order_row = mine.select_related("account").first()
            if order_row is None:
                raise LostLease(f"order {order.id} is no longer ours at fence {order.fence}")
            for intermediate in chain.intermediates:
                self._enter(intermediate, now)
            placed = order.ca_order or CAOrder("")
            # a duplicate is a copy, which stands beside the one that it is of
            before = None if order.request.operation is Operation.DUPLICATE else order_row.replaces_id
            row = self._enter(
                leaf,
                now,
                chain=[item.fingerprint for item in chain.intermediates],
                account=order_row.account,
                ca_order_id=placed.order_id,
                ca_certificate_id=placed.certificate_id,
                product=order.request.product,
                key_id=order.key.id,
                **({"replaces_id": before} if before else {}),
            )
            if before:
                self._replaced(before)
            models.Order.objects.filter(pk=order.id).update(certificate=row)
        return leaf.fingerprint

    def take(
        self, account: str, ca_order: CAOrder, chain: Chain, state: CertificateState, *, base_order_id: str = ""
    ) -> str:
        """Keep a certificate that was found at a CA, ordered elsewhere or by us; returns its fingerprint. Repeatable.

        Of a certificate that is known already, only what was not known is added. A key of ours is linked. Where a CA
        order has one certificate at a time, and of the orders of its family, whose first is ``base_order_id``, it
        succeeds the one that was there before.
        """
        now = self._clock.now()
        leaf = chain.leaf
        with transaction.atomic():
            for intermediate in chain.intermediates:
                self._enter(intermediate, now)
            row = self._enter(leaf, now)
            if not row.chain:
                row.chain = [item.fingerprint for item in chain.intermediates]
                models.Certificate.objects.filter(pk=row.pk).update(chain=row.chain)
            self._claim(row, account, ca_order, state, base_order_id)
        return leaf.fingerprint

    def claim(self, account: str, order: ReportedOrder, fingerprint: str) -> None:
        """Say of a certificate that was found elsewhere that it is that CA order's; as :meth:`take`."""
        with transaction.atomic():
            row = models.Certificate.objects.get(fingerprint=fingerprint)
            state = order.certificate_state or CertificateState.VALID
            self._claim(row, account, order.ca_order, state, order.base_order_id)

    def _claim(
        self, row: models.Certificate, account: str, ca_order: CAOrder, state: CertificateState, base_order_id: str
    ) -> None:
        owner = models.CAAccount.objects.get(name=account)
        if row.account_id and not _takes_over(owner, row):
            return
        ours = models.Key.objects.filter(public_key_sha256=row.public_key_sha256).exclude(public_key_sha256="")
        models.Certificate.objects.filter(pk=row.pk).update(
            account=owner,
            ca_order_id=ca_order.order_id,
            ca_certificate_id=ca_order.certificate_id,
            key=row.key or ours.first(),
            # what its issuer's CRL has revoked stays revoked, whatever a list says that lags behind
            state=CertificateState.REVOKED if row.state == CertificateState.REVOKED else state,
            judged_at=None,
        )
        if base_order_id or not ca_order.certificate_id:
            self._succeed(row, account, _family(account, ca_order.order_id, base_order_id))

    def _succeed(self, row: models.Certificate, account: str, family: set[str]) -> None:
        """Link a certificate of a family of CA orders with the one before it and the one after it."""
        others = models.Certificate.objects.filter(account__name=account, is_leaf=True, ca_order_id__in=family)
        others = others.exclude(pk=row.pk)
        known_before = Q(not_before=row.not_before, pk__lt=row.pk)  # of the same second the one that came first
        before = others.filter(Q(not_before__lt=row.not_before) | known_before).order_by("-not_before", "-pk").first()
        after = others.filter(not_before__gt=row.not_before).order_by("not_before", "pk").first()
        if before is not None:
            models.Certificate.objects.filter(pk=row.pk).update(replaces=before)
            self._replaced(before.pk)
        if after is not None:
            models.Certificate.objects.filter(pk=after.pk).update(replaces=row)
            self._replaced(row.pk)

    def known(self, account: str, ca_order: CAOrder) -> str:
        """The fingerprint of what was recorded under that certificate id of the CA; "" when nothing was."""
        if not ca_order.certificate_id:
            return ""
        mine = models.Certificate.objects.filter(
            account__name=account,
            is_leaf=True,
            ca_order_id=ca_order.order_id,
            ca_certificate_id=ca_order.certificate_id,
        )
        return mine.values_list("fingerprint", flat=True).first() or ""

    def _enter(self, certificate: Certificate, now: datetime, **links: Any) -> models.Certificate:
        """Insert the certificate unless it is known; links that were not known before are added."""
        row = models.Certificate.objects.filter(fingerprint=certificate.fingerprint).first()
        row = row or enter(certificate, now, **links)
        if links:
            models.Certificate.objects.filter(pk=row.pk).update(**links)
        return row

    def _replaced(self, certificate_id: int) -> None:
        models.Certificate.objects.filter(pk=certificate_id, state=CertificateState.VALID).update(
            state=CertificateState.REPLACED, judged_at=None
        )

    def revoked(self, revocation: Revocation, at: datetime) -> int:
        """See :class:`certwright.model.ports.Inventory`."""
        mine = models.Certificate.objects.filter(account__name=revocation.account, is_leaf=True)
        target = (
            mine.filter(_IN_FORCE_OR_NUMBERED, ca_order_id=revocation.target.order_id)
            if revocation.target.whole_order
            else mine.filter(fingerprint=revocation.fingerprint)
        )
        return target.exclude(state=CertificateState.REVOKED).update(
            state=CertificateState.REVOKED, revoked_at=at, revocation_reason=revocation.reason, judged_at=None
        )

    def get(self, wanted: str) -> Entry:
        """The leaf by fingerprint (or its beginning, ≥ 8 hex), serial, our id, or common name if only one has it.

        Raises NotFound, or Refused when several certificates fit.
        """
        query = self._leaves()
        text = wanted.strip().lower().replace(":", "")
        found = list(query.filter(Q(fingerprint=text) | Q(serial=text.lstrip("0")))[:2])
        if not found and text.isdecimal() and len(text) < 8:
            found = list(query.filter(pk=int(text)))
        if not found and len(text) >= 8:
            found = list(query.filter(fingerprint__startswith=text)[:2])
        if not found:
            current = query.filter(common_name=text, state=CertificateState.VALID)
            found = list(current[:2]) or list(query.filter(common_name=text)[:2])
        if not found:
            found = self._named(wanted.strip())
        if not found:
            raise NotFound(f"There is no certificate {wanted!r}.", advice="certwright cert list shows them.")
        if len(found) > 1:
            raise Refused(f"{wanted!r} fits several certificates.", advice="Give the fingerprint.")
        return self._entry(found[0])

    def _named(self, wanted: str) -> list[models.Certificate]:
        """Two at most of those with exactly that name among their SANs or for a common name; in force before others."""
        if len(wanted) < SHORTEST:
            return []
        few = numbers_having(wanted) or []
        rows_ = [
            row
            for keys in bulk.pieces(few)
            for row in self._leaves().filter(pk__in=keys)
            if wanted.casefold() in (*row.names.casefold().split(), row.common_name.casefold())
        ]
        return ([row for row in rows_ if row.state == CertificateState.VALID] or rows_)[:2]

    def chain(self, entry: Entry) -> Chain:
        """The leaf with the intermediates it was recorded with."""
        row = models.Certificate.objects.get(pk=entry.id)
        by_fingerprint = {
            known.fingerprint: from_der(bytes(known.bytes.der))
            for known in models.Certificate.objects.filter(fingerprint__in=row.chain).select_related("bytes")
        }
        return Chain(entry.certificate, tuple(by_fingerprint[fingerprint] for fingerprint in row.chain))

    def _leaves(self) -> Any:
        return models.Certificate.objects.filter(is_leaf=True).select_related("account", "key", "replaces", "bytes")

    def _entry(self, row: models.Certificate) -> Entry:
        certificate = from_der(bytes(row.bytes.der))
        state = CertificateState(row.state)
        if state is not CertificateState.REVOKED and row.not_after < self._clock.now():
            state = CertificateState.EXPIRED
        successor = row.replaced_by.order_by("-pk").first()
        order = row.orders.order_by("pk").first()
        return Entry(
            id=row.pk,
            certificate=certificate,
            state=state,
            account=row.account.name if row.account else "",
            ca_order=CAOrder(row.ca_order_id, row.ca_certificate_id),
            key=rows.key_value(row.key) if row.key else None,
            revoked_at=row.revoked_at,
            revocation_reason=row.revocation_reason,
            replaces=row.replaces.fingerprint if row.replaces else "",
            replaced_by=successor.fingerprint if successor else "",
            order_id=order.pk if order else None,
            recorded_at=row.recorded_at,
        )


def _takes_over(owner: models.CAAccount, row: models.Certificate) -> bool:
    """An account that may order takes a certificate over from one that may only read: with it something can be done."""
    before = row.account
    return before is not None and before.read_only and not owner.read_only and before.ca == owner.ca


def _family(account: str, order_id: str, base_order_id: str) -> set[str]:
    """The ids of the CA orders that are of one family with an order, as far as the CA's list showed them by now."""
    base = base_order_id or order_id
    listed = models.CAOrder.objects.filter(account__name=account, base_order_id=base)
    return {base, order_id, *listed.values_list("ca_order_id", flat=True)}


def enter(certificate: Certificate, now: datetime, **links: Any) -> models.Certificate:
    """Keep a certificate that is not known, as valid; ``links`` are further columns. Call it inside ``atomic``."""
    columns = {"state": CertificateState.VALID, **certificate_columns(certificate), "recorded_at": now, **links}
    columns["issuer"] = issuer_row(certificate)
    # another process may come between: then it is the row of that one
    row, _ = models.Certificate.objects.get_or_create(fingerprint=columns.pop("fingerprint"), defaults=columns)
    models.CertificateBytes.objects.get_or_create(certificate=row, defaults={"der": certificate.der})
    return row

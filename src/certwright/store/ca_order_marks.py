"""What a CA's list says of its orders holds for their certificates in the inventory too: revoked, replaced, named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from certwright.model.ca import ReportPage
from certwright.model.words import CertificateState
from certwright.store import bulk, models

_WORD = 32  # characters of a revocation's reason
_OVER = (CertificateState.REVOKED, CertificateState.REPLACED)


def mark(owner: models.CAAccount, page: ReportPage, now: datetime) -> None:
    """Take over what a page says of certificates. Call it inside ``atomic``, once the page itself is kept."""
    _mark_revoked(owner, page, now)
    _mark_replaced(owner, page)
    _mark_tied(owner, page, now)


def _mark_revoked(owner: models.CAAccount, page: ReportPage, now: datetime) -> None:
    """What was revoked elsewhere, in the CA's console or by the CA itself, is revoked in the inventory too."""
    ids = {one.ca_order.certificate_id for one in page.orders if one.certificate_state is CertificateState.REVOKED}
    whole = {
        one.ca_order.order_id
        for one in page.orders
        if one.certificate_state is CertificateState.REVOKED and not one.ca_order.certificate_id
    }
    in_use = Q(ca_order_id__in=whole - {""}, ca_certificate_id="", state=CertificateState.VALID)
    gone = Q(ca_certificate_id__in=ids - {""}) | in_use
    ours = _of_orders(owner, page)
    ours.filter(gone).exclude(state=CertificateState.REVOKED).update(
        state=CertificateState.REVOKED, revoked_at=now, judged_at=None
    )
    for one in page.orders:  # the CA's own date and reason, where it tells them
        if one.revoked_at and one.ca_order.certificate_id:
            told = {"revoked_at": one.revoked_at, "revocation_reason": one.revocation_reason[:_WORD]}
            revoked = ours.filter(
                ca_order_id=one.ca_order.order_id,
                ca_certificate_id=one.ca_order.certificate_id,
                state=CertificateState.REVOKED,
            )
            revoked.exclude(**told).update(**told, judged_at=None)


def _mark_tied(owner: models.CAAccount, page: ReportPage, now: datetime) -> None:
    """What this CA account says of a certificate holds, also where it was ordered with another account of ours."""
    ids = {one.ca_order.order_id for one in page.orders} - {""}
    over = models.CAOrder.objects.filter(
        account=owner, ca_order_id__in=ids, certificate__isnull=False, certificate_state__in=_OVER
    )
    for row in over.select_related("certificate"):
        if not _is_ended(row):
            end_certificate(row, now)


def _mark_replaced(owner: models.CAAccount, page: ReportPage) -> None:
    """What was replaced by a reissue elsewhere is replaced in the inventory too."""
    replaced = [one for one in page.orders if one.certificate_state is CertificateState.REPLACED]
    ids = {one.ca_order.certificate_id for one in replaced} - {""}
    ours = _of_orders(owner, page).filter(ca_certificate_id__in=ids)
    ours.filter(state=CertificateState.VALID).update(state=CertificateState.REPLACED, judged_at=None)


def name_products(changed: Sequence[models.CAOrder]) -> None:
    """A certificate shows the product of its CA order. Call it inside ``atomic``."""
    named = {row.certificate_id: row.product for row in changed if row.certificate_id and row.product}
    shown = bulk.look_up(
        lambda ids: models.Certificate.objects.filter(pk__in=ids).values_list("pk", "product"), list(named)
    )
    others = [(named[pk], pk) for pk, product in shown if product != named[pk]]
    bulk.update(models.Certificate, ("product",), others)


def _is_ended(row: models.CAOrder) -> bool:
    """Whether the certificate that a CA order is tied to already is what the CA says: revoked, when and why."""
    certificate = row.certificate
    if certificate is None or row.certificate_state == CertificateState.REPLACED:
        return certificate is None or certificate.state != CertificateState.VALID
    if certificate.state != CertificateState.REVOKED or row.revoked_at is None:
        return certificate.state == CertificateState.REVOKED
    return (certificate.revoked_at, certificate.revocation_reason) == (row.revoked_at, row.revocation_reason)


def end_certificate(row: models.CAOrder, now: datetime) -> None:
    """Have the certificate that a CA order is tied to be revoked or replaced where the CA says so."""
    if row.certificate_id is None:
        return
    mine = models.Certificate.objects.filter(pk=row.certificate_id, is_leaf=True)
    if row.certificate_state == CertificateState.REPLACED:
        mine.filter(state=CertificateState.VALID).update(state=CertificateState.REPLACED, judged_at=None)
    if row.certificate_state != CertificateState.REVOKED:
        return
    mine.exclude(state=CertificateState.REVOKED).update(
        state=CertificateState.REVOKED, revoked_at=row.revoked_at or now, judged_at=None
    )
    if row.revoked_at:
        told = {"revoked_at": row.revoked_at, "revocation_reason": row.revocation_reason}
        mine.exclude(**told).update(**told, judged_at=None)


def _of_orders(owner: models.CAAccount, page: ReportPage) -> QuerySet[models.Certificate]:
    """The leaf certificates of the CA orders of a page; named by their orders, which an index knows."""
    ids = {one.ca_order.order_id for one in page.orders} - {""}
    return models.Certificate.objects.filter(account=owner, ca_order_id__in=ids, is_leaf=True)

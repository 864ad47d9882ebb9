"""What the CAs' own lists show: every CA order an account has, wherever it was placed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import CharField, Q, QuerySet

from certwright.model.ca import CAOrder, ReportedOrder, ReportPage
from certwright.model.ports import Clock
from certwright.model.words import CertificateState, OrderState
from certwright.store import bulk, models

DETAILS_LAST = timedelta(days=30)
_MATCHED = 100  # CA orders of one transaction, each of them with signatures to verify
_BATCH = 500  # rows of one statement: far below what SQLite takes as parameters


@dataclass(frozen=True, slots=True)
class Taken:
    """What a page brought: CA orders that were new, that had changed, and that were known as they are."""

    new: int = 0
    changed: int = 0
    known: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(self.new + other.new, self.changed + other.changed, self.known + other.known)


class LeftOut(StrEnum):
    """Certificates that an import need not fetch; their orders are taken over all the same."""

    EXPIRED = "expired"
    REVOKED = "revoked"
    REJECTED = "rejected"  # of an order that ended rejected, cancelled or failed


class CAOrders:
    """The CA orders that were imported."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def cursor(self, account: str) -> str:
        """Where an unfinished import of the account goes on; "" when none is under way."""
        return models.CAAccount.objects.values_list("import_cursor", flat=True).get(name=account)

    def start_over(self, account: str) -> None:
        """Let the next import begin at the first page."""
        models.CAAccount.objects.filter(name=account).update(import_cursor="")

    def take(self, account: str, page: ReportPage) -> Taken:
        """Keep a page, and that the import goes on behind it, in one transaction. Repeatable."""
        now = self._clock.now()
        with transaction.atomic():
            owner = models.CAAccount.objects.get(name=account)
            reported = {_identity(one): _columns(one, now) for one in page.orders}
            known = self._known(owner, reported)
            for key, row in known.items():
                _keep_what_is_known(row, reported[key])
            changed = [row for key, row in known.items() if _differs(row, reported[key])]
            for row in changed:
                if _renewed(row, reported[_key(row)]):  # its bytes are fetched anew, and join the lineage
                    row.certificate = None
                row.detailed_at = None  # what only details tell may have changed with it
                for column, value in reported[_key(row)].items():
                    setattr(row, column, value)
            new = [
                models.CAOrder(account=owner, seen_at=now, **columns)
                for key, columns in reported.items()
                if key not in known
            ]
            models.CAOrder.objects.bulk_create(new, batch_size=_BATCH)
            names = (*_COLUMNS, "detailed_at", "certificate_id")
            values = ([getattr(row, name) for name in (*names, "pk")] for row in changed)
            bulk.update(models.CAOrder, (*_COLUMNS, "detailed_at", "certificate"), values)
            self._mark_revoked(owner, page, now)
            self._mark_replaced(owner, page)
            self._mark_tied(owner, page, now)
            self._name_products(changed)
            self._forget_forerunners(owner, page)
            seen = [row.pk for row in known.values()]
            models.CAOrder.objects.filter(pk__in=seen).update(seen_at=now)
            asked = [row.pk for key, row in known.items() if "detailed_at" in reported[key]]
            models.CAOrder.objects.filter(pk__in=asked).update(detailed_at=now)  # also where that told nothing new
            models.CAAccount.objects.filter(pk=owner.pk).update(import_cursor=page.cursor)
        return Taken(len(new), len(changed), len(known) - len(changed))

    def _forget_forerunners(self, owner: models.CAAccount, page: ReportPage) -> None:
        """Rows of before an order had a certificate id, or a draft an order id: now it is the row that has one."""
        placed = [one.ca_order for one in page.orders if one.ca_order.order_id]
        mine = models.CAOrder.objects.filter(account=owner)
        numbered = [one.order_id for one in placed if one.certificate_id]
        mine.filter(ca_order_id__in=numbered, ca_certificate_id="").delete()
        submitted = [one.request_id for one in placed if one.request_id]
        mine.filter(ca_order_id="", ca_request_id__in=submitted).delete()

    def _mark_revoked(self, owner: models.CAAccount, page: ReportPage, now: datetime) -> None:
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

    def _mark_tied(self, owner: models.CAAccount, page: ReportPage, now: datetime) -> None:
        """What this CA account says of a certificate holds, also where it was ordered with another account of ours."""
        ids = {one.ca_order.order_id for one in page.orders} - {""}
        over = models.CAOrder.objects.filter(
            account=owner, ca_order_id__in=ids, certificate__isnull=False, certificate_state__in=_OVER
        )
        for row in over:
            _end_certificate(row, now)

    def _mark_replaced(self, owner: models.CAAccount, page: ReportPage) -> None:
        """What was replaced by a reissue elsewhere is replaced in the inventory too."""
        replaced = [one for one in page.orders if one.certificate_state is CertificateState.REPLACED]
        ids = {one.ca_order.certificate_id for one in replaced} - {""}
        ours = _of_orders(owner, page).filter(ca_certificate_id__in=ids)
        ours.filter(state=CertificateState.VALID).update(state=CertificateState.REPLACED, judged_at=None)

    def _name_products(self, changed: Sequence[models.CAOrder]) -> None:
        """A certificate shows the product of its CA order."""
        for row in changed:
            if row.certificate_id and row.product:
                other = models.Certificate.objects.filter(pk=row.certificate_id).exclude(product=row.product)
                other.update(product=row.product)

    def _known(self, owner: models.CAAccount, reported: dict[_Identity, Any]) -> dict[_Identity, Any]:
        ids = {order_id for order_id, _, _ in reported}
        rows = models.CAOrder.objects.filter(account=owner, ca_order_id__in=ids)
        return {_key(row): row for row in rows if _key(row) in reported}

    def browse(
        self, *, account: str = "", state: str = "", name: str = "", after: int = 0, page: int = 500
    ) -> Iterator[tuple[str, ReportedOrder]]:
        """(account, CA order), in the order they were first seen, read in pages."""
        query = models.CAOrder.objects.select_related("account").order_by("pk")
        if account:
            query = query.filter(account__name=account)
        if state:
            query = query.filter(state=state)
        if name:
            query = query.filter(common_name=name)
        while batch := list(query.filter(pk__gt=after)[:page]):
            yield from ((row.account.name, _value(row)) for row in batch)
            after = batch[-1].pk

    def without_certificate(
        self, account: str, leave_out: Collection[LeftOut] = (), *, page: int = 500
    ) -> Iterator[tuple[int, ReportedOrder]]:
        """(id, CA order) of those that have a certificate whose bytes we do not have, but for those left out."""
        after = 0
        wanted = self._without_certificate(account, leave_out).order_by("pk")
        while batch := list(wanted.filter(pk__gt=after)[:page]):
            yield from ((row.pk, _value(row)) for row in batch)
            after = batch[-1].pk

    def count_without_certificate(self, account: str, leave_out: Collection[LeftOut] = ()) -> int:
        """How many those are."""
        return self._without_certificate(account, leave_out).count()

    def _without_certificate(self, account: str, leave_out: Collection[LeftOut]) -> QuerySet[models.CAOrder]:
        rejected = Q(state__in=(OrderState.REJECTED, OrderState.CANCELLED, OrderState.FAILED))
        found = models.CAOrder.objects.filter(~Q(certificate_state="") | ~Q(serial=""))
        found = found.filter(account__name=account, certificate=None)
        if LeftOut.REJECTED in leave_out:
            found = found.exclude(rejected)
        if LeftOut.REVOKED in leave_out:
            found = found.exclude(certificate_state=CertificateState.REVOKED)
        if LeftOut.EXPIRED in leave_out:
            over = Q(not_after__isnull=False, not_after__lte=self._clock.now())
            found = found.exclude(Q(certificate_state=CertificateState.EXPIRED) | over)
        return found

    def link(self, ca_order_row: int, fingerprint: str) -> None:
        """Tie a CA order to its certificate in the inventory."""
        certificate = models.Certificate.objects.get(fingerprint=fingerprint)
        row = models.CAOrder.objects.get(pk=ca_order_row)
        models.CAOrder.objects.filter(pk=row.pk).update(certificate=certificate)
        row.certificate = certificate
        _end_certificate(row, self._clock.now())
        if row.product:
            models.Certificate.objects.filter(pk=certificate.pk).exclude(product=row.product).update(
                product=row.product
            )

    def without_details(self, account: str, most: int, *, last: timedelta = DETAILS_LAST) -> list[CAOrder]:
        """CA orders that the CA was never asked for one by one, or that have changed since; then those in force of
        which that is longer ago than ``last``, for notes change without the list telling."""
        mine = models.CAOrder.objects.filter(account__name=account).exclude(ca_order_id="")
        long_ago = self._clock.now() - last
        old = mine.filter(detailed_at__lt=long_ago, certificate_state=CertificateState.VALID).order_by("detailed_at")
        found: list[str] = []
        for wanted in (mine.filter(detailed_at=None).order_by("-pk"), old):
            found += wanted.values_list("ca_order_id", flat=True)[: most - len(found)]
        orders = dict.fromkeys(found)
        return [CAOrder(order_id) for order_id in orders]

    def take_details(self, account: str, reported: Sequence[ReportedOrder]) -> Taken:
        """Keep what the CA told of one order; the import of its list goes on where it was."""
        return self.take(account, ReportPage(tuple(reported), self.cursor(account)))

    def without_more(self, account: str, ca_order: CAOrder) -> None:
        """Remember that the CA tells no more of an order than its list, so that it is not asked for at every run."""
        mine = models.CAOrder.objects.filter(account__name=account, ca_order_id=ca_order.order_id)
        mine.update(detailed_at=self._clock.now())

    def match(self, account: str, claim: Callable[[str, ReportedOrder], bool]) -> int:
        """Tie CA orders to certificates that were found elsewhere, by serial and issuer; returns how many that were.

        A serial says nothing without its issuer (RFC 5280 §4.1.2.2), which is the one that the CA names. A list that
        names none leaves it to ``claim`` and the day on which the certificate ends. Names are not compared. ``claim``
        is given the certificate's fingerprint and the CA order, and tells whether it is accepted as one that this CA
        has signed: anybody can write a serial and the name of an issuer into a certificate.
        """
        after = matched = 0
        wanted = models.CAOrder.objects.filter(account__name=account, certificate=None).exclude(serial="")
        while batch := list(wanted.order_by("pk").filter(pk__gt=after)[:_MATCHED]):
            after = batch[-1].pk
            with transaction.atomic():
                matched += self._match(batch, claim)
        return matched

    def _match(self, batch: Sequence[models.CAOrder], claim: Callable[[str, ReportedOrder], bool]) -> int:
        by_serial: dict[str, list[models.CAOrder]] = {}
        for row in batch:
            by_serial.setdefault(row.serial, []).append(row)
        matched = 0
        found = models.Certificate.objects.filter(serial__in=by_serial, is_leaf=True).select_related("issuer")
        for certificate in found:
            same = next((one for one in by_serial[certificate.serial] if _may_be(certificate, one)), None)
            if same is not None and claim(certificate.fingerprint, _value(same)):
                self.link(same.pk, certificate.fingerprint)
                matched += 1
        return matched


_FIELDS = tuple(field.name for field in fields(ReportedOrder) if field.name not in ("ca_order", "detailed"))
_COLUMNS = ("ca_order_id", "ca_certificate_id", "ca_request_id", *_FIELDS)
# What a list may leave out that is told of a single order: a list that says nothing takes nothing away.
_DETAILS = (
    "validation", "group", "requester", "contacts", "auto_renew", "cost", "fields", "notes", "issuer", "duplicates",
    "reissues", "revoked_at", "revocation_reason",
)  # fmt: skip
_HALF_TOLD = ("validation", "auto_renew", "cost")  # by a list, where details tell more
_LONGEST = {
    field.name: field.max_length
    for field in models.CAOrder._meta.get_fields()
    if isinstance(field, CharField) and field.max_length
}
_WORD = _LONGEST["revocation_reason"]


_Identity = tuple[str, str, str]  # a CA order has an order id; only a draft is known by its request id


_OVER = (CertificateState.REVOKED, CertificateState.REPLACED)


def _end_certificate(row: models.CAOrder, now: datetime) -> None:
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


def _may_be(certificate: models.Certificate, row: models.CAOrder) -> bool:
    """Whether a certificate with the CA order's serial has the issuer that the CA names, or else the same last day."""
    if row.issuer:
        return bool(row.issuer == certificate.issuer.common_name)
    return row.not_after is not None and row.not_after.date() == certificate.not_after.date()


def _identity(order: ReportedOrder) -> _Identity:
    placed = order.ca_order
    return placed.order_id, placed.certificate_id, "" if placed.order_id else placed.request_id


def _key(row: models.CAOrder) -> _Identity:
    return row.ca_order_id, row.ca_certificate_id, row.ca_request_id


def _columns(order: ReportedOrder, now: datetime) -> dict[str, Any]:
    order_id, certificate_id, request_id = _identity(order)
    columns = {name: _column(name, getattr(order, name)) for name in _FIELDS}
    if order.detailed:
        columns["detailed_at"] = now
    else:
        columns = {name: value for name, value in columns.items() if name not in _DETAILS or value not in _NOTHING}
    return {
        **columns,
        "ca_order_id": order_id,
        "ca_certificate_id": certificate_id,
        "ca_request_id": request_id,
        "certificate_state": order.certificate_state or "",
    }


_NOTHING: tuple[Any, ...] = ("", None, [], {})


def _column(name: str, value: Any) -> Any:
    """A value as the column takes it; texts of a CA that are longer than a column are cut."""
    if isinstance(value, str):
        return value[: _LONGEST.get(name)]
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _keep_what_is_known(row: models.CAOrder, columns: dict[str, Any]) -> None:
    """Take from what a list says of a CA order what is known better: a revoked certificate stays revoked."""
    if row.certificate_state == CertificateState.REVOKED:
        columns["certificate_state"] = CertificateState.REVOKED
    if row.detailed_at is not None and "detailed_at" not in columns:
        for name in _HALF_TOLD:
            columns.pop(name, None)


def _renewed(row: models.CAOrder, columns: dict[str, Any]) -> bool:
    """Whether the CA order shows another certificate than the one we have of it: by serial, else by its end."""
    if row.certificate_id is None:
        return False
    mark = "serial" if row.serial and columns["serial"] else "not_after"
    old, new = getattr(row, mark), columns[mark]
    return bool(old) and bool(new) and old != new


def _differs(row: models.CAOrder, columns: dict[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in columns.items() if name != "detailed_at")


def _value(row: models.CAOrder) -> ReportedOrder:
    columns = {name: getattr(row, name) for name in _FIELDS}
    return ReportedOrder(
        CAOrder(row.ca_order_id, row.ca_certificate_id, row.ca_request_id),
        **{
            **columns,
            "names": tuple(row.names),
            "contacts": tuple(row.contacts),
            "notes": tuple(row.notes),
            "detailed": row.detailed_at is not None,
            "state": OrderState(row.state),
            "certificate_state": CertificateState(row.certificate_state) if row.certificate_state else None,
        },
    )

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
from certwright.store import bulk, ca_order_marks, lineage, models

DETAILS_LAST = timedelta(days=30)
_MATCHED = 100  # CA orders of one transaction, each of them with signatures to verify
_BATCH = 500  # rows of one statement: far below what SQLite takes as parameters


@dataclass(frozen=True, slots=True)
class Taken:
    """What pages brought: CA orders that were new, that had changed, and that were known as they are.

    ``vanished`` are those that a list did not have any more, which only its end tells.
    """

    new: int = 0
    changed: int = 0
    known: int = 0
    vanished: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Taken)))


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
        with transaction.atomic():
            owner = models.CAAccount.objects.get(name=account)
            taken = self._take(owner, page, listed=True)
            models.CAAccount.objects.filter(pk=owner.pk).update(import_cursor=page.cursor)
        return taken

    def _take(self, owner: models.CAAccount, page: ReportPage, *, listed: bool) -> Taken:
        """``listed`` tells that the CA's list has these orders now: none has vanished. Call it inside ``atomic``."""
        now = self._clock.now()
        reported = {_identity(one): _columns(one, now) for one in page.orders}
        known, beside = self._known(owner, reported)
        for key, row in known.items():
            _keep_what_is_known(row, reported[key])
        back = {row.pk for row in (*known.values(), *beside) if listed and row.vanished_at}
        changed = [row for key, row in known.items() if row.pk in back or _differs(row, reported[key])]
        for row in changed:
            _change(row, reported[_key(row)], now)
        new = [
            models.CAOrder(account=owner, first_seen_at=now, seen_at=now, listed_by=owner.import_number, **columns)
            for key, columns in reported.items()
            if key not in known
        ]
        models.CAOrder.objects.bulk_create(new, batch_size=_BATCH)
        names = (*_COLUMNS, "detailed_at", "changed_at", "certificate_id")
        values = ([getattr(row, name) for name in (*names, "pk")] for row in changed)
        bulk.update(models.CAOrder, (*_COLUMNS, "detailed_at", "changed_at", "certificate"), values)
        for row in changed:
            if row.replaces:
                lineage.link_reissue(row)
        ca_order_marks.mark(owner, page, now)
        ca_order_marks.name_products(changed)
        self._forget_forerunners(owner, page)
        here = {"listed_by": owner.import_number, "vanished_at": None} if listed else {}
        seen = [row.pk for row in known.values()]
        models.CAOrder.objects.filter(pk__in=seen).update(seen_at=now, **here)
        if listed and beside:  # a list may show one certificate of an order: the order is there, with all of them
            models.CAOrder.objects.filter(pk__in=[row.pk for row in beside]).update(**here)
        if back:
            models.CAOrder.objects.filter(pk__in=back).update(changed_at=now)
        asked = [row.pk for key, row in known.items() if "detailed_at" in reported[key]]
        models.CAOrder.objects.filter(pk__in=asked).update(detailed_at=now)  # also where that told nothing new
        return Taken(len(new), len(changed), len(known) - len(changed))

    def _forget_forerunners(self, owner: models.CAAccount, page: ReportPage) -> None:
        """Rows of before an order had a certificate id, or a draft an order id: now it is the row that has one."""
        placed = [one.ca_order for one in page.orders if one.ca_order.order_id]
        mine = models.CAOrder.objects.filter(account=owner)
        numbered = [one.order_id for one in placed if one.certificate_id]
        mine.filter(ca_order_id__in=numbered, ca_certificate_id="").delete()
        submitted = [one.request_id for one in placed if one.request_id]
        mine.filter(ca_order_id="", ca_request_id__in=submitted).delete()

    def _known(
        self, owner: models.CAAccount, reported: dict[_Identity, Any]
    ) -> tuple[dict[_Identity, models.CAOrder], list[models.CAOrder]]:
        """The rows that are reported, and the others of the same orders."""
        ids = {order_id for order_id, _, _ in reported}
        known, beside = {}, []
        for row in models.CAOrder.objects.filter(account=owner, ca_order_id__in=ids):
            if _key(row) in reported:
                known[_key(row)] = row
            elif row.ca_order_id:
                beside.append(row)
        return known, beside

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
            yield from ((row.account.name, value_of(row)) for row in batch)
            after = batch[-1].pk

    def without_certificate(
        self, account: str, leave_out: Collection[LeftOut] = (), *, page: int = 500
    ) -> Iterator[tuple[int, ReportedOrder]]:
        """(id, CA order) of those that have a certificate whose bytes we do not have, but for those left out."""
        after = 0
        wanted = self._without_certificate(account, leave_out).order_by("pk")
        while batch := list(wanted.filter(pk__gt=after)[:page]):
            yield from ((row.pk, value_of(row)) for row in batch)
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
        lineage.link_reissue(row)
        ca_order_marks.end_certificate(row, self._clock.now())
        if row.product:
            models.Certificate.objects.filter(pk=certificate.pk).exclude(product=row.product).update(
                product=row.product
            )

    def without_details(self, account: str, most: int, *, last: timedelta = DETAILS_LAST) -> list[CAOrder]:
        """CA orders that the CA was never asked for one by one, or that have changed since; then those in force of
        which that is longer ago than ``last``, for notes change without the list telling. None that has vanished.
        """
        mine = models.CAOrder.objects.filter(account__name=account, vanished_at=None).exclude(ca_order_id="")
        long_ago = self._clock.now() - last
        old = mine.filter(detailed_at__lt=long_ago, certificate_state=CertificateState.VALID).order_by("detailed_at")
        found: list[str] = []
        for wanted in (mine.filter(detailed_at=None).order_by("-pk"), old):
            found += wanted.values_list("ca_order_id", flat=True)[: most - len(found)]
        orders = dict.fromkeys(found)
        return [CAOrder(order_id) for order_id in orders]

    def take_details(self, account: str, reported: Sequence[ReportedOrder]) -> Taken:
        """Keep what the CA told of one order; the import of its list goes on where it was."""
        with transaction.atomic():
            owner = models.CAAccount.objects.get(name=account)
            return self._take(owner, ReportPage(tuple(reported), cursor=""), listed=False)

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
            if same is not None and claim(certificate.fingerprint, value_of(same)):
                self.link(same.pk, certificate.fingerprint)
                matched += 1
        return matched


_FIELDS = tuple(field.name for field in fields(ReportedOrder) if field.name not in ("ca_order", "detailed"))
_COLUMNS = ("ca_order_id", "ca_certificate_id", "ca_request_id", *_FIELDS)
# What a list may leave out that is told of a single order: a list that says nothing takes nothing away.
_DETAILS = (
    "validation", "group", "requester", "contacts", "auto_renew", "cost", "fields", "notes", "issuer", "duplicates",
    "reissues", "replaces", "revoked_at", "revocation_reason",
)  # fmt: skip
_HALF_TOLD = ("validation", "auto_renew", "cost")  # by a list, where details tell more
_LONGEST = {
    field.name: field.max_length
    for field in models.CAOrder._meta.get_fields()
    if isinstance(field, CharField) and field.max_length
}


_Identity = tuple[str, str, str]  # a CA order has an order id; only a draft is known by its request id


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


def _change(row: models.CAOrder, columns: dict[str, Any], now: datetime) -> None:
    """Have a row that differs be what the CA tells now."""
    if _renewed(row, columns):  # its bytes are fetched anew, and join the lineage
        row.certificate = None
    asked_first = row.detailed_at is None and "detailed_at" in columns
    if not asked_first or _differs(row, columns, but_for=_DETAILS):  # to learn more of an order is no change of it
        row.changed_at = now
    row.detailed_at = None  # what only details tell may have changed with it
    for column, value in columns.items():
        setattr(row, column, value)


def _renewed(row: models.CAOrder, columns: dict[str, Any]) -> bool:
    """Whether the CA order shows another certificate than the one we have of it: by serial, else by its end."""
    if row.certificate_id is None:
        return False
    mark = "serial" if row.serial and columns["serial"] else "not_after"
    old, new = getattr(row, mark), columns[mark]
    return bool(old) and bool(new) and old != new


def _differs(row: models.CAOrder, columns: dict[str, Any], but_for: Collection[str] = ()) -> bool:
    compared = ((name, value) for name, value in columns.items() if name != "detailed_at" and name not in but_for)
    return any(getattr(row, name) != value for name, value in compared)


def value_of(row: models.CAOrder) -> ReportedOrder:
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

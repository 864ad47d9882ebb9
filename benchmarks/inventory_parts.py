"""What the inventory's benchmark measures of the product.

Each function runs in a process of its own, at CERTWRIGHT_HOME, on a clock that stands at the estate's TODAY, and gives
figures by name.
"""

from __future__ import annotations

import hashlib
import time
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from django.db import connection, transaction

from benchmarks import certificates
from benchmarks.estate import TODAY, Estate
from certwright.doors.cli.logs import to_standard_error
from certwright.engine.discovering import Discovering, Places
from certwright.model.ca import CAOrder, ReportedOrder, ReportPage
from certwright.model.inventory import Find, Outcome, Remarks, Source, SourceKind
from certwright.model.words import CertificateState, OrderState
from certwright.pki.certificate import Certificate, from_der
from certwright.store import bulk, indexes, models
from certwright.wiring import Certwright

Item = TypeVar("Item")

PAGE = 1000  # orders on a page of a CA's list
ACCOUNTS = ("digicert-main", "digicert-shops", "sectigo-main", "emsign-main")
_BATCH = 5_000
_SAMPLE = 2_000  # of what is done one by one
_SYNCED = "digicert-main"


class Standing:
    """A clock that stands at TODAY, so that the same certificates are in force whenever it is run."""

    def now(self) -> datetime:
        """TODAY."""
        return TODAY


def opened() -> Certwright:
    """The installation."""
    to_standard_error("error")
    return Certwright(role="benchmark", clock=Standing())


def fill(path: Path, count: int) -> dict[str, float]:
    """A first import, as a source's run does it: from DER in a file to rows with their indexes."""
    certwright = opened()
    source = certwright.sources.add("estate", SourceKind.UPLOAD)
    began, worked = time.perf_counter(), time.process_time()
    kept = _look(certwright, source, path, count)
    done = time.perf_counter()
    return {
        "import_per_second": count / (done - began),
        "import_seconds": done - began,
        "of_it_indexes_seconds": done - kept,
        "of_it_processor_seconds": time.process_time() - worked,
    }


def look_again(path: Path, count: int) -> dict[str, float]:
    """The same places again; at every tenth stands another certificate than before."""
    certwright = opened()
    source = certwright.sources.get("estate")
    began = time.perf_counter()
    _look(certwright, source, path, count, every_other=10)
    return {"look_again_per_second": count / (time.perf_counter() - began)}


def _look(certwright: Certwright, source: Source, path: Path, count: int, *, every_other: int = 0) -> float:
    """Returns the moment in which the last of them was kept: what comes then is done once for all."""
    kept = 0.0

    def finds(_: Source, begun: int) -> Iterator[tuple[int, Find]]:
        before = b""
        for number, der in enumerate(islice(certificates.read(path), begun, count), begun + 1):
            other = every_other and before and not number % every_other
            yield number, Find(_place(number), (before if other else der,))
            before = der

    look = Places(certwright.sources, finds, lambda _: count, complete=False)

    def on_step(_what: str, _done: int, _total: int | None) -> None:
        nonlocal kept
        kept = time.perf_counter()

    run = Discovering(certwright.sources, {source.kind: look}).now(source, on_step)
    if run.outcome is not Outcome.DONE or run.tally.found != count:
        raise RuntimeError(f"not every certificate came in: {run}")
    return kept


def _place(number: int) -> str:
    return f"file:/estate/{number % 100:02}/{number:09}.pem"


def enrich_one_by_one(path: Path, count: int) -> dict[str, float]:
    """What an integration does for each certificate that a scan had found, and an importer for what people had said.

    Of a sample: nothing in it is done in bulk.
    """
    certwright = opened()
    _add_accounts()
    estate = Estate(count)
    mine = (
        (number, der) for number, der in enumerate(certificates.read(path)) if _account(estate, number) == "emsign-main"
    )
    orders = [_reported(estate, number, from_der(der), "") for number, der in islice(mine, _SAMPLE)]
    certwright.ca_orders.take("emsign-main", ReportPage(tuple(orders), ""))

    def claim(fingerprint: str, order: ReportedOrder) -> bool:  # nobody has signed these, so that is not looked at
        certwright.inventory.claim("emsign-main", order, fingerprint)
        return True

    began = time.perf_counter()
    matched = certwright.ca_orders.match("emsign-main", claim)
    figures = {"match_per_second": matched / (time.perf_counter() - began)}
    strangers, source = Estate(_SAMPLE, seed=2), certwright.sources.add("another tool", SourceKind.UPLOAD)
    known = [strangers.known(number) for number in range(_SAMPLE)]
    finds = [
        Find(_place(number), (der,), remarks=Remarks(one.owner, one.tags, {"cost centre": str(number % 90)}))
        for number, (der, one) in enumerate(zip(certificates.certificates(strangers), known, strict=True))
    ]
    began = time.perf_counter()
    for start in range(0, _SAMPLE, 500):
        certwright.loading.take(source.id, None, finds[start : start + 500])
    return figures | {"import_with_remarks_per_second": _SAMPLE / (time.perf_counter() - began)}


def dress(path: Path, count: int) -> dict[str, float]:
    """Not measured: say of every certificate what an estate knows beside its bytes, without the product's own ways."""
    opened()
    estate = Estate(count)
    accounts = dict(models.CAAccount.objects.values_list("name", "pk"))
    ids = array("q", bytes(8 * count))
    for batch in _batches(enumerate(certificates.read(path))):
        numbers = {hashlib.sha256(der).hexdigest(): number for number, der in batch}
        for fingerprint, pk in bulk.look_up(_numbers_of, list(numbers)):
            ids[numbers[fingerprint]] = pk
    columns = (
        "account", "ca_order_id", "ca_certificate_id", "product", "owner", "state", "revoked_at", "revocation_reason",
        "replaces",
    )  # fmt: skip
    indexes.put_off()
    try:
        for numbers_ in _batches(range(count)):
            known = [(number, estate.known(number)) for number in numbers_]
            rows = (
                (accounts.get(one.account), one.order_id, one.certificate_id, one.product, one.owner, one.state,
                 one.revoked_at, one.reason or "", None if one.replaces is None else ids[one.replaces], ids[number])
                for number, one in known
            )  # fmt: skip
            with transaction.atomic():
                bulk.update(models.Certificate, columns, rows)
                tags = ((ids[number], tag) for number, one in known for tag in one.tags)
                bulk.insert(models.Tag, ("certificate", "tag"), tags)
    finally:
        indexes.restore()
    return {}


def _numbers_of(fingerprints: Sequence[str]) -> Iterable[tuple[str, int]]:
    return models.Certificate.objects.filter(fingerprint__in=fingerprints).values_list("fingerprint", "pk")


def sync(path: Path, count: int, changed: int) -> dict[str, float]:
    """The list of a CA account: read for the first time, and again with something else in every order."""
    certwright = opened()
    estate = Estate(count)
    read = ((number, der) for number, der in enumerate(certificates.read(path)) if _account(estate, number) == _SYNCED)
    mine = [(number, _brief(from_der(der))) for number, der in islice(read, changed)]
    first = _take(certwright, (_reported(estate, number, brief, "100.00 EUR") for number, brief in mine))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ca_order SET certificate_id = (SELECT id FROM certificate AS c WHERE "
            "c.account_id = ca_order.account_id AND c.ca_order_id = ca_order.ca_order_id) WHERE certificate_id IS NULL"
        )
    again = _take(certwright, (_reported(estate, number, brief, "100.00 EUR") for number, brief in mine))
    other = _take(certwright, (_reported(estate, number, brief, "120.00 EUR") for number, brief in mine))
    return {
        "sync_rows": len(mine),
        "sync_per_second": len(mine) / other,
        "sync_first_per_second": len(mine) / first,
        "sync_unchanged_per_second": len(mine) / again,
    }


def _take(certwright: Certwright, orders: Iterable[ReportedOrder]) -> float:
    """Seconds that the store takes for those orders, in pages."""
    seconds = 0.0
    for page in _batches(orders, PAGE):
        began = time.perf_counter()
        certwright.ca_orders.take(_SYNCED, ReportPage(tuple(page), "more"))
        seconds += time.perf_counter() - began
    return seconds


def overview() -> dict[str, float]:
    """The dashboard, and all facets of everything and of one CA account."""
    from benchmarks.inventory_queries import median_ms
    from certwright.model.inventory import Query

    certwright = opened()

    return {
        "dashboard_ms": median_ms(certwright.overview.figures, 20),
        "facets_ms": median_ms(partial(certwright.browsing.facets, Query()), 5),
        "facets_of_an_account_ms": median_ms(partial(certwright.browsing.facets, Query(account=_SYNCED)), 5),
    }


def _add_accounts() -> None:
    models.CAAccount.objects.bulk_create(
        models.CAAccount(name=name, ca=name.split("-")[0], secrets=b"", created_at=TODAY) for name in ACCOUNTS
    )


def _account(estate: Estate, number: int) -> str:
    return estate.known(number).account


_Brief = tuple[str, tuple[str, ...], str, str, datetime, datetime]


def _brief(certificate: Certificate) -> _Brief:
    """What a CA's list shows of a certificate."""
    return (
        certificate.serial,
        certificate.names,
        certificate.common_name or "",
        certificate.organization,
        certificate.not_before,
        certificate.not_after,
    )


def _reported(estate: Estate, number: int, certificate: _Brief | Certificate, cost: str) -> ReportedOrder:
    """The certificate's CA order as its CA lists it."""
    known, issuer = estate.known(number), estate.plan(number).issuer
    serial, names, common_name, organization, not_before, not_after = (
        _brief(certificate) if isinstance(certificate, Certificate) else certificate
    )
    return ReportedOrder(
        CAOrder(known.order_id, known.certificate_id),
        OrderState.ISSUED,
        known.state if known.state is CertificateState.REVOKED else CertificateState.VALID,
        product=known.product,
        names=names,
        common_name=common_name,
        organization=organization,
        serial=serial,
        placed_at=not_before,
        not_before=not_before,
        not_after=not_after,
        cost=cost,
        validation=issuer.validation,
        requester="Ada Meadow <ada@meadow.example>",
        issuer=issuer.common_name,
    )


def _batches(items: Iterable[Item], size: int = _BATCH) -> Iterator[Sequence[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch

"""Faults befall Sectigo's calls as they befall DigiCert's; its look-ups are WebHostReport and CollectSSL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography import x509

from tests.sandbox import wire
from tests.sandbox.certificates import certificates_in, csr_pem, names_of
from tests.sandbox.sectigo_tenant import NewReseller, Reseller
from tests.sandbox.sectigo_wire import Told
from tests.sandbox.tenant import NewName

PLACING = "AutoApplySSL"


def _fault(tenant: Reseller, fault: str, path: str, /, **fields: object) -> int:
    answer = tenant.management.post("faults", fault=fault, ca="sectigo", account=tenant.name, path=path, **fields)
    return int(answer["id"])


def test_an_order_whose_answer_was_cut_is_found_by_its_reference(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    _fault(tenant, "drop_after", PLACING)

    with pytest.raises(ConnectionError):
        tenant.apply(fresh(), foreignOrderNumber="cut-1")

    assert len(tenant.report(foreignOrderNumber="cut-1")) == 1
    assert [entry["reference"] for entry in tenant.ledger()] == ["cut-1"]


def test_an_order_that_was_cut_before_leaves_no_trace(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    _fault(tenant, "drop_before", PLACING)

    with pytest.raises(ConnectionError):
        tenant.apply(fresh(), foreignOrderNumber="cut-2")

    assert tenant.report(foreignOrderNumber="cut-2") == []
    assert tenant.ledger() == []


def test_a_slowly_recorded_order_is_hidden_from_both_look_ups(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    _fault(tenant, "slow_recording", PLACING, seconds=1.0, answer=True)
    order = tenant.buy(fresh(), foreignOrderNumber="slow-1")

    assert tenant.report(foreignOrderNumber="slow-1") == []
    assert tenant.report() == []
    assert tenant.collect(order).refuses(-4, "orderNumber")
    assert len(tenant.ledger()) == 1
    wire.until(lambda: len(tenant.report(foreignOrderNumber="slow-1")), lambda found: found == 1)
    assert tenant.collect(order).code == 1


def test_a_hidden_order_still_takes_its_reference(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    _fault(tenant, "slow_recording", PLACING, seconds=30.0, answer=True)
    tenant.buy(fresh(), foreignOrderNumber="slow-2", checkFONIsUnique="Y")

    again = tenant.apply(fresh(), foreignOrderNumber="slow-2", checkFONIsUnique="Y")

    assert again.refuses(-4, "foreignOrderNumber")


@pytest.mark.parametrize("read", [lambda t, n: t.collect(n).code, lambda t, n: len(t.report(orderNumber=n))])
def test_a_stale_read_tells_what_was_before_the_last_change(
    read: Callable[[Reseller, str], int], reseller: NewReseller, fresh: NewName
) -> None:
    tenant = reseller()
    order = tenant.buy(fresh())
    _fault(tenant, "stale", "CollectSSL|WebHostReport")

    before, now = read(tenant, order.number), read(tenant, order.number)

    assert now == 1
    assert before in (-4, 0)


def test_collecting_is_no_change_that_a_stale_read_would_undo(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    order = tenant.buy(fresh())
    tenant.leaf(order)
    _fault(tenant, "stale", "CollectSSL")

    assert tenant.collect(order).code == -4


@pytest.mark.parametrize(
    ("kind", "is_so"),
    [
        ("extra_san", lambda leaf, name: len(names_of(leaf)) == 3),
        ("expired", lambda leaf, name: leaf.not_valid_after_utc < datetime.now(UTC)),
        ("self_signed", lambda leaf, name: leaf.issuer == leaf.subject),
    ],
)
def test_a_wrong_certificate_is_wrong_in_that_way(
    kind: str, is_so: Callable[[x509.Certificate, str], bool], reseller: NewReseller, fresh: NewName
) -> None:
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)
    _fault(tenant, "wrong_certificate", "CollectSSL", kind=kind)

    wrong, right = tenant.leaf(order), tenant.leaf(order)

    assert is_so(wrong, name)
    assert names_of(right) == {name, f"www.{name}"}


def test_an_order_placed_under_a_defect_keeps_it(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    _fault(tenant, "wrong_certificate", PLACING, kind="foreign_san")
    order = tenant.buy(fresh())

    assert all("stranger.test" in names_of(tenant.leaf(order)) for _ in range(2))


def test_what_is_no_certificate_travels_in_both_framings(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    order = tenant.buy(fresh())
    _fault(tenant, "wrong_certificate", "CollectSSL", kind="html", times=2)

    lines, pairs = tenant.collect(order, 2), tenant.collect(order, 2, responseFormat=1)

    assert b"<html>" in lines.answer.body
    assert pairs["certificate"].isascii()


def test_too_many_requests_are_answered_42_with_http_200(reseller: NewReseller) -> None:
    tenant = reseller()
    _fault(tenant, "rate_limited", "WebHostReport")

    told = tenant.call("WebHostReport")

    assert told.status == 200
    assert told.refuses(-42)


def test_of_two_overlapping_collects_the_later_is_refused(reseller: NewReseller, fresh: NewName) -> None:
    tenant, other = reseller(), reseller()
    order, others = tenant.buy(fresh()), other.buy(fresh())
    rule = _fault(tenant, "hold", "CollectSSL", side="after")
    answers: list[Told] = []
    first = threading.Thread(target=lambda: answers.append(tenant.collect(order)))
    first.start()
    wire.until(
        lambda: tenant.management.get("faults")["faults"], lambda rows: any(r["used"] for r in rows if r["id"] == rule)
    )

    later, elsewhere = tenant.collect(order), other.collect(others)
    tenant.management.post("release", id=rule)
    first.join(timeout=10)

    assert later.refuses(-42)
    assert elsewhere.code == 1
    assert [told.code for told in answers] == [1]
    assert tenant.collect(order).code == 1


def test_a_replacement_whose_answer_was_cut_is_found_by_its_reference(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)
    _fault(tenant, "drop_after", "AutoReplaceSSL")

    with pytest.raises(ConnectionError):
        tenant.call("AutoReplaceSSL", orderNumber=order.number, csr=csr_pem(name), foreignOrderNumber="again-1")

    (row,) = tenant.report(foreignOrderNumber="again-1", showCertificateID="Y")
    family = tenant.report(orderNumber=order.number, showAssociatedOrders="Y")
    assert row["orderNumber"] in [relative["orderNumber"] for relative in family]
    assert tenant.ledger()[0]["reissues"] == 1
    by_id = tenant.call("CollectSSL", certificateID=row["1_certificateID"], queryType=2)
    assert names_of(certificates_in(by_id.answer.body)[0]) == {name, f"www.{name}"}

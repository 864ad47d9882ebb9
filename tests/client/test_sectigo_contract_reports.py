"""Sectigo's contract tests, against the real sandbox program: everything that was ever ordered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from certwright.cas.sectigo import Sectigo
from certwright.model.ca import CAOrder, ReportedOrder
from certwright.model.errors import NotFound, Refused
from certwright.model.words import CertificateState, OrderState
from certwright.pki import certificate, formats
from tests.client.sandbox import soon
from tests.client.sectigo import Login, until_issued

Make = Callable[..., Login]


def _all(ca: Sectigo, cursor: str = "") -> list[ReportedOrder]:
    found: list[ReportedOrder] = []
    while True:
        page = ca.report_page(cursor)
        found.extend(page.orders)
        if not (cursor := page.cursor):
            return found


@pytest.mark.parametrize("report_rows", ["index", "page"])
def test_67_every_order_of_250_is_read_exactly_once(report_rows: str, sectigo: Make) -> None:
    one = sectigo(orders=250, report_rows=report_rows)
    ca = one.ca(settings={"report_page": "100"})
    found = _all(ca)
    ids = [order.ca_order for order in found]
    assert len({ca_order.order_id for ca_order in ids}) >= 250
    assert len(ids) == len(set(ids))
    assert len(one.requests("WebHostReport")) <= 5
    assert [order.ca_order for order in _all(ca)] == ids


def test_67_an_order_placed_this_very_second_is_in_the_report(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    placed = [ca.place(one.wish().placement, deadline=soon()).ca_order.order_id for _ in range(5)]
    assert [order.ca_order.order_id for order in _all(ca)] == placed


def test_67_an_order_placed_meanwhile_shifts_no_page(sectigo: Make) -> None:
    one = sectigo(orders=30)
    ca = one.ca(settings={"report_page": "10"})
    whole = {order.ca_order.order_id for order in _all(ca)}
    first = ca.report_page("")
    ca.place(one.wish().placement, deadline=soon())
    rest = _all(one.ca(settings={"report_page": "7"}), first.cursor)
    seen = [order.ca_order.order_id for order in (*first.orders, *rest)]
    assert whole <= set(seen)


def test_a_cursor_of_another_program_is_refused(sectigo: Make) -> None:
    for cursor in ("x", "{}", '{"until": "x"}', "[]"):
        with pytest.raises(Refused):
            sectigo().ca().report_page(cursor)


def test_the_report_tells_names_dates_and_what_became_of_the_certificate(sectigo: Make) -> None:
    one = sectigo()
    ca, wish = one.ca(), one.wish()
    ca_order = ca.place(wish.placement, deadline=soon()).ca_order
    issued = until_issued(ca, ca_order, wish.key)
    real = next(
        found for found in map(certificate.from_der, issued.certificates) if found.public_key_sha256 == wish.key
    )
    (seen,) = ca.report([ca_order.order_id])
    assert (seen.ca_order.order_id, seen.ca_order.certificate_id) == (ca_order.order_id, ca_order.certificate_id)
    assert (seen.state, seen.certificate_state) == (OrderState.ISSUED, CertificateState.VALID)
    assert set(wish.placement.names) <= set(seen.names)
    assert (seen.serial, seen.not_after) == (real.serial, real.not_after)
    assert seen.placed_at is not None


def test_a_pending_and_a_rejected_order_have_no_certificate(sectigo: Make) -> None:
    one = sectigo("bare")
    ca, wish = one.ca(), one.wish()
    ca_order = ca.place(wish.placement, deadline=soon()).ca_order
    assert [seen.state for seen in ca.report([ca_order.order_id])] == [OrderState.PENDING]
    ca.cancel(ca_order, "")
    (seen,) = ca.report([ca_order.order_id])
    assert (seen.state, seen.certificate_state) == (OrderState.REJECTED, None)
    assert ca.report(["1"]) == ()


def test_67_what_is_reported_can_be_downloaded(sectigo: Make) -> None:
    one = sectigo(orders=20)
    ca = one.ca()
    valid = [seen for seen in _all(ca) if seen.certificate_state is CertificateState.VALID]
    assert valid
    for seen in valid[:3]:
        serials = {certificate.from_der(der).serial for der in ca.download(seen.ca_order)}
        assert seen.serial in serials


def test_what_is_not_there_cannot_be_downloaded(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    pending = ca.place(one.wish().placement, deadline=soon()).ca_order
    for ca_order in (pending, CAOrder("1")):
        with pytest.raises(NotFound):
            ca.download(ca_order)


def test_the_catalogue_is_the_table_and_asks_nobody(sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca(settings={"products": '[{"code": "9999", "name": "Own", "validation": "ov", "kind": "multi"}]'})
    products = {product.ca_id: product for product in ca.products()}
    assert products["287"].validation == "dv"
    assert products["9999"].name == "Own"
    assert not any(product.organization_required for product in products.values())
    assert tuple(ca.organizations()) == ()
    assert one.requests() == []


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("ZIP", {"responseType": "0", "responseEncoding": "1"}),
        ("PKCS#7", {"responseType": "2", "responseEncoding": "1"}),
        ("PEM in lines", {"responseType": "3", "responseFormat": "0"}),
    ],
)
def test_54_55_every_form_of_a_download_holds_the_same_certificates(
    kind: str, parameters: dict[str, str], sectigo: Make
) -> None:
    one = sectigo()
    ca, wish = one.ca(), one.wish()
    ca_order = ca.place(wish.placement, deadline=soon()).ca_order
    issued = until_issued(ca, ca_order, wish.key)
    file = ca.api.collect_file({"orderNumber": ca_order.order_id, "queryType": "1", **parameters})
    assert file.startswith(b"PK") is (kind == "ZIP")
    assert {found.der for found in formats.read(file).certificates} == set(issued.certificates)


def test_54_a_file_that_is_not_there_is_an_error_not_a_file(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    with pytest.raises(NotFound):
        ca.api.collect_file({"orderNumber": "1", "queryType": "1", "responseType": "0", "responseEncoding": "1"})
    ca_order = ca.place(one.wish().placement, deadline=soon()).ca_order
    wanted = {"orderNumber": ca_order.order_id, "queryType": "1", "responseType": "0", "responseEncoding": "1"}
    assert ca.api.collect_file(wanted).strip() == b"0"
    with pytest.raises(Refused):
        ca.api.collect_file({**wanted, "responseType": "3"})


def test_an_unknown_parameter_is_never_sent(sectigo: Make) -> None:
    one = sectigo()
    with pytest.raises(ValueError, match="foo"):
        one.ca().api.collect_file({"orderNumber": "1", "foo": "1"})
    with pytest.raises(ValueError, match="responseFormat"):
        one.ca().api.update_dcv({"orderNumber": "1", "responseFormat": "1"})
    assert one.requests() == []

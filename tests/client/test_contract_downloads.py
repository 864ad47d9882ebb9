"""Contract tests 77-82: downloads, and certificates that are not what they should be."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from certwright.cas.digicert import DigiCert
from certwright.model.ca import CAOrder, Issued, Pending
from certwright.model.errors import NotFound
from certwright.pki import certificate, formats
from tests.client.sandbox import Tenant, Wish, leaf, soon, until_issued

Make = Callable[..., Tenant]


def _issued(one: Tenant, **changes: object) -> tuple[DigiCert, CAOrder, Wish]:
    """An issued order."""
    ca = one.ca()
    wish = one.wish(**changes)
    progress = ca.place(wish.placement, deadline=soon())
    assert isinstance(progress, Issued)
    return ca, progress.ca_order, wish


def test_77_the_two_step_way_ends_with_a_zip_of_leaf_and_issuers(tenant: Make) -> None:
    one = tenant()
    ca, placed, wish = _issued(one)
    certificate_id = ca.orders.order(placed.order_id).certificate.id
    file = ca.orders.download_for_platform(certificate_id)
    assert file.media_type == "application/zip"
    found = formats.read(file.body).certificates
    assert len(found) >= 2
    assert wish.key in [one.public_key_sha256 for one in found]


@pytest.mark.parametrize(
    ("name", "media_type", "count"),
    [
        ("pem_all", "application/x-pem-file", 3),
        ("pem_noroot", "application/x-pem-file", 2),
        ("pem_nointermediate", "application/x-pem-file", 1),
        ("p7b", "application/x-pkcs7-certificates", 3),
        ("cer", "application/x-pkcs7-certificates", 3),
        ("apache", "application/zip", 2),
        ("default", "application/zip", 3),
        ("default_pem", "application/zip", 3),
    ],
)
def test_78_every_format_is_read(name: str, media_type: str, count: int, tenant: Make) -> None:
    one = tenant()
    ca, placed, wish = _issued(one)
    file = ca.orders.download(placed.certificate_id, name)
    assert file.media_type == media_type
    found = formats.read(file.body).certificates
    assert len(found) == count
    assert wish.key in [one.public_key_sha256 for one in found]


def test_79_80_the_chain_has_the_leaf_first_and_the_order_download_is_the_same(tenant: Make) -> None:
    one = tenant()
    ca, placed, wish = _issued(one)
    chain = ca.orders.certificate_chain(placed.certificate_id)
    first = formats.read(chain[0].pem.encode()).certificates[0]
    assert first.public_key_sha256 == wish.key
    by_order = ca.orders.download_of_order(placed.order_id, "pem_all")
    assert by_order == ca.orders.download(placed.certificate_id, "pem_all")
    pending = ca.place(one.wish("new.other.example").placement, deadline=soon()).ca_order
    with pytest.raises(NotFound):
        ca.orders.download(pending.certificate_id, "pem_all")


@pytest.mark.parametrize("kind", ["no_chain", "wrong_chain", "self_signed", "expired", "precertificate", "missing_san"])
def test_81_whatever_chain_comes_with_our_key_is_handed_on_for_the_verdict(kind: str, tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    wish = one.wish()
    one.fault("wrong_certificate", kind=kind, times=None)
    progress = ca.place(wish.placement, deadline=soon())
    if isinstance(progress, Pending):
        progress = ca.collect(progress.ca_order, public_key_sha256=wish.key)
    assert isinstance(progress, Issued)


def test_row_32_a_certificate_of_another_key_served_again_and_again_is_handed_on_as_evidence(
    tenant: Make,
) -> None:
    one = tenant()
    ca, placed, wish = _issued(one)
    one.fault("wrong_certificate", method="GET", kind="other_key", times=None)
    progress = ca.collect(placed, public_key_sha256=wish.key)
    assert isinstance(progress, Issued | Pending)
    if isinstance(progress, Issued):
        found = [certificate.from_der(der) for der in progress.certificates]
        assert wish.key not in [one.public_key_sha256 for one in found]


def test_82_a_missed_notice_is_made_up_by_polling(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    wish = one.wish("new.other.example")
    placed = ca.place(wish.placement, deadline=soon()).ca_order
    one.sandbox.post("/validate", {"ca": "digicert", "order_id": int(placed.order_id)})
    end = time.monotonic() + 10
    while placed.order_id not in [order.order_id for order in ca.changes(timedelta(minutes=5))]:
        assert time.monotonic() < end
    assert leaf(until_issued(ca, placed, wish.key), wish.key)

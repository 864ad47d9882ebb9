"""DigiCert's orders, divisions, domains and products in our words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from certwright.cas.digicert import DigiCert, listings, reporting, wire
from certwright.cas.digicert.wire_account import Domain, Product
from certwright.model.ca import CAOrder, ReportedOrder
from certwright.model.errors import Misconfigured
from certwright.model.words import CertificateState, OrderState

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

# §10.1: an item of the list.
ITEM = """{"id":900101,"certificate":{"id":950101,"serial_number":"0A1B2C3D4E5F60718293A4B5C6D7E8F9",
"common_name":"Shop.meadow.example","dns_names":["shop.meadow.example","www.shop.meadow.example"],
"valid_from":"2026-11-01","valid_till":"2027-05-18","days_remaining":179,"cert_validity":{"days":199},
"signature_hash":"sha256"},"status":"issued","is_renewed":false,"date_created":"2026-11-01T10:00:00+00:00",
"organization":{"id":301201,"name":"Meadow Works Ltd"},"validity_years":1,"order_validity":{"years":1},
"order_valid_till":"2027-11-01","disable_renewal_notifications":false,
"container":{"id":410001,"name":"Meadow Works Ltd","is_active":true},
"product":{"name_id":"ssl_basic","name":"Basic OV","type":"ssl_certificate"},"duplicates_count":0,
"has_duplicates":false,"reissues_count":0,"has_reissues":false,"price":238,"product_name_id":"ssl_basic",
"number_of_sans":1,"is_multi_year_plan":"1"}"""


def _reported(**changes: Any) -> ReportedOrder:
    """The item, changed; what is changed to None is left out. ``certificate`` changes fields inside."""
    tree = json.loads(ITEM)
    tree["certificate"].update(changes.pop("certificate", {}))
    return reporting.reported(wire.Order.model_validate({**tree, **changes}), now=NOW)


UNDATED = {"serial_number": None, "valid_from": None, "valid_till": None}


def test_an_item_of_the_list_is_read_whole() -> None:
    assert _reported() == ReportedOrder(
        CAOrder("900101", "950101"),
        OrderState.ISSUED,
        CertificateState.VALID,
        product="ssl_basic",
        names=("shop.meadow.example", "www.shop.meadow.example"),
        common_name="shop.meadow.example",
        organization="Meadow Works Ltd",
        serial="a1b2c3d4e5f60718293a4b5c6d7e8f9",
        placed_at=datetime(2026, 11, 1, 10, tzinfo=UTC),
        not_before=datetime(2026, 11, 1, tzinfo=UTC),
        not_after=datetime(2027, 5, 18, 23, 59, 59, tzinfo=UTC),
        term_ends_at=datetime(2027, 11, 1, 23, 59, 59, tzinfo=UTC),
        cost="238",
        validation="ov",
        group="Meadow Works Ltd",
        duplicates=0,
        reissues=0,
    )


ISSUED, PENDING, VALID = OrderState.ISSUED, OrderState.PENDING, CertificateState.VALID


@pytest.mark.parametrize(
    ("status", "certificate", "state", "certificate_state"),
    [
        ("issued", {}, ISSUED, VALID),
        ("issued", {"status": "revoked"}, ISSUED, CertificateState.REVOKED),
        ("issued", {"valid_till": "2026-11-20"}, ISSUED, CertificateState.EXPIRED),
        ("issued", {"valid_till": "2026-11-21"}, ISSUED, VALID),
        ("issued", {"serial_number": None}, ISSUED, VALID),
        ("revoked", {}, ISSUED, CertificateState.REVOKED),
        ("expired", {}, ISSUED, CertificateState.EXPIRED),
        ("expired", UNDATED, OrderState.EXPIRED, None),
        ("reissue_pending", {}, ISSUED, VALID),
        ("reissue_pending", UNDATED, PENDING, None),
        ("duplicate_pending", {}, ISSUED, VALID),
        ("rejected", UNDATED, OrderState.REJECTED, None),
        ("denied", UNDATED, OrderState.REJECTED, None),
        ("canceled", UNDATED, OrderState.CANCELLED, None),
        *((word, UNDATED, PENDING, None) for word in ("pending", "needs_approval", "needs_csr", "processing")),
        ("waiting_pickup", UNDATED, PENDING, None),
        ("a word of tomorrow", UNDATED, PENDING, None),
    ],
)
def test_every_status_says_how_the_order_and_its_certificate_stand(
    status: str, certificate: dict[str, Any], state: OrderState, certificate_state: CertificateState | None
) -> None:
    seen = _reported(status=status, certificate=certificate)
    assert (seen.state, seen.certificate_state) == (state, certificate_state)
    assert seen.why == ("" if state is ISSUED else status)


def test_what_is_not_told_stays_empty() -> None:
    seen = reporting.reported(wire.Order.model_validate({"id": 1, "status": "pending"}), now=NOW)
    assert seen == ReportedOrder(CAOrder("1"), PENDING, why="pending")
    blank = _reported(certificate={"dns_names": [" "], "common_name": ""})
    assert (blank.names, blank.common_name) == ((), "")


def test_a_moment_is_taken_as_it_is_and_a_day_lasts_to_its_end() -> None:
    seen = _reported(order_valid_till="2027-11-01T08:00:00+01:00")
    assert seen.term_ends_at == datetime(2027, 11, 1, 7, tzinfo=UTC)


def test_a_price_is_told_with_its_currency_where_that_is_told() -> None:
    assert _reported(currency="EUR").cost == "238 EUR"
    assert _reported().cost == "238"
    assert _reported(price=None).cost == ""


@pytest.mark.parametrize("size", ["0", "1001", "-1"])
def test_a_page_that_digicert_does_not_give_is_a_misconfiguration(size: str) -> None:
    with pytest.raises(Misconfigured, match="between 1 and 1000"):
        DigiCert(api_key="a" * 20, settings={"report_page": size})


@pytest.mark.parametrize(
    ("name_id", "kind"),
    [
        ("ssl_plus", "single"),
        ("ssl_ev_plus", "single"),
        ("private_ssl_plus", "single"),
        ("ssl_multi_domain", "multi"),
        ("ssl_ev_multi_domain", "multi"),
        ("ssl_wildcard", "wildcard"),
        ("wildcard_dv_geotrust", "wildcard"),
        ("ssl_basic", "multi-wildcard"),
        ("ssl_securesite_flex", "multi-wildcard"),
        ("ssl_dv_geotrust_flex", "multi-wildcard"),
        ("ssl_ev_basic", "multi"),
        ("ssl_ev_securesite_pro", "multi"),
        ("ssl_dv_rapidssl", ""),
        ("ssl", ""),
    ],
)
def test_a_product_is_of_the_kind_that_its_name_tells(name_id: str, kind: str) -> None:
    assert Product(name_id=name_id).kind == kind


def test_the_terms_of_a_product_read_the_same_as_json_and_as_xml_reads_it() -> None:
    for told in ([1, 2, 3], {"allowed_order_validity_year": ["1", "2", "3"]}):
        tree = {"name_id": "ssl_basic", "allowed_order_validity_years": told}
        assert Product.model_validate(tree).allowed_order_validity_years == (1, 2, 3)


def _domain(**fields: Any) -> Domain:
    return Domain.model_validate({"id": 802001, "name": "meadow.example", **fields})


@pytest.mark.parametrize(
    ("fields", "proven"),
    [
        ({"validations": [{"type": "ov", "status": "active"}]}, True),
        ({"validations": [{"type": "ov", "status": "pending", "dcv_status": "complete"}]}, True),
        ({"validations": [{"type": "ov", "status": "pending", "dcv_status": "pending"}]}, False),
        ({"dcv_approval_datetime": "2026-11-01T10:00:00+00:00"}, False),
        ({}, False),
    ],
)
def test_a_domain_is_proven_when_a_validation_has_its_proof(fields: dict[str, Any], proven: bool) -> None:
    assert _domain(**fields).is_proven is proven


@pytest.mark.parametrize(
    ("fields", "until"),
    [
        ({"dcv_expiration": {"ov": "2027-06-08", "ev": "2027-05-01"}}, datetime(2027, 5, 1, tzinfo=UTC)),
        ({"dcv_expiration": {"ov": "2027-06-08"}}, datetime(2027, 6, 8, tzinfo=UTC)),
        ({"dcv_expiration_datetime": "2027-06-08T09:21:04+00:00"}, datetime(2027, 6, 8, 9, 21, 4, tzinfo=UTC)),
        ({"dcv_expiration": "", "dcv_expiration_datetime": "soon"}, None),
    ],
)
def test_a_proof_counts_until_the_first_of_its_ends(fields: dict[str, Any], until: datetime | None) -> None:
    assert _domain(**fields).proven_until(NOW) == until


def test_a_proof_that_ended_for_ev_still_counts_for_ov() -> None:
    validations = [{"type": "ov", "status": "active"}, {"type": "ev", "status": "expired"}]
    told = _domain(validations=validations, dcv_expiration={"ov": "2027-06-08", "ev": "2026-05-01"})
    seen = listings._domain(told, NOW)
    assert (seen.proven, seen.proven_until) == (True, datetime(2027, 6, 8, tzinfo=UTC))
    assert seen.status == "ov active (proof until 2027-06-08), ev expired (proof until 2026-05-01)"


def test_a_proof_that_has_ended_for_all_ended_with_the_last() -> None:
    told = _domain(dcv_expiration={"ov": "2026-06-08", "ev": "2026-05-01"}, validations=[{"status": "active"}])
    seen = listings._domain(told, NOW)
    assert (seen.proven, seen.proven_until) == (False, datetime(2026, 6, 8, tzinfo=UTC))

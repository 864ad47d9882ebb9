"""Contract tests 24-42: placing orders and finding them again, through the client."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from certwright.model.ca import Issued, Pending, Term
from certwright.model.errors import Refused, Unavailable, Unknown
from certwright.model.words import WaitingFor
from certwright.pki import csr
from tests.client.sandbox import Tenant, leaf, soon, until_issued

Make = Callable[..., Tenant]


def test_24_an_order_in_the_older_fields_is_placed_and_its_certificate_is_of_today(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    wish = one.wish(
        product="ssl_plus",
        options={"organization_units": "Marketing", "validity_years": "2", "server_platform": "45"},
    )
    progress = ca.place(wish.placement, deadline=soon())
    certificate = leaf(progress, wish.key)
    assert "OU=" not in certificate.subject
    assert certificate.lifetime <= timedelta(days=199, seconds=1)
    order = ca.orders.order(progress.ca_order.order_id)
    assert date.fromisoformat(order.order_valid_till) > datetime.now(UTC).date() + timedelta(days=700)


@pytest.mark.parametrize("body_format", ["json", "xml"])
def test_25_a_prevalidated_order_is_issued_in_one_call(body_format: str, tenant: Make) -> None:
    one = tenant()
    wish = one.wish()
    progress = one.ca(settings={"format": body_format}).place(wish.placement, deadline=soon())
    assert isinstance(progress, Issued)
    assert len(progress.certificates) >= 2
    assert leaf(progress, wish.key).der == progress.certificates[0]
    assert leaf(progress, wish.key).names == wish.placement.names
    assert len(one.requests()) == 1


def test_26_an_order_that_needs_approval_waits_for_it_and_each_poll_is_one_call(tenant: Make) -> None:
    one = tenant(auto_approve=False)
    ca = one.ca(settings={"skip_approval": "false"})
    wish = one.wish()
    progress = ca.place(wish.placement, deadline=soon())
    assert isinstance(progress, Pending)
    assert progress.waiting_for is WaitingFor.CA_APPROVAL
    assert progress.ca_order.request_id
    polled = ca.collect(progress.ca_order, public_key_sha256=wish.key)
    assert isinstance(polled, Pending)
    assert polled.waiting_for is WaitingFor.CA_APPROVAL
    assert len(one.requests()) == 2


@pytest.mark.parametrize("body_format", ["json", "xml"])
def test_27_an_unvalidated_name_asks_for_a_proof(body_format: str, tenant: Make) -> None:
    one = tenant()
    ca = one.ca(settings={"format": body_format})
    wish = one.wish("new.other.example")
    progress = ca.place(wish.placement, deadline=soon())
    assert isinstance(progress, Pending)
    assert progress.waiting_for is WaitingFor.DOMAIN_CONTROL
    assert progress.ca_order.certificate_id
    (proof,) = progress.proofs
    assert (proof.name, proof.method) == ("new.other.example", "dns-txt-token")
    assert proof.value
    assert proof.expires_at is not None
    polled = ca.collect(progress.ca_order, public_key_sha256=wish.key)
    assert isinstance(polled, Pending)
    assert polled.waiting_for is WaitingFor.DOMAIN_CONTROL
    assert "new.other.example" in polled.why
    assert len(one.requests()) == 3


def test_28_an_unknown_product_is_refused_and_nothing_is_bought(tenant: Make) -> None:
    one = tenant()
    with pytest.raises(Refused) as caught:
        one.ca().place(one.wish(product="no_such_product").placement, deadline=soon())
    assert caught.value.code == "not_found|product"
    assert one.ledger() == []


def test_29_a_garbage_csr_is_refused_before_and_by_the_ca(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    with pytest.raises(Refused):
        ca.place(replace(one.wish().placement, csr=b"garbage"), deadline=soon())
    assert one.requests() == []
    body = {
        "certificate": {"common_name": f"a.{one.domain()}", "csr": "garbage"},
        "organization": _organization(one),
    }
    with pytest.raises(Refused) as caught:
        ca.orders.place("ssl_basic", body, deadline=soon())
    assert caught.value.code == "csr_invalid_cannot_parse"


@pytest.mark.parametrize("form", ["pem", "one line", "bare"])
def test_29_every_form_of_a_csr_is_taken(form: str, tenant: Make) -> None:
    one = tenant()
    wish = one.wish()
    pem = csr.decode(wish.placement.csr).pem
    text = {"pem": pem, "one line": "".join(pem.splitlines()), "bare": "".join(pem.splitlines()[1:-1])}[form]
    body = {
        "certificate": {"common_name": wish.placement.common_name, "csr": text},
        "organization": _organization(one),
        "skip_approval": True,
    }
    assert one.ca().orders.place("ssl_basic", body, deadline=soon()).certificate_chain


def _organization(one: Tenant) -> dict[str, object]:
    return {"id": int(one.organization)}


def test_30_four_years_are_refused_by_the_ca_and_before_that_by_the_check(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    placement = one.wish(term=Term(years=4)).placement
    with pytest.raises(Refused):
        ca.check(placement)
    with pytest.raises(Refused) as caught:
        ca.place(placement, deadline=soon())
    assert caught.value.code == "invalid_value:validity_years"
    assert "validity_years contains an invalid value." in caught.value.detail


def test_31_a_certificate_that_outlives_its_order_is_refused(tenant: Make) -> None:
    one = tenant()
    with pytest.raises(Refused) as caught:
        one.ca().place(one.wish(term=Term(years=1), lifetime_days=400).placement, deadline=soon())
    assert caught.value.code == "cert_validity_exceeds_order_validity"


def test_32_certificate_and_order_have_lifetimes_of_their_own(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    wish = one.wish(term=Term(years=1), lifetime_days=90)
    progress = ca.place(wish.placement, deadline=soon())
    assert abs(leaf(progress, wish.key).lifetime - timedelta(days=90)) <= timedelta(days=1)
    order = ca.orders.order(progress.ca_order.order_id)
    assert date.fromisoformat(order.order_valid_till) >= datetime.now(UTC).date() + timedelta(days=360)


def test_33_a_date_wins_over_years(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    end = datetime.now(UTC).date() + timedelta(days=60)
    wish = one.wish(options={"custom_expiration_date": end.isoformat(), "validity_years": "2"})
    progress = ca.place(wish.placement, deadline=soon())
    assert ca.orders.order(progress.ca_order.order_id).order_valid_till == end.isoformat()
    assert leaf(progress, wish.key).not_after.date() <= end


def test_34_every_wanted_name_is_in_the_certificate_whatever_the_csr_has(tenant: Make) -> None:
    one = tenant()
    names = (f"a.{one.domain()}", f"b.{one.domain()}")
    key = ec.generate_private_key(ec.SECP256R1())
    for request in (csr.build(key, names), csr.build(key, names[:1])):
        wish = one.wish(*names, csr=request)
        progress = one.ca().place(wish.placement, deadline=soon())
        wanted = csr.decode(request).public_key_sha256
        assert set(leaf(progress, wanted).names) >= set(names)


def test_35_a_missing_common_name_is_filled_from_the_names(tenant: Make) -> None:
    one = tenant()
    wish = one.wish()
    progress = one.ca().place(replace(wish.placement, common_name=""), deadline=soon())
    assert leaf(progress, wish.key).names == wish.placement.names


def test_36_a_standard_user_may_not_skip_the_approval(tenant: Make) -> None:
    one = tenant(role="standard", auto_approve=False)
    progress = one.ca().place(one.wish().placement, deadline=soon())
    assert isinstance(progress, Pending)
    assert progress.waiting_for is WaitingFor.CA_APPROVAL


def test_37_38_a_second_renewal_of_one_order_is_bought_once_as_a_new_order(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    old = ca.place(one.wish().placement, deadline=soon()).ca_order.order_id
    first = ca.place(one.wish(renewal_of=old).placement, deadline=soon()).ca_order.order_id
    shown = ca.orders.order(old)
    assert (shown.is_renewed, shown.renewed_order_id) == (True, first)
    assert ca.orders.order(first).renewal_of_order_id == old
    before = len(one.ledger())
    second = ca.place(one.wish(renewal_of=old).placement, deadline=soon())
    assert isinstance(second, Issued)
    assert len(one.ledger()) == before + 1
    posts = [call for call in one.requests() if call["method"] == "POST"]
    assert [call["status"] for call in posts][-2:] == [400, 201]


def test_39_the_ca_takes_what_other_clients_send(tenant: Make) -> None:
    one = tenant()
    wish = one.wish()
    body = {
        "id": 0,
        "renewal_of_order_id": 0,
        "something": {"else": True},
        "certificate": {"common_name": wish.placement.common_name, "csr": csr.decode(wish.placement.csr).pem},
        "organization": {"id": str(_organization(one)["id"])},
    }
    assert one.ca().orders.place("ssl_basic", body, deadline=soon()).id


@pytest.mark.parametrize("fault", ["drop_after", "truncated", "garbage", "empty", "html", "trickle", "oversized"])
def test_40_an_order_whose_answer_is_lost_is_unknown_and_found_by_its_reference(fault: str, tenant: Make) -> None:
    one = tenant()
    ca = one.ca(timeout=1.5)
    wish = one.wish()
    more = {"trickle": {"seconds": 0.2}, "oversized": {"bytes": 8 << 20}}.get(fault, {})
    one.fault(fault, method="POST", **more)
    with pytest.raises(Unknown):
        ca.place(wish.placement, deadline=soon())
    bought = one.ledger()
    found = ca.find(wish.placement.reference)
    assert [order.order_id for order in found] == [str(order["order_id"]) for order in bought]
    if fault == "drop_after":
        assert len(found) == 1
        assert leaf(until_issued(ca, found[0], wish.key), wish.key).names == wish.placement.names


def test_40_an_order_whose_connection_was_cut_before_it_was_made_is_not_found(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    wish = one.wish()
    one.fault("drop_before", method="POST")
    with pytest.raises(Unknown):
        ca.place(wish.placement, deadline=soon())
    assert ca.find(wish.placement.reference) == ()
    assert one.ledger() == []


def test_40_a_held_order_is_given_up_at_its_deadline(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    wish = one.wish()
    one.fault("hold", method="POST", side="after")
    started = time.monotonic()
    with pytest.raises(Unknown):
        ca.place(wish.placement, deadline=started + 0.5)
    assert time.monotonic() - started < 1.5
    assert len(ca.find(wish.placement.reference)) == 1


def test_41_two_orders_of_one_reference_are_both_found_oldest_first(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    wish = one.wish()
    placed = [ca.place(wish.placement, deadline=soon()).ca_order.order_id for _ in range(2)]
    assert [order.order_id for order in ca.find(wish.placement.reference)] == placed


@pytest.mark.parametrize("reference", ["never used", "with/slash and ünïcode?", "%2F"])
@pytest.mark.parametrize("body_format", ["json", "xml"])
def test_42_a_reference_that_was_never_used_finds_nothing(reference: str, body_format: str, tenant: Make) -> None:
    assert tenant().ca(settings={"format": body_format}).find(reference) == ()


def test_an_organization_may_be_set_by_name_and_is_looked_up_once(tenant: Make) -> None:
    one = tenant()
    ca = one.ca(settings={"organization": one.organizations[0].upper()})
    for _ in range(2):
        assert isinstance(ca.place(one.wish(organization="").placement, deadline=soon()), Issued)
    assert [call["method"] for call in one.requests()] == ["GET", "POST", "POST"]


def test_an_organization_that_is_not_given_is_that_of_the_domain(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    chosen = set()
    for domain in one.domains:
        wish = one.wish(f"x.{domain}", organization="")
        progress = ca.place(wish.placement, deadline=soon())
        assert isinstance(progress, Issued)
        chosen.add(ca.orders.order(progress.ca_order.order_id).organization.name)
    assert chosen == set(one.organizations)
    assert sum("/domain" in call["path"] for call in one.requests()) == 1


def test_an_organization_that_does_not_exist_is_refused_before_anything_is_bought(tenant: Make) -> None:
    one = tenant()
    with pytest.raises(Refused):
        one.ca(settings={"organization": "Nobody Ltd"}).place(one.wish(organization="").placement, deadline=soon())
    assert one.ledger() == []


@pytest.mark.parametrize("status", [500, 502, 503])
def test_row_8_an_order_during_an_outage_is_unknown_and_a_read_unavailable(status: int, tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    one.fault("status", status=status, times=None)
    with pytest.raises(Unknown):
        ca.place(one.wish().placement, deadline=soon())
    with pytest.raises(Unavailable) as caught:
        ca.find("r-1")
    assert not isinstance(caught.value, Unknown)
    assert one.ledger() == []

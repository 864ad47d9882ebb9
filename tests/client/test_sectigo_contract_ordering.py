"""Sectigo's contract tests, against the real sandbox program: ordering and finding again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from certwright.model.ca import Ended, Issued
from certwright.model.errors import CertwrightError, Misconfigured, Refused, Unavailable, Unknown
from certwright.model.words import OrderState, WaitingFor
from certwright.pki import certificate, csr
from tests.client.sandbox import leaf, soon
from tests.client.sectigo import Login, pending, placement, until_issued

Make = Callable[..., Login]


def test_a_dv_order_is_placed_proven_and_collected(sectigo: Make) -> None:
    one = sectigo("bare")
    ca, wish = one.ca(), one.wish()
    ca.check(wish.placement)
    ca.check_csr(wish.placement)
    placed = pending(ca.place(wish.placement, deadline=soon()))
    assert placed.waiting_for is WaitingFor.DOMAIN_CONTROL
    assert pending(ca.collect(placed.ca_order, public_key_sha256=wish.key)).ca_order == placed.ca_order
    for proof in placed.proofs:
        one.publish(proof)
    assert ca.check_control(placed.ca_order, wish.placement) is True
    issued = until_issued(ca, placed.ca_order, wish.key)
    assert set(wish.placement.names) <= set(leaf(issued, wish.key).names)
    assert len(one.ledger()) == 1


@pytest.mark.parametrize("change", ["password", "case"])
def test_3_4_a_wrong_login_is_a_misconfiguration(change: str, sectigo: Make) -> None:
    one = sectigo()
    wrong = {"login_password": "wrong"} if change == "password" else {"login_name": one.secrets["login_name"].upper()}
    with pytest.raises(Misconfigured) as caught:
        one.ca(**wrong).login()
    assert caught.value.code == "-16"
    assert one.ca().login().user == one.secrets["login_name"]


@pytest.mark.parametrize("switch", [{"ip_allowed": False}, {"enabled": False}])
def test_3_a_blocked_address_or_account_looks_like_a_wrong_password(switch: dict[str, bool], sectigo: Make) -> None:
    one = sectigo()
    one.switch(**switch)
    with pytest.raises(Misconfigured, match="allow-list"):
        one.ca().login()


def test_12_an_unknown_country_is_refused(sectigo: Make) -> None:
    one = sectigo()
    options = {"organization_name": "Meadow Ltd", "locality_name": "Bern", "country_name": "ZZ"}
    with pytest.raises(Refused) as caught:
        one.ca().place(one.wish(product="7", options=options).placement, deadline=soon())
    assert caught.value.code == "-7"


@pytest.mark.parametrize("fault", ["html", "empty", "garbage", "truncated"])
def test_13_a_spoilt_answer_to_a_read_is_unavailable(fault: str, sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca()
    one.fault(fault, times=None, path="WebHostReport")
    with pytest.raises(Unavailable) as caught:
        ca.find("nothing")
    assert not isinstance(caught.value, Unknown)


def test_16_the_csr_is_checked_by_the_ca(sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca()
    ca.check_csr(placement())
    weak = csr.build(rsa.generate_private_key(65537, 1024), ("shop.example.com",))
    with pytest.raises(Refused, match="-13"):
        ca.check_csr(placement(csr=weak))


def test_25_without_credit_nothing_is_ordered(sectigo: Make) -> None:
    one = sectigo()
    one.switch(credit=0)
    ca, wish = one.ca(), one.wish()
    with pytest.raises((Refused, Misconfigured)) as caught:
        ca.place(wish.placement, deadline=soon())
    assert caught.value.code == "-15"
    assert ca.find(wish.placement.reference) == ()
    assert one.ledger() == []


def test_26_an_order_that_is_paid_later_is_accepted_and_waits(sectigo: Make) -> None:
    one = sectigo()
    one.switch(pays_later=True)
    ca, wish = one.ca(), one.wish()
    placed = pending(ca.place(wish.placement, deadline=soon()))
    assert placed.waiting_for is WaitingFor.PAYMENT
    assert pending(ca.collect(placed.ca_order, public_key_sha256=wish.key)).waiting_for is WaitingFor.PAYMENT
    one.staff(placed.ca_order, "payment")
    assert leaf(until_issued(ca, placed.ca_order, wish.key), wish.key).names


def test_24_a_wildcard_and_its_product_belong_together(sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca()
    wildcard = one.wish(f"*.{one.domain}", product="289")
    placed = ca.place(wildcard.placement, deadline=soon())
    assert f"*.{one.domain}" in leaf(until_issued(ca, placed.ca_order, wildcard.key), wildcard.key).names
    for names, product in ((("a.example",), "289"), (("*.a.example",), "287")):
        with pytest.raises(Refused):
            ca.check(one.wish(*names, product=product).placement)


def test_29_many_names_are_ordered_together_each_by_its_own_method(sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca()
    names = (f"a.{one.domain}", f"b.{one.domain}", f"*.c.{one.domain}")
    wish = one.wish(*names, product="279", dcv_methods={names[0]: "http-token"})
    placed = ca.place(wish.placement, deadline=soon())
    assert set(names) <= set(leaf(until_issued(ca, placed.ca_order, wish.key), wish.key).names)


@pytest.mark.parametrize("unique_value", ["echo", "own"])
def test_the_value_of_the_proof_is_the_one_that_came_back(unique_value: str, sectigo: Make) -> None:
    one = sectigo("bare", unique_value=unique_value)
    ca, wish = one.ca(), one.wish()
    placed = pending(ca.place(wish.placement, deadline=soon()))
    assert placed.ca_order.dcv_value
    for proof in placed.proofs:
        one.publish(proof)
    assert ca.check_control(placed.ca_order, wish.placement) is True


def test_32_a_reference_buys_once_and_is_found(sectigo: Make) -> None:
    one = sectigo()
    ca, wish = one.ca(), one.wish()
    placed = ca.place(wish.placement, deadline=soon())
    again = replace(one.wish().placement, reference=wish.placement.reference)
    with pytest.raises(Unknown):
        ca.place(again, deadline=soon())
    assert [found.order_id for found in ca.find(wish.placement.reference)] == [placed.ca_order.order_id]
    assert len(one.ledger()) == 1


@pytest.mark.parametrize("fault", ["drop_after", "html", "empty", "truncated"])
def test_33_an_order_whose_answer_was_lost_is_adopted_whole(fault: str, sectigo: Make) -> None:
    one = sectigo("bare")
    ca, wish = one.ca(), one.wish()
    one.fault(fault, path="AutoApplySSL")
    with pytest.raises(Unknown):
        ca.place(wish.placement, deadline=soon())
    (found,) = ca.find(wish.placement.reference)
    assert found.certificate_id
    for proof in ca.proofs(found, wish.placement):
        one.publish(proof)
    assert ca.check_control(found, wish.placement) is True
    assert leaf(until_issued(ca, found, wish.key), wish.key).names
    assert len(one.ledger()) == 1
    assert len(one.requests("AutoApplySSL")) == 1


def test_an_order_that_was_not_sent_is_not_found(sectigo: Make) -> None:
    one = sectigo()
    ca, wish = one.ca(), one.wish()
    one.fault("drop_before", path="AutoApplySSL")
    with pytest.raises(Unknown):
        ca.place(wish.placement, deadline=soon())
    assert ca.find(wish.placement.reference) == ()


def test_34_a_test_order_needs_permission_and_costs_nothing(sectigo: Make) -> None:
    one = sectigo()
    ca, wish = one.ca(), one.wish(options={"test": "true"})
    placed = ca.place(wish.placement, deadline=soon())
    assert until_issued(ca, placed.ca_order, wish.key)
    assert sum(order["price"] for order in one.ledger()) == 0
    one.switch(test_allowed=False)
    with pytest.raises(CertwrightError):
        ca.place(one.wish(options={"test": "true"}).placement, deadline=soon())


def test_autoapplyorder_takes_the_same(sectigo: Make) -> None:
    one = sectigo()
    ca, wish = one.ca(settings={"endpoint": "AutoApplyOrder"}), one.wish()
    placed = ca.place(wish.placement, deadline=soon())
    assert until_issued(ca, placed.ca_order, wish.key)
    assert len(one.requests("AutoApplyOrder")) == 1


# -- collecting


def test_48_50_53_the_certificate_comes_with_its_chain(sectigo: Make) -> None:
    one = sectigo()
    ca, wish = one.ca(), one.wish()
    placed = ca.place(wish.placement, deadline=soon())
    issued = until_issued(ca, placed.ca_order, wish.key)
    found = [certificate.from_der(der) for der in issued.certificates]
    assert len([one for one in found if not one.is_ca]) == 1
    assert len([one for one in found if one.is_ca]) >= 2


def test_57_the_order_of_another_account_is_not_shown(sectigo: Make) -> None:
    one, other = sectigo(), sectigo()
    wish = one.wish()
    placed = one.ca().place(wish.placement, deadline=soon())
    with pytest.raises(CertwrightError) as caught:
        other.ca().collect(placed.ca_order, public_key_sha256=wish.key)
    assert caught.value.code == "-4"


def test_57_during_signing_an_order_is_processing(sectigo: Make) -> None:
    one = sectigo()
    one.switch(signing_seconds=300)
    ca, wish = one.ca(), one.wish()
    placed = ca.place(wish.placement, deadline=soon())
    progress = pending(ca.collect(placed.ca_order, public_key_sha256=wish.key))
    assert progress.waiting_for is WaitingFor.PROCESSING


def test_57_a_rejected_order_has_ended(sectigo: Make) -> None:
    one = sectigo("bare")
    ca, wish = one.ca(), one.wish()
    placed = ca.place(wish.placement, deadline=soon())
    one.sandbox.post("/reject", {"ca": "sectigo", "order_id": int(placed.ca_order.order_id)})
    ended = ca.collect(placed.ca_order, public_key_sha256=wish.key)
    assert isinstance(ended, Ended)
    assert ended.state is OrderState.REJECTED


def test_58_calls_of_collectssl_never_overlap(sectigo: Make) -> None:
    """The sandbox answers the later of two that overlap with -42."""
    one = sectigo()
    wishes = [one.wish() for _ in range(4)]
    ca = one.ca()
    orders = [ca.place(wish.placement, deadline=soon()).ca_order for wish in wishes]
    one.fault("latency", seconds=0.05, path="CollectSSL", times=None)
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(ca.collect, order, public_key_sha256=wish.key)
            for order, wish in zip(orders, wishes, strict=True)
        ]
        assert all(isinstance(job.result(), Issued) for job in jobs)


@pytest.mark.parametrize("kind", ["other_key", "html", "csr", "private_key"])
def test_a_wrong_certificate_is_never_taken_for_ours(kind: str, sectigo: Make) -> None:
    one = sectigo()
    ca, wish = one.ca(), one.wish()
    placed = ca.place(wish.placement, deadline=soon())
    one.fault("wrong_certificate", kind=kind, path="CollectSSL", times=None)
    try:
        progress = ca.collect(placed.ca_order, public_key_sha256=wish.key)
    except Unavailable:
        return
    if isinstance(progress, Issued):  # handed on as evidence: whoever verifies it sees that the key is another's
        keys = {certificate.from_der(der).public_key_sha256 for der in progress.certificates}
        assert wish.key not in keys

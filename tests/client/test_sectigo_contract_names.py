"""Sectigo's contract tests, against the real sandbox program: control of names, organizations, call-backs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from certwright.model.ca import Pending
from certwright.model.errors import Refused
from certwright.model.words import DCVMethod, WaitingFor
from tests.client.sandbox import Wish, leaf, soon
from tests.client.sectigo import Login, pending, until_issued

Make = Callable[..., Login]
ORGANIZATION = {
    "organization_name": "Meadow Ltd",
    "locality_name": "Bern",
    "country_name": "CH",
    "app_rep_forename": "Ada",
    "app_rep_surname": "Lovelace",
    "app_rep_email_address": "ada@meadow.example",
    "app_rep_telephone": "+41 31 000 00 00",
}


def _placed(one: Login, *names: str, **changes: object) -> tuple[Pending, Wish]:
    wish = one.wish(*names, **changes)
    return pending(one.ca().place(wish.placement, deadline=soon())), wish


def test_40_a_file_proves_its_host_and_a_cname_at_the_parent_all_below(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    placed, wish = _placed(one)
    (proof, *_) = placed.proofs
    owner = proof.where.partition(".")[0]
    one.sandbox.post("/dns", {"name": f"{owner}.{one.domain}", "type": "CNAME", "value": proof.value})
    assert ca.check_control(placed.ca_order, wish.placement) is True


def test_38_a_file_is_found_by_the_ca(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    placed, wish = _placed(one, dcv_method="http-token")
    assert ca.check_control(placed.ca_order, wish.placement) is False
    for proof in placed.proofs:
        one.publish(proof)
    assert ca.check_control(placed.ca_order, wish.placement) is True
    assert leaf(until_issued(ca, placed.ca_order, wish.key), wish.key).names


def test_42_a_second_look_is_asked_for_with_the_same_method(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    placed, wish = _placed(one)
    assert ca.check_control(placed.ca_order, wish.placement) is False
    for proof in ca.proofs(placed.ca_order, wish.placement):
        one.publish(proof)
    assert ca.check_control(placed.ca_order, wish.placement) is True
    assert ca.proofs(placed.ca_order, wish.placement) == ()


def test_the_method_of_an_order_is_changed(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    placed, wish = _placed(one, dcv_method="http-token")
    proofs = ca.change_method(placed.ca_order, wish.placement, "dns-cname-token")
    assert {proof.method for proof in proofs} == {DCVMethod.DNS_CNAME}
    for proof in proofs:
        one.publish(proof)
    assert ca.check_control(placed.ca_order, wish.placement) is True


def test_28_44_each_name_of_many_has_its_own_method_and_status(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    names = tuple(f"{label}.{one.domain}" for label in "abc")
    placed, wish = _placed(one, *names, product="279", dcv_methods={names[1]: "http-token"})
    seen = {found.name: (found.method, found.proven) for found in ca.authorizations(placed.ca_order)}
    assert seen == {
        names[0]: (DCVMethod.DNS_CNAME, False),
        names[1]: (DCVMethod.HTTP, False),
        names[2]: (DCVMethod.DNS_CNAME, False),
    }
    proofs = {proof.name: proof for proof in placed.proofs}
    one.publish(proofs[names[0]])
    one.publish(proofs[names[1]])
    assert ca.check_control(placed.ca_order, wish.placement) is False
    assert [proof.name for proof in ca.proofs(placed.ca_order, wish.placement)] == [names[2]]
    changed = ca.change_method(placed.ca_order, wish.placement, "http-token", name=names[2])
    for proof in changed:
        if proof.name == names[2]:
            assert proof.method == DCVMethod.HTTP
            one.publish(proof)
    assert ca.check_control(placed.ca_order, wish.placement) is True
    assert set(names) <= set(leaf(until_issued(ca, placed.ca_order, wish.key), wish.key).names)


def test_66_removing_the_last_unproven_name_issues_and_the_only_one_stays(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    names = (f"a.{one.domain}", f"b.{one.domain}")
    placed, wish = _placed(one, *names, product="279")
    one.publish(next(proof for proof in placed.proofs if proof.name == names[0]))
    ca.check_control(placed.ca_order, wish.placement)
    ca.remove_name(placed.ca_order, names[1])
    ca.remove_name(placed.ca_order, names[1])
    assert leaf(until_issued(ca, placed.ca_order, wish.key), wish.key).names == (names[0],)
    other, _ = _placed(one, f"c.{one.domain}", product="279")
    with pytest.raises(Refused):
        ca.remove_name(other.ca_order, f"c.{one.domain}")


def test_31_45_an_address_of_the_list_is_taken_and_the_mail_sent_again(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    name = f"h1.{one.domain}"
    addresses = ca.dcv_addresses(name)
    assert len(addresses) == len(set(addresses)) >= 10
    assert "none" not in addresses
    placed, _ = _placed(one, name, dcv_method=f"email:{addresses[0]}")
    assert (placed.proofs[0].where, placed.proofs[0].value) == (addresses[0], "")
    ca.resend(placed.ca_order, addresses[0])
    mails = [mail for mail in one.sandbox.get("/mails")["mails"] if str(mail["order_id"]) == placed.ca_order.order_id]
    assert [mail["to"] for mail in mails if mail["about"] == "dcv"] == [addresses[0]] * 2


def test_46_an_address_has_no_e_mail(sectigo: Make) -> None:
    for name in ("10.0.0.1", "192.0.2.1"):
        with pytest.raises(Refused):
            sectigo().ca().dcv_addresses(name)


# -- organizations


def test_an_ov_order_tells_all_it_waits_for(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    placed, wish = _placed(one, product="7", options=ORGANIZATION)
    for proof in placed.proofs:
        one.publish(proof)
    ca.check_control(placed.ca_order, wish.placement)
    progress = pending(ca.collect(placed.ca_order, public_key_sha256=wish.key))
    done = {need.what: need.done for need in progress.requirements}
    assert done[WaitingFor.DOMAIN_CONTROL] is True
    assert (done[WaitingFor.ORGANIZATION], done[WaitingFor.CALL_BACK]) == (False, False)
    assert progress.waiting_for is WaitingFor.ORGANIZATION
    one.staff(placed.ca_order, "organization")
    assert pending(ca.collect(placed.ca_order, public_key_sha256=wish.key)).waiting_for is WaitingFor.CALL_BACK
    one.staff(placed.ca_order, "call_back")
    found = leaf(until_issued(ca, placed.ca_order, wish.key), wish.key)
    assert "Meadow Ltd" in found.subject


def test_70_a_call_back_is_scheduled_and_its_number_replaced(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    placed, _ = _placed(one, product="7", options=ORGANIZATION)
    at = datetime.now(UTC) + timedelta(days=1)
    assert ca.schedule_call_back(placed.ca_order, at)
    assert ca.schedule_call_back(placed.ca_order, at, by_person=True, extension="12")
    assert ca.replace_phone(placed.ca_order, "+41 31 111 11 11")
    assert ca.replace_call_back_address(placed.ca_order, "office@meadow.example")
    assert ca.send_call_back_mail(placed.ca_order)


def test_71_a_click_through_is_sent_again_to_another_address(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    placed, wish = _placed(one, product="556", options=ORGANIZATION)
    assert ca.resend_click_through(placed.ca_order)
    assert ca.replace_click_through_address(placed.ca_order, "legal@meadow.example")
    about = [
        mail
        for mail in one.sandbox.get("/mails")["mails"]
        if str(mail["order_id"]) == placed.ca_order.order_id and mail["about"] == "click_through"
    ]
    assert about[-1]["to"] == "legal@meadow.example"
    one.staff(placed.ca_order)
    assert until_issued(ca, placed.ca_order, wish.key)


def test_70_71_a_dv_order_has_neither_and_says_so(sectigo: Make) -> None:
    one = sectigo("bare")
    ca = one.ca()
    placed, _ = _placed(one)
    with pytest.raises(Refused, match="nothing was done"):
        ca.schedule_call_back(placed.ca_order, datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(Refused, match="nothing was done"):
        ca.resend_click_through(placed.ca_order)


def test_a_brand_is_waited_for(sectigo: Make) -> None:
    one = sectigo(brand_words=["paypal"])
    ca = one.ca()
    placed, wish = _placed(one, f"paypal.{one.domain}")
    assert pending(ca.collect(placed.ca_order, public_key_sha256=wish.key)).waiting_for is WaitingFor.BRAND
    one.staff(placed.ca_order, "brand")
    assert until_issued(ca, placed.ca_order, wish.key)

"""emSign's contract tests (§14), against the real sandbox program: login, lists, ordering and finding again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from certwright.model.ca import CAOrder, Ended
from certwright.model.errors import Misconfigured, NotFound, Refused, Unavailable, Unknown
from certwright.model.words import OrderState, WaitingFor
from certwright.pki import chain as chains
from certwright.pki.certificate import from_der, parse_pem_many
from tests.client.emsign import Hub, pending, until_issued
from tests.client.sandbox import leaf, soon

Make = Callable[..., Hub]


def _since() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


@pytest.mark.parametrize("switch", [{}, {"http_refusals": True}, {"failure_status": "2", "failure_block": "blank"}])
def test_8_9_a_wrong_key_or_account_fails_the_test_login(switch: dict[str, object], emsign: Make) -> None:
    one = emsign(**switch)
    for wrong in ({"access_key": "wrong"}, {"settings": {"account_number": "4999999999"}}):
        with pytest.raises(Misconfigured, match="login"):
            one.ca(**wrong).login()
    assert one.ca().login().account_id == one.settings["account_number"]


def test_9_a_stale_clock_fails_the_test_login(emsign: Make) -> None:
    one = emsign(ts_window_seconds=0)  # no clock is that exact
    with pytest.raises(Misconfigured) as caught:
        one.ca().login()
    assert "clock" in caught.value.advice


def test_5_7_the_base_url_with_or_without_a_slash_and_a_wrong_one(emsign: Make) -> None:
    one = emsign()
    for url in (one.url, one.url.rstrip("/")):
        one.ca(url=url).login()
    with pytest.raises(Misconfigured, match="ValidateCredentials"):
        one.ca(url=one.url.replace("emSignHub-API", "elsewhere")).login()


@pytest.mark.parametrize("blanks", ["null", "blank", "absent"])
def test_11_12_13_what_an_account_has_is_listed(blanks: str, emsign: Make) -> None:
    one = emsign(blanks=blanks)
    ca = one.ca()
    assert [group.ca_id for group in ca.groups() if group.default] == [one.account["group_number"]]
    assert [organization.status for organization in ca.organizations()] == ["vetted"]
    assert {domain.name for domain in ca.domains() if domain.proven} == set(one.account["domains"])
    listed = {product.ca_id: product for product in ca.products()}
    assert set(listed) == {product["code"] for product in one.account["products"]}
    for product in one.account["products"]:
        assert list(listed[product["code"]].years) == [int(years) for years in product["years"]]


def test_11_products_are_found_where_groups_are_needed_and_only_the_second_endpoint_is_there(emsign: Make) -> None:
    one = emsign(groups_needed=True, group_details="v2")
    assert len(one.ca().products()) == 10
    assert len(one.ca(settings={"group_number": one.account["group_number"]}).products()) == 10


@pytest.mark.parametrize("profile", ["ready", "bare"])
@pytest.mark.parametrize("pem_style", ["pem", "bare"])
@pytest.mark.parametrize("chain_depth", [2, 3])
def test_38_39_41_a_dv_order_is_placed_proven_and_collected(
    profile: str, pem_style: str, chain_depth: int, emsign: Make
) -> None:
    one = emsign(profile, pem_style=pem_style, chain_depth=chain_depth)
    ca, wish = one.ca(), one.wish()
    ca.check(wish.placement)
    placed = pending(ca.place(wish.placement, deadline=soon()))
    if profile == "bare":
        waiting = pending(ca.collect(placed.ca_order, public_key_sha256=wish.key))
        assert waiting.waiting_for is WaitingFor.DOMAIN_CONTROL
        for proof in ca.proofs(placed.ca_order, wish.placement):
            one.publish(proof)
        assert ca.check_control(placed.ca_order, wish.placement) is True
    issued = until_issued(ca, placed.ca_order, wish.key)
    assert leaf(issued, wish.key).names == wish.placement.names
    known = parse_pem_many(one.settings["intermediates"].encode())
    path = chains.build(map(from_der, issued.certificates), public_key_sha256=wish.key, known=known)
    roots = parse_pem_many(one.settings["roots"].encode())
    assert any(chains.signed_by(path.certificates[-1], root) for root in roots)
    assert len(one.ledger()) == 1


def test_39_a_leaf_alone_is_issued_with_a_gap(emsign: Make) -> None:
    one = emsign(ca_certificate=False)
    ca, wish = one.ca(), one.wish()
    issued = until_issued(ca, pending(ca.place(wish.placement, deadline=soon())).ca_order, wish.key)
    assert len(issued.certificates) == 1


def test_15_what_emsign_refuses_is_told_in_its_words(emsign: Make) -> None:
    one = emsign()
    ca = one.ca()
    with pytest.raises(Refused) as organization:
        ca.place(one.wish(kind="16", organization="7999999").placement, deadline=soon())
    assert organization.value.code == "EMS-1073"
    with pytest.raises(Refused) as email:
        ca.place(one.wish(options={"requestor_email": "nobody@elsewhere.example"}).placement, deadline=soon())
    assert email.value.code
    assert one.ledger() == []


@pytest.mark.parametrize("twin", [True, False])
def test_18_the_www_twin_is_there_when_asked_for_and_not_otherwise(emsign: Make, *, twin: bool) -> None:
    one = emsign()
    ca = one.ca()
    name = f"shop.{one.domain}"
    wish = one.wish(name, f"www.{name}") if twin else one.wish(name)
    issued = until_issued(ca, pending(ca.place(wish.placement, deadline=soon())).ca_order, wish.key)
    assert set(leaf(issued, wish.key).names) == set(wish.placement.names)


def test_19_21_every_name_of_a_multi_domain_order_gets_in(emsign: Make) -> None:
    one = emsign()
    ca = one.ca()
    for kind, names in (("15", ("a", "b", "www.a")), ("21", ("c", "*.c")), ("14", ("*.d",))):
        wish = one.wish(*(f"{name}.{one.domain}" for name in names), kind=kind)
        issued = until_issued(ca, pending(ca.place(wish.placement, deadline=soon())).ca_order, wish.key)
        assert set(leaf(issued, wish.key).names) == set(wish.placement.names)


def test_23_a_csr_that_was_used_for_another_order_is_refused_with_its_number(emsign: Make) -> None:
    one = emsign()
    ca, wish = one.ca(), one.wish()
    first = pending(ca.place(wish.placement, deadline=soon())).ca_order
    again = one.wish(*wish.placement.names, csr=wish.placement.csr)
    with pytest.raises(Refused, match=first.order_id):
        ca.place(again.placement, deadline=soon())
    assert pending(ca.place(wish.placement, deadline=soon())).ca_order == first, "with our tag it is ours"
    assert len(one.ledger()) == 1


def test_25_a_draft_waits_is_submitted_and_goes_on(emsign: Make) -> None:
    one = emsign()
    ca, wish = one.ca(), one.wish(options={"draft": "yes"})
    draft = pending(ca.place(wish.placement, deadline=soon()))
    assert (draft.waiting_for, draft.ca_order.order_id) == (WaitingFor.SUBMISSION, "")
    assert pending(ca.collect(draft.ca_order, public_key_sha256=wish.key)).waiting_for is WaitingFor.SUBMISSION
    assert ca.find_placed(wish.placement, _since()) == (draft.ca_order,)
    assert one.ledger() == []
    one.staff(draft.ca_order, "submit")
    issued = until_issued(ca, draft.ca_order, wish.key)
    assert issued.ca_order.order_id
    assert issued.ca_order.request_id == draft.ca_order.request_id


def test_25_47_a_draft_is_withdrawn_once(emsign: Make) -> None:
    one = emsign()
    ca, wish = one.ca(), one.wish(options={"draft": "yes"})
    draft = pending(ca.place(wish.placement, deadline=soon())).ca_order
    ca.cancel(draft, "not wanted")
    ca.cancel(draft, "not wanted")
    ended = ca.collect(draft, public_key_sha256=wish.key)
    assert isinstance(ended, Ended)
    assert ended.state is OrderState.CANCELLED
    assert len(one.requests("RejectRequest")) == 1


@pytest.mark.parametrize("fault", ["drop_after", "truncated", "empty", "garbage", "html"])
def test_26_a_lost_order_is_found_and_never_sent_again(fault: str, emsign: Make) -> None:
    one = emsign()
    ca, wish = one.ca(), one.wish()
    one.fault(fault, path="GenerateOrderSSL")
    with pytest.raises(Unknown):
        ca.place(wish.placement, deadline=soon())
    assert len(one.requests("GenerateOrderSSL")) == len(one.ledger()) == 1
    (found,) = ca.find_placed(wish.placement, _since())
    assert leaf(until_issued(ca, found, wish.key), wish.key).names == wish.placement.names


def test_26_an_order_that_never_arrived_is_not_found(emsign: Make) -> None:
    one = emsign()
    ca, wish = one.ca(), one.wish()
    one.fault("drop_before", path="GenerateOrderSSL")
    with pytest.raises(Unknown):
        ca.place(wish.placement, deadline=soon())
    assert ca.find_placed(wish.placement, _since()) == ()


@pytest.mark.parametrize("fault", ["html", "empty", "garbage", "truncated", "drop_before"])
def test_52_a_spoilt_answer_to_a_read_is_unavailable(fault: str, emsign: Make) -> None:
    one = emsign()
    one.fault(fault, times=None, path="GetOrderReport")
    with pytest.raises(Unavailable) as caught:
        one.ca().report_page("")
    assert not isinstance(caught.value, Unknown)


def test_49_a_burst_of_orders_ends_in_a_rest_and_an_inactive_account_in_a_pause(emsign: Make) -> None:
    one = emsign(burst_limit=2, burst_seconds=0.5)
    ca = one.ca()
    for _ in range(2):
        ca.place(one.wish().placement, deadline=soon())
    with pytest.raises(Unavailable, match="the login works") as busy:
        ca.place(one.wish().placement, deadline=soon())
    assert not isinstance(busy.value, Unknown)
    assert len(one.ledger()) == 2
    one.switch(enabled=False)
    with pytest.raises(Misconfigured, match="Inactive"):
        ca.place(one.wish().placement, deadline=soon())


def test_late_csr_and_agreement_are_given_when_the_order_waits_for_them(emsign: Make) -> None:
    one = emsign()
    ca = one.ca()
    wish = one.wish(options={"accept_agreement": "no"})
    early = one.wish(*wish.placement.names, csr=b"", options={"accept_agreement": "no"})
    placed = pending(ca.place(early.placement, deadline=soon())).ca_order

    assert pending(ca.collect(placed, public_key_sha256="")).waiting_for is WaitingFor.CSR
    ca.submit_csr(placed, wish.placement)
    ca.submit_csr(placed, wish.placement)
    assert len(one.requests("SubmitCSR")) == 1
    assert pending(ca.collect(placed, public_key_sha256=wish.key)).waiting_for is WaitingFor.AGREEMENT
    ca.agree(placed, wish.placement)
    ca.agree(placed, wish.placement)
    assert leaf(until_issued(ca, placed, wish.key), wish.key).names == wish.placement.names


def test_25_an_order_that_is_not_there_is_not_found(emsign: Make) -> None:
    with pytest.raises(NotFound) as caught:
        emsign().ca().cancel(CAOrder("6999999999"), "")
    assert caught.value.code == "EMS-943"


def test_an_ov_order_for_a_vetted_organization_is_issued_in_its_name(emsign: Make) -> None:
    one = emsign()
    ca = one.ca()
    wish = one.wish(kind="16", organization=one.organization())
    progress = ca.place(wish.placement, deadline=soon())
    issued = until_issued(ca, pending(progress).ca_order, wish.key)
    assert "Meadow" in leaf(issued, wish.key).subject

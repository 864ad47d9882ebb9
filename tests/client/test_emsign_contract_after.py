"""emSign's contract tests (§14), against the real sandbox program: control, ends, revocations, renewals, reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from certwright.model.ca import CAOrder, Ended, Issued, ReportedOrder, RevocationTarget, Term
from certwright.model.errors import NotFound, Refused, Unavailable
from certwright.model.words import CertificateState, OrderState, RevocationReason, RevocationState, WaitingFor
from certwright.pki.certificate import from_der
from tests.client.emsign import Hub, pending, until_issued
from tests.client.sandbox import Wish, leaf, soon

Make = Callable[..., Hub]


def _placed(one: Hub, wish: Wish) -> CAOrder:
    return pending(one.ca().place(wish.placement, deadline=soon())).ca_order


def _issued(one: Hub, wish: Wish) -> Issued:
    return until_issued(one.ca(), _placed(one, wish), wish.key)


def _target(issued: Issued, wish: Wish) -> RevocationTarget:
    return RevocationTarget(issued.ca_order.order_id, serial=leaf(issued, wish.key).serial)


def _rows(one: Hub, **settings: str) -> list[ReportedOrder]:
    """Every page of the report."""
    ca, rows, cursor = one.ca(settings=settings), [], ""
    while True:
        page = ca.report_page(cursor)
        rows.extend(page.orders)
        cursor = page.cursor
        if not cursor:
            return rows


# -- control


def test_27_28_names_come_late_and_their_gate_opens_later(emsign: Make) -> None:
    one = emsign("bare", dcv_slot_seconds=3600)
    ca, wish = one.ca(), one.wish()
    placed = _placed(one, wish)
    assert pending(ca.collect(placed, public_key_sha256=wish.key)).waiting_for is WaitingFor.PROCESSING
    one.switch(dcv_slot_seconds=0, dcv_gate_seconds=3600)
    assert pending(ca.collect(placed, public_key_sha256=wish.key)).waiting_for is WaitingFor.DOMAIN_CONTROL
    assert ca.proofs(placed, wish.placement) == ()
    assert ca.check_control(placed, wish.placement) is False
    one.switch(dcv_gate_seconds=0)
    assert len(ca.proofs(placed, wish.placement)) == 3


@pytest.mark.parametrize("host", [0, 1, 2])
@pytest.mark.parametrize("wildcard", [False, True])
def test_31_a_token_at_any_one_of_the_hosts_proves(host: int, emsign: Make, *, wildcard: bool) -> None:
    one = emsign("bare")
    ca = one.ca()
    wish = one.wish(f"*.{one.domain}", kind="14") if wildcard else one.wish()
    placed = _placed(one, wish)
    assert ca.check_control(placed, wish.placement) is False
    one.publish(ca.proofs(placed, wish.placement)[host])
    assert ca.check_control(placed, wish.placement) is True
    assert ca.proofs(placed, wish.placement) == ()
    until_issued(ca, placed, wish.key)


def test_31_a_wildcard_beside_its_base_is_proven(emsign: Make) -> None:
    one = emsign("bare")
    ca, wish = one.ca(), one.wish(f"x.{one.domain}", f"*.x.{one.domain}", kind="21")
    placed = _placed(one, wish)
    for proof in ca.proofs(placed, wish.placement):
        one.publish(proof)
    assert ca.check_control(placed, wish.placement) is True
    until_issued(ca, placed, wish.key)


def test_32_a_file_proves(emsign: Make) -> None:
    one = emsign("bare")
    ca, wish = one.ca(), one.wish(dcv_method="http-token")
    placed = _placed(one, wish)
    (proof,) = ca.proofs(placed, wish.placement)
    assert proof.where.startswith(f"http://{wish.placement.common_name}/.well-known/pki-validation/")
    one.publish(proof)
    assert ca.check_control(placed, wish.placement) is True


def test_33_an_address_is_among_those_that_emsign_lists(emsign: Make) -> None:
    one = emsign("bare", dcv="auto")
    ca, wish = one.ca(), one.wish(f"m.{one.domain}")
    placed = _placed(one, wish)
    for address in (f"admin@{one.domain}", f"admin@m.{one.domain}"):
        try:
            (proof,) = ca.change_method(placed, wish.placement, f"email:{address}")
        except Refused:
            continue
        assert proof.where == address
        assert ca.check_control(placed, replace(wish.placement, dcv_method=f"email:{address}")) is True
        break
    else:
        pytest.fail("no address was taken")
    with pytest.raises(Refused):
        ca.change_method(_placed(one, other := one.wish()), other.placement, "email:me@elsewhere.example")


def test_35_36_names_proven_before_need_no_proof(emsign: Make) -> None:
    one = emsign("ready")
    ca, wish = one.ca(), one.wish(f"deep.below.{one.account['domains'][0]}")
    placed = _placed(one, wish)
    assert ca.proofs(placed, wish.placement) == ()
    assert ca.check_control(placed, wish.placement) is True
    until_issued(ca, placed, wish.key)


def test_35_a_name_below_an_expired_domain_needs_a_proof(emsign: Make) -> None:
    one = emsign("ready", dcv="never", prove_seconds=None)
    domain = one.account["domains"][0]
    one.sandbox.post("/expire", {"ca": "emsign", "account": one.name, "domain": domain})
    ca, wish = one.ca(), one.wish(f"deep.{domain}")
    placed = _placed(one, wish)
    assert not any(found.proven for found in ca.domains() if found.name == domain)
    assert pending(ca.collect(placed, public_key_sha256=wish.key)).waiting_for is WaitingFor.DOMAIN_CONTROL


# -- how it goes on


def test_37_an_approved_order_waits_for_its_certificate(emsign: Make) -> None:
    one = emsign(issue_seconds=1.0)
    ca, wish = one.ca(), one.wish()
    placed = _placed(one, wish)
    progress = pending(ca.collect(placed, public_key_sha256=wish.key))
    assert progress.waiting_for is WaitingFor.PROCESSING
    assert len(one.requests("GetCertificate")) == 1, "it is tried"
    until_issued(ca, placed, wish.key)


def test_an_ov_order_waits_for_staff_and_for_an_answer_to_its_question(emsign: Make) -> None:
    one = emsign("ready", approve_seconds=None)
    ca = one.ca()
    wish = one.wish(kind="16", organization=one.organization(), options={"pre_vetting": "no"})
    placed = _placed(one, wish)
    assert pending(ca.collect(placed, public_key_sha256=wish.key)).waiting_for is WaitingFor.CA_APPROVAL
    one.staff(placed, "discrepancy")
    assert pending(ca.collect(placed, public_key_sha256=wish.key)).waiting_for is WaitingFor.ORGANIZATION
    one.staff(placed, "resolve")
    one.staff(placed, "approve")
    until_issued(ca, placed, wish.key)


@pytest.mark.parametrize(
    ("profile", "act", "state"),
    [
        ("bare", "reject", OrderState.REJECTED),
        ("ready", "download_rejected", OrderState.FAILED),
        ("ready", "expire", OrderState.EXPIRED),
    ],
)
def test_staff_may_end_an_order(profile: str, act: str, state: OrderState, emsign: Make) -> None:
    one = emsign(profile)
    wish = one.wish()
    placed = _placed(one, wish)
    one.staff(placed, act)
    ended = one.ca().collect(placed, public_key_sha256=wish.key)
    assert isinstance(ended, Ended)
    assert ended.state is state


def test_50_a_status_that_nobody_knows_waits(emsign: Make) -> None:
    one = emsign("ready")
    wish = one.wish()
    placed = _placed(one, wish)
    one.staff(placed, "status", status="26")
    progress = pending(one.ca().collect(placed, public_key_sha256=wish.key))
    assert "26" in progress.why


# -- revoking and cancelling


@pytest.mark.parametrize("reason", [RevocationReason.KEY_COMPROMISE, RevocationReason.PRIVILEGE_WITHDRAWN])
def test_45_46_a_certificate_is_revoked_once(reason: RevocationReason, emsign: Make) -> None:
    one = emsign()
    ca, wish = one.ca(), one.wish()
    target = _target(_issued(one, wish), wish)
    assert ca.revocation(target) is None
    for _ in range(2):
        assert ca.revoke(target, reason, "lost; and found", deadline=soon()).state is RevocationState.REVOKED
    assert len(one.requests("RevokeOrder")) == 1
    progress = ca.revocation(target)
    assert progress is not None
    assert progress.state is RevocationState.REVOKED
    assert [row.certificate_state for row in _rows(one)] == [CertificateState.REVOKED]


def test_45_a_lost_revocation_is_seen_afterwards(emsign: Make) -> None:
    one = emsign()
    ca, wish = one.ca(), one.wish()
    target = _target(_issued(one, wish), wish)
    one.fault("drop_after", path="RevokeOrder")
    with pytest.raises(Unavailable):
        ca.revoke(target, RevocationReason.SUPERSEDED, "", deadline=soon())
    assert ca.revoke(target, RevocationReason.SUPERSEDED, "", deadline=soon()).state is RevocationState.REVOKED
    assert len(one.requests("RevokeOrder")) == 1


def test_47_an_unfinished_order_is_cancelled_once_and_an_issued_one_never(emsign: Make) -> None:
    one = emsign("bare")
    ca, wish = one.ca(), one.wish()
    placed = _placed(one, wish)
    ca.cancel(placed, "not; wanted")
    ca.cancel(placed, "not wanted")
    assert len(one.requests("RejectOrder")) == 1
    ended = ca.collect(placed, public_key_sha256=wish.key)
    assert isinstance(ended, Ended)
    assert ended.state is OrderState.CANCELLED
    ready = emsign("ready")
    wish = ready.wish()
    issued = _issued(ready, wish)
    with pytest.raises(Refused, match="issued"):
        ready.ca().cancel(issued.ca_order, "")
    assert ready.requests("RejectOrder") == []


# -- reports


@pytest.mark.parametrize("orders", [0, 5, 6])
def test_42_every_order_is_reported_once(orders: int, emsign: Make) -> None:
    one = emsign(orders=orders)
    rows = _rows(one, report_page="5")
    assert len(rows) == len({(row.ca_order.order_id, row.ca_order.request_id) for row in rows}) == orders


def test_42_43_orders_of_the_past_are_told_apart_and_downloaded(emsign: Make) -> None:
    one = emsign(orders=60)
    ca, rows = one.ca(), _rows(one)
    assert {row.state for row in rows} >= {OrderState.ISSUED, OrderState.PENDING, OrderState.CANCELLED}
    assert {row.certificate_state for row in rows} >= {CertificateState.VALID, CertificateState.REVOKED, None}
    assert all(row.placed_at is not None for row in rows)
    valid = next(row for row in rows if row.certificate_state is CertificateState.VALID)
    (again,) = ca.report([valid.ca_order.order_id, "6999999999"])
    assert again == valid
    found = [from_der(der) for der in ca.download(valid.ca_order)]
    assert valid.serial in {one.serial for one in found}
    assert found[0].not_after == valid.not_after
    draft = next(row for row in rows if not row.ca_order.order_id)
    with pytest.raises(NotFound):
        ca.download(draft.ca_order)


# -- renewals by the CA


@pytest.mark.parametrize("renewal", ["same", "child"])
def test_55_what_the_ca_renews_by_itself_is_found(renewal: str, emsign: Make) -> None:
    one = emsign(renewal=renewal)
    ca, wish = one.ca(), one.wish(term=Term(years=2))
    assert ca.renews_before(wish.placement) == 30
    first = _issued(one, wish)
    before = leaf(first, wish.key).serial
    assert leaf(ca.newest(first.ca_order, wish.placement, public_key_sha256=wish.key), wish.key).serial == before
    one.staff(first.ca_order, "renew")
    newest = ca.newest(first.ca_order, wish.placement, public_key_sha256=wish.key)
    assert isinstance(newest, Issued)
    assert leaf(newest, wish.key).serial != before
    assert (newest.ca_order.order_id != first.ca_order.order_id) is (renewal == "child")
    one.staff(newest.ca_order, "renew") if renewal == "same" else one.staff(first.ca_order, "renew")
    third = ca.newest(newest.ca_order, wish.placement, public_key_sha256=wish.key)
    assert leaf(third, wish.key).serial not in {before, leaf(newest, wish.key).serial}
    children = [row.base_order_id for row in _rows(one) if row.base_order_id]
    assert children == ([first.ca_order.order_id] * 2 if renewal == "child" else [])
    assert len(one.ledger()) == 1


def test_55_the_older_certificate_is_not_revoked_in_the_place_of_the_newer(emsign: Make) -> None:
    one = emsign(renewal="same")
    wish = one.wish(term=Term(years=2))
    first = _issued(one, wish)
    one.staff(first.ca_order, "renew")
    with pytest.raises(Refused, match="newer certificate"):
        one.ca().revoke(_target(first, wish), RevocationReason.SUPERSEDED, "", deadline=soon())


def test_54_no_endpoint_is_called_that_is_not_there(emsign: Make) -> None:
    one = emsign()
    wish = one.wish()
    issued = _issued(one, wish)
    one.ca().newest(issued.ca_order, wish.placement, public_key_sha256=wish.key)
    assert {call["status"] for call in one.requests()} == {200}

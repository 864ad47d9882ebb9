"""What time does to emSign's orders, and what a restart leaves as it was."""

from __future__ import annotations

import itertools
import signal
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from tests.sandbox.certificates import csr_pem
from tests.sandbox.emsign_tenant import OV, PATIENT, UNVETTED, NewSubscriber, Subscriber
from tests.sandbox.emsign_wire import ABSENT
from tests.sandbox.tenant import NewName, Sandbox

RENEWED_BEFORE = timedelta(days=30)


def _children(tenant: Subscriber) -> list[x509.Certificate]:
    """The certificates of all orders of an account, oldest order first."""
    return [tenant.leaf(row["orderNumber"]) for row in tenant.report()]


def test_each_renewal_of_one_long_move_of_the_clock_has_its_own_date(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox, renewal="child")
    tenant.buy(fresh())

    own_sandbox.management.advance(days=720)

    leaves = _children(tenant)
    assert len(leaves) > 3
    for earlier, later in itertools.pairwise(leaves):
        due = earlier.not_valid_after_utc - RENEWED_BEFORE
        assert abs(later.not_valid_before_utc - due) <= timedelta(seconds=2)
    ends = leaves[0].not_valid_before_utc + timedelta(days=730)
    assert timedelta() <= ends - leaves[-1].not_valid_after_utc <= timedelta(days=7)


def test_both_ways_to_renew_issue_equally_often(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenants = [Subscriber.at(own_sandbox, renewal=how) for how in ("same", "child")]
    for tenant in tenants:
        tenant.buy(fresh())

    own_sandbox.management.advance(days=800)

    (same,), (child,) = (tenant.ledger() for tenant in tenants)
    assert same["certificates"] == child["certificates"] == len(tenants[1].report())
    assert same["reissues"] == same["certificates"] - 1
    assert len(tenants[0].report()) == 1


def test_an_order_that_was_reissued_in_the_portal_is_renewed_through_its_child_alone(
    own_sandbox: Sandbox, fresh: NewName
) -> None:
    tenant, name = Subscriber.at(own_sandbox), fresh()
    order = tenant.buy(name)
    tenant.staff(order, "reissue", csr=csr_pem(name))
    before = tenant.leaf(order)

    own_sandbox.management.advance(days=190)

    assert tenant.leaf(order) == before
    assert tenant.ledger()[0]["certificates"] == 3


def test_an_account_that_is_told_to_renew_again_does(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox, renewal="never")
    order = tenant.buy(fresh())
    before = tenant.leaf(order)
    tenant.switch(renewal="same")

    own_sandbox.management.advance(days=190)

    assert tenant.leaf(order) != before


def test_nothing_is_issued_once_what_was_paid_for_is_over(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox, **PATIENT)
    name = fresh()
    late = tenant.buy(name, OV, **UNVETTED, **{"subscriptionDetails.validity": "1"})
    tenant.management.post("validate", ca="emsign", order_id=late.number, domain=name)
    renewed = tenant.buy(tenant.domain, **{"subscriptionDetails.validity": "1", "subscriptionDetails.autoRenew": "0"})
    tenant.becomes(renewed, "20")

    own_sandbox.management.advance(days=366)

    tenant.staff(late, "approve")
    assert tenant.standing(late) == ("4", "14")
    assert tenant.standing(renewed) == ("6", "12")
    for act in ("renew", "reissue"):
        answer = own_sandbox.management.call("POST", "staff", {"ca": "emsign", "order_id": renewed.number, "act": act})
        assert answer.status == 400, answer
    assert tenant.revoke(renewed).refuses("EMS-1087")


def test_a_draft_takes_its_place_and_its_term_from_the_day_it_is_submitted(
    own_sandbox: Sandbox, fresh: NewName
) -> None:
    tenant = Subscriber.at(own_sandbox)
    draft = tenant.buy(fresh(), saveAndHold="1", **{"subscriptionDetails.validity": "1"})
    own_sandbox.management.advance(days=300)
    tenant.buy(fresh())
    own_sandbox.management.advance(hours=1)

    number = tenant.staff(draft, "submit")["order_id"]

    rows = tenant.report()
    assert [row["requestNumber"] for row in rows][-1] == draft.request
    dates = [datetime.fromisoformat(row["orderDate"]) for row in rows]
    assert dates == sorted(dates)
    leaf = tenant.leaf(number)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc > timedelta(days=80)


def test_orders_domains_csrs_txns_and_renewals_survive_a_kill(tmp_path: Path, fresh: NewName) -> None:
    options = ("--state", str(tmp_path / "state"), "--http-port", "1")
    first = Sandbox(*options, log=tmp_path / "log")
    try:
        tenant, name = Subscriber.at(first, "bare", prove_seconds=0), fresh()
        order, txn = tenant.buy(name), "7" * 20
        assert tenant.ask("ValidateCredentials", meta=tenant.meta(txn=txn)).is_success
        before = tenant.leaf(order)
    finally:
        first.stop(signal.SIGKILL)

    second = Sandbox(*options, log=tmp_path / "log")
    try:
        rows = second.management.get("accounts")
        again = Subscriber(second.management, next(row for row in rows if row["name"] == tenant.name))
        assert again.leaf(order) == before
        assert [row["domainName"] for row in again.ask("GetDomainDetails")["domainDetails"]] == [name]
        assert again.place(name, csr=order.csr).refuses("EMS-1099")
        assert again.ask("ValidateCredentials", meta=again.meta(txn=txn)).refuses("EMS-902")
        assert again.buy(fresh()).number > order.number
        second.management.advance(days=190)
        assert again.leaf(order) != before
        assert again.ledger()[0]["certificates"] == 2
    finally:
        second.stop()


def test_an_agreement_that_is_still_to_come_begins_no_certificate(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    order = tenant.buy(fresh(), csr=ABSENT, agreementDetails=ABSENT)
    assert tenant.submit_csr(order, csr_pem("any.example")).is_success
    assert tenant.standing(order) == ("2", "24")

    assert tenant.agree(order).is_success

    assert tenant.standing(order) == ("2", "20")

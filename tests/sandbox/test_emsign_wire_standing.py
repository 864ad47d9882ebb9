"""What the CA's staff does to an order, and every status that shows (§7, §10.4, §10.8; contract tests 37, 50)."""

from __future__ import annotations

import pytest

from tests.sandbox.certificates import csr_pem, has_key, new_key
from tests.sandbox.emsign_tenant import (
    DV,
    EV,
    OV,
    PATIENT,
    UNVETTED,
    Bought,
    NewSubscriber,
    Subscriber,
)
from tests.sandbox.tenant import NewName, Sandbox

ADAMANT = {"approve_seconds": None}


def _unvetted(tenant: Subscriber, name: str, kind: str = OV) -> Bought:
    return tenant.buy(name, kind, **UNVETTED)


@pytest.mark.parametrize("kind", [OV, EV])
def test_an_unvetted_order_waits_for_approval(kind: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber(**PATIENT)
    order = _unvetted(tenant, f"shop.{tenant.domain}", kind)
    assert tenant.standing(order) == ("2", "2")
    assert tenant.certificate(order).refuses("EMS-1010")

    tenant.staff(order, "approve")

    tenant.becomes(order, "20")


def test_an_approved_order_still_waits_for_its_names(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order = _unvetted(tenant, name)

    tenant.staff(order, "approve")

    assert not tenant.certificate(order).is_success
    tenant.management.txt(name, tenant.token(order, name))
    assert tenant.verify(order, name).is_success
    tenant.becomes(order, "20")


def test_the_door_of_the_other_cas_approves_too(subscriber: NewSubscriber) -> None:
    tenant = subscriber(**PATIENT)
    order = _unvetted(tenant, f"shop.{tenant.domain}")

    tenant.management.post("approve", ca="emsign", order_id=order.number)

    tenant.becomes(order, "20")


def test_the_staff_may_approve_by_itself(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(approve_seconds=0)

    tenant.becomes(_unvetted(tenant, fresh()), "20")


def test_the_staff_approves_after_so_many_seconds(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox, approve_seconds=7200)
    order = _unvetted(tenant, fresh())

    tenant.management.advance(hours=1)
    assert tenant.standing(order) == ("2", "2")
    tenant.management.advance(hours=1.1)

    tenant.becomes(order, "20")


def test_names_are_proven_after_so_many_seconds(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox, prove_seconds=7200, dcv="look")
    order = tenant.buy(fresh())

    tenant.management.advance(hours=1)
    assert tenant.standing(order) == ("2", "24")
    tenant.management.advance(hours=1.1)

    tenant.becomes(order, "20")


@pytest.mark.parametrize("how", ["staff", "reject"])
def test_a_rejected_order_is_rejected_for_good(how: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    """§10.8: order 4, certificate 5."""
    tenant = subscriber(**PATIENT)
    order = _unvetted(tenant, fresh())

    if how == "staff":
        tenant.staff(order, "reject")
    else:
        tenant.management.post("reject", ca="emsign", order_id=order.number)

    assert tenant.standing(order) == ("4", "5")
    assert not tenant.certificate(order).is_success
    assert not tenant.reject(order).is_success
    assert tenant.standing(order) == ("4", "5")


@pytest.mark.parametrize(("kind", "changes", "before"), [(DV, {}, "24"), (OV, UNVETTED, "2")])
def test_a_discrepancy_holds_an_order_up_until_it_is_resolved(
    kind: str, changes: dict[str, str], before: str, subscriber: NewSubscriber, fresh: NewName
) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name, kind, **changes)
    assert tenant.standing(order) == ("2", before)

    tenant.staff(order, "discrepancy")
    tenant.management.txt(name, tenant.token(order, name))
    assert tenant.verify(order, name).is_success
    assert tenant.standing(order)[1] == "3"
    assert tenant.certificate(order).refuses("EMS-1010")
    tenant.staff(order, "resolve")
    if kind == OV:
        tenant.staff(order, "approve")

    tenant.becomes(order, "20")


def test_37_an_approved_order_may_not_have_its_certificate_yet(subscriber: NewSubscriber) -> None:
    """§7: 15 "order auto-approved" while it is being generated."""
    tenant = subscriber(issue_seconds=3600)

    order = tenant.buy(f"shop.{tenant.domain}")

    tenant.becomes(order, "15")
    assert tenant.standing(order) == ("2", "15")
    assert tenant.certificate(order).refuses("EMS-1010")


def test_37_it_is_generated_after_so_many_seconds(own_sandbox: Sandbox) -> None:
    tenant = Subscriber.at(own_sandbox, issue_seconds=3600)
    order = tenant.buy(f"shop.{tenant.domain}")
    tenant.becomes(order, "15")

    tenant.management.advance(hours=1.1)

    tenant.becomes(order, "20")
    assert tenant.leaf(order)


@pytest.mark.parametrize("shown", [str(number) for number in range(1, 28)])
def test_50_any_status_can_be_shown(shown: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber(**PATIENT)
    order = tenant.buy("waiting.example")

    tenant.staff(order, "status", status=shown)

    assert tenant.track(order)["certificateStatusId"] == shown
    assert tenant.row(order)["certificateStatusId"] == shown
    assert tenant.track(order)["certificateStatus"]


@pytest.mark.parametrize("shown", ["15", "7", "23"])
def test_37_a_status_that_means_approved_may_have_no_certificate(shown: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber(**PATIENT)
    order = tenant.buy("waiting.example")

    tenant.staff(order, "status", status=shown)

    assert tenant.certificate(order).refuses("EMS-1010")


@pytest.mark.parametrize(
    ("act", "expected"), [("expire", "12"), ("download_rejected", "21")], ids=["expired", "download-rejected"]
)
def test_what_the_staff_does_to_an_issued_order(act: str, expected: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")

    tenant.staff(order, act)

    assert tenant.standing(order)[1] == expected
    assert tenant.row(order)["certificateStatusId"] == expected


def test_a_portals_reissue_is_a_child_order(subscriber: NewSubscriber) -> None:
    """§6.17: `R` and digits behind the number."""
    tenant, key = subscriber(), new_key()
    name = f"shop.{tenant.domain}"
    order = tenant.issue(name)
    first = tenant.leaf(order)

    tenant.staff(order, "reissue", csr=csr_pem(name, key))

    child = f"{order.number}R001"
    tenant.becomes(child, "20")
    assert has_key(tenant.leaf(child), key)
    assert tenant.leaf(child).serial_number != first.serial_number
    assert tenant.leaf(order) == first
    assert {row["orderNumber"] for row in tenant.report()} == {order.number, child}


def test_a_portals_reissue_costs_nothing(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")

    tenant.staff(order, "reissue")
    tenant.becomes(f"{order.number}R001", "20")

    (entry,) = tenant.ledger()
    assert (entry["certificates"], entry["reissues"]) == (2, 1)


def test_an_order_number_of_its_own_needs_an_act(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)
    order = tenant.buy(fresh())

    for body in (
        {"ca": "emsign", "order_id": order.number, "act": "dance"},
        {"ca": "emsign", "order_id": order.number},
        {"ca": "emsign", "order_id": "1111111111", "act": "approve"},
    ):
        answer = tenant.management.call("POST", "staff", body)
        assert answer.status in (400, 404), (body, answer)
        assert answer.json()["error"]

"""The burst limit and faults that befall emSign's calls (§8, §9; contract tests 26, 49, 52)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography import x509

from tests.sandbox import wire
from tests.sandbox.certificates import names_of
from tests.sandbox.emsign_tenant import PATIENT, NewSubscriber, Subscriber
from tests.sandbox.emsign_wire import INACTIVE
from tests.sandbox.tenant import NewName, Sandbox

PLACING = "GenerateOrderSSL"


def test_49_the_17th_rapid_order_of_a_bare_account_is_refused(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber("bare")

    told = [tenant.place(fresh()) for _ in range(18)]

    assert [answer.is_success for answer in told] == [True] * 16 + [False] * 2
    assert told[16].refuses("", INACTIVE)
    assert len(tenant.ledger()) == len(tenant.report()) == 16
    assert tenant.ask("ValidateCredentials").is_success
    assert tenant.ask("GetGroupDetails").is_success


def test_49_the_limit_ends_by_itself(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox, burst_limit=2, burst_seconds=40)
    assert [tenant.place(fresh()).is_success for _ in range(3)] == [True, True, False]

    tenant.management.advance(seconds=35)
    assert tenant.place(fresh()).refuses("", INACTIVE)
    tenant.management.advance(seconds=60)

    assert tenant.place(fresh()).is_success


def test_49_orders_that_take_their_time_are_not_limited(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Subscriber.at(own_sandbox, burst_limit=2)

    for _ in range(4):
        assert tenant.place(fresh()).is_success
        tenant.management.advance(seconds=11)


def test_49_a_ready_account_has_no_limit(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()

    assert all(tenant.place(fresh()).is_success for _ in range(20))


def test_a_refused_placement_has_not_used_its_csr(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(burst_limit=1), fresh()
    tenant.buy(fresh())
    block = tenant.order(name)
    assert tenant.send(PLACING, orderDetails=block).refuses("", INACTIVE)

    tenant.switch(burst_limit=None)

    assert tenant.send(PLACING, orderDetails=block).is_success


def test_26_an_order_whose_answer_was_cut_is_found_by_its_name(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()
    tenant.fault("drop_after", PLACING)

    with pytest.raises(ConnectionError):
        tenant.place(name)

    (row,) = tenant.report(domainName=name)
    assert [str(entry["order_id"]) for entry in tenant.ledger()] == [row["orderNumber"]]
    tenant.becomes(row["orderNumber"], "20")


def test_26_an_order_that_was_cut_before_leaves_no_trace(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()
    block = tenant.order(name)
    tenant.fault("drop_before", PLACING)

    with pytest.raises(ConnectionError):
        tenant.send(PLACING, orderDetails=block)

    assert (tenant.ledger(), tenant.report()) == ([], [])
    assert tenant.send(PLACING, orderDetails=block).is_success


def test_a_slowly_recorded_order_is_hidden_from_every_look_up(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()
    tenant.fault("slow_recording", PLACING, seconds=1.5, answer=True)
    order = tenant.buy(name)

    assert tenant.report() == []
    assert tenant.report(domainName=name) == []
    assert tenant.ask("TrackOrder", order=order.number).refuses("EMS-943")
    assert not tenant.certificate(order).is_success
    assert len(tenant.ledger()) == 1
    wire.until(lambda: len(tenant.report(domainName=name)), lambda found: found == 1)
    tenant.becomes(order, "20")


def test_a_slowly_recorded_order_has_its_answer_cut_unless_asked_otherwise(
    subscriber: NewSubscriber, fresh: NewName
) -> None:
    tenant, name = subscriber(), fresh()
    tenant.fault("slow_recording", PLACING, seconds=1.0)

    with pytest.raises(ConnectionError):
        tenant.place(name)

    assert tenant.report(domainName=name) == []
    wire.until(lambda: len(tenant.report(domainName=name)), lambda found: found == 1)


def test_a_hidden_order_still_takes_its_csr(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()
    tenant.fault("slow_recording", PLACING, seconds=30.0, answer=True)
    order = tenant.buy(name)

    assert tenant.place(name, csr=order.csr).refuses("EMS-1099")


def test_a_stale_report_lacks_the_newest_order(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)
    first = tenant.buy(fresh())
    second = tenant.buy(fresh())
    tenant.fault("stale", "GetOrderReport")

    before, now = tenant.report(), tenant.report()

    assert [row["orderNumber"] for row in before] == [first.number]
    assert [row["orderNumber"] for row in now] == [first.number, second.number]


@pytest.mark.parametrize("look_up", ["TrackOrder", "GetCertificate"])
def test_a_stale_look_up_does_not_find_the_newest_order(look_up: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")
    tenant.fault("stale", look_up)

    before, now = tenant.ask(look_up, order=order.number), tenant.ask(look_up, order=order.number)

    assert not before.is_success
    assert now.is_success


def test_a_stale_track_after_a_revocation_tells_of_none(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")
    assert tenant.revoke(order).is_success
    tenant.fault("stale", "TrackOrder")

    before, now = tenant.standing(order), tenant.standing(order)

    assert before[1] in ("20", "9")
    assert now[1] == "22"


@pytest.mark.parametrize(("fault", "more"), [("drop_after", {}), ("slow_recording", {"seconds": 1.0})])
def test_a_revocation_whose_answer_was_cut_is_done(
    fault: str, more: dict[str, float], subscriber: NewSubscriber
) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")
    leaf = tenant.leaf(order)
    tenant.fault(fault, "RevokeOrder", **more)

    with pytest.raises(ConnectionError):
        tenant.revoke(order)

    wire.until(lambda: tenant.standing(order)[1], lambda found: found == "22")
    assert tenant.management.revocation_of(leaf) is not None
    assert [entry["revocations"] for entry in tenant.ledger()] == [1]


def test_a_revocation_that_was_cut_before_is_not_done(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")
    tenant.fault("drop_before", "RevokeOrder")

    with pytest.raises(ConnectionError):
        tenant.revoke(order)

    assert tenant.standing(order) == ("2", "20")


def test_a_cancellation_whose_answer_was_cut_is_done(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)
    order = tenant.buy(fresh())
    tenant.fault("drop_after", "RejectOrder")

    with pytest.raises(ConnectionError):
        tenant.reject(order)

    assert tenant.standing(order) == ("5", "13")


def test_too_many_requests_read_as_an_inactive_user(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    tenant.fault("rate_limited", PLACING)

    assert tenant.place(fresh()).refuses("", INACTIVE)
    assert tenant.ledger() == []
    assert tenant.place(fresh()).is_success


def test_52_a_gateway_may_answer_before_or_after_the_ca(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    tenant.fault("status", PLACING, status=503)
    assert tenant.place(fresh()).answer.status == 503
    assert tenant.ledger() == []
    tenant.fault("answer_after", PLACING, status=502)

    assert tenant.place(fresh()).answer.status == 502
    assert len(tenant.ledger()) == 1


@pytest.mark.parametrize(
    ("kind", "is_so"),
    [
        ("extra_san", lambda leaf, name: len(names_of(leaf)) == 2),
        ("missing_san", lambda leaf, name: name not in names_of(leaf)),
        ("expired", lambda leaf, name: leaf.not_valid_after_utc < datetime.now(UTC)),
        ("self_signed", lambda leaf, name: leaf.issuer == leaf.subject),
    ],
)
@pytest.mark.parametrize("style", ["pem", "bare"])
def test_a_wrong_certificate_is_wrong_in_that_way(
    style: str, kind: str, is_so: Callable[[x509.Certificate, str], bool], subscriber: NewSubscriber
) -> None:
    tenant = subscriber(pem_style=style)
    name = f"shop.{tenant.domain}"
    order = tenant.issue(name)
    tenant.fault("wrong_certificate", "GetCertificate", kind=kind)

    wrong, right = tenant.leaf(order), tenant.leaf(order)

    assert is_so(wrong, name)
    assert names_of(right) == {name}


def test_the_call_log_tells_every_call(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    tenant.ask("ValidateCredentials")
    tenant.ask("TrackOrder", order="1111111111")

    calls = tenant.management.get(f"requests?ca=emsign&account={tenant.name}")["requests"]

    assert [(row["method"], row["path"].split("/")[-1], row["status"]) for row in calls] == [
        ("POST", "ValidateCredentials", 200), ("POST", "TrackOrder", 200)
    ]  # fmt: skip

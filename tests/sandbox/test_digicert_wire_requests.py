"""Requests, approval and cancelling: contract tests 65 to 68 of the CA's reference."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.certificates import csr_pem
from tests.sandbox.tenant import ORDER, Account, NewAccount, NewName
from tests.sandbox.wire import fill

REISSUE = """{"certificate":{"common_name":"$name","csr":"$csr","signature_hash":"sha256"}}"""
CANCEL = b'{"status":"canceled","note":"not needed"}'


def _waiting(tenant: Account) -> dict[str, Any]:
    answer = tenant.place(ORDER)
    assert answer.status == 201
    order: dict[str, Any] = answer.json()
    assert tenant.info(order["id"])["status"] == "needs_approval"
    return order


def _decide(tenant: Account, order: dict[str, Any], body: bytes) -> Any:
    return tenant.put(f"request/{order['requests'][0]['id']}/status", body)


def test_65_approving_a_request_moves_its_order_on(account: NewAccount) -> None:
    tenant = account(auto_approve=False)
    order = _waiting(tenant)

    answer = _decide(tenant, order, b'{"status":"approved"}')

    info = tenant.info(order["id"])
    assert (answer.status, answer.body) == (204, b"")
    assert info["status"] == "issued"
    assert [(r["id"], r["type"], r["status"]) for r in info["requests"]] == [
        (order["requests"][0]["id"], "new_request", "approved")
    ]


def test_65_rejecting_a_request_ends_its_order_and_keeps_the_comment(account: NewAccount) -> None:
    tenant = account(auto_approve=False)
    order = _waiting(tenant)
    path = f"request/{order['requests'][0]['id']}"
    assert "date_processed" not in tenant.get(path)

    answer = _decide(tenant, order, b'{"status":"rejected","processor_comment":"not this year"}')

    request = tenant.get(path)
    assert (answer.status, answer.body) == (204, b"")
    assert tenant.info(order["id"])["status"] == "rejected"
    assert (request["status"], request["processor_comment"]) == ("rejected", "not this year")
    assert "date_processed" in request


def test_65_a_processed_request_cannot_be_processed_again(account: NewAccount) -> None:
    """† §12: the code is not known."""
    tenant = account(auto_approve=False)
    order = _waiting(tenant)
    assert _decide(tenant, order, b'{"status":"rejected"}').status == 204

    assert _decide(tenant, order, b'{"status":"approved"}').status == 400
    assert tenant.info(order["id"])["status"] == "rejected"


def test_65_the_management_door_approves_and_rejects_too(account: NewAccount) -> None:
    tenant = account(auto_approve=False)
    first, second = _waiting(tenant), _waiting(tenant)

    tenant.management.post("approve", ca="digicert", order_id=first["id"])
    tenant.management.post("reject", request_id=second["requests"][0]["id"], comment="no")

    assert tenant.info(first["id"])["status"] == "issued"
    assert tenant.info(second["id"])["status"] == "rejected"


def test_65_a_two_step_approval_passes_through_submitted_and_pending(account: NewAccount) -> None:
    tenant = account(auto_approve=False, two_step_approval=True)
    answer = tenant.place(ORDER)
    order = answer.json()
    request = f"request/{order['requests'][0]['id']}"
    assert (answer.status, tenant.get(request)["status"]) == (201, "submitted")

    assert _decide(tenant, order, b'{"status":"approved"}').status == 204
    assert tenant.get(request)["status"] == "pending"
    assert tenant.info(order["id"])["status"] == "needs_approval"
    assert _decide(tenant, order, b'{"status":"approved"}').status == 204

    assert tenant.get(request)["status"] == "approved"
    assert tenant.info(order["id"])["status"] == "issued"


def test_65_pending_requests_are_listed(account: NewAccount) -> None:
    tenant = account(auto_approve=False)
    first, second = _waiting(tenant), _waiting(tenant)
    _decide(tenant, first, b'{"status":"approved"}')

    for query in ("status=pending", "filters[status]=pending"):
        listed = tenant.get(f"request?{query}")
        assert [row["id"] for row in listed["requests"]] == [second["requests"][0]["id"]]
        assert listed["requests"][0]["order"]["id"] == second["id"]
        assert listed["page"]["total"] == 1


@pytest.mark.parametrize("role", ["standard", "limited"])
def test_66_a_key_that_may_not_approve_is_told_so(account: NewAccount, role: str) -> None:
    tenant = account(auto_approve=False, role=role)
    order = _waiting(tenant)

    answer = _decide(tenant, order, b'{"status":"approved"}')

    assert (answer.status, answer.codes) == (403, ["access_denied|invalid_approver"])
    assert tenant.info(order["id"])["status"] == "needs_approval"


@pytest.mark.parametrize("status", ["canceled", "CANCELED"])
def test_67_a_pending_order_can_be_cancelled(account: NewAccount, fresh: NewName, status: str) -> None:
    tenant = account()
    order = tenant.pending(fresh())["id"]

    answer = tenant.put(f"order/certificate/{order}/status", CANCEL.replace(b"canceled", status.encode()))

    assert (answer.status, answer.body) == (204, b"")
    assert tenant.info(order)["status"] == "canceled"


def test_67_a_cancel_without_a_note_is_refused(account: NewAccount, fresh: NewName) -> None:
    tenant = account()
    order = tenant.pending(fresh())["id"]

    assert tenant.put(f"order/certificate/{order}/status", b'{"status":"canceled"}').status == 400
    assert tenant.info(order)["status"] == "pending"


def test_67_an_issued_order_cannot_be_cancelled(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()["id"]

    assert tenant.put(f"order/certificate/{order}/status", CANCEL).status == 400
    assert tenant.info(order)["status"] == "issued"


def test_67_an_order_that_does_not_exist_cannot_be_cancelled(account: NewAccount) -> None:
    answer = account().put("order/certificate/1/status", CANCEL)

    assert (answer.status, answer.codes) == (404, ["not_found|order"])


def test_68_cancelling_a_pending_reissue_rejects_its_request(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()
    name = tenant.info(order["id"])["certificate"]["common_name"]
    tenant.switch(auto_approve=False)
    reissue = tenant.call(
        "POST", f"order/certificate/{order['id']}/reissue", fill(REISSUE, name=name, csr=csr_pem(name))
    )
    request = reissue.json()["requests"][0]["id"]
    assert (reissue.status, tenant.info(order["id"])["status"]) == (201, "reissue_pending")

    answer = tenant.put(f"order/certificate/{order['id']}/status", CANCEL)

    assert answer.status == 204
    assert tenant.info(order["id"])["status"] == "issued"
    assert tenant.info(order["id"])["certificate"]["id"] == order["certificate_id"]
    assert tenant.get(f"request/{request}")["status"] == "rejected"
    assert tenant.get(f"request/{request}")["processor_comment"] == "not needed"

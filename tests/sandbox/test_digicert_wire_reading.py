"""Reading orders: contract tests 43 to 49 of the CA's reference.

50 (an unknown status is kept and shown as waiting) is the client's alone: tests/contract_client.
"""

from __future__ import annotations

import pytest

from tests.sandbox.certificates import csr_pem
from tests.sandbox.tenant import Account, NewAccount, NewName, Sandbox

DUPLICATE = """{"certificate":{"common_name":"$name","csr":"$csr","signature_hash":"sha256"},
"skip_approval":true}"""
CHANGES = "order/certificate/status-changes"


@pytest.mark.parametrize("identifier", ["serial_number", "thumbprint"])
def test_43_the_serial_or_thumbprint_of_the_primary_certificate_finds_its_order(
    account: NewAccount, identifier: str
) -> None:
    tenant = account()
    order = tenant.issue()
    value = tenant.info(order["id"])["certificate"][identifier]
    assert value == value.upper()

    assert tenant.info(value)["id"] == order["id"]


def test_43_the_serial_of_a_duplicate_finds_nothing(account: NewAccount) -> None:
    tenant = account()
    order = tenant.issue()
    name = tenant.info(order["id"])["certificate"]["common_name"]
    from_wire = tenant.call(
        "POST",
        f"order/certificate/{order['id']}/duplicate",
        DUPLICATE.replace("$name", name).replace("$csr", csr_pem(name).replace("\n", "\\n")).encode(),
    )
    assert from_wire.status == 201
    duplicate = tenant.get(f"order/certificate/{order['id']}/duplicate")["certificates"][0]

    answers = [tenant.call("GET", f"order/certificate/{duplicate[k]}") for k in ("serial_number", "thumbprint")]

    assert [answer.status for answer in answers] == [404, 404]


def test_44_the_order_of_somebody_else_looks_like_no_order(account: NewAccount) -> None:
    theirs = account().issue()["id"]
    tenant = account()

    for path in (
        f"order/certificate/{theirs}",
        "order/certificate/1",
        f"order/certificate/{theirs}/validation",
    ):
        answer = tenant.call("GET", path)
        assert (answer.status, answer.codes) == (404, ["not_found|order"])


def test_45_status_changes_lists_the_orders_with_their_status_of_now(account: NewAccount, fresh: NewName) -> None:
    tenant = account()
    issued, waiting = tenant.issue(), tenant.pending(fresh())

    answer = tenant.get(f"{CHANGES}?minutes=10")

    assert set(answer) == {"orders"}
    assert sorted(answer["orders"], key=lambda row: int(row["order_id"])) == [
        {"order_id": issued["id"], "certificate_id": issued["certificate_id"], "status": "issued"},
        {"order_id": waiting["id"], "certificate_id": waiting["certificate_id"], "status": "pending"},
    ]


def test_45_status_changes_without_a_change_is_an_empty_object(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    assert tenant.call("GET", f"{CHANGES}?minutes=10").body.strip() == b"{}"

    tenant.issue()
    own_sandbox.management.advance(seconds=601)

    assert tenant.get(f"{CHANGES}?minutes=10") == {}
    assert tenant.get(f"{CHANGES}?seconds=600") == {}
    assert len(tenant.get(f"{CHANGES}?minutes=10&seconds=60")["orders"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        "minutes=10081",
        "seconds=604801",
        "minutes=10080&seconds=1",
        "filters[status_last_updated]=2026-11-01...2026-11-20",
    ],
)
def test_46_status_changes_over_seven_days_is_refused(account: NewAccount, query: str) -> None:
    answer = account().call("GET", f"{CHANGES}?{query}")

    assert (answer.status, answer.codes) == (400, ["time_frame_too_long"])


def test_46_status_changes_of_exactly_seven_days_is_answered(account: NewAccount) -> None:
    tenant = account()

    assert tenant.call("GET", f"{CHANGES}?minutes=10080").status == 200
    assert tenant.call("GET", f"{CHANGES}?seconds=604800").status == 200


def test_46_status_changes_without_a_query_is_refused(account: NewAccount) -> None:
    assert account().call("GET", CHANGES).status == 400


def _changed(tenant: Account, span: str) -> list[int]:
    answer = tenant.get(f"{CHANGES}?filters[status_last_updated]={span}")
    return [row["order_id"] for row in answer.get("orders", [])]


def test_47_the_dates_of_status_changes_are_mountain_time(own_sandbox: Sandbox) -> None:
    """03:00 UTC on 2 December is 20:00 on 1 December in the mountains (UTC-7)."""
    own_sandbox.management.post("clock", now="2026-12-02T03:00:00+00:00")
    tenant = own_sandbox.account()
    order = tenant.issue()["id"]
    own_sandbox.management.post("clock", now="2026-12-05T12:00:00+00:00")

    assert _changed(tenant, "2026-12-01...2026-12-02") == [order]
    assert _changed(tenant, "2026-12-02...2026-12-03") == []
    assert _changed(tenant, "2026-12-01+19:00:00...2026-12-01+21:00:00") == [order]
    assert _changed(tenant, "2026-12-01+21:00:00...2026-12-02+19:00:00") == []


def test_47_an_order_that_changed_again_after_the_span_is_left_out(own_sandbox: Sandbox) -> None:
    own_sandbox.management.post("clock", now="2026-12-02T03:00:00+00:00")
    tenant = own_sandbox.account()
    order = tenant.pending("not-validated.example")["id"]
    own_sandbox.management.post("clock", now="2026-12-04T20:00:00+00:00")
    assert _changed(tenant, "2026-12-01...2026-12-02") == [order]

    cancel = tenant.put(f"order/certificate/{order}/status", b'{"status":"canceled","note":"changed again"}')

    assert cancel.status == 204
    assert _changed(tenant, "2026-12-01...2026-12-02") == []
    assert _changed(tenant, "2026-12-04...2026-12-05") == [order]


def test_48_the_caa_status_is_told_while_an_order_is_pending(account: NewAccount, fresh: NewName) -> None:
    tenant, name = account(), fresh()
    waiting, issued = tenant.pending(name)["id"], tenant.issue()["id"]

    assert set(tenant.info(f"{waiting}?include_caa_status=true")["caa_status_message"]) == {name}
    assert "caa_status_message" not in tenant.info(waiting)
    assert "caa_status_message" not in tenant.info(f"{issued}?include_caa_status=true")


def test_49_the_validation_of_an_order_lists_what_each_name_lacks(account: NewAccount, fresh: NewName) -> None:
    tenant, new = account(), fresh()
    known = f"shop.{tenant.domain}"
    order = tenant.pending(new, names=[new, known])

    validation = tenant.get(f"order/certificate/{order['id']}/validation")

    rows = {name: row for row in validation["dns_name_validations"] for name in row["dns_names"]}
    assert validation["order_id"] == str(order["id"])
    assert validation["order_status"] == "pending"
    assert validation["organization_id"] == str(tenant.organization)
    assert [(v["type"], v["status"]) for v in validation["organization_validations"]] == [("ov", "active")]
    assert rows[new]["status"] == "pending"
    assert rows[known]["status"] != "pending"


def test_49_a_dv_order_has_no_organization_validations(account: NewAccount, fresh: NewName) -> None:
    tenant, name = account(), fresh()
    order = tenant.pending(name, product="ssl_dv_rapidssl")

    validation = tenant.get(f"order/certificate/{order['id']}/validation")

    assert "organization_validations" not in validation
    assert [row["status"] for row in validation["dns_name_validations"]] == ["pending"]

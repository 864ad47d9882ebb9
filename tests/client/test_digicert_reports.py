"""What a DigiCert account has: its orders, divisions, domains, organizations and products, through the client."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certwright.cas.digicert import DigiCert
from certwright.model.ca import CAOrder, Issued, ReportedOrder
from certwright.model.errors import NotFound, Refused, Unavailable
from certwright.model.words import CertificateState, OrderState
from certwright.pki import certificate
from tests.client.conftest import Script, Server, answer
from tests.client.sandbox import WIDE, Tenant, leaf, soon

Make = Callable[..., Tenant]
Serve = Callable[..., Server]


def _client(server: Server, **settings: str) -> DigiCert:
    return DigiCert(url=server.url, api_key="k" * 20, settings={**WIDE, **settings})


def _json(tree: Any, status: int = 200) -> Script:
    return answer(status, json.dumps(tree).encode())


def _page(ids: list[int], *, total: int) -> Script:
    return _json({"orders": [{"id": one, "status": "issued"} for one in ids], "page": {"total": total}})


def _not_found(what: str) -> Script:
    return _json({"errors": [{"code": f"not_found|{what}", "message": "It is not there."}]}, 404)


def _asked(server: Server) -> list[str]:
    """What was asked for, in turn, without the base URL."""
    lines = [request.split(b"\r\n")[0].decode().split(" ") for request in server.requests]
    return [f"{method} {target.removeprefix('/services/v2/')}" for method, target, _ in lines]


def _all(ca: DigiCert, cursor: str = "") -> list[ReportedOrder]:
    found: list[ReportedOrder] = []
    while True:
        page = ca.report_page(cursor)
        found.extend(page.orders)
        if not (cursor := page.cursor):
            return found


def _place(one: Tenant, count: int) -> list[str]:
    ca = one.ca()
    return [ca.place(one.wish().placement, deadline=soon()).ca_order.order_id for _ in range(count)]


# -- literal answers


def test_a_page_is_one_call_oldest_first_and_its_cursor_asks_for_the_next(serve: Serve) -> None:
    server = serve(_page([1, 2], total=3), _page([3], total=3))
    with _client(server, report_page="2") as ca:
        first = ca.report_page("")
        last = ca.report_page(first.cursor)
    assert [order.ca_order.order_id for order in (*first.orders, *last.orders)] == ["1", "2", "3"]
    assert (first.total, last.cursor) == (3, "")
    assert _asked(server) == [
        "GET order/certificate?sort=order_id&limit=2&offset=0",
        "GET order/certificate?sort=order_id&limit=2&offset=2",
    ]


def test_a_page_is_as_large_as_digicert_allows_unless_told(serve: Serve) -> None:
    server = serve(_json({}))
    with _client(server) as ca:
        assert ca.report_page("") == ca.report_page("")
        assert ca.report_page("").cursor == ""
    assert "limit=1000" in _asked(server)[0]


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ([_page([1, 2], total=9), _page([], total=9)], ["1", "2"]),  # the total promises more than there is
        ([_page([1, 2], total=1), _page([3], total=1)], ["1", "2", "3"]),  # and less
        ([_page([1], total=3), _page([2, 3], total=3), _page([], total=3)], ["1", "2", "3"]),  # a page of its own size
    ],
)
def test_a_total_that_is_not_true_loses_no_order(pages: list[Script], expected: list[str], serve: Serve) -> None:
    server = serve(*pages)
    with _client(server, report_page="2") as ca:
        assert [order.ca_order.order_id for order in _all(ca)] == expected
    assert len(server.requests) == len(pages)


@pytest.mark.parametrize("cursor", ["x", "{}", "[]", '{"offset": "x"}', '{"offset": -5}', "null"])
def test_a_cursor_of_another_program_is_refused_without_a_call(cursor: str, serve: Serve) -> None:
    server = serve()
    with _client(server) as ca, pytest.raises(Refused, match="stopped"):
        ca.report_page(cursor)
    assert server.requests == []


def test_a_report_asks_for_each_order_and_leaves_out_what_is_unknown(serve: Serve) -> None:
    server = serve(_json({"id": 7, "status": "rejected"}), _not_found("order"), _json({"id": 9, "status": "pending"}))
    with _client(server) as ca:
        seen = ca.report(["7", "8", "9"])
    assert [(one.ca_order.order_id, one.state) for one in seen] == [
        ("7", OrderState.REJECTED),
        ("9", OrderState.PENDING),
    ]
    assert _asked(server) == [f"GET order/certificate/{number}" for number in (7, 8, 9)]


def test_what_is_no_order_id_reaches_no_other_endpoint(serve: Serve) -> None:
    server = serve()
    with _client(server) as ca, pytest.raises(Refused, match="no order id"):
        ca.report(["7", "status-changes"])
    assert server.requests == []


def test_a_certificate_is_downloaded_by_its_own_id_or_else_by_its_orders(serve: Serve) -> None:
    server = serve(_not_found("certificate"))
    with _client(server) as ca:
        for ca_order in (CAOrder("7", "70"), CAOrder("7")):
            with pytest.raises(NotFound):
                ca.download(ca_order)
    assert _asked(server) == [
        "GET certificate/70/download/format/pem_all",
        "GET certificate/download/order/7/format/pem_all",
    ]


def test_a_download_that_is_no_certificate_is_asked_for_again_later(serve: Serve) -> None:
    server = serve(answer(body=b"<html>soon</html>", content_type="text/html"))
    with _client(server) as ca, pytest.raises(Unavailable, match="no certificate"):
        ca.download(CAOrder("7", "70"))


CONTAINERS = {
    "containers": [
        {"id": 410001, "name": "Meadow Works Ltd", "parent_id": 0, "is_active": True},
        {"id": 410002, "name": "Shops", "parent_id": 410001, "is_active": "1"},
        {"id": 410003, "name": "Closed", "parent_id": 410001, "is_active": False},
    ]
}
USER = {"id": 610001, "username": "ops@meadow.example", "container": {"id": 410002, "name": "Shops"}}


def test_orders_go_to_the_division_of_the_keys_user(serve: Serve) -> None:
    server = serve(_json(USER), _json(CONTAINERS))
    with _client(server) as ca:
        groups = ca.groups()
    assert [(one.ca_id, one.name, one.default, one.active) for one in groups] == [
        ("410001", "Meadow Works Ltd", False, True),
        ("410002", "Shops", True, True),
        ("410003", "Closed", False, False),
    ]


def test_orders_go_to_the_division_that_is_set(serve: Serve) -> None:
    server = serve(_json(CONTAINERS))
    with _client(server, container="410001") as ca:
        assert [one.ca_id for one in ca.groups() if one.default] == ["410001"]
    assert _asked(server) == ["GET container"]


# §6.1, §6.2: an item of the list.
DOMAIN = {
    "id": 802001,
    "is_active": True,
    "name": "Meadow.example",
    "organization": {"id": 301201, "name": "Meadow Works Ltd", "is_active": "1"},
    "validations": [
        {"type": "ov", "status": "active", "dcv_status": "complete", "org_status": "complete"},
        {"type": "ev", "status": "pending", "dcv_status": "complete", "org_status": "pending"},
    ],
    "dcv_method": "dns-txt-token",
    "dcv_expiration": {"ov": "2099-06-08", "ev": "2099-05-08"},
}


def test_a_domain_is_told_with_its_proof_and_how_long_that_counts(serve: Serve) -> None:
    server = serve(_json({"domains": [DOMAIN], "page": {"total": 1}}))
    with _client(server) as ca:
        (domain,) = ca.domains()
    assert (domain.ca_id, domain.name, domain.organization) == ("802001", "meadow.example", "301201")
    assert (domain.proven, domain.active, domain.method) == (True, True, "dns-txt-token")
    assert domain.status == "ov active (proof until 2099-06-08), ev pending (proof until 2099-05-08)"
    assert domain.proven_until == datetime(2099, 5, 8, tzinfo=UTC)
    assert _asked(server) == ["GET domain?include_validation=true&include_dcv=true&limit=1000&offset=0"]


@pytest.mark.parametrize("change", [{"is_active": False}, {"dcv_expiration": {"ov": "2026-01-01"}}])
def test_a_proof_that_is_over_or_of_a_domain_switched_off_does_not_count(change: dict[str, Any], serve: Serve) -> None:
    with _client(serve(_json({"domains": [{**DOMAIN, **change}]}))) as ca:
        assert [domain.proven for domain in ca.domains()] == [False]


def test_an_organization_says_what_it_is_vetted_for(serve: Serve) -> None:
    validations = [{"type": "ov", "status": "active"}, {"type": "ev", "status": "expired"}]
    found = [
        {"id": 1, "name": "A", "status": "active", "validations": validations},
        {"id": 2, "name": "B", "status": "inactive", "is_active": False, "validations": validations},
        {"id": 3, "name": "C", "status": "approved"},
    ]
    server = serve(_json({"organizations": found}))
    with _client(server) as ca:
        told = [(one.ca_id, one.active, one.status) for one in ca.organizations()]
    assert told == [("1", True, "ov active, ev expired"), ("2", False, "inactive"), ("3", True, "approved")]
    assert "include_validation=true" in _asked(server)[0]


# -- the sandbox


@pytest.mark.parametrize("body_format", ["json", "xml"])
def test_every_order_is_reported_once_whatever_the_size_of_a_page(body_format: str, tenant: Make) -> None:
    one = tenant()
    placed = _place(one, 7)
    for size, calls in (("1", 8), ("3", 3), ("7", 2), ("1000", 1)):
        before = len(one.requests())
        found = _all(one.ca(settings={"report_page": size, "format": body_format}))
        assert [order.ca_order.order_id for order in found] == placed
        assert len(one.requests()) - before == calls


def test_250_orders_of_the_past_are_read_once_in_three_calls_and_what_is_reported_can_be_downloaded(
    tenant: Make,
) -> None:
    one = tenant(orders=250)
    ca = one.ca(settings={"report_page": "100"})
    found = _all(ca)
    ids = [order.ca_order.order_id for order in found]
    assert (len(ids), len(set(ids)), len(one.requests())) == (250, 250, 3)
    assert ids == sorted(ids, key=int)
    states = {(order.state, order.certificate_state) for order in found}
    assert states >= {(OrderState.ISSUED, state) for state in (CertificateState.VALID, CertificateState.REVOKED)}
    assert {order.state for order in found} >= {OrderState.PENDING, OrderState.REJECTED, OrderState.CANCELLED}
    now = datetime.now(UTC)
    for order in found:
        assert (order.certificate_state is None) == (order.not_after is None) == (order.serial == "")
        if order.certificate_state is CertificateState.EXPIRED:
            assert order.not_after is not None
            assert order.not_after < now
    for state in (CertificateState.VALID, CertificateState.EXPIRED, CertificateState.REVOKED):
        seen = next(order for order in found if order.certificate_state is state)
        assert seen.serial in _serials(ca, seen.ca_order)


def test_an_order_placed_meanwhile_shifts_no_page(tenant: Make) -> None:
    one = tenant()
    placed = _place(one, 6)
    ca = one.ca(settings={"report_page": "4"})
    first = ca.report_page("")
    late = _place(one, 2)
    rest = _all(one.ca(settings={"report_page": "3"}), first.cursor)
    assert [order.ca_order.order_id for order in (*first.orders, *rest)] == placed + late


def test_the_report_of_an_order_and_the_list_tell_the_same_of_its_certificate(tenant: Make) -> None:
    one = tenant()
    ca, wish = one.ca(), one.wish()
    issued = ca.place(wish.placement, deadline=soon())
    assert isinstance(issued, Issued)
    real = leaf(issued, wish.key)
    (listed,) = _all(ca)
    (seen,) = ca.report([issued.ca_order.order_id])
    for told in (listed, seen):
        assert told.ca_order.certificate_id == issued.ca_order.certificate_id
        assert (told.state, told.certificate_state) == (OrderState.ISSUED, CertificateState.VALID)
        assert (told.serial, told.names, told.product) == (real.serial, wish.placement.names, "ssl_basic")
        assert told.organization == one.organizations[0]
        assert told.placed_at is not None
        assert abs(datetime.now(UTC) - told.placed_at) < timedelta(minutes=1)
        assert told.not_after is not None
        assert told.term_ends_at is not None
        assert told.not_after.date() == real.not_after.date()
        assert told.not_after < told.term_ends_at
    assert seen.cost == f"{listed.cost} USD"


def test_what_became_of_orders_is_told(tenant: Make) -> None:
    one = tenant(revoke_ends_order=True)
    ca = one.ca()
    revoked = ca.place(one.wish().placement, deadline=soon()).ca_order
    ca.orders.revoke_certificate(revoked.certificate_id, {"skip_approval": True}, deadline=soon())
    cancelled = ca.place(one.wish(f"new.{one.name}.example".lower()).placement, deadline=soon()).ca_order
    ca.cancel(cancelled, "not wanted")
    one.switch(auto_approve=False)
    slow = one.ca(settings={"skip_approval": "false"})
    waiting, rejected = (slow.place(one.wish().placement, deadline=soon()).ca_order for _ in range(2))
    slow.reject(rejected, "no budget")
    states = {order.ca_order.order_id: (order.state, order.certificate_state) for order in _all(ca)}
    assert states == {
        revoked.order_id: (OrderState.ISSUED, CertificateState.REVOKED),
        cancelled.order_id: (OrderState.CANCELLED, None),
        waiting.order_id: (OrderState.PENDING, None),
        rejected.order_id: (OrderState.REJECTED, None),
    }
    assert [seen.why for seen in ca.report([rejected.order_id])] == ["rejected"]


def test_that_a_certificate_of_an_order_in_force_is_revoked_is_told_by_the_order_alone(tenant: Make) -> None:
    one = tenant(revoke_ends_order=False)
    ca = one.ca()
    ca_order = ca.place(one.wish().placement, deadline=soon()).ca_order
    ca.orders.revoke_certificate(ca_order.certificate_id, {"skip_approval": True}, deadline=soon())
    assert [seen.certificate_state for seen in ca.report([ca_order.order_id])] == [CertificateState.REVOKED]
    assert [seen.certificate_state for seen in _all(ca)] == [CertificateState.VALID]


def test_a_reissued_order_shows_its_newest_certificate_and_both_can_be_downloaded(tenant: Make) -> None:
    one = tenant()
    ca, first = one.ca(), one.wish()
    before = ca.place(first.placement, deadline=soon()).ca_order
    after = ca.reissue(before.order_id, one.wish(*first.placement.names).placement, deadline=soon()).ca_order
    (seen,) = _all(ca)
    assert seen.ca_order.certificate_id == after.certificate_id != before.certificate_id
    assert (seen.state, seen.certificate_state) == (OrderState.ISSUED, CertificateState.VALID)
    newest = [_serials(ca, ca_order) for ca_order in (after, CAOrder(before.order_id))]
    assert all(seen.serial in serials for serials in newest)
    assert seen.serial not in _serials(ca, before)


def _serials(ca: DigiCert, ca_order: CAOrder) -> set[str]:
    return {certificate.from_der(der).serial for der in ca.download(ca_order)}


def test_what_is_not_there_cannot_be_downloaded(tenant: Make) -> None:
    one = tenant(auto_approve=False)
    ca = one.ca(settings={"skip_approval": "false"})
    waiting = ca.place(one.wish().placement, deadline=soon()).ca_order
    (listed,) = _all(ca)
    for ca_order in (waiting, listed.ca_order, CAOrder("1"), CAOrder("1", "1")):
        with pytest.raises(NotFound):
            ca.download(ca_order)


def test_a_ready_account_lists_its_domains_proven_and_its_one_division(tenant: Make) -> None:
    one = tenant()
    for body_format in ("json", "xml"):
        ca = one.ca(settings={"format": body_format})
        domains = {domain.name: domain for domain in ca.domains()}
        assert set(one.domains) <= set(domains)
        for name in one.domains:
            assert domains[name].proven
            until = domains[name].proven_until
            assert until is not None
            assert domains[name].status == ", ".join(f"{kind} active (proof until {until:%F})" for kind in ("ov", "ev"))
            assert (domains[name].proven_until or datetime.now(UTC)) > datetime.now(UTC) + timedelta(days=90)
        assert one.organization in {domain.organization for domain in domains.values()}
        (group,) = ca.groups()
        assert (group.default, group.active) == (True, True)
        assert {organization.status for organization in ca.organizations()} == {"ov active, ev active"}
        products = {product.ca_id: product for product in ca.products()}
        assert (products["ssl_basic"].kind, products["ssl_basic"].years) == ("multi-wildcard", (1, 2, 3))


def test_a_proof_that_the_ca_ends_is_not_proven_any_more(tenant: Make, sandbox: Any) -> None:
    one = tenant()
    sandbox.post("/expire", {"ca": "digicert", "account": one.name, "domain": one.domain()})
    proven = {domain.name: domain.proven for domain in one.ca().domains()}
    assert not proven[one.domain()]
    assert any(proven.values())


# -- the import


def _import(one: Tenant, folder: Path, *, page: int, die_after: int = 0) -> dict[str, Any]:
    """One run of the import; empty when it died as it should."""
    task = {
        "folder": str(folder),
        "url": one.url,
        "api_key": one.api_key,
        "settings": {**WIDE, "report_page": str(page)},
        "die_after": die_after,
    }
    command = [sys.executable, "-m", "tests.client.import_program"]
    run = subprocess.run(command, input=json.dumps(task), capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == (9 if die_after else 0), run.stderr
    told: dict[str, Any] = {} if die_after else json.loads(run.stdout.splitlines()[-1])
    return told


def test_an_import_dies_goes_on_where_it_was_and_takes_everything_once(tenant: Make, tmp_path: Path) -> None:
    one = tenant()
    placed = _place(one, 8)
    one.switch(auto_approve=False)
    ca = one.ca(settings={"skip_approval": "false"})
    placed.append(ca.place(one.wish().placement, deadline=soon()).ca_order.order_id)

    assert _import(one, tmp_path, page=3, die_after=1) == {}
    rest = _import(one, tmp_path, page=3)
    again = _import(one, tmp_path, page=3)
    ca.orders.revoke_order(placed[0], {"skip_approval": True}, deadline=soon())
    changed = _import(one, tmp_path, page=3)

    assert (rest["taken"], rest["recorded"], rest["missing"]) == ([6, 0, 0], 8, [])
    assert [row[0] for row in rest["orders"]] == placed
    assert rest["serials"] == sorted(serial for _, state, serial in rest["orders"] if state == "issued")
    assert (again["taken"], again["recorded"]) == ([0, 0, 9], 0)
    assert (again["orders"], again["serials"]) == (rest["orders"], rest["serials"])
    assert (changed["taken"], changed["recorded"]) == ([0, 1, 8], 0)


def test_an_import_of_the_past_keeps_every_certificate_that_was_ever_issued(tenant: Make, tmp_path: Path) -> None:
    one = tenant(orders=60)
    told = _import(one, tmp_path, page=25)
    assert (told["taken"], told["pages"], told["missing"]) == ([60, 0, 0], 3, [])
    issued = sorted(serial for _, state, serial in told["orders"] if state == "issued")
    assert told["serials"] == issued
    assert len(issued) > 40

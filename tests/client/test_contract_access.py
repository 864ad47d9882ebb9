"""Contract tests 1-23: credentials, formats, limits and lists, through the client."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from certwright.cas.digicert import DigiCert
from certwright.model.ca import Placement
from certwright.model.errors import Misconfigured, Refused, Unavailable, Unknown
from tests.client.conftest import Server, answer
from tests.client.sandbox import WIDE, Tenant, soon

Make = Callable[..., Tenant]


@pytest.mark.parametrize("body_format", ["json", "xml"])
@pytest.mark.parametrize("flaw", ["unknown", "other case"])
def test_1_2_4_a_wrong_key_is_a_misconfiguration_in_either_format(body_format: str, flaw: str, tenant: Make) -> None:
    one = tenant()
    key = "x" * 40 if flaw == "unknown" else one.api_key.swapcase()
    with pytest.raises(Misconfigured) as caught:
        one.ca(api_key=key, settings={"format": body_format}).login()
    assert caught.value.code == "access_denied|access_denied_invalid_key"
    assert "Access denied due to access_denied_invalid_key." in caught.value.detail
    assert "/user/me" in caught.value.advice


def test_3_everything_reads_the_same_in_xml(tenant: Make) -> None:
    one = tenant()
    in_json, in_xml = one.ca(), one.ca(settings={"format": "xml"})
    assert list(in_json.organizations()) == list(in_xml.organizations())
    assert list(in_json.products()) == list(in_xml.products())
    assert in_json.login() == in_xml.login()
    assert list(in_json.account.users()) == list(in_xml.account.users())


def test_5_a_view_only_key_reads_and_is_misconfigured_for_writes(tenant: Make) -> None:
    one = tenant("readonly")
    ca = one.ca()
    assert ca.login().role
    assert ca.organizations()
    wish = one.wish(organization="1")
    with pytest.raises(Misconfigured) as caught:
        ca.place(wish.placement, deadline=soon())
    assert caught.value.code.startswith("access_denied|")
    assert one.ledger() == []


def test_5_a_read_only_account_sends_no_write_at_all(tenant: Make) -> None:
    one = tenant()
    with pytest.raises(Refused):
        one.ca(read_only=True).place(one.wish().placement, deadline=soon())
    assert one.requests() == []


def test_6_7_account_and_login_tell_who_we_are(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    login = ca.login()
    assert login.account_id == ca.account.account().id
    assert login.user
    assert "Administrator" in login.role


@pytest.mark.parametrize("wrong", ["/nonsense", "/.."])
def test_8_a_wrong_base_url_is_told_as_such(wrong: str, tenant: Make) -> None:
    one = tenant()
    with pytest.raises(Misconfigured) as caught:
        one.ca(url=one.url + wrong).login()
    assert "services/v2" in caught.value.advice


@pytest.mark.parametrize("wrong", ["", "/services"])
def test_8_a_wrong_base_url_never_makes_a_look_up_come_back_empty(wrong: str, tenant: Make) -> None:
    one = tenant()
    root = one.url.removesuffix("/").removesuffix("/services/v2")
    with pytest.raises(Misconfigured):
        one.ca(url=root + wrong + "/api").find("r-1")


@pytest.mark.parametrize(("body_format", "body"), [("json", b"{"), ("xml", b"<order>")])
def test_9_a_broken_body_is_refused(body_format: str, body: bytes, tenant: Make) -> None:
    ca = tenant().ca()
    found = ca._transport.change(
        "POST",
        "order/certificate/ssl_basic",
        body=body,
        headers={"Content-Type": f"application/{body_format}"},
        deadline=soon(),
    )
    assert found.status == 400
    assert b"bad_request_format" in found.body


def test_10_the_list_of_orders_comes_as_csv(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    ca.place(one.wish().placement, deadline=soon())
    found = ca.orders.orders_csv()
    assert found.media_type == "text/csv"
    assert len(list(csv.reader(io.StringIO(found.body.decode())))) == 2


def test_11_the_ca_limit_stops_one_key_for_a_while_and_no_other(tenant: Make) -> None:
    one, other = tenant(rate_limit=True), tenant(rate_limit=True)
    ca, beside = one.ca(timeout=1.0), other.ca()

    def hurry() -> None:
        for _ in range(150):
            ca.login()

    with pytest.raises(Unavailable) as caught:
        hurry()
    assert 5 <= (caught.value.retry_after or 0) <= 7
    statuses = [call["status"] for call in one.requests()]
    assert statuses == [200] * 99 + [429]  # one of the 100 was spent when the account was made
    beside.login()
    ca._transport._timeout = 15.0
    assert ca.login()


def test_11_the_client_left_alone_never_meets_the_limit(tenant: Make) -> None:
    one = tenant(rate_limit=True)
    ca = one.ca(settings={"requests_per_5_seconds": "100", "requests_per_3_minutes": "1000"}, timeout=0.2)

    def hurry() -> None:
        for _ in range(150):
            ca.login()

    with pytest.raises(Unavailable):
        hurry()
    assert [call["status"] for call in one.requests()] == [200] * 97


def _placed(ca: DigiCert, placement: Placement) -> bool:
    """Place; False when the CA said "too many", which is the one error that allows a repeat."""
    try:
        ca.place(placement, deadline=soon())
    except Unknown:
        raise
    except Unavailable as error:
        return error.retry_after is None
    return True


def test_12_a_client_that_is_slowed_down_finishes_and_doubles_nothing(tenant: Make) -> None:
    one = tenant()
    one.fault("rate_limited", method="POST", retry_after=0, skip=2, times=2)
    one.fault("rate_limited", method="POST", retry_after=0, skip=4, times=1)
    ca = one.ca()
    wishes = [one.wish() for _ in range(6)]
    for wish in wishes:
        while not _placed(ca, wish.placement):
            pass
    assert sorted(order["reference"] for order in one.ledger()) == sorted(w.placement.reference for w in wishes)


def test_13_the_key_is_in_no_log_line_or_error(tenant: Make) -> None:
    one = tenant()
    key = "secret-key-0123456789"
    with capture_logs() as lines, pytest.raises(Misconfigured) as caught:
        one.ca(api_key=key).place(one.wish().placement, deadline=soon())
    assert lines
    assert key not in repr(lines) + repr(caught.value) + str(caught.value)


def test_14_a_502_page_is_retried_on_a_read_and_looked_up_after_an_order(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    page = {"status": 502, "body": "<html>Bad Gateway</html>", "content_type": "text/html"}
    one.fault("status", method="GET", **page)
    assert ca.login()
    wish = one.wish()
    one.fault("answer_after", method="POST", **page)
    with pytest.raises(Unknown):
        ca.place(wish.placement, deadline=soon())
    assert len(ca.find(wish.placement.reference)) == 1
    assert [call["method"] for call in one.requests()] == ["GET", "GET", "POST", "GET"]
    assert len(one.ledger()) == 1


# -- lists


def test_15_16_pages_are_asked_for_by_offset_and_the_largest_size(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    for _ in range(3):
        ca.place(one.wish().placement, deadline=soon())
    assert len(list(ca.orders.orders())) == 3
    path = one.requests()[-1]["path"]
    assert "limit=1000" in path
    assert "offset=0" in path
    assert len(list(ca.orders.orders((("limit", "5000"),)))) == 3


def test_17_to_21_filters_and_sorts_go_through_as_they_are(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    issued = ca.place(one.wish().placement, deadline=soon()).ca_order.order_id
    one.switch(auto_approve=False)
    waiting = ca.place(one.wish(options={"skip_approval": "false"}).placement, deadline=soon()).ca_order.order_id

    def ids(*query: tuple[str, str]) -> list[str]:
        return [order.id for order in ca.orders.orders(query)]

    assert ids(("filters[status]", "issued")) == [issued]
    assert set(ids(("filters[status][0]", "issued"), ("filters[status][1]", "needs_approval"))) == {
        issued,
        waiting,
    }
    assert ids(("filters[valid_till]", ">2020-01-01")) == [issued]
    assert ids(("filters[common_name]", "%h1.")) == [issued]
    assert set(ids()) == {issued, waiting}


def test_22_a_pending_order_in_the_list_has_no_dates(tenant: Make) -> None:
    one = tenant(auto_approve=False)
    ca = one.ca()
    ca.place(one.wish(options={"skip_approval": "false"}).placement, deadline=soon())
    (order,) = ca.orders.orders()
    assert order.certificate.id
    assert (order.certificate.valid_till, order.certificate.serial_number, order.order_valid_till) == (
        "",
        "",
        "",
    )


def _page(ids: list[int], total: int) -> bytes:
    rows = [{"id": one, "status": "issued"} for one in ids]
    return json.dumps({"orders": rows, "page": {"total": total, "limit": 1000, "offset": 0}}).encode()


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ([_page([1, 2], 5), _page([3], 5), _page([], 5)], 3),  # the total promises more than there is
        ([_page([1, 2], 2)], 2),
        ([_page([1, 2, 3], 1)], 3),  # and less
        ([_page(list(range(1, 1001)), 9), _page([1001], 9)], 1001),
        ([b"{}"], 0),
    ],
)
def test_23_a_list_ends_with_an_empty_page_whatever_its_total_says(
    pages: list[bytes], expected: int, serve: Callable[..., Server]
) -> None:
    server = serve(*(answer(body=page) for page in pages))
    with DigiCert(url=server.url, api_key="k" * 20, settings=WIDE) as ca:
        assert len(list(ca.orders.orders())) == expected
    assert len(server.requests) == len(pages)


def test_dates_in_filters_are_plain(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    ca.place(one.wish().placement, deadline=soon())
    year = datetime.now(UTC).year
    assert len(list(ca.orders.orders((("filters[date_created]", f"{year - 1}-01-01...{year + 2}-01-01"),)))) == 1

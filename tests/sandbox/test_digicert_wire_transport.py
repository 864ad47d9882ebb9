"""Transport, authentication, formats, errors and limits: contract tests 1 to 14 of the CA's reference.

13 (the key in no error and no log) is the client's alone: tests/contract_client. Of 12 and 14 the
server's half is here: the limit itself, and that an HTML 502 can be had on a GET and on an order.
"""

from __future__ import annotations

import csv
import io

import pytest

from tests.sandbox import wire
from tests.sandbox.certificates import csr_pem
from tests.sandbox.tenant import ORDER, NewAccount, Sandbox

INVALID_KEY = {
    "errors": [
        {
            "code": "access_denied|access_denied_invalid_key",
            "message": "Access denied due to access_denied_invalid_key.",
        }
    ]
}
LIMITED = {
    "errors": [{"code": "request_limit_exceeded", "message": "Service unavailable, please limit request volume"}]
}


@pytest.mark.parametrize("headers", [{}, {"X-DC-DEVKEY": ""}, {"X-DC-DEVKEY": "0123456789ABCDEF"}])
@pytest.mark.parametrize(("method", "path"), [("GET", "account"), ("POST", "order/certificate/ssl_plus")])
def test_01_a_call_without_a_valid_key_is_403_with_exactly_one_error(
    account: NewAccount, headers: dict[str, str], method: str, path: str
) -> None:
    body = b"{}" if method == "POST" else None
    answer = wire.send(account().url, method, path, body, {**headers, "Content-Type": wire.JSON})

    assert answer.status == 403
    assert answer.json() == INVALID_KEY
    assert answer.headers["x-sandbox"] == "1"


def test_02_a_call_without_a_valid_key_in_xml_is_403_with_the_error_list_of_seed_001(
    account: NewAccount,
) -> None:
    headers = {"X-DC-DEVKEY": "wrong", "Content-Type": "application/xml"}

    answer = wire.send(account().url, "GET", "user", None, headers)

    root = answer.xml()
    assert answer.status == 403
    assert root.tag == "error_list"
    assert [child.tag for child in root] == ["errors"]
    assert [[(e.tag, e.text) for e in error] for error in root.findall("errors/error")] == [
        [
            ("code", "access_denied|access_denied_invalid_key"),
            ("message", "Access denied due to access_denied_invalid_key."),
        ]
    ]


def test_03_the_request_content_type_decides_between_xml_and_json(account: NewAccount) -> None:
    tenant = account()

    as_xml = tenant.call("GET", "user", content_type="application/xml")
    as_json = tenant.call("GET", "user")
    as_nothing = wire.send(tenant.url, "GET", "user", None, {"X-DC-DEVKEY": tenant.key, "Accept": "*/*"})
    both = tenant.call("GET", "user", content_type="application/xml", accept="application/json")

    assert (as_xml.status, as_xml.xml().tag) == (200, "user_list")
    assert as_xml.xml().find("page/total") is not None
    assert as_xml.xml().find("users/user/username") is not None
    assert as_json.json()["users"][0]["username"] == as_xml.xml().findtext("users/user/username")
    assert as_nothing.json() == as_json.json()
    assert both.xml().tag == "user_list"


@pytest.mark.parametrize("header", ["X-DC-DEVKEY", "x-dc-devkey", "X-Dc-Devkey"])
def test_04_the_case_of_the_header_name_does_not_matter(account: NewAccount, header: str) -> None:
    tenant = account()

    answer = wire.exchange(tenant.url, wire.request_bytes(tenant.url, "GET", "account", {header: tenant.key}))

    assert answer.head.startswith(b"HTTP/1.1 200 ")


def test_04_the_case_of_the_key_matters(account: NewAccount) -> None:
    tenant = account()
    other_case = tenant.key.upper() if tenant.key != tenant.key.upper() else tenant.key.lower()
    assert other_case != tenant.key

    answer = wire.send(tenant.url, "GET", "account", None, {"X-DC-DEVKEY": other_case})

    assert (answer.status, answer.json()) == (403, INVALID_KEY)


@pytest.mark.parametrize(
    "path",
    [
        "account", "account/metadata", "user", "user/me", "organization", "domain", "container",
        "product", "product/ssl_basic", "request", "order/certificate", "certificate/intermediates",
    ],
)  # fmt: skip
def test_05_a_view_only_key_may_read(account: NewAccount, path: str) -> None:
    answer = account(key_role="view_only").call("GET", path)

    assert answer.status == 200
    assert answer.json()


def test_05_a_view_only_key_may_write_nothing(account: NewAccount) -> None:
    tenant = account(profile="ready")
    order = tenant.issue()
    before = tenant.info(order["id"])
    domain_id = tenant.get("domain")["domains"][0]["id"]
    csr = csr_pem(tenant.domain)
    tenant.switch(key_role="view_only")

    answers = [
        tenant.place(ORDER, csr=csr, name=tenant.domain),
        tenant.put(f"certificate/{order['certificate_id']}/revoke", b'{"skip_approval":true}'),
        tenant.put(f"request/{order['requests'][0]['id']}/status", b'{"status":"rejected"}'),
        tenant.call("POST", f"order/certificate/{order['id']}/note", b'{"text":"hello"}'),
        tenant.call("POST", f"domain/{domain_id}/dcv/token"),
        tenant.call("DELETE", "webhook/1"),
    ]

    assert [answer.status for answer in answers] == [403] * len(answers)
    assert all(answer.codes[0].startswith("access_denied|") for answer in answers)
    assert tenant.info(order["id"]) == before
    assert len(tenant.ledger()) == 1


def test_05_the_readonly_profile_is_a_view_only_key(account: NewAccount) -> None:
    tenant = account(profile="readonly")

    assert tenant.call("GET", "account").status == 200
    assert tenant.call("POST", "domain", b'{"name":"a.example"}').status == 403


def test_06_the_account_has_an_integer_id_and_a_bare_json_content_type(
    account: NewAccount,
) -> None:
    answer = account().call("GET", "account")

    assert answer.status == 200
    assert answer.type == "application/json"
    assert type(answer.json()["id"]) is int
    assert answer.headers["x-sandbox"] == "1"


@pytest.mark.parametrize(
    ("role", "name"),
    [("administrator", "Administrator"), ("standard", "Standard user"), ("manager", "Manager")],
)
def test_07_user_me_is_the_user_of_the_key_with_its_role(account: NewAccount, role: str, name: str) -> None:
    me = account(role=role).get("user/me")

    assert type(me["id"]) is int
    assert me["status"] == "active"
    assert [entry["name"].lower() for entry in me["access_roles"]] == [name.lower()]


@pytest.mark.parametrize(("method", "path"), [("GET", "no/such/thing"), ("POST", "order/certificates")])
def test_08_an_unknown_path_is_404_not_found_route(account: NewAccount, method: str, path: str) -> None:
    answer = account().call(method, path, b"{}" if method == "POST" else None)

    assert answer.status == 404
    assert answer.json() == {"errors": [{"code": "not_found|route", "message": "The specified route was not found."}]}


@pytest.mark.parametrize("body", [b'{"certificate":', b"not json", b"\xff\xfe{}"])
def test_09_a_broken_json_body_is_400_bad_request_format(account: NewAccount, body: bytes) -> None:
    answer = account().call("POST", "order/certificate/ssl_plus", body)

    assert (answer.status, answer.codes) == (400, ["bad_request_format"])


@pytest.mark.parametrize("body", [b"<order><certificate>", b"no xml at all"])
def test_09_a_broken_xml_body_is_400_bad_request_format_in_xml(account: NewAccount, body: bytes) -> None:
    answer = account().call("POST", "order/certificate/ssl_plus", body, content_type="application/xml")

    assert answer.status == 400
    assert answer.xml().tag == "error_list"
    assert [code.text for code in answer.xml().iter("code")] == ["bad_request_format"]


def test_09_an_xml_body_with_entities_is_not_expanded(account: NewAccount) -> None:
    bomb = b'<!DOCTYPE o [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><order><comments>&b;</comments></order>'

    answer = account().call("POST", "order/certificate/ssl_plus", bomb, content_type="application/xml")

    assert answer.status == 400


def test_10_the_order_list_as_csv_has_one_header_row_and_a_row_for_each_order(
    account: NewAccount,
) -> None:
    tenant = account()
    ids = {str(tenant.issue()["id"]) for _ in range(2)}

    answer = tenant.call("GET", "order/certificate", accept="text/csv")

    rows = list(csv.reader(io.StringIO(answer.body.decode())))
    assert answer.status == 200
    assert answer.type.split(";")[0] == "text/csv"
    assert len(rows) == 3
    assert len(set(rows[0])) == len(rows[0]) > 1
    assert ids <= {cell for row in rows[1:] for cell in row}
    assert not ids & set(rows[0])


def _count(line: wire.Line, key: str, calls: int) -> list[int]:
    headers = {"X-DC-DEVKEY": key, "Content-Type": wire.JSON}
    return [line.send("GET", "account", None, headers).status for _ in range(calls)]


def test_11_the_101st_call_within_five_seconds_is_refused_for_that_key_alone(own_sandbox: Sandbox) -> None:
    tenant, neighbour = own_sandbox.account(), own_sandbox.account()
    line = wire.Line(tenant.url)

    assert _count(line, tenant.key, 100) == [200] * 100
    refused = tenant.call("GET", "account")

    assert refused.status == 429
    assert refused.json() == LIMITED
    assert "retry-after" not in refused.headers
    assert _count(line, neighbour.key, 1) == [200]
    own_sandbox.management.advance(seconds=5)
    assert _count(line, tenant.key, 1) == [200]
    line.close()


def test_11_refused_calls_do_not_count_against_the_limit(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    line = wire.Line(tenant.url)
    assert _count(line, tenant.key, 130) == [200] * 100 + [429] * 30

    own_sandbox.management.advance(seconds=5)

    assert _count(line, tenant.key, 100) == [200] * 100
    line.close()


def test_12_the_1001st_call_within_three_minutes_is_refused(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    line = wire.Line(tenant.url)
    for _ in range(10):
        assert _count(line, tenant.key, 100) == [200] * 100
        own_sandbox.management.advance(seconds=6)

    refused = tenant.call("GET", "account")

    assert (refused.status, refused.json()) == (429, LIMITED)
    own_sandbox.management.advance(seconds=180)
    assert _count(line, tenant.key, 1) == [200]
    line.close()


def test_12_the_limits_can_be_switched_off_for_an_account(account: NewAccount) -> None:
    tenant = account(rate_limit=False)
    line = wire.Line(tenant.url)

    assert _count(line, tenant.key, 150) == [200] * 150
    line.close()


@pytest.mark.parametrize(("fault", "bought"), [("status", 0), ("answer_after", 1)])
def test_14_an_html_502_in_front_of_an_order_may_or_may_not_have_bought_it(
    account: NewAccount, fault: str, bought: int
) -> None:
    tenant = account()
    page = {"status": 502, "body": "<html><h1>502 Bad Gateway</h1></html>", "content_type": "text/html"}
    tenant.management.fault(fault, account=tenant.name, method="POST", path="order/certificate/", **page)

    answer = tenant.place(ORDER)

    assert (answer.status, answer.body) == (502, b"<html><h1>502 Bad Gateway</h1></html>")
    assert answer.type.startswith("text/html")
    assert len(tenant.ledger()) == bought


def test_14_an_html_502_on_a_get_is_gone_at_the_second_try(account: NewAccount) -> None:
    tenant = account()
    tenant.management.fault(
        "status", account=tenant.name, method="GET", status=502, body="<html>", content_type="text/html"
    )

    assert [tenant.call("GET", "account").status for _ in range(2)] == [502, 200]


def test_a_blocked_address_is_403(account: NewAccount) -> None:
    """The IP allow-list is the fourth cause of a 403 (§1.2)."""
    answer = account(ip_allowed=False).call("GET", "account")

    assert answer.status == 403
    assert answer.codes[0].startswith("access_denied|")


def test_an_accept_header_that_names_nothing_servable_is_406(account: NewAccount) -> None:
    """† §1.3."""
    assert account().call("GET", "account", accept="image/jpeg").status == 406


def test_an_xml_order_is_answered_in_xml(account: NewAccount) -> None:
    """The order of §1.4, as XML, with approval needed."""
    tenant = account(auto_approve=False)
    name = f"shop.{tenant.domain}"
    body = wire.fill_xml(
        "<order><certificate><common_name>$name</common_name><csr>$csr</csr>"
        "<signature_hash>sha256</signature_hash></certificate>"
        "<organization><id>$organization</id></organization><validity_years>1</validity_years></order>",
        name=name,
        csr=csr_pem(name),
        organization=tenant.organization,
    )

    answer = tenant.call("POST", "order/certificate/ssl_plus", body, content_type="application/xml")

    root = answer.xml()
    assert (answer.status, root.tag) == (201, "order")
    assert root.findtext("requests/request/status") == "pending"
    assert tenant.info(root.findtext("id"))["status"] == "needs_approval"
    assert tenant.info(root.findtext("id"))["certificate"]["common_name"] == name

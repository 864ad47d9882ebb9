"""What a key may do, and how it is told that it may not (digicert.md §1.2): role, restriction, address, revocation.

Every endpoint of the document is called with a read-only key: what only asks works, everything else is 403 and
changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox import wire
from tests.sandbox.certificates import csr_pem, new_key
from tests.sandbox.tenant import Account, NewAccount, Sandbox
from tests.sandbox.wire import XML, fill

REISSUE = """{"certificate":{"common_name":"$name","csr":"$csr"},"skip_approval":true}"""
READABLE = """
account account/metadata user user/me user/{user} container container/{container} container/{container}/template
organization organization/{organization} organization/{organization}/validation
domain domain/validation-type domain/dcv/method domain/{domain} domain/{domain}/validation domain/{domain}/dcv/emails
product product/platform-certformat-mapping product/ssl_basic
order/certificate order/certificate/status-changes?minutes=10 order/alternate/{reference} order/certificate/{order}
order/certificate/{order}/validation order/certificate/{order}/note order/certificate/{order}/reissue
order/certificate/{order}/duplicate
certificate/intermediates certificate/{certificate}/chain certificate/download/order/{order}
certificate/download/order/{order}/format/pem_all certificate/{certificate}/download/platform
certificate/{certificate}/download/platform/45 certificate/{certificate}/download/format/pem_all
request request/{request} webhook webhook/event-logs
"""
WRITABLE = """
POST:account/metadata PUT:account/metadata/{field} POST:container/{container}/children
POST:organization POST:organization/{organization}/validation PUT:organization/{organization}/activate
PUT:organization/{organization}/deactivate
POST:domain POST:domain/{domain}/validation PUT:domain/{domain}/activate PUT:domain/{domain}/deactivate
PUT:domain/{domain}/dcv/method POST:domain/{domain}/dcv/method POST:domain/{domain}/dcv/token
PUT:domain/{domain}/dcv/validate-token POST:domain/{domain}/dcv/emails
POST:order/certificate/ssl_basic PUT:order/certificate/{order}/check-dcv PUT:order/certificate/{order}/dcv-method
PUT:order/certificate/{order}/dcv-random-value PUT:order/certificate/{order}/resend-emails
PUT:order/certificate/{order}/status POST:order/certificate/{order}/note POST:order/certificate/{order}/csr
PUT:order/certificate/{order}/auto-renew PUT:order/certificate/{order}/auto-reissue
POST:order/certificate/{order}/reissue POST:order/certificate/{order}/duplicate PUT:order/certificate/{order}/revoke
PUT:certificate/{certificate}/revoke PUT:request/{request}/status
POST:webhook POST:webhook/test-endpoint PUT:webhook/1/send-challenge PUT:webhook/1/check-challenge
PUT:webhook/1/activate PUT:webhook/1/deactivate DELETE:webhook/1
POST:no/such/thing PATCH:account DELETE:order/certificate/{order} HEAD:account OPTIONS:account
"""
READS, WRITES = READABLE.split(), WRITABLE.split()


@dataclass(frozen=True)
class Watched:
    """An account with one of everything, its administrator's key, a read-only key, and the ids of what there is."""

    owner: Account
    reader: Account
    ids: dict[str, Any]


@pytest.fixture(scope="module")
def watched(sandbox: Sandbox) -> Watched:
    """An account to be read."""
    owner = sandbox.account(rate_limit=False)
    name = f"read.{owner.domain}"
    order = owner.issue(name=name)
    for kind in ("reissue", "duplicate"):
        body = fill(REISSUE, name=name, csr=csr_pem(name, new_key()))
        assert owner.call("POST", f"order/certificate/{order['id']}/{kind}", body).status == 201
    referred = b'{"certificate":{"common_name":"$name","csr":"$csr"},"organization":{"id":$organization},'
    referred += b'"order_validity":{"years":1},"alternative_order_id":"ours"}'
    owner.issue(referred.decode(), name=name)
    ids = {
        "user": owner.get("user/me")["id"],
        "container": owner.get("container")["containers"][0]["id"],
        "organization": owner.organization,
        "domain": owner.get("domain")["domains"][0]["id"],
        "field": owner.get("account/metadata")["metadata"][0]["id"],
        "order": order["id"],
        "certificate": order["certificate_id"],
        "request": order["requests"][0]["id"],
        "reference": "ours",
    }
    return Watched(owner, sandbox.account("readonly", of=owner.name, rate_limit=False), ids)


def _facts(owner: Account, ids: dict[str, Any]) -> list[Any]:
    """What a write could have changed."""
    paths = ("order/certificate", f"order/certificate/{ids['order']}", "request", "domain?include_dcv=true", "user")
    more = ("organization", "container", "account/metadata", f"order/certificate/{ids['order']}/note")
    return [owner.get(path) for path in (*paths, *more)]


@pytest.mark.parametrize("path", READS)
def test_a_read_only_key_may_read_everything_that_can_be_read(watched: Watched, path: str) -> None:
    target = path.format(**watched.ids)
    told = watched.reader.call("GET", target, accept="*/*")
    known = watched.owner.call("GET", target, accept="*/*")

    assert told.status == 200, told
    assert told.body == known.body or path in ("user/me", "webhook/event-logs")


@pytest.mark.parametrize("write", WRITES)
def test_a_read_only_key_can_change_nothing_and_is_told_so_in_json(watched: Watched, write: str) -> None:
    method, _, path = write.partition(":")
    before = _facts(watched.owner, watched.ids)
    body = b'{"name":"x.example","status":"canceled","note":"x","text":"x","skip_approval":true,"auto_renew":1}'

    told = watched.reader.call(method, path.format(**watched.ids), body)

    assert told.status == 403, told
    assert method == "HEAD" or told.codes == ["access_denied|missing_permission"]
    assert _facts(watched.owner, watched.ids) == before


def test_a_refused_write_is_told_in_xml_when_the_request_was_xml(watched: Watched) -> None:
    path = f"order/certificate/{watched.ids['order']}/note"
    told = watched.reader.call("POST", path, b"<note><text>x</text></note>", content_type=XML)

    assert (told.status, told.type.split(";")[0]) == (403, XML)
    root = told.xml()
    assert root.tag == "error_list"
    assert [one.text for one in root.findall("errors/error/code")] == ["access_denied|missing_permission"]
    assert len(root.findall("errors/error/message")) == 1


def test_the_ready_made_read_only_account_is_listed(sandbox: Sandbox) -> None:
    rows = {row["name"]: row for row in sandbox.management.get("accounts")}
    reader = Account(sandbox.management, rows["digicert-readonly"])

    assert rows["digicert-readonly"]["profile"] == "readonly"
    assert reader.call("GET", "account").status == 200
    assert reader.call("POST", "webhook", b"{}").status == 403


@pytest.mark.parametrize(
    ("switches", "code"),
    [
        ({"ip_allowed": False}, "access_denied|access_denied_invalid_ip"),
        ({"revoked": True}, "access_denied|access_denied_invalid_key"),
        ({"key_role": 103}, "access_denied|missing_permission"),
    ],
)
def test_a_key_that_worked_yesterday_is_403_today_and_works_again_when_that_is_mended(
    account: NewAccount, switches: dict[str, Any], code: str
) -> None:
    tenant = account()
    tenant.get("order/certificate")
    good = {"ip_allowed": True, "revoked": False, "key_role": 0}

    tenant.switch(**switches)
    in_json = tenant.call("GET", "order/certificate")
    in_xml = tenant.call("GET", "order/certificate", content_type=XML)
    tenant.switch(**{name: good[name] for name in switches})

    assert (in_json.status, in_json.codes) == (403, [code])
    assert in_json.json()["errors"][0]["message"] == f"Access denied due to {code.partition('|')[2]}."
    assert in_xml.status == 403
    assert [one.text for one in in_xml.xml().findall("errors/error/code")] == [code]
    tenant.get("order/certificate")


def test_a_revoked_key_looks_like_one_that_never_was(account: NewAccount) -> None:
    tenant = account(revoked=True)
    headers = {"X-DC-DEVKEY": "0" * 48, "Content-Type": wire.JSON}

    revoked, unknown = tenant.call("GET", "account"), wire.send(tenant.url, "GET", "account", None, headers)

    assert (revoked.status, revoked.body) == (unknown.status, unknown.body) == (403, unknown.body)


@pytest.mark.parametrize(
    ("key_role", "may", "may_not"),
    [
        (0, ("order/certificate", "domain", "organization", "user", "webhook"), ()),
        (100, ("order/certificate", "request", "account", "product"), ("domain", "organization", "user", "webhook")),
        (101, ("order/certificate", "domain", "organization", "account"), ("user", "webhook")),
        (102, ("order/certificate", "domain", "organization", "user", "webhook"), ()),
        (103, ("user", "user/me", "account"), ("order/certificate", "request", "domain", "organization", "webhook")),
    ],
)
def test_a_restricted_key_reaches_only_its_part_of_the_api(
    account: NewAccount, key_role: int, may: tuple[str, ...], may_not: tuple[str, ...]
) -> None:
    tenant = account(key_role=key_role)

    assert {path: tenant.call("GET", path).status for path in may} == dict.fromkeys(may, 200)
    refused = [tenant.call("GET", path) for path in may_not]
    assert [(one.status, one.codes) for one in refused] == [(403, ["access_denied|missing_permission"])] * len(may_not)


@pytest.mark.parametrize("key_role", [1, 104, True, "reader", None])
def test_a_role_that_keys_do_not_have_is_refused_at_the_management_door(sandbox: Sandbox, key_role: object) -> None:
    wish = {"ca": "digicert", "profile": "ready", "key_role": key_role}

    assert sandbox.management.call("POST", "accounts", wish).status == 400


def test_a_user_of_one_division_sees_its_orders_and_those_below_it(account: NewAccount) -> None:
    tenant = account()
    mine, other = tenant.issue()["id"], tenant.issue()["id"]
    for number, division in ((mine, "Retail"), (other, "Research")):
        tenant.management.post("staff", ca="digicert", order_id=number, act="move", division=division)
    retail = {row["name"]: row["id"] for row in tenant.get("container")["containers"]}["Retail"]
    below = tenant.call("POST", f"container/{retail}/children", b'{"name":"Shops"}').json()["id"]
    deep = tenant.issue()["id"]
    tenant.management.post("staff", ca="digicert", order_id=deep, act="move", division=below)

    tenant.switch(division="Retail")

    assert [row["id"] for row in tenant.get("order/certificate")["orders"]] == [mine, deep]
    assert {row["order"]["id"] for row in tenant.get("request")["requests"]} == {mine, deep}
    assert {row["order_id"] for row in tenant.get("order/certificate/status-changes?minutes=10")["orders"]} == {
        mine,
        deep,
    }
    gone = tenant.call("GET", f"order/certificate/{other}")
    assert (gone.status, gone.codes) == (404, ["not_found|order"])
    tenant.switch(division=None)
    assert len(tenant.get("order/certificate")["orders"]) == 3

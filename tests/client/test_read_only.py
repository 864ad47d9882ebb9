"""An account that was added with --read-only can only read, whatever the program above it asks for."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_type_hints

import pytest

from certwright.cas.digicert import DigiCert
from certwright.cas.digicert.reads import READS as DIGICERT_READS
from certwright.cas.emsign import EmSign
from certwright.cas.emsign.reads import READS as EMSIGN_READS
from certwright.cas.http import Transport
from certwright.cas.reading import ReadCall
from certwright.cas.sectigo import Sectigo
from certwright.cas.sectigo.reads import READS as SECTIGO_READS
from certwright.model.ca import CAOrder
from certwright.model.errors import CertwrightError, Refused
from tests.client import emsign as emsign_answers
from tests.client import sectigo as sectigo_answers
from tests.client.conftest import Server
from tests.client.emsign import Hub
from tests.client.sandbox import Sandbox, Tenant, soon
from tests.client.sectigo import Login

Serve = Callable[..., Server]
READS = {"digicert": DIGICERT_READS, "sectigo": SECTIGO_READS, "emsign": EMSIGN_READS}
# The functions of each API that must go on working: every other one has to be refused.
READING = {
    "OrderAPI": (
        "orders", "orders_page", "orders_csv", "order", "alternate", "status_changes", "validation", "requests",
        "request", "reissues", "duplicates", "download", "download_for_platform", "download_of_order",
        "download_of_duplicate", "certificate_chain", "intermediates", "platform_formats",
    ),
    "AccountAPI": (
        "account", "users", "user", "organizations", "organization", "organization_validations", "containers",
        "container", "container_template", "domains", "domain", "domain_validations", "dcv_methods",
        "validation_types", "domain_emails", "products", "product", "custom_fields", "webhooks", "webhook_log",
    ),
    "SectigoAPI": (
        "decode_csr", "collect", "collect_file", "report", "dcv_addresses", "dcv_addresses_with_contacts", "names",
    ),
    "EmSignAPI": (
        "validate_credentials", "groups", "organizations", "domains", "products", "track", "certificate", "report",
    ),
}  # fmt: skip
GIVEN = {"at": datetime(2026, 12, 1, 10, tzinfo=UTC), "name": "shop.meadow.example", "domain_name": "meadow.example"}


def _functions(api: object) -> list[str]:
    """Every public function of an API, by inspection: a new one is in here at once."""
    return [name for name, _ in inspect.getmembers(type(api), inspect.isfunction) if not name.startswith("_")]


def _argument(name: str, kind: Any, order_id: str) -> Any:
    """A value for an argument of that name and type. Fails for a type that no function had before."""
    if name in GIVEN:
        return GIVEN[name]
    if "order" in name:
        return order_id
    text = str(kind)
    for begins, value in (
        ("<class 'str'>", "1"),
        ("<class 'int'>", 1),
        ("<class 'bool'>", True),
        ("<class 'bytes'>", b"x"),
        ("<class 'float'>", soon()),
        ("float | None", soon()),
        ("dict[", {}),
        ("collections.abc.Mapping", {}),
        ("collections.abc.Sequence", ()),
    ):
        if text.startswith(begins):
            return value
    raise AssertionError(f"give a value for {name}: {text}")


def _call(api: object, name: str, order_id: str) -> str:
    """Call a function with whatever arguments it must have: ``refused`` as read-only, or ``sent``."""
    function = getattr(api, name)
    hints = get_type_hints(function)
    parameters = inspect.signature(function).parameters.values()
    wanted = {
        one.name: _argument(one.name, hints[one.name], order_id) for one in parameters if one.default is one.empty
    }
    positional = [wanted[one.name] for one in parameters if one.name in wanted and one.kind is not one.KEYWORD_ONLY]
    named = {one.name: wanted[one.name] for one in parameters if one.name in wanted and one.kind is one.KEYWORD_ONLY}
    try:
        answer = function(*positional, **named)
        if isinstance(answer, Iterator):
            list(answer)
    except CertwrightError as error:
        return "refused" if "read-only" in error.detail else "sent"
    return "sent"


def _is_reading(ca: str, method: str, target: str) -> bool:
    """Whether a call that the sandbox received is at the place of one that only reads."""
    path = target.partition("?")[0]
    return any(
        method == call.method and len(path.split("/")) >= len(call.path.split("/")) and _ends(path, call.path)
        for call in READS[ca]
    )


def _ends(path: str, pattern: str) -> bool:
    wanted = pattern.split("/")
    found = path.split("/")[-len(wanted) :]
    return all(one.startswith("{") or one == other for one, other in zip(wanted, found, strict=True))


def _check(sandbox: Sandbox, ca: str, apis: Sequence[object], order_id: str, ledger: Callable[[], list[Any]]) -> None:
    before = ledger()
    sandbox.management.delete("/requests")
    for api in apis:
        done = {name: _call(api, name, order_id) for name in _functions(api)}
        sent = {name for name, outcome in done.items() if outcome == "sent"}
        assert sent == set(READING[type(api).__name__])
    received = sandbox.get("/requests", ca=ca)["requests"]
    assert received
    others = [one for one in received if not _is_reading(ca, one["method"], one["path"])]
    assert others == []
    assert ledger() == before


def test_no_function_of_digicerts_api_sends_anything_but_its_reading_calls(
    sandbox: Sandbox, tenant: Callable[..., Tenant]
) -> None:
    one = tenant()
    placed = one.ca().place(one.wish().placement, deadline=soon()).ca_order
    ca = one.ca(read_only=True)
    _check(sandbox, "digicert", (ca.orders, ca.account), placed.order_id, one.ledger)
    assert {call["method"] for call in one.requests()} == {"GET"}


def test_no_function_of_sectigos_api_sends_anything_but_its_reading_calls(
    sandbox: Sandbox, sectigo: Callable[..., Login]
) -> None:
    one = sectigo()
    placed = one.ca().place(one.wish().placement, deadline=soon()).ca_order
    _check(sandbox, "sectigo", (one.ca(read_only=True).api,), placed.order_id, one.ledger)


def test_no_function_of_emsigns_api_sends_anything_but_its_reading_calls(
    sandbox: Sandbox, emsign: Callable[..., Hub]
) -> None:
    one = emsign()
    placed = one.ca().place(one.wish().placement, deadline=soon()).ca_order
    _check(sandbox, "emsign", (one.ca(read_only=True).api,), placed.order_id, one.ledger)


def test_a_read_only_account_is_listed_and_told_of_as_any_other(
    tenant: Callable[..., Tenant], sectigo: Callable[..., Login], emsign: Callable[..., Hub]
) -> None:
    one = tenant()
    placed = one.ca().place(one.wish().placement, deadline=soon()).ca_order
    digicert = one.ca(read_only=True)
    assert digicert.login().role
    assert digicert.organizations()
    assert digicert.products()
    assert digicert.groups()
    assert digicert.domains()
    assert digicert.report_page("").orders
    assert digicert.details(CAOrder(placed.order_id))
    assert digicert.download(placed)
    reseller = sectigo().ca(read_only=True)
    assert reseller.login().user
    assert reseller.report_page("").cursor == ""
    hub = emsign().ca(read_only=True)
    assert hub.login().account_id
    assert hub.products()
    assert hub.report_page("").orders == ()


# -- a canary that must hear nothing


def _transports(server: Server) -> Iterator[tuple[str, DigiCert | Sectigo | EmSign]]:
    yield "digicert", DigiCert(url=server.url, api_key="k" * 20, read_only=True)
    yield "sectigo", sectigo_answers.client(server, read_only=True)
    yield "emsign", emsign_answers.client(server, read_only=True)


ATTEMPTS: Mapping[str, Callable[[Transport], object]] = {
    "an order as a read": lambda one: one.read("order/certificate/ssl", body=b'{"certificate":{}}'),
    "an order as a read, made late": lambda one: one.read("order/certificate/ssl", body=lambda: b"{}"),
    "an order as a change": lambda one: one.change("POST", "order/certificate/ssl_basic", body=b"{}"),
    "a reading call as a change": lambda one: one.change("GET", "user/me"),
    "a reading form as a change": lambda one: one.change("POST", "products/!WebHostReport", body=b"loginName=a"),
    "a change by another method": lambda one: one.change("PUT", "certificate/1/revoke"),
    "a reseller's order": lambda one: one.read("products/!AutoApplySSL", body=b"loginName=a&product=287"),
    "a reseller's order in the query": lambda one: one.read("products/!AutoApplySSL?loginName=a&product=287"),
    "a revocation": lambda one: one.read("products/!AutoRevokeSSL", body=b"loginName=a&orderNumber=7"),
    "an order of emSign's": lambda one: one.read("GenerateOrderSSL", body=b'{"meta":{},"orderDetails":{}}'),
    "a look that makes a token": lambda one: one.read("GetDcv", body=b'{"meta":{},"dcvDetails":{}}'),
    "up and down": lambda one: one.read("order/certificate/../../order/certificate/1/revoke"),
    "up and down to a reading call": lambda one: one.read("webhook/../user/me"),
    "out of the base": lambda one: one.read("../../elsewhere"),
    "a double slash": lambda one: one.read("order//certificate"),
    "another host": lambda one: one.read("/127.0.0.1:1/user/me"),
    "a slash at the end": lambda one: one.read("user/me/"),
    "upper case": lambda one: one.read("USER/ME"),
    "percent-encoded letters": lambda one: one.read("%75ser/me"),
    "percent-encoded dots": lambda one: one.read("order/alternate/%2e%2e/certificate"),
    "a percent-encoded slash": lambda one: one.read("order/alternate/a%2F..%2Fcertificate"),
    "a query in the path": lambda one: one.read("user/me?_method=PUT"),
    "a harmless query in the path": lambda one: one.read("order/certificate?limit=1"),
    "a fragment in the path": lambda one: one.read("user/me#/revoke"),
    "another method in the query": lambda one: one.read("user/me", query=(("_method", "PUT"),)),
    "a parameter twice over": lambda one: one.read("order/certificate", query=(("limit=1&_method", "PUT"),)),
    "another method in a header": lambda one: one.read("user/me", headers={"X-HTTP-Method-Override": "PUT"}),
    "another path in a header": lambda one: one.read("user/me", headers={"X-Original-URL": "/order"}),
    "a body on a reading path": lambda one: one.read("user/me", body=b"{}"),
    "a line break": lambda one: one.read("user/me\r\nX: 1"),
    "a tab": lambda one: one.read("user/me\t"),
    "nothing": lambda one: one.read(""),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_what_is_not_a_reading_call_makes_no_connection(attempt: str, serve: Serve) -> None:
    server = serve()
    for name, ca in _transports(server):
        started = time.monotonic()
        with ca, pytest.raises(Refused):
            ATTEMPTS[attempt](ca._transport)
        assert time.monotonic() - started < 1, name
    assert server.connections == 0


def test_the_gate_counts_no_call_that_was_refused(serve: Serve) -> None:
    server = serve()
    settings = {"requests_per_5_seconds": "1", "requests_per_3_minutes": "1"}
    with DigiCert(url=server.url, api_key="k" * 20, read_only=True, settings=settings, timeout=1.0) as ca:
        for _ in range(3):
            with pytest.raises(Refused):
                ca._transport.change("POST", "order/certificate/ssl_basic")
        assert ca._transport.read("user/me").status == 200
    assert server.connections == 1


def test_a_read_only_transport_that_was_given_no_reading_calls_sends_nothing(
    serve: Serve, transport: Callable[..., Transport]
) -> None:
    server = serve()
    one = transport(server.url, read_only=True)
    with pytest.raises(Refused, match="read-only"):
        one.read("user/me")
    assert transport(server.url, read_only=True, reads=(ReadCall("GET", "user/me"),)).read("user/me").status == 200
    assert server.connections == 1

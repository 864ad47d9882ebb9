"""The sandbox's HTTP: connections that live on, requests that are no HTTP, and its mark on every answer."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.sandbox import wire
from tests.sandbox.tenant import Account, Sandbox

NewAccount = Callable[..., Account]


def _get(tenant: Account, path: str, more: str = "") -> bytes:
    return (f"GET /services/v2/{path} HTTP/1.1\r\nHost: sandbox\r\nX-DC-DEVKEY: {tenant.key}\r\n{more}\r\n").encode()


def test_requests_sent_ahead_are_answered_in_their_order(account: NewAccount) -> None:
    tenant = account()
    last = _get(tenant, "product/ssl_plus", "Connection: close\r\n")

    answers = wire.exchange(tenant.url, _get(tenant, "account") + _get(tenant, "user/me") + last)

    text = answers.received.decode()
    assert text.count("HTTP/1.1 200 OK") == 3
    assert text.index('"root_container_id"') < text.index('"access_roles"') < text.index('"ssl_plus"')


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"this is no HTTP\r\n\r\n", b"400"),
        (b"GET /services/v2/account HTTP/1.1\r\nHost: s\r\nX-Long: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
        (
            b"POST /services/v2/webhook HTTP/1.1\r\nHost: s\r\nContent-Length: 4194305\r\n\r\n" + b"a" * 4_194_305,
            b"413",
        ),
        (
            b"GET /services/v2/account HTTP/1.1\r\nHost: s\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
            b"501",
        ),
    ],
    ids=["no-http", "long-header", "long-body", "upgrade"],
)
def test_what_cannot_be_a_request_is_refused_and_the_connection_closed(
    account: NewAccount, request_bytes: bytes, status: bytes
) -> None:
    answer = wire.exchange(account().url, request_bytes)

    assert answer.head.split(b" ")[1] == status
    assert b"X-Sandbox: 1" in answer.head


def test_a_client_that_asks_first_may_send_its_body(account: NewAccount) -> None:
    tenant = account()
    body = b'{"text":"a note"}'
    head = (
        f"POST /services/v2/order/certificate/1/note HTTP/1.1\r\nHost: s\r\nX-DC-DEVKEY: {tenant.key}\r\n"
        f"Expect: 100-continue\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()

    with wire.open_socket(tenant.url) as line:
        line.sendall(head)
        assert line.recv(1024).startswith(b"HTTP/1.1 100 Continue")
        line.sendall(body)
        answer = wire.read_to_end(line)

    assert answer.head.startswith(b"HTTP/1.1 404")


def test_both_doors_mark_every_answer(account: NewAccount) -> None:
    tenant = account()

    answers = [
        tenant.call("GET", "account"),
        tenant.call("GET", "no/such"),
        wire.send(tenant.url.removesuffix("/services/v2"), "GET", "elsewhere"),
        tenant.management.call("GET", "clock"),
        tenant.management.call("GET", "no/such"),
        tenant.management.call("DELETE", "requests/no"),
    ]

    assert [answer.headers.get("x-sandbox") for answer in answers] == ["1"] * len(answers)


def test_a_path_outside_every_ca_is_an_html_404(sandbox: Sandbox) -> None:
    for path in ("", "services", "services/v3/account", "services/v20"):
        answer = wire.send(sandbox.url, "GET", path)
        assert (answer.status, answer.type) == (404, "text/html"), path


def test_nothing_but_its_one_line_is_printed(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    tenant.issue()
    assert wire.send(own_sandbox.url, "GET", "no/such").status == 404
    own_sandbox.process.terminate()
    assert own_sandbox.process.stdout is not None

    assert own_sandbox.process.stdout.read() == b""
    assert set(own_sandbox.hello) == {"url", "management_url", "seed", "faults"}
    assert tenant.key not in json.dumps(own_sandbox.hello)

"""The transport against a server that does its worst (rows 5-17 of the reliability list)."""

from __future__ import annotations

import gzip
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import stamina
from structlog.testing import capture_logs

from certwright.cas.http import Transport, check_url, retry_after
from certwright.cas.limits import Gate, Limit
from certwright.cas.reading import ReadCall
from certwright.cas.unpacking import MAX_BODY
from certwright.model.errors import CertwrightError, Misconfigured, Refused, Unavailable, Unknown
from tests.client.conftest import Script, Server, answer, raw, reset, trickle

Serve = Callable[..., Server]
Make = Callable[..., Transport]

TRUNCATED = raw(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id":')
TRUNCATED_CHUNK = raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n')
NOISE = raw(b"\x16\x03\x01 this is not HTTP at all\r\n\r\n")
FAULTS: dict[str, Script] = {
    "reset": reset,
    "closed": lambda connection: None,
    "truncated": TRUNCATED,
    "truncated chunk": TRUNCATED_CHUNK,
    "noise": NOISE,
    "502 page": answer(502, b"<html>Bad Gateway</html>", content_type="text/html"),
    "503 empty": answer(503, b""),
    "oversized": answer(200, b" " * (MAX_BODY + 1)),
    "gzip bomb": answer(200, gzip.compress(b"\0" * (64 * MAX_BODY)), headers="Content-Encoding: gzip\r\n"),
    "damaged gzip": answer(200, b"no gzip", headers="Content-Encoding: gzip\r\n"),
    "unasked packing": answer(200, b"??", headers="Content-Encoding: br\r\n"),
    "huge header": answer(200, headers=f"X-Long: {'a' * 65536}\r\n"),
    "endless header": raw(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 300_000),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_change_that_was_sent_and_not_clearly_answered_is_unknown_and_not_repeated(
    fault: str, serve: Serve, transport: Make
) -> None:
    server = serve(FAULTS[fault])
    with pytest.raises(Unknown):
        transport(server.url).change("POST", "order", body=b"{}")
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_read_that_fails_once_is_repeated_and_answered(fault: str, serve: Serve, transport: Make) -> None:
    server = serve(FAULTS[fault], answer(200, b'{"id":1}'))
    assert transport(server.url).read("order/1").tree() == {"id": 1}
    assert len(server.requests) == 2


def test_a_read_that_keeps_failing_is_unavailable_after_a_few_attempts(serve: Serve, transport: Make) -> None:
    server = serve(answer(500))
    with pytest.raises(Unavailable) as caught:
        transport(server.url).read("order/1")
    assert not isinstance(caught.value, Unknown)
    assert len(server.requests) == 3


def test_retries_can_be_switched_off(serve: Serve, transport: Make) -> None:
    server = serve(answer(500))
    stamina.set_testing(False)
    with pytest.raises(Unavailable):
        transport(server.url, attempts=1).read("order/1")
    assert len(server.requests) == 1


def test_a_change_to_a_closed_port_is_unavailable(serve: Serve, transport: Make) -> None:
    server = serve()
    server.stop()
    with pytest.raises(Unavailable) as caught:
        transport(server.url).change("POST", "order", body=b"{}")
    assert not isinstance(caught.value, Unknown)


def test_a_change_whose_deadline_has_passed_is_never_sent(serve: Serve, transport: Make) -> None:
    server = serve()
    with pytest.raises(Unavailable) as caught:
        transport(server.url).change("POST", "order", body=b"{}", deadline=time.monotonic() - 0.001)
    assert not isinstance(caught.value, Unknown)
    assert server.requests in ([], [b""])


@pytest.mark.parametrize("part", ["headers", "body"])
def test_an_answer_that_trickles_is_cut_at_the_deadline(part: str, serve: Serve, transport: Make) -> None:
    content = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b" " * 1000
    server = serve()
    script = trickle(content if part == "headers" else content[41:], 0.05, server.stopping.is_set)
    server.scripts[:] = [lambda c: (part == "body" and c.sendall(content[:41])) or script(c)]
    started = time.monotonic()
    with pytest.raises(Unknown):
        transport(server.url).change("POST", "order", deadline=started + 0.4)
    assert 0.3 < time.monotonic() - started < 0.8


def test_a_server_that_never_answers_is_left_at_the_deadline(serve: Serve, transport: Make) -> None:
    server = serve()
    server.scripts[:] = [lambda connection: server.stopping.wait(3)]
    started = time.monotonic()
    with pytest.raises(Unknown):
        transport(server.url, timeout=0.3).change("POST", "order")
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest", "http://127.0.0.1/plain", "/services/v2/order/1"]
)
def test_a_redirect_is_never_followed(location: str, serve: Serve, transport: Make) -> None:
    server = serve(answer(302, b"", headers=f"Location: {location}\r\n"))
    with pytest.raises(Misconfigured):
        transport(server.url).read("order/1")
    assert server.connections == 1


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("", 5, 7),
        ("Retry-After: 17\r\n", 17, 17),
        ("Retry-After: soon\r\n", 5, 7),
        ("Retry-After: -5\r\n", 5, 7),
        ("Retry-After: 1000000000\r\n", 3600, 3600),
        ("Retry-After: Thu, 01 Jan 2099 00:00:00 GMT\r\n", 3600, 3600),
        ("Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n", 0, 0),
    ],
)
def test_429_tells_how_long_to_wait_within_an_hour(
    header: str, least: float, most: float, serve: Serve, transport: Make
) -> None:
    server = serve(answer(429, b"{}", headers=header))
    with pytest.raises(Unavailable) as caught:
        transport(server.url).change("POST", "order")
    assert not isinstance(caught.value, Unknown)
    assert caught.value.retry_after is not None
    assert least <= caught.value.retry_after <= most


def test_after_429_nothing_is_sent_before_the_time_is_up(serve: Serve, transport: Make) -> None:
    server = serve(answer(429, b"{}", headers="Retry-After: 1\r\n"), answer())
    client = transport(server.url, timeout=0.5)
    with pytest.raises(Unavailable):
        client.read("order/1")
    with pytest.raises(Unavailable) as caught:
        client.change("POST", "order")
    assert 0 < (caught.value.retry_after or 0) <= 1
    assert len(server.requests) == 1
    patient = client
    patient._timeout = 5.0
    assert patient.read("order/1").status == 200


def test_an_http_date_in_retry_after_is_counted_from_now() -> None:
    now = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    assert retry_after("Sat, 21 Nov 2026 10:00:30 GMT", now=now) == 30


def test_five_failures_in_a_row_open_the_breaker_and_one_probe_closes_it(
    serve: Serve, transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("certwright.cas.limits.FIRST_REST", 0.3)
    server = serve(*[answer(500)] * 5, answer())
    client = transport(server.url, attempts=1, timeout=0.2)
    stamina.set_testing(False)
    with capture_logs() as lines:
        for _ in range(5):
            with pytest.raises(Unavailable):
                client.read("order/1")
        with pytest.raises(Unavailable) as caught:
            client.read("order/1")
        assert caught.value.retry_after is not None
        assert len(server.requests) == 5
        client._timeout = 2.0
        assert client.read("order/1").status == 200
    assert [line["event"] for line in lines].count("ca_unreachable") == 1


def test_a_read_only_account_sends_no_change_and_every_reading_call(serve: Serve, transport: Make) -> None:
    server = serve()
    reads = (ReadCall("GET", "order"), ReadCall("POST", "order", form=("a",)))
    client = transport(server.url, read_only=True, reads=reads)
    for method in ("POST", "PUT", "DELETE", "PATCH", "GET"):
        with pytest.raises(Refused):
            client.change(method, "order")
    assert server.connections == 0
    assert client.read("order").status == 200
    assert client.read("order", body=b"a=b").status == 200
    assert [request.split(b" ")[0] for request in server.requests] == [b"GET", b"POST"]


def test_a_read_by_post_is_repeated_with_its_body_and_never_unknown(serve: Serve, transport: Make) -> None:
    server = serve(reset)
    with pytest.raises(Unavailable) as caught:
        transport(server.url).read("order", body=b"a=b")
    assert not isinstance(caught.value, Unknown)
    assert len(server.requests) == 3
    assert all(request.endswith(b"\r\n\r\na=b") for request in server.requests)


def test_a_call_carries_name_version_length_and_credential(serve: Serve, transport: Make) -> None:
    server = serve()
    transport(server.url).change("PUT", "order/1/check-dcv")
    head = server.requests[0].lower()
    assert head.startswith(b"put /services/v2/order/1/check-dcv http/1.1")
    assert b"user-agent: certwright/" in head
    assert b"content-length: 0" in head
    assert b"x-key: s3cret-k3y" in head


def test_cookies_of_an_edge_proxy_are_not_sent_back(serve: Serve, transport: Make) -> None:
    server = serve(answer(headers="Set-Cookie: edge=1\r\n"))
    client = transport(server.url)
    client.read("a")
    client.read("b")
    assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize("fault", FAULTS)
def test_the_credential_is_in_no_error_log_line_or_repr(
    fault: str, serve: Serve, transport: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(FAULTS[fault])
    client = transport(server.url)
    with capture_logs() as lines, pytest.raises(CertwrightError) as caught:
        client.change("POST", "order", body=b"{}")
    seen = repr(lines) + caplog.text + repr(client) + repr(caught.value) + str(caught.value)
    assert "s3cret-k3y" not in seen
    assert {"event", "account", "method", "path", "status", "milliseconds"} <= set(lines[0])


def test_a_header_that_cannot_be_sent_is_not_quoted(serve: Serve, transport: Make) -> None:
    server = serve()
    with pytest.raises(CertwrightError) as caught:
        transport(server.url, headers={"X-Key": "s3cret\nk3y"}).read("order")
    assert "k3y" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/services/v2",
        "ftp://127.0.0.1/",
        "https://user:pass@example.com/",
        "https:///services",
        "not a url",
        "https://example.com/?a=1",
        "http://169.254.169.254/",
        "",
    ],
)
def test_a_url_that_is_not_safe_for_a_credential_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/a", "http://[::1]:1/a", "http://localhost:1/a", "https://ca.example/a"]
)
def test_https_and_this_machine_are_accepted_with_or_without_a_slash(url: str) -> None:
    assert check_url(f"{url}/") == url


def test_the_limiter_is_asked_before_the_socket(serve: Serve, transport: Make) -> None:
    server = serve()
    gate = Gate(None, "credential", (Limit(2, 5),), title="Test CA")
    client = transport(server.url, gate=gate, timeout=0.3)
    client.read("a")
    with pytest.raises(Unavailable) as caught:
        client.change("POST", "order")
    assert not isinstance(caught.value, Unknown)
    assert 5 < (caught.value.retry_after or 0) < 7
    assert len(server.requests) == 1

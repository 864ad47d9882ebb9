"""The server's WSGI application: push endpoints, and whether the work is on time.

``/push/CA/ACCOUNT`` takes what a CA pushes, as POST or (some CAs) as GET. Whatever it says, it changes nothing but
*when* we look: the order it names (or, when it names none, every order of the account that waits) becomes due now.
Forged, replayed and unknown ones therefore change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import structlog

from certwright.model.errors import CertwrightError
from certwright.wiring import Certwright

LARGEST_BODY = 1 << 20  # a hint with a chain in it is a few kilobytes
_OVERDUE_SECONDS = 120

StartResponse = Callable[[str, list[tuple[str, str]]], object]
Environ = dict[str, Any]
log = structlog.get_logger(__name__)


class Application:
    """The WSGI callable for one installation."""

    def __init__(self, certwright: Certwright) -> None:
        self._certwright = certwright

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; never more about a failure than its status."""
        try:
            status, body = self._answer(environ)
        except Exception:
            log.exception("push failed")
            status, body = "500 Internal Server Error", b""
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def _answer(self, environ: Environ) -> tuple[str, bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path == "/health" and method == "GET":
            return self._health()
        parts = path.strip("/").split("/")
        if len(parts) == 3 and parts[0] == "push":
            if method not in ("GET", "POST"):
                return "405 Method Not Allowed", b""
            return self._push(parts[1], parts[2], environ)
        return "404 Not Found", b""

    def _health(self) -> tuple[str, bytes]:
        overdue = self._certwright.orders.overdue(_OVERDUE_SECONDS)
        body = json.dumps({"orders_overdue": overdue}).encode()
        return ("200 OK" if not overdue else "503 Service Unavailable"), body

    def _push(self, ca: str, account: str, environ: Environ) -> tuple[str, bytes]:
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            return "413 Content Too Large", b""
        try:
            receiver = self._certwright.receiver(ca, account)
        except CertwrightError:
            return "404 Not Found", b""
        headers = {
            name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        if not receiver.is_genuine(headers):
            log.warning("push refused", ca=ca, account=account)
            return "401 Unauthorized", b""
        hint = receiver.read(environ.get("QUERY_STRING", ""), environ["wsgi.input"].read(int(length)))
        if hint is None:
            return "400 Bad Request", b""
        woken = self._certwright.orders.hint(account, hint.order_id)
        log.info("push taken", ca=ca, account=account, woken=woken)
        return "200 OK", b""

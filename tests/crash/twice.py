"""A network that delivers an order twice: a small proxy between the program and the sandbox."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class TwiceProxy:
    """Passes every call on to ``url``; a POST whose path ends in ``again`` is passed on twice.

    The first answer goes back, with ``latter`` the second.
    """

    def __init__(self, url: str, again: str, *, latter: bool = False) -> None:
        target = urlsplit(url)

        class Relay(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _relay(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, kind, answer = self._ask(body)
                if self.command == "POST" and self.path.endswith(again):
                    second = self._ask(body)
                    status, kind, answer = second if latter else (status, kind, answer)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def _ask(self, body: bytes) -> tuple[int, str, bytes]:
                connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=15)
                headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
                return answer.status, answer.headers.get("Content-Type") or "text/plain", content

            do_GET = do_POST = do_PUT = do_DELETE = _relay  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{target.path}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def __enter__(self) -> Self:
        """Itself, listening."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

"""Small HTTP servers of the tests: one that keeps DCV files, one that receives webhook deliveries."""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FileServer:
    """Serves planted files at exactly one host name and path each; everything else is 404."""

    def __init__(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self.files: dict[tuple[str, str], bytes] = {}
        files = self.files

        class Reply(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host = self.headers.get("Host", "").split(":")[0].lower()
                content = files.get((host, self.path))
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

        self._server = _listen(Reply)
        self.port = self._server.server_address[1]

    def plant(self, host: str, path: str, content: str) -> None:
        """Serve `content` at http://host/path."""
        self.files[(host, path)] = content.encode()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Delivery:
    """One webhook delivery as it arrived; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class WebhookReceiver:
    """Receives webhook deliveries and answers 200, or 403 to a wrong X-WEBHOOK-KEY."""

    def __init__(self, secret: str) -> None:
        """Listen on a free port of 127.0.0.1 and take deliveries that carry `secret`."""
        self._arrived: queue.Queue[Delivery] = queue.Queue()
        self.secret = secret
        receiver = self

        class Reply(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                good = headers.get("x-webhook-key") == receiver.secret
                receiver._arrived.put(Delivery(self.path, headers, body))
                self.send_response(200 if good else 403)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

        self._server = _listen(Reply)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def next(self, seconds: float = 8.0) -> Delivery:
        """The next delivery; raises queue.Empty when none comes in time."""
        return self._arrived.get(timeout=seconds)

    def is_quiet(self) -> bool:
        """Whether nothing has arrived that was not read."""
        return self._arrived.empty()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def _listen(reply: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), reply)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server

"""Small HTTP servers of the tests: one that keeps DCV files, two that receive webhook deliveries and pushes."""

from __future__ import annotations

import json
import queue
import ssl
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs


class FileServer:
    """Serves planted files at exactly one host name and path each; everything else is 404."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        """Listen on a free port of 127.0.0.1; with `context`, over TLS."""
        self.files: dict[tuple[str, str], bytes] = {}
        self.redirects: dict[str, str] = {}
        self.folders: dict[str, Path] = {}
        self.asked: list[tuple[str, str]] = []
        keeper = self

        class Reply(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host = self.headers.get("Host", "").split(":")[0].lower()
                keeper.asked.append((host, self.path))
                content, elsewhere = keeper.found(host, self.path), keeper.redirects.get(host)
                self.send_response(301 if elsewhere else 404 if content is None else 200)
                if elsewhere:
                    self.send_header("Location", elsewhere + self.path)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

        self._server = _listen(Reply, context)
        self.port = int(self._server.server_address[1])

    def plant(self, host: str, path: str, content: str) -> None:
        """Serve `content` at http://host/path."""
        self.files[(host, path)] = content.encode()

    def serve(self, host: str, folder: Path) -> None:
        """Serve what stands below `folder` at http://host/, as a web server with that root does."""
        self.folders[host] = folder

    def found(self, host: str, path: str) -> bytes | None:
        """What is served there."""
        file = self.folders[host] / path.lstrip("/") if host in self.folders else None
        return file.read_bytes() if file is not None and file.is_file() else self.files.get((host, path))

    def redirect(self, host: str, elsewhere: str) -> None:
        """Answer every request for `host` with a 301 to the same path behind `elsewhere`."""
        self.redirects[host] = elsewhere

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Push:
    """One push as it arrived: the fields of its query or of its form, header names in lower case."""

    method: str
    path: str
    fields: dict[str, list[str]]
    headers: dict[str, str]
    at: float

    def __getitem__(self, name: str) -> str:
        """The value of a field that must be there exactly once."""
        (value,) = self.fields[name]
        return value


class PushReceiver:
    """Receives pushes by GET and POST and answers `status` to all of them."""

    def __init__(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._arrived: queue.Queue[Push] = queue.Queue()
        self.status = 200
        receiver = self

        class Reply(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path, _, query = self.path.partition("?")
                self._take(path, query)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                self._take(self.path, body)

            def _take(self, path: str, encoded: str) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                fields = parse_qs(encoded, keep_blank_values=True, strict_parsing=True)
                receiver._arrived.put(Push(self.command, path, fields, headers, time.monotonic()))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

        self._server = _listen(Reply)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks/sectigo/8f2c"

    def next(self, seconds: float = 8.0) -> Push:
        """The next push; raises queue.Empty when none comes in time."""
        return self._arrived.get(timeout=seconds)

    def until(self, seconds: float = 8.0, **wanted: str) -> Push:
        """The next push that has these values; those before it are dropped."""
        while True:
            push = self.next(seconds)
            if all(push.fields.get(name) == [value] for name, value in wanted.items()):
                return push

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


def _listen(reply: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), reply)
    server.daemon_threads = True
    if context is not None:  # the handshake is left to the thread of the request
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server

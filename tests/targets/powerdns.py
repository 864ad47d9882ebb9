"""The part of the PowerDNS HTTP API (doc.powerdns.com/authoritative/http-api/zone.html) that keeps records."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "api-key-of-the-tests"


class PowerDNS:
    """One zone, ``meadow.example.``; records by (name, type)."""

    def __init__(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self.records: dict[tuple[str, str], list[str]] = {}
        self.calls: list[str] = []
        self.status = 0  # answer everything with it
        self.hangs = threading.Event()
        self.hangs.set()
        keeper = self

        class Reply(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keeper.calls.append("GET")
                if keeper._lets(self):
                    rrsets = [_rrset(name, kind, values) for (name, kind), values in keeper.records.items()]
                    self._say(200, {"name": "meadow.example.", "kind": "Native", "rrsets": rrsets})

            def do_PATCH(self) -> None:
                keeper.calls.append("PATCH")
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if keeper._lets(self):
                    for rrset in sent["rrsets"]:
                        values = [record["content"] for record in rrset["records"]]
                        keeper.records[(rrset["name"], rrset["type"])] = values
                    self._say(204, None)

            def _say(self, status: int, answer: Any) -> None:
                content = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Reply)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def _lets(self, reply: Any) -> bool:
        self.hangs.wait(30)
        wrong = reply.headers["X-API-Key"] != KEY or reply.path.split("/")[-1] != "meadow.example."
        if wrong or self.status:
            reply._say(self.status or 401, {"error": f"not with {reply.headers['X-API-Key']}"})
        return not (wrong or self.status)

    def close(self) -> None:
        """Stop listening."""
        self.hangs.set()
        self._server.shutdown()
        self._server.server_close()


def _rrset(name: str, kind: str, values: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "ttl": 300,
        "records": [{"content": value, "disabled": False} for value in values],
    }

"""The part of DirectAdmin's API (docs.directadmin.com, CMD_API_DNS_CONTROL) that keeps records."""

from __future__ import annotations

import json
import re
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PASSWORD = "login-key-of-the-tests"
_AUTHORIZATION = "Basic " + b64encode(f"meadow:{PASSWORD}".encode()).decode()


class DirectAdmin:
    """One domain, ``meadow.example``; ``records`` are (name, type, value)."""

    def __init__(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self.records: list[tuple[str, str, str]] = []
        keeper = self

        class Reply(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = self.headers["Authorization"] == _AUTHORIZATION
                kind, content = keeper.answer(self.path) if known else ("text/plain", "")
                self.send_response(200 if known else 401)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content.encode())

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Reply)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def answer(self, path: str) -> tuple[str, str]:
        """Content type and body of the answer to a call."""
        url = urlsplit(path)
        if url.path == "/CMD_API_SHOW_DOMAINS":
            return "text/plain", "list[]=meadow.example"
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        said: dict[str, object] = {}
        if asked.get("action") == "add":
            self.records.append((asked["name"], asked["type"], asked["value"]))
            said["success"] = "Record Added"
        elif asked.get("action") == "select":
            said["success"] = self._delete(next(name for name in asked if re.fullmatch(r"[a-z]+recs\d+", name)))
        said["records"] = [
            {"name": name, "type": kind, "value": value, "combined": f"name={name}&value={value}"}
            for name, kind, value in self.records
        ]
        return "application/json", json.dumps(said)

    def _delete(self, selected: str) -> str:
        kind, number = selected.split("recs")
        self.records.remove([record for record in self.records if record[1].lower() == kind][int(number)])
        return "Records Deleted"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

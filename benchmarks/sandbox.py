"""How many certificates the sandbox issues a second: prevalidated OV orders for a P-256 key, one call each.

The sandbox runs as a process of its own on one core; this loader keeps a few connections to it busy. Every
answer must be a 201 with a chain, and the sandbox's ledger must have counted each of them.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

CONNECTIONS = 4
WARM_UP_SECONDS = 1.0
SECONDS = 5.0


def run() -> dict[str, float]:
    """Measure without and with a state file; orders issued a second."""
    in_memory = measure()
    with tempfile.TemporaryDirectory() as folder:
        with_state = measure("--state", str(Path(folder) / "sandbox.state"))
    return {
        "issued_per_second": round(in_memory, 1),
        "issued_per_second_with_state": round(with_state, 1),
    }


def measure(*options: str) -> float:
    """Start a sandbox, load it for a few seconds, and answer what it issued a second."""
    command = [sys.executable, "-m", "certwright_sandbox", "serve", "--port", "0", "--management-port", "0"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE) as sandbox:
        try:
            assert sandbox.stdout is not None
            hello = json.loads(sandbox.stdout.readline())
            account = _new_account(hello["management_url"])
            rate = asyncio.run(_load(account))
            ledger = _get(f"{hello['management_url']}/ledger?account={account['name']}")
            assert all(row["certificates"] == 1 for row in ledger["orders"])
            print(f"sandbox {' '.join(options[:1]) or '(in memory)'}: {rate:.0f}/s", file=sys.stderr)
            return rate
        finally:
            sandbox.terminate()


def _get(url: str, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _new_account(management_url: str) -> dict[str, Any]:
    wish = {"ca": "digicert", "profile": "ready", "rate_limit": False}
    account: dict[str, Any] = _get(f"{management_url}/accounts", wish)
    return account


def _order_request(account: dict[str, Any], organization: int) -> bytes:
    name = f"shop.{account['domains'][0]}"
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    key = ec.generate_private_key(ec.SECP256R1())
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    body = json.dumps(
        {
            "certificate": {
                "common_name": name,
                "dns_names": [name],
                "csr": csr.public_bytes(serialization.Encoding.PEM).decode(),
            },
            "organization": {"id": organization},
            "order_validity": {"years": 1},
        }
    ).encode()
    return _request(account, "POST", "order/certificate/ssl_basic", body)


def _request(account: dict[str, Any], method: str, path: str, body: bytes = b"") -> bytes:
    url = urlsplit(account["url"])
    head = (
        f"{method} {url.path}/{path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
        f"X-DC-DEVKEY: {account['secrets']['api_key']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _load(account: dict[str, Any]) -> float:
    """Keep the connections busy; the rate after the warm-up."""
    url = urlsplit(account["url"])
    assert url.port is not None
    lines = [await asyncio.open_connection(url.hostname, url.port) for _ in range(CONNECTIONS)]
    status, listed = await _exchange(*lines[0], _request(account, "GET", "organization"))
    assert status == 200, listed
    request = _order_request(account, json.loads(listed)["organizations"][0]["id"])
    await asyncio.gather(*(_keep_busy(*line, request, WARM_UP_SECONDS) for line in lines))
    started = time.perf_counter()
    counts = await asyncio.gather(*(_keep_busy(*line, request, SECONDS) for line in lines))
    elapsed = time.perf_counter() - started
    for _, writer in lines:
        writer.close()
    return sum(counts) / elapsed


async def _keep_busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, seconds: float) -> int:
    end = time.perf_counter() + seconds
    count = 0
    while time.perf_counter() < end:
        status, body = await _exchange(reader, writer, request)
        assert status == 201, (status, body[:300])
        assert b"certificate_chain" in body, body[:300]
        count += 1
    return count


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[int, bytes]:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)

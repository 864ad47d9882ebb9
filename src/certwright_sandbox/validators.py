"""How the CAs look at names: TXT, CNAME and CAA records by real DNS queries, files by real HTTP."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.resolver
import httpx2

from certwright_sandbox.dns_zone import Zone, plain

LOOK_SECONDS = 5.0
MAX_FILE_BYTES = 64 * 1024


@dataclass
class Validators:
    """Look at the world through one resolver (address, port) and one HTTP port."""

    zone: Zone
    resolver: tuple[str, int]
    http_port: int
    https_port: int
    is_own_resolver: bool

    async def txt(self, name: str) -> list[str]:
        """The texts of a name's TXT records; none where there are none or the look-up fails."""
        answer = await self._look_up(name, "TXT")
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]

    async def cname(self, name: str) -> str | None:
        """Where a name's CNAME points, lower case, no final dot; None where there is none."""
        answer = await self._look_up(name, "CNAME")
        return next((plain(record.target.to_text()) for record in answer), None)

    async def file(self, host: str, path: str, *, tls: bool = False) -> str | None:
        """The text at http(s)://host/path, redirects not followed; None for none or one too large."""
        address = await self._address(host)
        if address is None:
            return None
        url = f"https://{address}:{self.https_port}{path}" if tls else f"http://{address}:{self.http_port}{path}"
        extensions = {"sni_hostname": host} if tls else {}
        try:
            async with (
                httpx2.AsyncClient(trust_env=False, timeout=LOOK_SECONDS, verify=_any_certificate()) as client,
                client.stream("GET", url, headers={"Host": host}, extensions=extensions) as response,
            ):
                if response.status_code != httpx2.codes.OK:
                    return None
                return await _read(response)
        except httpx2.HTTPError:
            return None

    async def caa_forbids(self, name: str, issuers: Iterable[str]) -> bool:
        """Whether CAA records keep all of `issuers` from issuing for `name` (RFC 8659 §3, §4)."""
        if self.is_own_resolver and not self.zone.has_caa:
            return False
        is_wildcard = name.startswith("*.")
        labels = plain(name).removeprefix("*.").split(".")
        for at in range(len(labels)):
            records = await self._look_up(".".join(labels[at:]), "CAA")
            if records:
                return not _allows(records, set(issuers), is_wildcard=is_wildcard)
        return False

    async def _address(self, host: str) -> str | None:
        if host.replace(".", "").isdigit() or ":" in host:
            return f"[{host}]" if ":" in host else host
        for kind in ("A", "AAAA"):
            for record in await self._look_up(host, kind):
                return f"[{record.address}]" if kind == "AAAA" else str(record.address)
        return None

    async def _look_up(self, name: str, kind: str) -> list[Any]:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [self.resolver[0]], self.resolver[1]
        try:
            return list(await resolver.resolve(name, kind, lifetime=LOOK_SECONDS, search=False))
        except dns.exception.DNSException:
            return []


@lru_cache(maxsize=1)
def _any_certificate() -> ssl.SSLContext:
    """A server that asks for its first certificate has none yet that could be judged (BR §3.2.2.4.18)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _allows(records: list[Any], issuers: set[str], *, is_wildcard: bool) -> bool:
    """RFC 8659 §4.2, §4.3: without `issue` anyone may; `issuewild`, where present, rules wildcards."""
    values: dict[str, list[str]] = {}
    for record in records:
        values.setdefault(record.tag.decode().lower(), []).append(record.value.decode("utf-8", "replace"))
    property_ = "issuewild" if is_wildcard and "issuewild" in values else "issue"
    if property_ not in values:
        return True
    return any(value.partition(";")[0].strip().lower() in issuers for value in values[property_])


async def _read(response: httpx2.Response) -> str | None:
    content = b""
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > MAX_FILE_BYTES:
            return None
    return content.decode("utf-8", "replace")

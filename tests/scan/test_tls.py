"""TLS from the first byte: whatever a server presents is taken as it is."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.cases.authority import NOW, root
from tests.scan.certificates import Identity, needs_openssl
from tests.scan.conftest import Look
from tests.scan.servers import Servers, carry_on

Certificates = Callable[..., Identity]


def test_the_chain_is_taken_exactly_as_presented(servers: Servers, shop: Identity, look: Look) -> None:
    port = servers.tls(shop.context())

    find = look(f"127.0.0.1:{port}")

    assert find.certificates == shop.chain
    assert (find.place, find.address) == (f"tls://127.0.0.1:{port}", "127.0.0.1")
    assert (find.protocol, find.trouble, find.absent) == ("TLSv1.3", "", False)
    assert servers.heard(port) == 1


def test_a_chain_in_the_wrong_order_with_a_stray_certificate_is_kept_so(
    servers: Servers, certificates: Certificates, look: Look
) -> None:
    stray = root("Stray Root").certificate
    odd = certificates("odd.meadow.example", extra=(stray, stray))
    port = servers.tls(odd.context())
    assert look(f"127.0.0.1:{port}").certificates == odd.chain


@pytest.mark.parametrize(
    "key",
    [
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: rsa.generate_private_key(65537, 1024),
        lambda: ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate,
    ],
    ids=["rsa-2048", "rsa-1024", "p-384", "ed25519"],
)
def test_every_kind_of_key_is_seen(
    key: Callable[[], Any], servers: Servers, certificates: Certificates, look: Look
) -> None:
    odd = certificates("odd.meadow.example", key=key())
    port = servers.tls(odd.context())
    assert look(f"127.0.0.1:{port}").certificates == odd.chain


def test_an_expired_certificate_is_seen(servers: Servers, certificates: Certificates, look: Look) -> None:
    past = certificates("odd.meadow.example", not_before=NOW.replace(year=2024), not_after=NOW.replace(year=2025))
    port = servers.tls(past.context())
    assert look(f"127.0.0.1:{port}").certificates == past.chain


@needs_openssl
def test_a_certificate_of_sha_1_and_a_short_key_is_seen(servers: Servers, tmp_path: Path, look: Look) -> None:
    path = tmp_path / "old.pem"
    weak = ["openssl", "req", "-x509", "-sha1", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=old.meadow.example"]
    subprocess.run([*weak, "-keyout", path, "-out", tmp_path / "leaf"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (tmp_path / "leaf").read_bytes())
    leaf = ssl.PEM_cert_to_DER_cert((tmp_path / "leaf").read_text())
    context = Identity((leaf,), path).context()
    assert look(f"127.0.0.1:{servers.tls(context)}").certificates == (leaf,)


@needs_openssl
@pytest.mark.parametrize(
    ("option", "protocol"), [("-tls1", "TLSv1"), ("-tls1_1", "TLSv1.1"), ("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")]
)
def test_every_version_of_tls_is_spoken_with_openssl(option: str, protocol: str, shop: Identity, look: Look) -> None:
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", option, "-cipher", "ALL:@SECLEVEL=0"]
    with _program([*command, "-cert", str(shop.path), "-cert_chain", str(shop.path)]) as port:
        find = look(f"127.0.0.1:{port}")
    assert (find.protocol, find.certificates[0]) == (protocol, shop.chain[0])


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_demand_for_a_client_certificate_does_not_hide_the_servers(
    version: ssl.TLSVersion, servers: Servers, shop: Identity, look: Look
) -> None:
    context = shop.context()
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(shop.path)
    port = servers.tls(context)

    find = look(f"127.0.0.1:{port}")

    assert find.certificates == shop.chain
    assert find.trouble == ""


def test_the_name_picks_the_certificate_and_an_address_asks_for_none(
    servers: Servers, shop: Identity, certificates: Certificates, look: Look
) -> None:
    asked: list[str | None] = []
    other = certificates("localhost")
    context, second = shop.context(), other.context()

    def pick(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        asked.append(name)
        if name == "localhost":
            connection.context = second

    context.sni_callback = pick
    port = servers.tls(context)

    assert look(f"localhost:{port}").certificates == other.chain
    assert look(f"127.0.0.1:{port}").certificates == shop.chain
    assert asked == ["localhost", None]


def test_a_server_that_hangs_up_on_a_first_word_of_two_packets_is_asked_again_with_a_shorter_one(
    servers: Servers, shop: Identity, look: Look
) -> None:
    behind = servers.tls(shop.context())

    async def intolerant(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(5)
        if int.from_bytes(head[3:]) < 1400:
            await carry_on(reader, writer, behind, head)

    port = servers.plain(intolerant)

    find = look(f"127.0.0.1:{port}")

    assert (find.certificates, find.protocol) == (shop.chain, "TLSv1.2")
    assert servers.heard(port) == 2


def test_ipv6_is_written_in_brackets(servers: Servers, shop: Identity, look: Look) -> None:
    port = servers.tls(shop.context(), "::1")
    find = look(f"[::1]:{port}")
    assert (find.place, find.address, find.certificates) == (f"tls://[::1]:{port}", "::1", shop.chain)


class _program(ExitStack):  # noqa: N801 - used as a context
    """``openssl s_server`` on a free port, which it prints."""

    def __init__(self, command: list[str]) -> None:
        super().__init__()
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.PIPE
        )

    def __enter__(self) -> int:  # type: ignore[override]
        for line in self._process.stdout or ():
            if line.startswith(b"ACCEPT "):
                return int(line.rpartition(b":")[2])
        raise AssertionError("openssl s_server did not start")

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

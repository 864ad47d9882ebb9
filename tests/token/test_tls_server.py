"""Real TLS servers with their key in the token: handshakes verify, each by the token's signature."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certwright.keys.pkcs11 import Pkcs11Keys, TokenKeyReference
from certwright.pki.keys import KeySpec
from tests.token.authority import NAME, Authority, pem
from tests.token.conftest import RealToken
from tests.token.programs import alone, library, program

HANDSHAKES = 12


def handshake(door: Path, authority: Authority) -> bytes:
    """Make one full TLS handshake, verified to the root and the name; returns the leaf shown."""
    context = ssl.create_default_context(cadata=authority.root_pem.decode())
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(10)
        raw.connect(str(door))
        with context.wrap_socket(raw, server_hostname=NAME) as secure:
            leaf = secure.getpeercert(binary_form=True)
            assert leaf
            return leaf


def children_of(process: subprocess.Popen[bytes]) -> list[str]:
    """The ids of a process's children (Linux)."""
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


@contextmanager
def running(server: Nginx) -> Iterator[subprocess.Popen[bytes]]:
    """Run nginx for the block."""
    process = subprocess.Popen(server.command, env={**os.environ, **server.environment})
    try:
        deadline = time.monotonic() + 15
        while not server.pid_file.exists():
            assert process.poll() is None, "nginx ended"
            assert time.monotonic() < deadline, "nginx does not listen"
            time.sleep(0.02)  # the file appears once nginx listens; it gives no other sign
        yield process
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(params=[KeySpec.EC_P256, KeySpec.RSA_2048])
def pair(request: pytest.FixtureRequest, keys: Pkcs11Keys, authority: Authority) -> TokenKeyReference:
    """A key with its chain stored."""
    reference = keys.generate(request.param, label="shop", cka_id=keys.new_id())
    keys.store_chain(reference, authority.issue(keys.public_key(reference)), authority.cas, "shop")
    return reference


class Nginx:
    """nginx whose key is in the token, reached through OpenSSL's pkcs11 engine and OpenSC's spy."""

    def __init__(self, token: RealToken, folder: Path, uri: str, chain: list[bytes]) -> None:
        self.door = folder / "s"
        self.pid_file = folder / "nginx.pid"
        self.log = folder / "spy.log"
        (folder / "chain.pem").write_bytes(pem(chain))
        self.environment = {
            **token.environment,
            "OPENSSL_CONF": str(folder / "openssl.cnf"),
            "PKCS11SPY": token.module,
            "PKCS11SPY_OUTPUT": str(self.log),
        }
        self._folder = folder
        (folder / "openssl.cnf").write_text(
            "openssl_conf = start\n[start]\nengines = engines\n[engines]\npkcs11 = pkcs11\n[pkcs11]\n"
            "engine_id = pkcs11\n"
            f"dynamic_path = {library('pkcs11.so', 'libengine-pkcs11-openssl')}\n"
            f"MODULE_PATH = {library('pkcs11-spy.so', 'opensc')}\nPIN = {token.pin}\ninit = 0\n"
        )
        (folder / "openssl.cnf").chmod(0o600)
        self.write(uri)

    def write(self, uri: str) -> None:
        """Write nginx's settings for a key."""
        names = "".join(f"env {name};\n" for name in self.environment)
        user = "user root;\n" if os.geteuid() == 0 else ""
        (self._folder / "nginx.conf").write_text(
            f"{names}{user}daemon off;\nworker_processes 1;\nssl_engine pkcs11;\n"
            f"pid {self.pid_file};\nerror_log {self._folder}/error.log;\n"
            f"events {{}}\nhttp {{\naccess_log off;\n"
            + "".join(
                f"{kind}_temp_path {self._folder}/{kind};\n"
                for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            + f"server {{\nlisten unix:{self.door} ssl;\nssl_session_tickets off;\n"
            f"ssl_certificate {self._folder}/chain.pem;\n"
            f"ssl_certificate_key 'engine:pkcs11:{uri}';\nreturn 200;\n}}\n}}\n"
        )

    @property
    def command(self) -> list[str]:
        """How to start it."""
        return [program("nginx", "nginx"), "-p", str(self._folder), "-c", str(self._folder / "nginx.conf")]

    @property
    def signatures(self) -> int:
        """How many signatures the token made, by the spy's account."""
        return len(re.findall(r"^\d+: C_Sign(?:Final)?$", self.log.read_text(errors="replace"), re.MULTILINE))


def test_nginx_serves_with_a_key_it_never_sees_and_every_handshake_is_a_signature_of_the_token(
    token: RealToken, keys: Pkcs11Keys, pair: TokenKeyReference, authority: Authority, tmp_path: Path
) -> None:
    chain = keys.stored_chain(pair)
    server = Nginx(token, tmp_path, keys.key_uri(pair), chain)

    with running(server):
        before = server.signatures
        shown = {handshake(server.door, authority) for _ in range(HANDSHAKES)}
        after = server.signatures

    assert shown == {chain[0]}
    assert after - before == HANDSHAKES
    assert keys.policy(pair).never_extractable is True
    assert not [file for file in tmp_path.iterdir() if file.is_file() and b"PRIVATE KEY" in file.read_bytes()]


def test_nginx_takes_a_renewed_key_on_reload_and_no_handshake_fails(
    token: RealToken, keys: Pkcs11Keys, authority: Authority, tmp_path: Path
) -> None:
    def make() -> TokenKeyReference:
        reference = keys.generate(KeySpec.EC_P256, label="shop", cka_id=keys.new_id())
        keys.store_chain(reference, authority.issue(keys.public_key(reference)), authority.cas, "shop")
        return reference

    old = make()
    server = Nginx(token, tmp_path, keys.key_uri(old), keys.stored_chain(old))
    with running(server) as nginx:
        new = make()
        old_leaf, new_leaf = keys.stored_chain(old)[0], keys.stored_chain(new)[0]
        (tmp_path / "chain.pem").write_bytes(pem(keys.stored_chain(new)))
        server.write(keys.key_uri(new))
        nginx.send_signal(signal.SIGHUP)
        deadline, shown = time.monotonic() + 15, old_leaf
        while shown != new_leaf:
            assert time.monotonic() < deadline, "nginx still serves the old pair"
            shown = handshake(server.door, authority)
        # One good handshake is not enough: until the old worker is gone it may take a connection and sign
        # with the old key. This is what the grace period before destroying stands for.
        while len(children_of(nginx)) > 1:
            assert time.monotonic() < deadline, "nginx's old worker does not end"
            assert handshake(server.door, authority) in {old_leaf, new_leaf}
        keys.destroy(old)

        assert {handshake(server.door, authority) for _ in range(5)} == {new_leaf}


def test_gnutls_proves_itself_with_key_and_leaf_read_from_the_token(
    token: RealToken, keys: Pkcs11Keys, pair: TokenKeyReference, authority: Authority, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cadata=authority.root_pem.decode() + pem(authority.cas).decode())
    context.verify_mode = ssl.CERT_REQUIRED
    key = ec.generate_private_key(ec.SECP256R1())
    files = tmp_path / "server.pem", tmp_path / "server.key"
    files[0].write_bytes(pem([authority.issue(key.public_key()), *authority.cas]))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context.load_cert_chain(*files)
    uri = keys.key_uri(pair)
    (tmp_path / "root.pem").write_bytes(authority.root_pem)

    with socket.create_server(("127.0.0.1", 0)) as listener, (tmp_path / "said").open("w") as said:
        listener.settimeout(60)
        client = subprocess.Popen(
            [
                program("gnutls-cli", "gnutls-bin"),
                f"--port={listener.getsockname()[1]}",
                f"--provider={token.module}",
                f"--x509keyfile={uri}",
                f"--x509certfile={uri.replace('type=private', 'type=cert')}",
                f"--x509cafile={tmp_path / 'root.pem'}",
                f"--verify-hostname={NAME}",
                f"--sni-hostname={NAME}",
                "127.0.0.1",
            ],
            env={**os.environ, **alone(token.environment, tmp_path), "GNUTLS_PIN": token.pin},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        try:
            raw, _ = listener.accept()
        except TimeoutError:
            client.kill()
            pytest.fail(f"gnutls-cli never came: {(tmp_path / 'said').read_text()}")
        raw.settimeout(60)
        with context.wrap_socket(raw, server_side=True) as secure:
            shown = secure.getpeercert(binary_form=True)
        client.wait(timeout=60)

    assert shown == keys.stored_chain(pair)[0]

"""TLS to a CA: what is refused, with real servers and real certificates (row 21)."""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from certwright.cas.http import Transport, Trust
from certwright.model.errors import Misconfigured, Unavailable, Unknown
from tests.client.conftest import Server, answer

Serve = Callable[..., Server]
Make = Callable[..., Transport]
NOW = datetime.now(UTC)


class Authority:
    """A CA of the test's own that writes PEM files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Test root")
        certificate = self._build(self._name, self._key, NOW + timedelta(days=1), ()).sign(self._key, hashes.SHA256())
        self.roots = folder / "roots.pem"
        self.roots.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _build(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime, names: tuple[str, ...]
    ) -> x509.CertificateBuilder:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=30))
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        )
        if names:
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        return builder

    def pair(self, name: str, *, until: datetime = NOW + timedelta(days=1)) -> tuple[Path, Path]:
        """Certificate and key files for ``name``."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._build(_name(name), key, until, (name,)).sign(self._key, hashes.SHA256())
        files = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def _wrap(pair: tuple[Path, Path], *, newest: bool = True, clients: Path | None = None) -> Callable[..., socket.socket]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    if not newest:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    return lambda connection: context.wrap_socket(connection, server_side=True)


def _https(server: Server) -> str:
    return server.url.replace("http://127.0.0.1", "https://localhost")


def test_a_trusted_server_is_talked_to(serve: Serve, transport: Make, authority: Authority) -> None:
    server = serve(answer(), wrap=_wrap(authority.pair("localhost")))
    assert transport(_https(server), trust=Trust(roots=authority.roots)).read("a").status == 200


@pytest.mark.parametrize("flaw", ["expired", "wrong host", "unknown root", "TLS 1.1"])
def test_a_flawed_server_gets_nothing(
    flaw: str, serve: Serve, transport: Make, authority: Authority, tmp_path: Path
) -> None:
    until = NOW - timedelta(days=1) if flaw == "expired" else NOW + timedelta(days=1)
    pair = authority.pair("other.example" if flaw == "wrong host" else "localhost", until=until)
    server = serve(answer(), wrap=_wrap(pair, newest=flaw != "TLS 1.1"))
    trust = Trust() if flaw == "unknown root" else Trust(roots=authority.roots)
    with pytest.raises(Unavailable) as caught:
        transport(_https(server), trust=trust).change("POST", "order", body=b"{}")
    assert not isinstance(caught.value, Unknown)
    assert server.requests == []


def test_a_client_certificate_is_shown(serve: Serve, transport: Make, authority: Authority) -> None:
    server = serve(answer(), wrap=_wrap(authority.pair("localhost"), clients=authority.roots))
    certificate, key = authority.pair("client.example")
    trust = Trust(roots=authority.roots, certificate=certificate, private_key=key)
    assert transport(_https(server), trust=trust).read("a").status == 200


def test_a_trust_file_that_is_missing_is_a_misconfiguration(transport: Make, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        transport("https://localhost:1/", trust=Trust(roots=tmp_path / "absent.pem"))


def test_a_handshake_that_never_ends_is_left_at_the_deadline(
    serve: Serve, transport: Make, authority: Authority
) -> None:
    server = serve(answer())  # speaks no TLS and waits for a request that never comes

    with pytest.raises(Unavailable) as caught:
        transport(_https(server), trust=Trust(roots=authority.roots), timeout=0.3).change("POST", "order")
    assert not isinstance(caught.value, Unknown)

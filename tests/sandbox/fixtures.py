"""Sandbox processes, accounts and listeners for the tests of this folder."""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.certificates import self_signed
from tests.sandbox.emsign_tenant import NewSubscriber, Subscriber
from tests.sandbox.listeners import FileServer, PushReceiver, WebhookReceiver
from tests.sandbox.sectigo_tenant import Bought, NewReseller, Reseller
from tests.sandbox.tenant import Management, NewAccount, NewName, Sandbox

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def file_server() -> Iterator[FileServer]:
    """Where DCV files are planted; the sandbox's validators connect to its port."""
    server = FileServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def sandbox(file_server: FileServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for all tests that leave its clock alone."""
    log = tmp_path_factory.mktemp("sandbox") / "stderr.log"
    process = Sandbox("--http-port", str(file_server.port), log=log)
    yield process
    process.stop()


@pytest.fixture
def own_sandbox(file_server: FileServer, tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox for one test that moves the clock, which is the whole process's."""
    process = Sandbox("--http-port", str(file_server.port), log=tmp_path / "stderr.log")
    yield process
    process.stop()


@pytest.fixture
def management(sandbox: Sandbox) -> Management:
    """The management door of the shared sandbox."""
    return sandbox.management


@pytest.fixture
def account(sandbox: Sandbox) -> NewAccount:
    """Make an account for this test alone: ready unless `profile` says otherwise, plus any switch."""
    return sandbox.account


@pytest.fixture
def fresh() -> NewName:
    """Make a domain name that no test has used before and no account has validated."""
    return lambda: f"fresh{next(_numbers)}.example"


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """A webhook endpoint that knows its secret."""
    listening = WebhookReceiver("a-secret-of-more-than-32-characters-0")
    yield listening
    listening.close()


@pytest.fixture(scope="session")
def https_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileServer]:
    """Where DCV files are planted that are fetched over HTTPS; its certificate is its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path_factory.mktemp("https") / "server.pem"))
    server = FileServer(context)
    yield server
    server.close()


@pytest.fixture(scope="session")
def resellers(
    file_server: FileServer, https_server: FileServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    """One sandbox with its TLS door open for all tests of Sectigo that leave its clock alone."""
    ports = ("--http-port", str(file_server.port), "--https-port", str(https_server.port), "--tls-port", "0")
    process = Sandbox(*ports, log=tmp_path_factory.mktemp("resellers") / "stderr.log")
    yield process
    process.stop()


@pytest.fixture(scope="session")
def reseller(resellers: Sandbox) -> NewReseller:
    """Make a reseller login for one test alone: ready unless `profile` says otherwise, plus any switch."""
    return lambda profile="ready", **switches: Reseller.at(resellers, profile, **switches)


@pytest.fixture(scope="session")
def issued(reseller: NewReseller) -> tuple[Reseller, Bought]:
    """One issued order of Sectigo, for `read.meadow.example`, for the tests that only read."""
    tenant = reseller()
    return tenant, tenant.buy("read.meadow.example")


@pytest.fixture(scope="session")
def subscriber(sandbox: Sandbox) -> NewSubscriber:
    """Make an emSign account for one test alone: ready unless `profile` says otherwise, plus any switch."""
    return lambda profile="ready", **switches: Subscriber.at(sandbox, profile, **switches)


@pytest.fixture
def push_receiver() -> Iterator[PushReceiver]:
    """An endpoint for pushes that answers 200."""
    listening = PushReceiver()
    yield listening
    listening.close()

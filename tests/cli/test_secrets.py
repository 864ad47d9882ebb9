"""Not one secret in what is said, logged or stored, even with the log at its loudest and everything going wrong."""

from __future__ import annotations

import base64
import sqlite3
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from tests.cli.fixtures import NewShop
from tests.cli.program import Running
from tests.cli.tenant import Shop


def _spellings(secret: bytes) -> list[bytes]:
    """The secret as it might hide."""
    encoded = base64.b64encode(secret)
    return [
        secret, secret.hex().encode(), secret.hex().upper().encode(), encoded, base64.urlsafe_b64encode(secret),
        encoded.rstrip(b"="), secret[::-1], repr(secret)[2:-1].encode(),
    ]  # fmt: skip


def _private_numbers(shop: Shop, fingerprint: str) -> list[bytes]:
    """The private key of a certificate as PKCS#8, in PEM lines and as its bare number."""
    exported = shop.program.run("cert", "export", fingerprint, "--key").expect(0).out
    key = serialization.load_pem_private_key(exported[exported.index("-----BEGIN PRIVATE") :].encode(), None)
    number = key.private_numbers().private_value  # type: ignore[union-attr]
    pkcs8 = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # The private number ends in the second line; what follows is the public key, which the certificate shows as well.
    lines = exported[exported.index("-----BEGIN PRIVATE") :].splitlines()[1:3]
    return [
        pkcs8,
        number.to_bytes(32, "big"),
        str(number).encode(),
        *(line.encode() for line in lines),
    ]


def _dump(shop: Shop) -> bytes:
    """Every table as SQL, and every file of the state folder but the key-encryption key."""
    found = b""
    for path in sorted(shop.program.home.rglob("*")):
        if path.is_file() and path.name != "kek.json":
            found += path.read_bytes()
    with sqlite3.connect(shop.program.home / "certwright.sqlite") as database:
        found += "\n".join(database.iterdump()).encode(errors="replace")
    database.close()
    return found


def test_no_secret_is_in_output_logs_or_database(new_shop: NewShop) -> None:
    shop = new_shop()
    shop.program.environment["CERTWRIGHT_LOG"] = "debug"
    said = b""

    def run(*words: str) -> None:
        nonlocal said
        done = shop.program.run(*words)
        said += (done.out + done.err).encode()

    order = shop.issued()
    fingerprint = order["certificate"]
    for kind in ("garbage", "html", "status", "drop_after"):
        shop.tenant.fault(kind, path="certificate", **({"status": 500, "body": "oops"} if kind == "status" else {}))
        run(*shop.tenant.place_words(shop.tenant.fresh_name(), "--wait", "1"))
    run("order", "list"), run("order", "list", "--json"), run("cert", "list", "--json"), run("key", "list", "--json")
    run("order", "show", str(order["id"]), "--json"), run("account", "show", "main"), run("account", "list", "--json")
    run("cert", "export", fingerprint), run("cert", "reissue", fingerprint, "--wait", "5", "--json")
    shop.tenant.account.switch(ip_allowed=False)
    run(*shop.tenant.place_words(shop.tenant.fresh_name(), "--wait", "1"))
    run("account", "test", "main")

    assert b"ca_call" in said, "the log is at its loudest"
    secrets = [shop.tenant.account.key.encode(), *_private_numbers(shop, fingerprint)]
    everything = said + _dump(shop)
    for number, secret in enumerate(secrets):
        for spelling in _spellings(secret):
            assert spelling not in everything, f"secret {number} of {len(secrets)} is readable"


def test_no_secret_is_in_the_log_of_a_worker(shop: Shop) -> None:
    with Running(shop.program, "worker", ready="is at work", CERTWRIGHT_LOG="debug") as worker:
        order = shop.issued()
        worker.stop()
    logged = "".join(worker.output).encode()

    assert b"ca_call" in logged
    for secret in [shop.tenant.account.key.encode(), *_private_numbers(shop, order["certificate"])]:
        assert not [spelling for spelling in _spellings(secret) if spelling in logged]


def test_no_secret_is_in_the_arguments_or_environment_that_a_command_passes_on(shop: Shop) -> None:
    with Running(shop.program, "worker", ready="is at work") as worker:
        process = Path(f"/proc/{worker.pid}")
        seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()

    assert shop.tenant.account.key.encode() not in seen

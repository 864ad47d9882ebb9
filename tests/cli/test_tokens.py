"""Orders whose key is made inside a PKCS#11 token: SoftHSM, judged by OpenSC."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.tenant import Shop
from tests.token.conftest import RealToken, new_softhsm_token, softhsm
from tests.token.programs import program as outside_program

__all__ = ["softhsm"]


@pytest.fixture
def token(softhsm: dict[str, str], shop: Shop, tmp_path: Path) -> RealToken:
    """A fresh token that the installation knows as ``hsm``."""
    made = new_softhsm_token(softhsm, tmp_path)
    shop.program.environment.update(softhsm)
    words = ["token", "add", "hsm", "--module", made.module, "--label", made.label, "--pin-file", str(made.pin_file)]
    shop.program.run(*words).expect(0)
    return made


def _objects(token: RealToken, kind: str) -> str:
    """What OpenSC sees in the token."""
    command = [outside_program("pkcs11-tool", "opensc"), "--module", token.module, "--token-label", token.label]
    pin = ["--login", "--pin", token.pin] if kind == "privkey" else []
    return subprocess.run(
        [*command, *pin, "--list-objects", "--type", kind], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("spec", ["rsa-2048", "ec-p256"])
def test_a_key_made_in_the_token_gets_its_leaf_and_chain_beside_it(spec: str, shop: Shop, token: RealToken) -> None:
    order = shop.issued("--key", f"pkcs11:hsm:{spec}")

    cka_id = order["key"]["cka_id"]
    private, certificates = _objects(token, "privkey"), _objects(token, "cert")
    assert cka_id in private
    assert "never extractable" in private
    assert cka_id in certificates
    assert certificates.count("Certificate Object") == 2, certificates
    told = shop.program.run("cert", "export", order["certificate"], "--key").expect(0).out
    assert "PRIVATE KEY" not in told.replace("PKCS#11 PROVIDER URI", "")
    assert len(shop.tenant.ledger()) == 1


def test_the_two_step_way_stores_the_certificate_in_the_token_later(shop: Shop, token: RealToken) -> None:
    shop.tenant.account.switch(dcv="look")
    order = shop.pending("--key", "pkcs11:hsm:ec-p256")
    assert "Certificate Object" not in _objects(token, "cert")
    proof = order["proofs"][0]
    shop.tenant.account.management.txt(proof["where"], proof["value"])

    shop.program.run("order", "check", order["ca_order_id"]).expect(0)

    assert order["key"]["cka_id"] in _objects(token, "cert")


def test_a_wrong_pin_is_told_tried_once_only_and_costs_nothing(shop: Shop, token: RealToken) -> None:
    token.pin_file.write_text("wrong-pin-0000")

    first = shop.place("--key", "pkcs11:hsm:ec-p256", "--reference", "pinned")

    assert first.code == 4, first
    assert "PIN" in first.told
    assert "wrong-pin-0000" not in first.told
    assert shop.tenant.requests("POST") == []
    for _ in range(5):  # other tokens would be locked by this
        assert shop.program.run("order", "check", "pinned").code == 4
    token.pin_file.write_text(token.pin)
    assert shop.program.run("token", "check", "hsm").code == 4, "the token counts failures: a person must say so"
    shop.program.run("token", "check", "hsm", "--one-more-login").expect(0)
    done = shop.program.run("order", "wait", "pinned", "30", "--json")
    assert done.expect(0).json()["state"] == "issued"
    assert len(shop.tenant.ledger()) == 1


def test_a_missing_token_pauses_the_order_with_a_reason_and_makes_no_software_key(shop: Shop, token: RealToken) -> None:
    words = [
        "token",
        "add",
        "gone",
        "--module",
        token.module,
        "--label",
        "nobody has this one",
        "--pin-file",
        str(token.pin_file),
    ]
    shop.program.run(*words).expect(0)

    waiting = shop.program.run(
        *shop.tenant.place_words(shop.tenant.fresh_name(), "--key", "pkcs11:gone:ec-p256", "--wait", "1", "--json")
    )

    assert waiting.code in (3, 4), waiting
    assert "nobody has this one" in waiting.told
    assert shop.tenant.requests("POST") == []
    assert {key["kind"] for key in shop.program.run("key", "list", "--json").lines()} <= {"pkcs11"}


def test_a_token_nobody_has_described_is_refused_before_the_order_is_recorded(shop: Shop) -> None:
    told = shop.place("--key", "pkcs11:unheard-of:rsa-2048")

    assert told.code == 4, told
    assert "certwright token add unheard-of" in told.told
    assert shop.program.run("order", "list", "--json").out == ""


def test_the_pin_is_in_no_output_log_or_file_of_ours(shop: Shop, token: RealToken) -> None:
    shop.program.environment["CERTWRIGHT_LOG"] = "debug"

    done = shop.program.run(
        *shop.tenant.place_words(shop.tenant.fresh_name(), "--key", "pkcs11:hsm:ec-p256", "--wait", "30")
    )

    home = b"".join(path.read_bytes() for path in shop.program.home.rglob("*") if path.is_file())
    for spelling in (token.pin.encode(), token.pin.encode().hex().encode()):
        assert spelling not in home
        assert spelling.decode() not in done.expect(0).told
